/* The decoders: fed whole and in small pieces they say the same, and so do both gzip libraries. The
 * first two bytes are the sizes of pieces. */
#include "tests/fuzz/kit.h"

#include "base/cleanup.h"
#include "image/inflate_codec.h"

#include <stdlib.h>
#include <string.h>

enum { OUT_MAX = 256 * 1024 };

struct outcome_of {
	uint8_t *bytes;
	size_t len;
	bool good;
};

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	if (size < 3 || seed % 16 == 0) {
		return LLVMFuzzerMutate(data, size, max_size);
	}
	return 2 + fuzz_mutate_layer(data + 2, size - 2, max_size - 2, seed);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Decode as layer_stream.c does, up to OUT_MAX bytes. */
static struct outcome_of decode(
	const struct codec *codec, const struct fuzz_input *in, size_t in_step, size_t out_step)
{
	AUTO_PTR(inflate) struct inflate *z = inflate_new_with(codec);
	struct outcome_of o = {malloc(OUT_MAX), 0, true};
	size_t used = 0;
	bool flushing = false;

	while (o.good && o.len < OUT_MAX && (flushing || used < in->left)) {
		struct inflate_io io = {in->at + used, least(in_step, in->left - used),
			o.bytes + o.len, least(out_step, OUT_MAX - o.len)};
		size_t room = io.out_len;
		const uint8_t *at = io.in;

		o.good = inflate_run(z, &io, NULL) == 0;
		MUST(io.out_len <= room && io.in >= at && io.in <= in->at + in->left);
		MUST(!o.good || !io.in_len || !io.out_len);
		o.len += room - io.out_len;
		used = (size_t)(io.in - in->at);
		flushing = !io.out_len;
	}
	if (o.good && o.len < OUT_MAX) {
		o.good = inflate_end(z, NULL) == 0;
	}
	return o;
}

static void compare(const struct outcome_of *a, const struct outcome_of *b)
{
	if (a->len == OUT_MAX || b->len == OUT_MAX) {
		MUST(memcmp(a->bytes, b->bytes, least(a->len, b->len)) == 0);
		return; /* what comes behind was not looked at */
	}
	MUST(a->good == b->good);
	if (a->good) {
		MUST(a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0);
	}
}

static void both(const struct codec *one, const struct codec *other, const struct fuzz_input *in,
	size_t in_step, size_t out_step)
{
	struct outcome_of whole = decode(one, in, in->left, OUT_MAX);
	struct outcome_of pieces = decode(other, in, in_step, out_step);

	compare(&whole, &pieces);
	free(whole.bytes);
	free(pieces.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	size_t in_step = 1 + (size_t)fuzz_byte(&in);
	size_t out_step = 1 + (size_t)fuzz_byte(&in) * 16;

	switch (inflate_detect(in.at, in.left)) {
	case LAYER_GZIP:
		both(&codec_zlib, &codec_zlib, &in, in_step, out_step);
#ifdef HAVE_ISAL
		both(&codec_zlib, &codec_isal, &in, in_step, out_step);
#endif
		break;
	case LAYER_ZSTD:
		both(&codec_zstd, &codec_zstd, &in, in_step, out_step);
		break;
	case LAYER_PLAIN:
		break;
	}
	return 0;
}
