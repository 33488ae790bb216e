/*
 * inflate.h - a streaming decoder for what layers are stored as: plain, gzip (RFC 1952, several
 * members as estargz and pigz write them) and zstd (RFC 8878, several and skippable frames).
 *
 *	struct inflate *z = inflate_new(inflate_detect(head, len));
 *	struct inflate_io io = {.in = bytes, .in_len = n, .out = room, .out_len = size};
 *	inflate_run(z, &io, err)		until io.in_len is 0 or io.out_len is 0
 *	inflate_end(z, err)			the input is over: was it whole?
 *
 * Pure: no I/O, nothing shared between decoders. What follows the last member or frame and is none
 * itself is an error, as in Go's compress/gzip, by which most engines unpack.
 */
#ifndef IMAGE_INFLATE_H
#define IMAGE_INFLATE_H

#include "base/cleanup.h"
#include "base/err.h"
#include "image/image.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that inflate_detect wants. */
#define INFLATE_MAGIC 4

/* The encoding by magic number; LAYER_PLAIN when it is none that we know. */
enum layer_encoding inflate_detect(const uint8_t *head, size_t len);

/* "plain", "gzip", "zstd". */
const char *layer_encoding_name(enum layer_encoding encoding);

struct inflate_io {
	const uint8_t *in; /* both pairs are moved on by what was done */
	size_t in_len;
	uint8_t *out;
	size_t out_len;
};

struct inflate;
struct inflate *inflate_new(enum layer_encoding encoding); /* aborts when memory is out */
void inflate_free(struct inflate *z);
DEFINE_AUTO_PTR(inflate)

/* Decode until all input is taken or the output is full. When the output is full there may be more
 * to come without more input. ERR_MALFORMED for broken data, ERR_UNSUPPORTED for a zstd window past
 * image_limits.zstd_window; the decoder is of no use then. */
int inflate_run(struct inflate *z, struct inflate_io *io, struct err *err);

/* ERR_MALFORMED when the input ended inside a member or frame. */
int inflate_end(const struct inflate *z, struct err *err);

#endif
