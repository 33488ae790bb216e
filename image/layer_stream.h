/*
 * layer_stream.h - the stored bytes of one layer in, the bytes of its tar out, both hashed on the
 * way. Private to image/.
 *
 *	s = layer_stream_new(&blob, algorithms)
 *	layer_stream_start(s)			optional: work ahead in threads
 *	while (!layer_stream_read(s, &data, &len, err) && len) ...
 *	layer_stream_drain(s, err)		so that both digests cover everything
 */
#ifndef IMAGE_LAYER_STREAM_H
#define IMAGE_LAYER_STREAM_H

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/err.h"
#include "image/image.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct layer_stream;

/* Borrows blob. stored_algorithm is NULL when the stored bytes need no digest. */
struct layer_stream *layer_stream_new(const struct blob *blob,
	const enum digest_algorithm *stored_algorithm, enum digest_algorithm tar_algorithm);
void layer_stream_free(struct layer_stream *s);
DEFINE_AUTO_PTR(layer_stream)

/* Read, inflate and hash in threads of their own from now on, ahead of the caller by a few MiB;
 * once, before the first read. What comes out is the same. Where no thread can be had the caller
 * goes on doing it all. layer_stream_free, or reading to the end, waits for the threads. */
void layer_stream_start(struct layer_stream *s);

/* Show each piece to tap, too, just before layer_stream_read or layer_stream_drain has it. */
void layer_stream_tap(
	struct layer_stream *s, void (*tap)(const void *data, size_t len, void *arg), void *arg);

/* The next piece of the tar, borrowed until the next call; *ret_len is 0 at its end. ERR_MALFORMED
 * when the encoding is broken or cut short, ERR_LIMIT past LIMIT_LAYER_TAR or LIMIT_RATIO, ERR_IO
 * when the system would not read; from then on every call fails in the same way. */
int layer_stream_read(
	struct layer_stream *s, const void **ret_data, size_t *ret_len, struct err *err);

/* Read what is left of the tar. When the encoding is broken, still read what is left of the stored
 * bytes; the error is that of layer_stream_read. A limit ends it at once. */
int layer_stream_drain(struct layer_stream *s, struct err *err);

/* What was found: tar_size up to now, the rest at the end of the tar or at a failure. A digest is ""
 * when not all bytes were seen (or none was asked for). */
struct layer_stream_facts {
	enum layer_encoding encoding;
	uint64_t tar_size;
	char stored_digest[DIGEST_TEXT_MAX];
	char tar_digest[DIGEST_TEXT_MAX];
};
const struct layer_stream_facts *layer_stream_facts(const struct layer_stream *s);

#endif
