/*
 * pack.h - numbers and texts as few bytes, and back: for records that the program keeps for itself.
 *
 *	struct pack p = {.buf = &buf};
 *	pack_number(&p, 42); pack_text(&p, "name");
 *	if (p.failed) ...				the buffer's cap was reached
 *
 *	struct unpack u = {bytes, bytes + len};
 *	n = unpack_number(&u); name = unpack_text(&u);
 *	if (u.broken || u.at != u.end) ...		it was not what pack_* write
 *
 * Numbers are LEB128 (DWARF 5, 7.6), texts their length and a NUL behind. Reading is total: broken
 * bytes give 0 and NULL, and set broken, which stays. Nothing is copied.
 */
#ifndef BASE_PACK_H
#define BASE_PACK_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pack {
	struct buf *buf;
	bool failed;
};

void pack_number(struct pack *p, uint64_t n);
void pack_signed(struct pack *p, int64_t n);
void pack_bytes(struct pack *p, const void *bytes, size_t len);
void pack_text(struct pack *p, const char *s); /* NULL is told from "" */

struct unpack {
	const uint8_t *at;
	const uint8_t *end;
	bool broken;
};

uint64_t unpack_number(struct unpack *u);
int64_t unpack_signed(struct unpack *u);
/* At most max, else broken and 0. */
uint64_t unpack_count(struct unpack *u, uint64_t max);
/* Borrowed from the input; NULL with *ret_len 0 when broken. There is a NUL behind the bytes. */
const void *unpack_bytes(struct unpack *u, size_t *ret_len);
/* Borrowed; NULL when NULL was packed, or broken. */
const char *unpack_text(struct unpack *u);

#endif
