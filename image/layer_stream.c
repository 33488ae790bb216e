#include "image/layer_stream.h"

#include "base/alloc.h"
#include "base/sys_file.h"
#include "image/inflate.h"
#include "image/limits.h"
#include "image/ring.h"

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Small enough to stay in the second-level cache between inflating, hashing and reading the tar. */
#ifdef LAYER_BLOCK /* the fuzz build's is small, so that its inputs have several */
#define BLOCK ((size_t)LAYER_BLOCK)
#else
#define BLOCK ((size_t)256 * 1024)
#endif
#define RATIO_FROM (64 * MIB)

/* How far reading and inflating may run ahead of the slowest reader: 6 MiB in all. */
#define IN_BLOCKS 8
#define OUT_BLOCKS 16

/* Who reads the ring of the tar; that of the stored bytes has one reader. */
enum { TAR_READER, TAR_HASHER };
enum { STORED_READER };

/*
 * Either everything is done by the caller of layer_stream_read, or, once started, by three threads:
 *
 *	fetcher: blob -> hash -> stored ring
 *	decoder: stored ring -> inflate -> tar ring -> the caller
 *	                                      |
 *	                                hasher of the tar
 *
 * Inflating takes longest, so the decoder does nothing else. The threads share the rings; what else
 * a thread writes, the caller reads after settle().
 */
struct layer_stream {
	const struct blob *blob;
	bool over; /* the caller has all there is */
	uint64_t delivered; /* bytes of the tar */
	void (*tap)(const void *data, size_t len, void *arg);
	void *tap_arg;
	struct layer_stream_facts facts;

	/* The fetcher's. */
	uint64_t fetched; /* stored bytes read and hashed */
	struct err unfetched; /* why not all of them */

	/* The decoder's. */
	uint64_t taken; /* stored bytes that it was given */
	uint64_t made; /* bytes of the tar */
	struct inflate *inflate; /* NULL until the first bytes are there */
	struct inflate_io io;
	bool flushing; /* the output was full: there may be more without more input */
	bool ended;
	struct err failed;
	struct err unread; /* why the rest behind broken data could not be read */
	enum layer_encoding encoding;
	/* Plain, and both digests of one algorithm: one is enough. Set before the first block of
	 * the tar goes out. */
	bool one_digest;

	struct digest *stored; /* NULL when not asked for */
	struct digest *tar;
	bool same_algorithm;

	/* Without threads: */
	uint8_t *in;
	uint8_t *out;

	/* With threads: */
	struct ring *stored_ring;
	struct ring *tar_ring;
	pthread_t threads[3];
	size_t n_threads;
};

struct layer_stream *layer_stream_new(const struct blob *blob,
	const enum digest_algorithm *stored_algorithm, enum digest_algorithm tar_algorithm)
{
	struct layer_stream *s = xcalloc(1, sizeof(*s));

	s->blob = blob;
	s->stored = stored_algorithm ? digest_new(*stored_algorithm) : NULL;
	s->tar = digest_new(tar_algorithm);
	s->same_algorithm = stored_algorithm && *stored_algorithm == tar_algorithm;
	return s;
}

/* ---- the decoder ------------------------------------------------------------------------------ */

/* Read the next stored bytes into the block, and hash them; *ret_len is 0 at the end of the blob. */
static int fetch(struct layer_stream *s, uint8_t *block, size_t *ret_len, struct err *err)
{
	uint64_t left = s->blob->size - s->fetched;
	size_t len = left < BLOCK ? (size_t)left : BLOCK;

	if (file_read_at(s->blob->fd, block, len, s->blob->offset + s->fetched, err)) {
		return -1;
	}
	if (s->stored) {
		digest_add(s->stored, block, len);
	}
	s->fetched += len;
	*ret_len = len;
	return 0;
}

/* What the fetcher has put into the ring. */
static int take_fetched(
	struct layer_stream *s, const uint8_t **ret_data, size_t *ret_len, struct err *err)
{
	if (ring_get(s->stored_ring, STORED_READER, ret_data, ret_len)) {
		return 0;
	}
	*ret_len = 0;
	if (s->unfetched.code) {
		*err = s->unfetched;
		return -1;
	}
	return s->taken == s->blob->size ? 0 : err_set(err, ERR_IO, "stopped");
}

/* The next stored bytes; *ret_len is 0 at the end of the blob. */
static int take(struct layer_stream *s, const uint8_t **ret_data, size_t *ret_len, struct err *err)
{
	if (s->stored_ring) {
		if (take_fetched(s, ret_data, ret_len, err)) {
			return -1;
		}
	} else {
		if (!s->in) {
			s->in = xcalloc(BLOCK, 1);
		}
		if (fetch(s, s->in, ret_len, err)) {
			return -1;
		}
		*ret_data = s->in;
	}
	s->taken += *ret_len;
	return 0;
}

/* Done with what take gave. */
static void taken_done(struct layer_stream *s)
{
	if (s->stored_ring) {
		ring_done(s->stored_ring, STORED_READER);
	}
}

/* More input for the decoder; at the end of the blob s->ended is set. */
static int refill(struct layer_stream *s, struct err *err)
{
	const uint8_t *data = NULL;
	size_t len;

	if (s->io.in) {
		s->io.in = NULL;
		taken_done(s);
	}
	if (take(s, &data, &len, err)) {
		return -1;
	}
	if (!s->inflate) {
		s->encoding = inflate_detect(data, len);
		s->inflate = inflate_new(s->encoding);
		s->one_digest = s->encoding == LAYER_PLAIN && s->same_algorithm;
	}
	s->io.in = data;
	s->io.in_len = len;
	if (!len) {
		s->ended = true;
		return inflate_end(s->inflate, err);
	}
	return 0;
}

static int check_limits(const struct layer_stream *s, struct err *err)
{
	if (s->made > image_limits.layer_tar) {
		return err_set(err, ERR_LIMIT,
			"inflates to more than %" PRIu64 " MiB (policy: 'layer_mib')",
			image_limits.layer_tar / MIB);
	}
	if (s->made > RATIO_FROM && s->made / LIMIT_RATIO > s->taken) {
		return err_set(err, ERR_LIMIT,
			"inflates to more than %d times its size: %" PRIu64 " bytes so far",
			LIMIT_RATIO, s->made);
	}
	return 0;
}

/* Decode into the block; returns how many bytes came out, also before a failure. */
static size_t decode(struct layer_stream *s, uint8_t *block)
{
	int rc = 0;
	size_t len;

	s->io.out = block;
	s->io.out_len = BLOCK;
	while (rc == 0 && !s->ended && s->io.out_len) {
		if (!s->io.in_len && !s->flushing) {
			rc = refill(s, &s->failed);
		}
		if (rc == 0 && !s->ended) {
			rc = inflate_run(s->inflate, &s->io, &s->failed);
		}
		s->flushing = !s->io.out_len;
	}
	len = BLOCK - s->io.out_len;
	s->made += len;
	if (rc == 0) {
		(void)check_limits(s, &s->failed);
	}
	return len;
}

/* Read what is left of the stored bytes behind broken data, for their digest. */
static void take_rest(struct layer_stream *s)
{
	const uint8_t *data = NULL;
	size_t len;

	if (s->failed.code != ERR_MALFORMED) {
		return;
	}
	if (s->io.in) {
		s->io.in = NULL;
		taken_done(s);
	}
	while (take(s, &data, &len, &s->unread) == 0 && len) {
		taken_done(s);
	}
}

/* ---- threads ---------------------------------------------------------------------------------- */

/* Who is woken waits for his turn instead of interrupting whom it was that woke him, the decoder mostly:
 * it has the most to do. Where somebody chose how we are scheduled, it stays so. */
static void take_turns(void)
{
	static const struct sched_param none;

	if (sched_getscheduler(0) == SCHED_OTHER) {
		(void)sched_setscheduler(0, SCHED_BATCH, &none);
	}
}

static void *decoder(void *arg)
{
	struct layer_stream *s = arg;
	size_t len = 1;

	take_turns();
	while (len && !s->failed.code) {
		uint8_t *block = ring_room(s->tar_ring);

		if (!block) {
			break;
		}
		len = decode(s, block);
		if (len) {
			ring_put(s->tar_ring, len);
		}
	}
	ring_end(s->tar_ring);
	take_rest(s);
	ring_stop(s->stored_ring); /* of what is left there nobody takes any more */
	return NULL;
}

static void *fetcher(void *arg)
{
	struct layer_stream *s = arg;
	size_t len = 1;

	take_turns();
	while (len) {
		uint8_t *block = ring_room(s->stored_ring);

		if (!block || fetch(s, block, &len, &s->unfetched)) {
			break;
		}
		if (len) {
			ring_put(s->stored_ring, len);
		}
	}
	ring_end(s->stored_ring);
	return NULL;
}

static void *tar_hasher(void *arg)
{
	struct layer_stream *s = arg;
	const uint8_t *data;
	size_t len;

	take_turns();
	while (ring_get(s->tar_ring, TAR_HASHER, &data, &len)) {
		if (!s->one_digest) {
			digest_add(s->tar, data, len);
		}
		ring_done(s->tar_ring, TAR_HASHER);
	}
	return NULL;
}

static void stop(struct layer_stream *s)
{
	if (s->stored_ring) {
		ring_stop(s->stored_ring);
		ring_stop(s->tar_ring);
	}
}

static void join(struct layer_stream *s)
{
	while (s->n_threads) {
		pthread_join(s->threads[--s->n_threads], NULL);
	}
}

static void drop_rings(struct layer_stream *s)
{
	ring_free(s->stored_ring);
	ring_free(s->tar_ring);
	s->stored_ring = s->tar_ring = NULL;
}

/* The fetcher last: until it runs the others have nothing to do. */
static bool start_threads(struct layer_stream *s)
{
	void *(*const work[])(void *) = {tar_hasher, decoder, fetcher};

	for (size_t i = 0; i < ARRAY_SIZE(work); i++) {
		if (pthread_create(&s->threads[s->n_threads], NULL, work[i], s)) {
			return false;
		}
		s->n_threads++;
	}
	return true;
}

void layer_stream_start(struct layer_stream *s)
{
	sigset_t all;
	sigset_t before;

	s->stored_ring = ring_new(BLOCK, IN_BLOCKS, 1);
	s->tar_ring = ring_new(BLOCK, OUT_BLOCKS, 2);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the caller's threads */
	if (!start_threads(s)) {
		stop(s);
		join(s);
		drop_rings(s);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void layer_stream_free(struct layer_stream *s)
{
	if (s) {
		stop(s);
		join(s);
		drop_rings(s);
		digest_free(s->stored);
		digest_free(s->tar);
		inflate_free(s->inflate);
		free(s->in);
		free(s->out);
		free(s);
	}
}

/* ---- the caller's side ------------------------------------------------------------------------ */

/* All is decoded, or no more will be: wait for the threads, then say what was found. */
static void settle(struct layer_stream *s)
{
	if (s->over) {
		return;
	}
	s->over = true;
	join(s);
	if (!s->stored_ring) {
		take_rest(s);
	}
	s->facts.encoding = s->encoding;
	if (s->stored && s->fetched == s->blob->size) {
		digest_end(s->stored, s->facts.stored_digest);
	}
	if (s->failed.code) {
		return;
	}
	if (s->one_digest) {
		memcpy(s->facts.tar_digest, s->facts.stored_digest, sizeof(s->facts.tar_digest));
	} else {
		digest_end(s->tar, s->facts.tar_digest);
	}
}

/* The next block by our own work. */
static size_t read_alone(struct layer_stream *s)
{
	size_t len;

	if (!s->out) {
		s->out = xcalloc(BLOCK, 1);
	}
	if (s->failed.code) {
		return 0;
	}
	len = decode(s, s->out);
	if (!s->one_digest) {
		digest_add(s->tar, s->out, len);
	}
	return len;
}

void layer_stream_tap(
	struct layer_stream *s, void (*tap)(const void *data, size_t len, void *arg), void *arg)
{
	s->tap = tap;
	s->tap_arg = arg;
}

int layer_stream_read(
	struct layer_stream *s, const void **ret_data, size_t *ret_len, struct err *err)
{
	const uint8_t *data = NULL;
	size_t len = 0;

	if (s->over) {
		/* as below, once more */
	} else if (s->stored_ring) {
		if (s->delivered) {
			ring_done(s->tar_ring, TAR_READER);
		}
		(void)ring_get(s->tar_ring, TAR_READER, &data, &len);
	} else {
		len = read_alone(s);
		data = s->out;
	}
	s->delivered += len;
	s->facts.tar_size = s->delivered;
	if (!len) {
		settle(s);
	} else if (s->tap) {
		s->tap(data, len, s->tap_arg);
	}
	*ret_data = data;
	*ret_len = len;
	if (!len && s->failed.code) { /* what was decoded before the failure went out first */
		if (err) {
			*err = s->failed;
		}
		return -1;
	}
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
	if (rc && s->unread.code && err) {
		*err = s->unread;
	}
	return rc;
}

const struct layer_stream_facts *layer_stream_facts(const struct layer_stream *s)
{
	return &s->facts;
}
