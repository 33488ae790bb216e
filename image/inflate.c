#include "image/inflate.h"

#include "base/alloc.h"
#include "image/inflate_codec.h"

#include <stdlib.h>
#include <string.h>

struct inflate {
	const struct codec *codec; /* NULL for plain */
	void *state;
	bool inside;
};

enum layer_encoding inflate_detect(const uint8_t *head, size_t len)
{
	static const uint8_t zstd[] = {0x28, 0xb5, 0x2f, 0xfd};
	static const uint8_t skippable[] = {0x2a, 0x4d, 0x18}; /* behind 0x50 to 0x5f */

	if (len >= 2 && head[0] == 0x1f && head[1] == 0x8b) {
		return LAYER_GZIP;
	}
	if (len >= sizeof(zstd) &&
		(memcmp(head, zstd, sizeof(zstd)) == 0 ||
			((head[0] & 0xf0) == 0x50 &&
				memcmp(head + 1, skippable, sizeof(skippable)) == 0))) {
		return LAYER_ZSTD;
	}
	return LAYER_PLAIN;
}

const char *layer_encoding_name(enum layer_encoding encoding)
{
	static const char *const names[] = {
		[LAYER_PLAIN] = "plain", [LAYER_GZIP] = "gzip", [LAYER_ZSTD] = "zstd"};

	return names[encoding];
}

struct inflate *inflate_new_with(const struct codec *codec)
{
	struct inflate *z = xcalloc(1, sizeof(*z));

	z->codec = codec;
	z->state = codec ? codec->open() : NULL;
	if (codec && !z->state) {
		abort();
	}
	return z;
}

struct inflate *inflate_new(enum layer_encoding encoding)
{
	static const struct codec *const codecs[] = {
		[LAYER_PLAIN] = NULL,
#ifdef HAVE_ISAL
		[LAYER_GZIP] = &codec_isal,
#else
		[LAYER_GZIP] = &codec_zlib,
#endif
		[LAYER_ZSTD] = &codec_zstd,
	};

	return inflate_new_with(codecs[encoding]);
}

void inflate_free(struct inflate *z)
{
	if (z) {
		if (z->codec) {
			z->codec->close(z->state);
		}
		free(z);
	}
}

static void copy(struct inflate_io *io)
{
	size_t n = io->in_len < io->out_len ? io->in_len : io->out_len;

	memcpy(io->out, io->in, n);
	io->in += n;
	io->in_len -= n;
	io->out += n;
	io->out_len -= n;
}

int inflate_run(struct inflate *z, struct inflate_io *io, struct err *err)
{
	if (z->codec) {
		return z->codec->run(z->state, io, &z->inside, err);
	}
	copy(io);
	return 0;
}

int inflate_end(const struct inflate *z, struct err *err)
{
	return z->inside ? err_set(err, ERR_MALFORMED, "compressed data are cut short") : 0;
}
