/*
 * tar_kit.h - tars read by the second reader alone, in pieces of any size.
 *
 *	AUTO(buf) struct buf tar;
 *	AUTO(items) struct items items = {0};
 *	tk_tar(&tar, entries, n, &patch)	patch may be NULL
 *	tk_read(&tar, step, &items)
 */
#ifndef TESTS_UNIT_TAR_KIT_H
#define TESTS_UNIT_TAR_KIT_H

#include "image/tar_raw.h"
#include "tests/unit/layer_kit.h"

#define BLOCK ((size_t)512)

/* An extended header, or a body of this type. */
#define SPECIAL(t, s)                                                                              \
	{                                                                                          \
		.name = "special", .type = (t), .text = (s), .len = sizeof(s) - 1                  \
	}

/* Sparse format 1.0, of 8192 bytes: the map is in the content of the entry behind it. */
#define FORM_1_0                                                                                   \
	SPECIAL('x', "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n21 GNU.sparse.name=s\n"        \
		     "28 GNU.sparse.realsize=8192\n")

/* Bytes at an offset of the tar are others, and its header's checksum is right again. */
struct patch {
	size_t at;
	const char *bytes;
	size_t len;
};
void tk_patch(struct buf *tar, const struct patch *p);

/* How many of entries have a name. */
size_t tk_count(const struct lk_entry *entries, size_t max);

void tk_tar(struct buf *tar, const struct lk_entry *entries, size_t n, const struct patch *p);

/* What was found, in order. */
struct items {
	struct tar_raw_item *v[16];
	size_t n;
	bool lost;
};
void tk_read(const struct buf *tar, size_t step, struct items *ret);
void items_release(struct items *items);

#endif
