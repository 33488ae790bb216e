/*
 * inflate_codec.h - one decompression library behind inflate.h; for inflate*.c and their test only.
 */
#ifndef IMAGE_INFLATE_CODEC_H
#define IMAGE_INFLATE_CODEC_H

#include "image/inflate.h"

struct codec {
	void *(*open)(void); /* NULL when memory is out */
	void (*close)(void *state);
	/* As inflate_run; *inside tells whether the data so far end within a member or frame. */
	int (*run)(void *state, struct inflate_io *io, bool *inside, struct err *err);
};

extern const struct codec codec_zlib;
extern const struct codec codec_isal; /* only where HAVE_ISAL is defined */
extern const struct codec codec_zstd;

struct inflate *inflate_new_with(const struct codec *codec);

#endif
