/* Mutators for formats whose checksums make plain mutation useless. */
#include "tests/fuzz/kit.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "image/inflate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum { BLOCK = 512, PLAIN_MAX = 64 * 1024 };

/* ---- tar ------------------------------------------------------------------------------------- */

static bool is_header(const uint8_t *block)
{
	return memcmp(block + 257, "ustar", 5) == 0;
}

static void mend(uint8_t *data, size_t size)
{
	for (size_t at = 0; at + BLOCK <= size; at += BLOCK) {
		uint8_t *header = data + at;
		char text[8];
		unsigned sum = 0;

		if (!is_header(header)) {
			continue;
		}
		memset(header + 148, ' ', 8);
		for (size_t i = 0; i < BLOCK; i++) {
			sum += header[i];
		}
		(void)snprintf(text, sizeof(text), "%06o", sum);
		memcpy(header + 148, text, 7);
	}
}

/* Copy, move or drop a run of blocks. */
static size_t shuffle(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	size_t blocks = size / BLOCK;
	size_t from = seed / 16 % blocks;
	size_t to = seed / 256 % blocks;
	size_t n = 1 + seed / 4096 % 3;

	n = n < blocks - from ? n : blocks - from;
	n = n < blocks - to ? n : blocks - to;
	switch (seed / 4 % 3) {
	case 0:
		memmove(data + to * BLOCK, data + from * BLOCK, n * BLOCK);
		return size;
	case 1:
		memmove(data + from * BLOCK, data + (from + n) * BLOCK, size - (from + n) * BLOCK);
		return size - n * BLOCK;
	default:
		if (size + n * BLOCK > max_size) {
			return size;
		}
		memmove(data + (to + n) * BLOCK, data + to * BLOCK, size - to * BLOCK);
		memmove(data + to * BLOCK, data + from * BLOCK, n * BLOCK);
		return size + n * BLOCK;
	}
}

/* Let the mutator work on one header or one block of content only: the rest stays aligned. */
static size_t mutate_block(uint8_t *data, size_t size, unsigned seed)
{
	uint8_t *at = data + seed / 16 % (size / BLOCK) * BLOCK;
	uint8_t block[BLOCK];
	size_t n;

	memcpy(block, at, BLOCK);
	n = LLVMFuzzerMutate(block, BLOCK, BLOCK);
	memcpy(at, block, n);
	return size;
}

size_t fuzz_mutate_tar(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	if (size < BLOCK || seed % 8 == 0) {
		size = LLVMFuzzerMutate(data, size, max_size);
	} else if (seed % 4 == 1) {
		size = shuffle(data, size, max_size, seed);
	} else {
		size = mutate_block(data, size, seed);
	}
	mend(data, size);
	return size;
}

/* ---- gzip and zstd --------------------------------------------------------------------------- */

static size_t decode(enum layer_encoding encoding, const uint8_t *data, size_t size, uint8_t *plain)
{
	AUTO_PTR(inflate) struct inflate *z = inflate_new(encoding);
	struct inflate_io io = {data, size, plain, PLAIN_MAX};

	(void)inflate_run(z, &io, NULL); /* what came out before a failure will do */
	return PLAIN_MAX - io.out_len;
}

static size_t encode_gzip(const uint8_t *plain, size_t len, uint8_t *data, size_t max_size)
{
	union {
		const uint8_t *in;
		Bytef *out;
	} from = {.in = plain};
	z_stream z = {.next_in = from.out, .avail_in = (uInt)len};
	int rc;

	z.next_out = data;
	z.avail_out = (uInt)max_size;
	if (deflateInit2(&z, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		return 0;
	}
	rc = deflate(&z, Z_FINISH);
	deflateEnd(&z);
	return rc == Z_STREAM_END ? max_size - z.avail_out : 0;
}

static size_t encode(enum layer_encoding encoding, const uint8_t *plain, size_t len, uint8_t *data,
	size_t max_size)
{
	size_t n;

	if (encoding == LAYER_GZIP) {
		return encode_gzip(plain, len, data, max_size);
	}
	n = ZSTD_compress(data, max_size, plain, len, 1);
	return ZSTD_isError(n) ? 0 : n;
}

size_t fuzz_mutate_layer(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	static uint8_t plain[PLAIN_MAX];
	enum layer_encoding encoding = inflate_detect(data, size);
	auto_free uint8_t *encoded = NULL;
	size_t len;

	if (encoding == LAYER_PLAIN) {
		return fuzz_mutate_tar(data, size, max_size, seed);
	}
	if (seed % 4 == 0) {
		return LLVMFuzzerMutate(data, size, max_size);
	}
	len = decode(encoding, data, size, plain);
	len = fuzz_mutate_tar(plain, len, PLAIN_MAX, seed / 4);
	encoded = xcalloc(max_size, 1);
	len = encode(encoding, plain, len, encoded, max_size);
	if (!len) {
		return LLVMFuzzerMutate(data, size, max_size);
	}
	memcpy(data, encoded, len);
	return len;
}
