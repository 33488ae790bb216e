#include "image/layer_stream.h"

#include "base/alloc.h"
#include "base/sys_file.h"
#include "image/limits.h"
#include "image/ring.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define TAR_LEN ((size_t)5 << 20)

/* Neither all alike nor beyond compressing. */
static uint8_t *make_tar(void)
{
	uint8_t *tar = xcalloc(TAR_LEN, 1);
	uint32_t x = 1;

	for (size_t i = 0; i < TAR_LEN; i++) {
		x = x * 1664525 + 1013904223;
		tar[i] = (uint8_t)(x >> 28);
	}
	return tar;
}

static struct blob blob_of(const void *bytes, size_t len)
{
	struct blob blob = {.fd = memfd_create("layer", MFD_CLOEXEC), .size = len};

	cr_assert_geq(blob.fd, 0);
	cr_assert_eq(write(blob.fd, bytes, len), (ssize_t)len);
	return blob;
}

static uint8_t *gzip(const uint8_t *tar, size_t *ret_len)
{
	z_stream z = {0};
	uint8_t *out = xcalloc(TAR_LEN + 1024, 1);
	uint8_t *in = (uint8_t *)xstrndup((const char *)tar, TAR_LEN);

	cr_assert_eq(deflateInit2(&z, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = in;
	z.avail_in = (uInt)TAR_LEN;
	z.next_out = out;
	z.avail_out = (uInt)TAR_LEN + 1024;
	cr_assert_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	*ret_len = z.total_out;
	deflateEnd(&z);
	free(in);
	return out;
}

struct outcome {
	int rc;
	struct err err;
	size_t len;
	bool same; /* the bytes are those of the tar */
	struct layer_stream_facts facts;
};

static struct outcome read_all(const struct blob *blob, const uint8_t *tar, bool threads)
{
	static const enum digest_algorithm sha256 = DIGEST_SHA256;
	AUTO_PTR(layer_stream)
	struct layer_stream *s = layer_stream_new(blob, &sha256, DIGEST_SHA256);
	struct outcome o = {.same = true};
	const void *data;
	size_t len;

	if (threads) {
		layer_stream_start(s);
	}
	while ((o.rc = layer_stream_read(s, &data, &len, &o.err)) == 0 && len) {
		o.same &= o.len + len <= TAR_LEN && memcmp(data, tar + o.len, len) == 0;
		o.len += len;
	}
	cr_expect_eq(layer_stream_drain(s, NULL), o.rc, "it ends the same way again");
	o.facts = *layer_stream_facts(s);
	return o;
}

static void expect_whole(const void *stored, size_t len, enum layer_encoding encoding)
{
	uint8_t *tar = make_tar();
	AUTO(blob) struct blob blob = blob_of(stored, len);
	char stored_digest[DIGEST_TEXT_MAX];
	char tar_digest[DIGEST_TEXT_MAX];

	digest_of(DIGEST_SHA256, stored, len, stored_digest);
	digest_of(DIGEST_SHA256, tar, TAR_LEN, tar_digest);
	for (int threads = 0; threads < 2; threads++) {
		struct outcome o = read_all(&blob, tar, threads);

		cr_expect_eq(o.rc, 0, "%s", o.err.msg);
		cr_expect(o.same);
		cr_expect_eq(o.len, TAR_LEN);
		cr_expect_eq(o.facts.tar_size, TAR_LEN);
		cr_expect_eq(o.facts.encoding, encoding);
		cr_expect_str_eq(o.facts.stored_digest, stored_digest);
		cr_expect_str_eq(o.facts.tar_digest, tar_digest);
	}
	free(tar);
}

Test(image_layer_stream, plain)
{
	uint8_t *tar = make_tar();

	expect_whole(tar, TAR_LEN, LAYER_PLAIN);
	free(tar);
}

Test(image_layer_stream, gzip)
{
	uint8_t *tar = make_tar();
	size_t len;
	uint8_t *stored = gzip(tar, &len);

	expect_whole(stored, len, LAYER_GZIP);
	free(stored);
	free(tar);
}

Test(image_layer_stream, zstd)
{
	uint8_t *tar = make_tar();
	uint8_t *stored = xcalloc(ZSTD_compressBound(TAR_LEN), 1);
	size_t len = ZSTD_compress(stored, ZSTD_compressBound(TAR_LEN), tar, TAR_LEN, 1);

	expect_whole(stored, len, LAYER_ZSTD);
	free(stored);
	free(tar);
}

/* The same with and without threads: all that could be decoded, then the error; the digest of the
 * stored bytes all the same, and none of a tar that was not seen whole. */
static void expect_broken(const uint8_t *stored, size_t len)
{
	uint8_t *tar = make_tar();
	AUTO(blob) struct blob blob = blob_of(stored, len);
	struct outcome o[2] = {read_all(&blob, tar, false), read_all(&blob, tar, true)};
	char digest[DIGEST_TEXT_MAX];

	digest_of(DIGEST_SHA256, stored, len, digest);
	for (int i = 0; i < 2; i++) {
		cr_expect_eq(o[i].rc, -1);
		cr_expect_eq(o[i].err.code, ERR_MALFORMED);
		cr_expect_str_eq(o[i].err.msg, o[0].err.msg);
		cr_expect(o[i].same);
		cr_expect_gt(o[i].len, TAR_LEN / 4);
		cr_expect_eq(o[i].len, o[0].len);
		cr_expect_eq(o[i].facts.tar_size, o[i].len);
		cr_expect_str_eq(o[i].facts.stored_digest, digest);
		cr_expect_str_empty(o[i].facts.tar_digest);
	}
	free(tar);
}

Test(image_layer_stream, cut_short)
{
	uint8_t *tar = make_tar();
	size_t len;
	uint8_t *stored = gzip(tar, &len);

	expect_broken(stored, len / 2);
	free(stored);
	free(tar);
}

Test(image_layer_stream, broken_and_more_behind)
{
	uint8_t *tar = make_tar();
	size_t len;
	uint8_t *stored = gzip(tar, &len);

	stored[len - 6] ^= 1; /* the checksum */
	stored = realloc(stored, len + ((size_t)3 << 20));
	memset(stored + len, 'x', (size_t)3 << 20);
	expect_broken(stored, len + ((size_t)3 << 20));
	free(stored);
	free(tar);
}

/* The file is shorter than it was: nobody waits for bytes that never come. */
Test(image_layer_stream, stored_bytes_vanish)
{
	uint8_t *tar = make_tar();
	AUTO(blob) struct blob blob = blob_of(tar, TAR_LEN);

	cr_assert_eq(ftruncate(blob.fd, TAR_LEN / 2), 0);
	for (int threads = 0; threads < 2; threads++) {
		struct outcome o = read_all(&blob, tar, threads);

		cr_expect_eq(o.rc, -1);
		cr_expect(o.same);
		cr_expect_str_empty(o.facts.stored_digest);
		cr_expect_str_empty(o.facts.tar_digest);
	}
	free(tar);
}

Test(image_layer_stream, given_up_in_the_middle)
{
	static const enum digest_algorithm sha256 = DIGEST_SHA256;
	uint8_t *tar = make_tar();
	AUTO(blob) struct blob blob = blob_of(tar, TAR_LEN);

	for (size_t reads = 0; reads < 4; reads++) {
		struct layer_stream *s = layer_stream_new(&blob, &sha256, DIGEST_SHA512);
		const void *data;
		size_t len;

		layer_stream_start(s);
		for (size_t i = 0; i < reads; i++) {
			cr_assert_eq(layer_stream_read(s, &data, &len, NULL), 0);
		}
		layer_stream_free(s); /* returns though the threads have more to do */
	}
	free(tar);
}

/* Whoever reads ahead is let go when nothing more is wanted. */
Test(image_layer_stream, a_limit_ends_all_threads, .timeout = 60)
{
	static const enum digest_algorithm sha256 = DIGEST_SHA256;
	const size_t len = (size_t)16 << 20; /* more than all rings hold */
	auto_free uint8_t *zeros = xcalloc(len, 1);
	AUTO(blob) struct blob blob = blob_of(zeros, len);
	AUTO_PTR(layer_stream)
	struct layer_stream *s = layer_stream_new(&blob, &sha256, DIGEST_SHA256);
	struct err err = {0};

	image_limits.layer_tar = 1 << 20;
	layer_stream_start(s);
	cr_expect_eq(layer_stream_drain(s, &err), -1);
	cr_expect_eq(err.code, ERR_LIMIT);
	cr_expect_str_empty(layer_stream_facts(s)->stored_digest);
}

/* ---- the ring --------------------------------------------------------------------------------- */

enum { BLOCKS = 1000 };

struct reader {
	struct ring *ring;
	unsigned number;
	size_t seen;
	bool in_order;
};

static void *read_ring(void *arg)
{
	struct reader *me = arg;
	const uint8_t *data;
	size_t len;

	while (ring_get(me->ring, me->number, &data, &len)) {
		me->in_order &= len == 2 && (size_t)(data[0] | data[1] << 8) == me->seen;
		me->seen++;
		ring_done(me->ring, me->number);
	}
	return NULL;
}

Test(image_ring, every_reader_sees_every_block_in_order)
{
	struct ring *ring = ring_new(16, 3, 2);
	struct reader readers[2] = {{ring, 0, 0, true}, {ring, 1, 0, true}};
	pthread_t threads[2];

	for (size_t i = 0; i < 2; i++) {
		cr_assert_eq(pthread_create(&threads[i], NULL, read_ring, &readers[i]), 0);
	}
	for (size_t i = 0; i < BLOCKS; i++) {
		uint8_t *block = ring_room(ring);

		block[0] = (uint8_t)i;
		block[1] = (uint8_t)(i >> 8);
		ring_put(ring, 2);
	}
	ring_end(ring);
	for (size_t i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		cr_expect_eq(readers[i].seen, BLOCKS);
		cr_expect(readers[i].in_order);
	}
	ring_free(ring);
}

Test(image_ring, stopped)
{
	struct ring *ring = ring_new(16, 1, 1);
	const uint8_t *data;
	size_t len;

	cr_assert_not_null(ring_room(ring));
	ring_put(ring, 1);
	ring_stop(ring);
	cr_expect_null(ring_room(ring));
	cr_expect_not(ring_get(ring, 0, &data, &len));
	ring_free(ring);
}
