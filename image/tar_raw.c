#include "image/tar_raw_private.h"

#include "base/alloc.h"
#include "image/limits.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tar_raw *tar_raw_new(void)
{
	struct tar_raw *raw = xcalloc(1, sizeof(*raw));

	buf_init(&raw->body, LIMIT_TAR_SPECIAL);
	buf_init(&raw->pax_body, LIMIT_TAR_SPECIAL);
	buf_init(&raw->name, LIMIT_TAR_SPECIAL);
	buf_init(&raw->link, LIMIT_TAR_SPECIAL);
	return raw;
}

void tar_raw_item_free(struct tar_raw_item *item)
{
	free(item);
}

void tar_raw_free(struct tar_raw *raw)
{
	struct tar_raw_item *item;

	if (!raw) {
		return;
	}
	while ((item = tar_raw_next(raw)) != NULL) {
		tar_raw_item_free(item);
	}
	tar_raw_item_free(raw->mapped);
	tar_pax_release(&raw->pax);
	buf_release(&raw->body);
	buf_release(&raw->pax_body);
	buf_release(&raw->name);
	buf_release(&raw->link);
	free(raw);
}

void tar_raw_tell(struct tar_raw *raw, const struct tar_pieces *pieces)
{
	raw->pieces = pieces;
}

/* ---- items ------------------------------------------------------------------------------------ */

struct tar_raw_item *tar_raw_next(struct tar_raw *raw)
{
	struct tar_raw_item *item = raw->first;

	if (item) {
		raw->first = item->next;
		item->next = NULL;
	}
	return item;
}

uint64_t tar_raw_next_at(const struct tar_raw *raw)
{
	return raw->first ? raw->first->at : UINT64_MAX;
}

uint64_t tar_raw_plain_at(const struct tar_raw *raw, uint64_t from)
{
	for (const struct tar_raw_item *item = raw->first; item; item = item->next) {
		if (item->plain && item->at >= from) {
			return item->at;
		}
	}
	return UINT64_MAX;
}

bool tar_raw_lost(const struct tar_raw *raw)
{
	return raw->state == AT_LOST;
}

bool tar_raw_no_memory(const struct tar_raw *raw)
{
	return raw->no_memory;
}

static void queue(struct tar_raw *raw, struct tar_raw_item *item)
{
	if (raw->first) {
		raw->last->next = item;
	} else {
		raw->first = item;
	}
	raw->last = item;
}

void tar_raw_wrong(struct tar_raw *raw, const char *fmt, ...)
{
	va_list ap;

	if (!*raw->wrong) {
		va_start(ap, fmt);
		vsnprintf(raw->wrong, sizeof(raw->wrong), fmt, ap);
		va_end(ap);
	}
}

void tar_raw_odd(struct tar_raw *raw, const char *text)
{
	if (!*raw->odd) {
		snprintf(raw->odd, sizeof(raw->odd), "%s", text);
	}
}

/* What is known of the entry to come is used up. */
static void end_chain(struct tar_raw *raw)
{
	raw->chained = false;
	raw->has_pax = false;
	tar_pax_release(&raw->pax);
	buf_clear(&raw->name);
	buf_clear(&raw->link);
	*raw->wrong = *raw->odd = '\0';
}

/* Complaints that no entry came for. */
static void flush(struct tar_raw *raw)
{
	if (*raw->wrong || *raw->odd) {
		struct tar_raw_item *item = xcalloc(1, sizeof(*item) + 1);

		item->at = raw->chained ? raw->at : raw->offset;
		item->path = item->link = (char *)(item + 1);
		memcpy(item->wrong, raw->wrong, sizeof(item->wrong));
		memcpy(item->odd, raw->odd, sizeof(item->odd));
		queue(raw, item);
	}
	end_chain(raw);
}

void tar_raw_lose(struct tar_raw *raw)
{
	flush(raw);
	raw->state = AT_LOST;
}

void tar_raw_finish(struct tar_raw *raw, struct tar_raw_item *item)
{
	if (*raw->wrong || *raw->odd) {
		memcpy(item->wrong, raw->wrong, sizeof(item->wrong));
		memcpy(item->odd, raw->odd, sizeof(item->odd));
	}
	item->content = raw->offset + TAR_BLOCK;
	if (item->sparse && !item->misfit && *raw->pax.wrong) {
		item->misfit = "a record of its pax header is wrong";
	}
	queue(raw, item);
	end_chain(raw);
}

void tar_raw_skip(struct tar_raw *raw, uint64_t len)
{
	raw->left = (len + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
	raw->state = raw->left ? AT_SKIP : AT_HEADER;
}

/* ---- blocks ----------------------------------------------------------------------------------- */

static bool all_zero(const uint8_t *bytes, size_t len)
{
	return !len || (!*bytes && memcmp(bytes, bytes + 1, len - 1) == 0);
}

static void on_header(struct tar_raw *raw, const uint8_t *block)
{
	struct tar_header h;

	if (all_zero(block, TAR_BLOCK)) {
		raw->state = AT_ZERO;
		return;
	}
	if (!raw->chained) {
		raw->chained = true;
		raw->at = raw->offset;
	}
	if (!tar_header_parse(block, &h)) {
		tar_raw_wrong(raw, "no tar header: its checksum is wrong");
		tar_raw_lose(raw);
	} else if (h.type && strchr("xgLK", h.type)) {
		tar_raw_on_special(raw, &h);
	} else {
		tar_raw_on_entry(raw, &h, block);
	}
}

static void on_block(struct tar_raw *raw, const uint8_t *block)
{
	switch (raw->state) {
	case AT_HEADER:
		on_header(raw, block);
		break;
	case AT_EXTENDED:
		tar_raw_on_extended(raw, block);
		break;
	case AT_MAP:
		tar_raw_on_map(raw, block);
		break;
	case AT_ZERO:
		if (all_zero(block, TAR_BLOCK)) {
			raw->state = AT_END;
			break;
		}
		tar_raw_wrong(raw, "something follows a single block of zeros: engines refuse it");
		tar_raw_lose(raw);
		break;
	case AT_SPECIAL:
	case AT_SKIP:
	case AT_END:
	case AT_LOST:
	default:
		break;
	}
}

/* ---- bytes ------------------------------------------------------------------------------------ */

static size_t take_special(struct tar_raw *raw, const uint8_t *bytes, size_t len)
{
	size_t n = len < raw->left ? len : (size_t)raw->left;

	raw->no_memory |= buf_add(&raw->body, bytes, n, NULL) != 0; /* the limit was held before */
	raw->left -= n;
	if (!raw->left) {
		raw->left = (TAR_BLOCK - raw->body.len % TAR_BLOCK) % TAR_BLOCK;
		raw->state = raw->left ? AT_SKIP : AT_HEADER;
		tar_raw_on_body(raw);
	}
	return n;
}

static size_t take_skip(struct tar_raw *raw, size_t len)
{
	size_t n = len < raw->left ? len : (size_t)raw->left;

	raw->left -= n;
	if (!raw->left) {
		raw->state = AT_HEADER;
	}
	return n;
}

static size_t take_block(struct tar_raw *raw, const uint8_t *bytes, size_t len)
{
	size_t n = TAR_BLOCK - raw->have;

	if (!raw->have && len >= TAR_BLOCK) {
		on_block(raw, bytes);
		return TAR_BLOCK;
	}
	n = len < n ? len : n;
	memcpy(raw->block + raw->have, bytes, n);
	raw->have += n;
	if (raw->have == TAR_BLOCK) {
		raw->have = 0;
		raw->offset -= TAR_BLOCK - n; /* where the block began; the caller adds n */
		on_block(raw, raw->block);
		raw->offset += TAR_BLOCK - n;
	}
	return n;
}

/* At the first byte that is not zero, wherever the piece begins. */
static void look_behind(struct tar_raw *raw, const uint8_t *bytes, size_t len)
{
	size_t zeros = 0;

	if (raw->told_behind || all_zero(bytes, len)) {
		return;
	}
	while (!bytes[zeros]) {
		zeros++;
	}
	raw->told_behind = true;
	tar_raw_odd(raw, "data behind the end of the archive, which engines do not read");
	raw->offset += zeros;
	flush(raw);
	raw->offset -= zeros;
}

void tar_raw_feed(struct tar_raw *raw, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	while (len && raw->state != AT_LOST) {
		size_t n = len;

		switch (raw->state) {
		case AT_SPECIAL:
			n = take_special(raw, at, len);
			break;
		case AT_SKIP:
			n = take_skip(raw, len);
			break;
		case AT_END:
			look_behind(raw, at, len);
			break;
		case AT_HEADER:
		case AT_EXTENDED:
		case AT_MAP:
		case AT_ZERO:
		case AT_LOST:
		default:
			n = take_block(raw, at, len);
		}
		raw->offset += n;
		at += n;
		len -= n;
	}
}

void tar_raw_end(struct tar_raw *raw)
{
	if (raw->mapped) {
		tar_raw_wrong(raw, "cut short in the sparse file's map");
		tar_raw_end_map(raw, "it is cut short");
	}
	if (raw->state == AT_ZERO && raw->have) {
		tar_raw_wrong(raw, "cut short in its end mark: engines refuse it");
	}
	flush(raw);
}
