#include "image/layer_stream.h"

#include "base/alloc.h"
#include "base/sys_file.h"
#include "image/inflate.h"
#include "image/limits.h"

#include <inttypes.h>
#include <stdlib.h>

#define IN_SIZE (256 * 1024)
/* Small enough to stay in the second-level cache between inflating, hashing and reading the tar. */
#define OUT_SIZE (256 * 1024)
#define RATIO_FROM (64 * MIB)

struct layer_stream {
	const struct blob *blob;
	uint64_t taken; /* stored bytes read and hashed */
	struct digest *stored;
	struct digest *tar;
	struct inflate *inflate; /* NULL until the first bytes are there */
	struct inflate_io io;
	bool flushing; /* the output was full: there may be more without more input */
	bool ended;
	struct err failed;
	struct layer_stream_facts facts;
	uint8_t in[IN_SIZE];
	uint8_t out[OUT_SIZE];
};

struct layer_stream *layer_stream_new(const struct blob *blob,
	const enum digest_algorithm *stored_algorithm, enum digest_algorithm tar_algorithm)
{
	struct layer_stream *s = xcalloc(1, sizeof(*s));

	s->blob = blob;
	s->stored = stored_algorithm ? digest_new(*stored_algorithm) : NULL;
	s->tar = digest_new(tar_algorithm);
	return s;
}

void layer_stream_free(struct layer_stream *s)
{
	if (s) {
		digest_free(s->stored);
		digest_free(s->tar);
		inflate_free(s->inflate);
		free(s);
	}
}

/* Fill the input buffer; *ret_len is 0 at the end of the blob. */
static int fetch(struct layer_stream *s, size_t *ret_len, struct err *err)
{
	uint64_t left = s->blob->size - s->taken;
	size_t len = left < IN_SIZE ? (size_t)left : IN_SIZE;

	if (len) {
		if (file_read_at(s->blob->fd, s->in, len, s->blob->offset + s->taken, err)) {
			return -1;
		}
		s->taken += len;
		if (s->stored) {
			digest_add(s->stored, s->in, len);
		}
	}
	if (s->taken == s->blob->size && s->stored && !s->facts.stored_digest[0]) {
		digest_end(s->stored, s->facts.stored_digest);
	}
	*ret_len = len;
	return 0;
}

/* More input for the decoder; at the end of the blob s->ended is set. */
static int refill(struct layer_stream *s, struct err *err)
{
	size_t len;

	if (fetch(s, &len, err)) {
		return -1;
	}
	if (!s->inflate) {
		s->facts.encoding = inflate_detect(s->in, len);
		s->inflate = inflate_new(s->facts.encoding);
	}
	s->io.in = s->in;
	s->io.in_len = len;
	if (!len) {
		s->ended = true;
		return inflate_end(s->inflate, err);
	}
	return 0;
}

static int check_limits(const struct layer_stream *s, struct err *err)
{
	uint64_t size = s->facts.tar_size;

	if (size > LIMIT_LAYER_TAR) {
		return err_set(err, ERR_LIMIT, "inflates to more than %" PRIu64 " GiB",
			LIMIT_LAYER_TAR / GIB);
	}
	if (size > RATIO_FROM && size / LIMIT_RATIO > s->taken) {
		return err_set(err, ERR_LIMIT,
			"inflates to more than %d times its size: %" PRIu64 " bytes so far",
			LIMIT_RATIO, size);
	}
	return 0;
}

/* Decode into the output buffer; *ret_len also counts what came out before a failure. */
static int decode(struct layer_stream *s, size_t *ret_len, struct err *err)
{
	int rc = 0;

	s->io.out = s->out;
	s->io.out_len = OUT_SIZE;
	while (rc == 0 && !s->ended && s->io.out_len) {
		if (!s->io.in_len && !s->flushing) {
			rc = refill(s, err);
		}
		if (rc == 0 && !s->ended) {
			rc = inflate_run(s->inflate, &s->io, err);
		}
		s->flushing = !s->io.out_len;
	}
	*ret_len = OUT_SIZE - s->io.out_len;
	return rc;
}

int layer_stream_read(
	struct layer_stream *s, const void **ret_data, size_t *ret_len, struct err *err)
{
	size_t len = 0;

	if (!s->failed.code) {
		(void)decode(s, &len, &s->failed);
		digest_add(s->tar, s->out, len);
		s->facts.tar_size += len;
		if (!s->failed.code) {
			(void)check_limits(s, &s->failed);
		}
	}
	if (s->failed.code && !len) { /* what was decoded before the failure goes out first */
		if (err) {
			*err = s->failed;
		}
		return -1;
	}
	if (!len && !s->facts.tar_digest[0]) {
		digest_end(s->tar, s->facts.tar_digest);
	}
	*ret_data = s->out;
	*ret_len = len;
	return 0;
}

int layer_stream_drain(struct layer_stream *s, struct err *err)
{
	const void *data;
	size_t len;
	int rc;

	do {
		rc = layer_stream_read(s, &data, &len, err);
	} while (rc == 0 && len);
	if (rc == 0 || s->failed.code != ERR_MALFORMED) {
		return rc;
	}
	do {
		if (fetch(s, &len, err)) {
			return -1;
		}
	} while (len);
	return -1;
}

const struct layer_stream_facts *layer_stream_facts(const struct layer_stream *s)
{
	return &s->facts;
}
