/*
 * buf.h - a byte buffer with a cap: for everything whose size comes from input.
 *
 *	AUTO(buf) struct buf b;
 *	buf_init(&b, 1 << 20);
 *	if (buf_add(&b, data, len, err)) return -1;	ERR_LIMIT when it would pass the cap
 *
 * The content always has a NUL behind it (not counted in len), so text can be used as a string.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data; /* NULL until the first byte */
	size_t len;
	size_t room;
	size_t cap; /* the most bytes that it may hold */
};

void buf_init(struct buf *b, size_t cap);
void buf_release(struct buf *b);

/* Empty it, keeping the memory. */
void buf_clear(struct buf *b);

/* Append; ERR_LIMIT past the cap (what was there stays), ERR_IO when memory is out. */
int buf_add(struct buf *b, const void *data, size_t len, struct err *err);
int buf_addf(struct buf *b, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Append as much as the cap allows; returns how many bytes were taken. For captures. */
size_t buf_add_some(struct buf *b, const void *data, size_t len);

/* Make room for len more bytes and return where to write them; the caller then adds to len.
 * NULL with err set past the cap. */
void *buf_reserve(struct buf *b, size_t len, struct err *err);

/* The content as a string ("" when empty), borrowed until the next change. */
const char *buf_str(const struct buf *b);

/* The content as a heap string that the caller frees; the buffer is empty afterwards. */
char *buf_steal(struct buf *b);

#endif
