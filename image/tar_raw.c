#include "image/tar_raw.h"

#include "base/alloc.h"
#include "base/str.h"
#include "image/limits.h"
#include "image/tar_header.h"
#include "image/tar_pax.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a ustar header's size can say; where pax says more, the header's own counts for nothing. */
#define USTAR_SIZE_MAX INT64_C(077777777777)

enum state {
	AT_HEADER,
	AT_SPECIAL, /* collects the body of a pax header or GNU long name */
	AT_SKIP, /* steps over a content and its padding */
	AT_EXTENDED, /* a further block of an old sparse file's map */
	AT_MAP, /* a block of a sparse 1.0 file's map */
	AT_ZERO, /* one block of zeros was there */
	AT_END,
	AT_LOST,
};

struct tar_raw {
	enum state state;
	uint64_t offset; /* of the next byte */
	uint64_t left; /* AT_SPECIAL, AT_MAP, AT_EXTENDED: of the content; AT_SKIP: with padding */
	uint8_t block[TAR_BLOCK]; /* one that came in pieces */
	size_t have;

	/* The entry to come. */
	bool chained; /* a header was there already, at */
	uint64_t at;
	char special; /* whose body is collected */
	struct buf body;
	bool has_pax;
	struct buf pax_body;
	struct tar_pax pax;
	struct buf name; /* GNU's; "" when none */
	struct buf link;
	char wrong[160];
	char odd[160];

	struct tar_map map;
	struct tar_raw_item *mapped; /* the entry whose map is read */
	bool told_global;
	bool told_behind;
	struct tar_raw_item *first;
	struct tar_raw_item *last;
};

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

bool tar_raw_lost(const struct tar_raw *raw)
{
	return raw->state == AT_LOST;
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

/* The first thing wrong counts. */
static void wrong(struct tar_raw *raw, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void wrong(struct tar_raw *raw, const char *fmt, ...)
{
	va_list ap;

	if (!*raw->wrong) {
		va_start(ap, fmt);
		vsnprintf(raw->wrong, sizeof(raw->wrong), fmt, ap);
		va_end(ap);
	}
}

static void odd(struct tar_raw *raw, const char *text)
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

static void lose(struct tar_raw *raw)
{
	flush(raw);
	raw->state = AT_LOST;
}

/* A copy of the text at *to, with a NUL behind it; *to goes on. */
static char *put(char **to, const struct tar_text *text)
{
	char *copy = *to;

	if (text->len) {
		memcpy(copy, text->at, text->len);
	}
	copy[text->len] = '\0';
	*to += text->len + 1;
	return copy;
}

/* All in one piece of memory. */
static struct tar_raw_item *new_item(
	const struct tar_raw *raw, const struct tar_text *path, const struct tar_text *link)
{
	size_t n = raw->pax.xattrs.n;
	size_t size = sizeof(struct tar_raw_item) + n * sizeof(struct entry_xattr);
	struct tar_raw_item *item;
	struct entry_xattr *xattrs;
	char *to;

	for (size_t i = 0; i < n; i++) {
		const struct tar_xattr *x = &raw->pax.xattrs.v[i];

		size += x->name.len + 1 + x->value.len + 1;
	}
	item = xcalloc(1, size + path->len + 1 + link->len + 1);
	item->xattrs = xattrs = (struct entry_xattr *)(item + 1);
	to = (char *)(xattrs + n);
	for (size_t i = 0; i < n; i++) {
		const struct tar_xattr *x = &raw->pax.xattrs.v[i];

		if (x->value.len) { /* engines do not set empty ones */
			xattrs->name = put(&to, &x->name);
			xattrs->value = put(&to, &x->value);
			xattrs->len = x->value.len;
			xattrs++;
			item->n_xattrs++;
		}
	}
	item->path = put(&to, path);
	item->link = put(&to, link);
	item->at = raw->at;
	return item;
}

/* ---- entries ---------------------------------------------------------------------------------- */

/* Of several names that one entry is given: GNU's before pax's before the header's. */
static struct tar_text choose(
	struct tar_raw *raw, const struct buf *gnu, const struct tar_text *pax, const char *header)
{
	struct tar_text text = {buf_str(gnu), strlen(buf_str(gnu))};

	if (!text.len) {
		return pax->len ? *pax : (struct tar_text){header, strlen(header)};
	}
	if (pax->len && !tar_text_eq(pax, text.at)) {
		wrong(raw, "a pax header and a GNU header give two names");
	}
	return text;
}

/* Typeflags 1 to 6 have no content, whatever their size says. */
static bool has_content(char type)
{
	return type < '1' || type > '6';
}

static void check_type(struct tar_raw *raw, const struct tar_raw_item *item)
{
	bool slash = str_ends(item->path, "/");

	if (tar_raw_unsupported(item)) {
		wrong(raw,
			item->type > ' ' && item->type <= '~'
				? "unsupported type '%c': engines refuse it"
				: "unsupported type 0x%02x: engines refuse it",
			(unsigned char)item->type);
	} else if (item->type == '0' && slash) {
		wrong(raw, "regular file whose name ends in '/': a file or a directory, "
			   "readers disagree");
	}
}

#define MISFIT "the sparse file's map does not fit: engines refuse it"

enum sparse { SPARSE_NO, SPARSE_0, SPARSE_1 };

static enum sparse sparse_form(const struct tar_pax *pax)
{
	const struct tar_text *minor = &pax->sparse_minor;

	if (tar_text_eq(&pax->sparse_major, "0") &&
		(tar_text_eq(minor, "0") || tar_text_eq(minor, "1"))) {
		return SPARSE_0;
	}
	if (tar_text_eq(&pax->sparse_major, "1") && tar_text_eq(minor, "0")) {
		return SPARSE_1;
	}
	return !pax->sparse_major.len && !minor->len && pax->sparse_map.len ? SPARSE_0 : SPARSE_NO;
}

/* How GNU's records change what the file is; stored are the bytes in the tar. */
static void apply_sparse(
	struct tar_raw *raw, enum sparse form, struct tar_raw_item *item, int64_t stored)
{
	const struct tar_pax *pax = &raw->pax;

	if (!has_content(item->type) || form == SPARSE_NO) {
		wrong(raw, "records of a sparse file in a form that engines do not know");
		return;
	}
	(void)tar_text_number(
		pax->sparse_size.len ? &pax->sparse_size : &pax->sparse_realsize, &item->size);
	if (form == SPARSE_1 && stored >= TAR_BLOCK) {
		raw->map = (struct tar_map){.size = item->size, .separator = '\n'};
		raw->left = (uint64_t)stored;
		raw->state = AT_MAP;
	} else if (form == SPARSE_1 || item->size < 0 ||
		   !tar_pax_map_good(pax, item->size, (uint64_t)stored)) {
		wrong(raw, MISFIT);
	}
}

/* A header leaves its size to pax where it cannot say it; some writers always do. */
static void check_size(struct tar_raw *raw, int64_t header, int64_t pax)
{
	if (header) {
		wrong(raw,
			"its pax header says %" PRId64 " bytes, the header itself %" PRId64
			": readers disagree",
			pax, header);
	} else {
		odd(raw, "its size is in the pax header only: some readers see an empty file");
	}
}

static void apply_numbers(
	struct tar_raw *raw, const struct tar_header *h, struct tar_raw_item *item)
{
	const struct tar_pax *pax = &raw->pax;

	item->mode = h->mode;
	item->uid = h->uid;
	item->gid = h->gid;
	item->size = h->size;
	item->mtime = h->mtime;
	item->dev_major = h->dev_major;
	item->dev_minor = h->dev_minor;
	(void)tar_text_number(&pax->uid, &item->uid);
	(void)tar_text_number(&pax->gid, &item->gid);
	(void)tar_text_number(&pax->size, &item->size);
	(void)tar_text_time(&pax->mtime, &item->mtime, &item->mtime_ns);
	if (h->bad) {
		wrong(raw, "header field '%s' is no number: engines refuse it", h->bad);
	}
	if (item->size != h->size && item->size <= USTAR_SIZE_MAX) {
		check_size(raw, h->size, item->size);
	}
}

/* Step over len bytes and what fills their last block. */
static void skip(struct tar_raw *raw, uint64_t len)
{
	raw->left = (len + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
	raw->state = raw->left ? AT_SKIP : AT_HEADER;
}

static void finish(struct tar_raw *raw, struct tar_raw_item *item)
{
	memcpy(item->wrong, raw->wrong, sizeof(item->wrong));
	memcpy(item->odd, raw->odd, sizeof(item->odd));
	queue(raw, item);
	end_chain(raw);
}

static void on_entry(struct tar_raw *raw, const struct tar_header *h, const uint8_t *block)
{
	enum sparse form = sparse_form(&raw->pax);
	struct tar_text path = choose(raw, &raw->name, &raw->pax.path, h->path);
	struct tar_text link = choose(raw, &raw->link, &raw->pax.link, h->link);
	struct tar_raw_item *item;
	int64_t stored;

	if (form != SPARSE_NO && raw->pax.sparse_name.len) {
		path = raw->pax.sparse_name;
	}
	item = new_item(raw, &path, &link);
	apply_numbers(raw, h, item);
	item->type = h->type;
	if (!item->type) {
		item->type = str_ends(item->path, "/") ? '5' : '0';
	}
	check_type(raw, item);
	if (h->gnu_prefix) {
		odd(raw, "GNU header with a prefix, as Go wrote until 1.8: other readers do not "
			 "see it");
		item->prefixed = true;
	}
	stored = has_content(item->type) ? item->size : 0;
	if (stored < 0 || (h->bad && str_eq(h->bad, "size"))) {
		wrong(raw, "size of %" PRId64 " bytes: engines refuse it", stored);
		raw->state = AT_LOST;
		finish(raw, item);
		return;
	}
	skip(raw, (uint64_t)stored);
	if (raw->pax.sparse) {
		apply_sparse(raw, form, item, stored);
	} else if (item->type == 'S' && h->format == TAR_GNU && tar_header_extended(block)) {
		raw->left = (uint64_t)stored;
		raw->state = AT_EXTENDED;
	}
	if (raw->state == AT_MAP) {
		raw->mapped = item;
	} else {
		finish(raw, item);
	}
}

/* ---- extended headers ------------------------------------------------------------------------- */

static void take_name(struct tar_raw *raw, struct buf *name)
{
	if (name->len) {
		wrong(raw, "two GNU long names for one entry: readers disagree");
	} else if (raw->pax.size.len) {
		wrong(raw, "pax size before a GNU long name: readers disagree whose it is");
	}
	buf_clear(name);
	(void)buf_add(name, buf_str(&raw->body), strlen(buf_str(&raw->body)), NULL);
}

static void take_pax(struct tar_raw *raw)
{
	struct buf used = raw->pax_body;

	if (raw->has_pax) {
		wrong(raw, "two pax headers for one entry: readers disagree");
	}
	tar_pax_release(&raw->pax);
	raw->pax_body = raw->body;
	raw->body = used;
	raw->has_pax = true;
	tar_pax_parse(&raw->pax, buf_str(&raw->pax_body), raw->pax_body.len);
	if (*raw->pax.wrong) {
		wrong(raw, "%s", raw->pax.wrong);
	}
}

/* Engines pass over it, and forget what came before it. */
static void take_global(struct tar_raw *raw)
{
	struct tar_pax pax = {0};

	if (raw->has_pax || raw->name.len || raw->link.len) {
		wrong(raw, "a global pax header behind the entry's own: readers disagree");
	}
	raw->has_pax = false;
	tar_pax_release(&raw->pax);
	buf_clear(&raw->name);
	buf_clear(&raw->link);
	tar_pax_parse(&pax, buf_str(&raw->body), raw->body.len);
	if (*pax.wrong) {
		wrong(raw, "global header: %s", pax.wrong);
	}
	tar_pax_release(&pax);
	if (!raw->told_global) {
		odd(raw, "global pax header: most engines pass over it, umoci refuses it, other "
			 "readers apply it");
	}
	raw->told_global = true;
}

static void on_special(struct tar_raw *raw)
{
	switch (raw->special) {
	case 'L':
		take_name(raw, &raw->name);
		break;
	case 'K':
		take_name(raw, &raw->link);
		break;
	case 'g':
		take_global(raw);
		break;
	case 'x':
	default:
		take_pax(raw);
	}
}

static void begin_special(struct tar_raw *raw, const struct tar_header *h)
{
	if (h->bad || h->size < 0 || h->size > (int64_t)LIMIT_TAR_SPECIAL) {
		wrong(raw, "extended header ('%c') of no readable size or of more than 1 MiB",
			h->type);
		lose(raw);
		return;
	}
	buf_clear(&raw->body);
	raw->special = h->type;
	raw->left = (uint64_t)h->size;
	raw->state = AT_SPECIAL;
	if (!raw->left) {
		on_special(raw);
		raw->state = AT_HEADER;
	}
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
		wrong(raw, "no tar header: its checksum is wrong");
		lose(raw);
	} else if (h.type && strchr("xgLK", h.type)) {
		begin_special(raw, &h);
	} else {
		on_entry(raw, &h, block);
	}
}

static void on_map(struct tar_raw *raw, const uint8_t *block)
{
	struct tar_raw_item *item = raw->mapped;

	for (size_t i = 0; i < TAR_BLOCK; i++) {
		tar_map_add(&raw->map, (char)block[i]);
	}
	raw->left -= TAR_BLOCK;
	if (!raw->map.bad && !tar_map_done(&raw->map) && raw->left >= TAR_BLOCK) {
		return;
	}
	if (raw->map.bad || !tar_map_done(&raw->map) || raw->map.stored != raw->left) {
		wrong(raw, MISFIT);
	}
	raw->mapped = NULL;
	finish(raw, item);
	skip(raw, raw->left);
}

static void on_block(struct tar_raw *raw, const uint8_t *block)
{
	switch (raw->state) {
	case AT_HEADER:
		on_header(raw, block);
		break;
	case AT_EXTENDED:
		if (!tar_map_extended(block)) {
			skip(raw, raw->left);
		}
		break;
	case AT_MAP:
		on_map(raw, block);
		break;
	case AT_ZERO:
		if (all_zero(block, TAR_BLOCK)) {
			raw->state = AT_END;
			break;
		}
		wrong(raw, "something follows a single block of zeros: engines refuse it");
		lose(raw);
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

	(void)buf_add(&raw->body, bytes, n, NULL); /* at most LIMIT_TAR_SPECIAL */
	raw->left -= n;
	if (!raw->left) {
		raw->left = (TAR_BLOCK - raw->body.len % TAR_BLOCK) % TAR_BLOCK;
		raw->state = raw->left ? AT_SKIP : AT_HEADER;
		on_special(raw);
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

static void look_behind(struct tar_raw *raw, const uint8_t *bytes, size_t len)
{
	if (!raw->told_behind && !all_zero(bytes, len)) {
		raw->told_behind = true;
		odd(raw, "data behind the end of the archive, which engines do not read");
		flush(raw);
	}
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
	struct tar_raw_item *item = raw->mapped;

	if (item) {
		raw->mapped = NULL;
		wrong(raw, "cut short in the sparse file's map");
		finish(raw, item);
	}
	if (raw->state == AT_ZERO && raw->have) {
		wrong(raw, "cut short in its end mark: engines refuse it");
	}
	flush(raw);
}
