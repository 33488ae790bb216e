#include "tests/unit/tar_kit.h"

#include "base/alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static void sum(char *header)
{
	unsigned total = 0;

	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < BLOCK; i++) {
		total += (unsigned char)header[i];
	}
	snprintf(header + 148, 8, "%06o", total);
}

void tk_patch(struct buf *tar, const struct patch *p)
{
	if (p->len) {
		cr_assert_leq(p->at + p->len, tar->len);
		memcpy(tar->data + p->at, p->bytes, p->len);
		sum(tar->data + p->at / BLOCK * BLOCK);
	}
}

void items_release(struct items *items)
{
	for (size_t i = 0; i < items->n; i++) {
		tar_raw_item_free(items->v[i]);
	}
	items->n = 0;
}

void tk_read(const struct buf *tar, size_t step, struct items *ret)
{
	AUTO_PTR(tar_raw) struct tar_raw *raw = tar_raw_new();
	struct tar_raw_item *item;

	for (size_t at = 0; at < tar->len; at += step) {
		size_t n = tar->len - at < step ? tar->len - at : step;
		auto_free char *piece = xstrndup(tar->data + at, n);

		memcpy(piece, tar->data + at, n);
		tar_raw_feed(raw, piece, n);
	}
	tar_raw_end(raw);
	while ((item = tar_raw_next(raw)) != NULL) {
		cr_assert_lt(ret->n, ARRAY_SIZE(ret->v));
		ret->v[ret->n++] = item;
	}
	ret->lost = tar_raw_lost(raw);
}

void tk_tar(struct buf *tar, const struct lk_entry *entries, size_t n, const struct patch *p)
{
	buf_init(tar, 8 << 20);
	lk_tar_entries(tar, entries, n);
	lk_tar_end(tar);
	if (p) {
		tk_patch(tar, p);
	}
}

size_t tk_count(const struct lk_entry *entries, size_t max)
{
	size_t n = 0;

	while (n < max && entries[n].name) {
		n++;
	}
	return n;
}
