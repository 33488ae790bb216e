#include "image/tar_raw_private.h"

#include "base/alloc.h"
#include "base/str.h"
#include "image/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What a ustar header's size can say; where pax says more, the header's own counts for nothing. */
#define USTAR_SIZE_MAX INT64_C(077777777777)

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
		tar_raw_wrong(raw, "a pax header and a GNU header give two names");
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
		tar_raw_wrong(raw,
			item->type > ' ' && item->type <= '~'
				? "unsupported type '%c': engines refuse it"
				: "unsupported type 0x%02x: engines refuse it",
			(unsigned char)item->type);
	} else if (item->type == '0' && slash) {
		tar_raw_wrong(raw, "regular file whose name ends in '/': a file or a directory, "
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

	item->sparse = true;
	if (!has_content(item->type) || item->type == 'S' || form == SPARSE_NO) {
		tar_raw_wrong(raw, "records of a sparse file in a form that engines do not know");
		item->misfit = TAR_RAW_NO_FORM;
		return;
	}
	(void)tar_text_number(
		pax->sparse_size.len ? &pax->sparse_size : &pax->sparse_realsize, &item->size);
	if (form == SPARSE_1 && stored >= TAR_BLOCK) {
		tar_map_begin(&raw->map, item->size, '\n', raw->pieces);
		raw->left = (uint64_t)stored;
		raw->state = AT_MAP;
		return;
	}
	item->misfit = form == SPARSE_1
			       ? "there is no room for it"
			       : tar_pax_map(pax, item->size, (uint64_t)stored, raw->pieces);
	if (item->misfit) {
		tar_raw_wrong(raw, MISFIT);
	}
}

static void add_old_pieces(struct tar_raw *raw, const struct tar_map_block *b)
{
	int64_t offset;
	int64_t len;

	for (size_t i = 0; tar_map_block_piece(b, i, &offset, &len); i++) {
		tar_map_piece(&raw->map, offset, len);
	}
}

/* GNU's own form: the map is in the header and in blocks behind it. */
static void apply_old_sparse(struct tar_raw *raw, const struct tar_header *h, const uint8_t *block,
	struct tar_raw_item *item, int64_t stored)
{
	const struct tar_map_block b = {block, false};

	item->sparse = true;
	if (h->format != TAR_GNU) {
		item->misfit = TAR_RAW_NO_FORM;
		return;
	}
	if (!tar_header_real_size(block, &item->size)) {
		item->size = -1;
	}
	tar_map_begin(&raw->map, item->size, 0, raw->pieces);
	add_old_pieces(raw, &b);
	if (tar_map_block_continues(&b)) {
		raw->left = (uint64_t)stored;
		raw->state = AT_EXTENDED;
	} else {
		item->misfit = tar_map_end(&raw->map, (uint64_t)stored);
	}
}

/* A header leaves its size to pax where it cannot say it; some writers always do. */
static void check_size(struct tar_raw *raw, int64_t header, int64_t pax)
{
	if (header) {
		tar_raw_wrong(raw,
			"its pax header says %" PRId64 " bytes, the header itself %" PRId64
			": readers disagree",
			pax, header);
	} else {
		tar_raw_odd(
			raw, "its size is in the pax header only: some readers see an empty file");
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
		tar_raw_wrong(raw, "header field '%s' is no number: engines refuse it", h->bad);
	}
	if (item->size != h->size && item->size <= USTAR_SIZE_MAX) {
		check_size(raw, h->size, item->size);
	}
}

void tar_raw_on_entry(struct tar_raw *raw, const struct tar_header *h, const uint8_t *block)
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
		tar_raw_odd(raw,
			"GNU header with a prefix, as Go wrote until 1.8: other readers do not "
			"see it");
		item->prefixed = true;
	}
	item->plain = raw->at == raw->offset && !raw->told_global && !*raw->wrong && !*raw->odd &&
		      tar_header_plain(block);
	stored = has_content(item->type) ? item->size : 0;
	if (stored < 0 || (h->bad && str_eq(h->bad, "size"))) {
		tar_raw_wrong(raw, "size of %" PRId64 " bytes: engines refuse it", stored);
		raw->state = AT_LOST;
		tar_raw_finish(raw, item);
		return;
	}
	tar_raw_skip(raw, (uint64_t)stored);
	if (raw->pax.sparse) {
		apply_sparse(raw, form, item, stored);
	} else if (item->type == 'S') {
		apply_old_sparse(raw, h, block, item, stored);
	}
	if (raw->state == AT_MAP || raw->state == AT_EXTENDED) {
		raw->mapped = item;
	} else {
		tar_raw_finish(raw, item);
	}
}

/* ---- extended headers ------------------------------------------------------------------------- */

static void take_name(struct tar_raw *raw, struct buf *name)
{
	if (name->len) {
		tar_raw_wrong(raw, "two GNU long names for one entry: readers disagree");
	} else if (raw->pax.size.len) {
		tar_raw_wrong(raw, "pax size before a GNU long name: readers disagree whose it is");
	}
	buf_clear(name);
	raw->no_memory |=
		buf_add(name, buf_str(&raw->body), strlen(buf_str(&raw->body)), NULL) != 0;
}

static void take_pax(struct tar_raw *raw)
{
	struct buf used = raw->pax_body;

	if (raw->has_pax) {
		tar_raw_wrong(raw, "two pax headers for one entry: readers disagree");
	}
	tar_pax_release(&raw->pax);
	raw->pax_body = raw->body;
	raw->body = used;
	raw->has_pax = true;
	tar_pax_parse(&raw->pax, buf_str(&raw->pax_body), raw->pax_body.len);
	raw->no_memory |= raw->pax.no_memory;
	if (*raw->pax.wrong) {
		tar_raw_wrong(raw, "%s", raw->pax.wrong);
	}
}

/* Engines pass over it, and forget what came before it. */
static void take_global(struct tar_raw *raw)
{
	struct tar_pax pax = {0};

	if (raw->has_pax || raw->name.len || raw->link.len) {
		tar_raw_wrong(raw, "a global pax header behind the entry's own: readers disagree");
	}
	raw->has_pax = false;
	tar_pax_release(&raw->pax);
	buf_clear(&raw->name);
	buf_clear(&raw->link);
	tar_pax_parse(&pax, buf_str(&raw->body), raw->body.len);
	raw->no_memory |= pax.no_memory;
	if (*pax.wrong) {
		tar_raw_wrong(raw, "global header: %s", pax.wrong);
	}
	tar_pax_release(&pax);
	if (!raw->told_global) {
		tar_raw_odd(raw,
			"global pax header: most engines pass over it, umoci refuses it, other "
			"readers apply it");
	}
	raw->told_global = true;
}

void tar_raw_on_body(struct tar_raw *raw)
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

void tar_raw_on_special(struct tar_raw *raw, const struct tar_header *h)
{
	if (h->bad || h->size < 0 || h->size > (int64_t)LIMIT_TAR_SPECIAL) {
		tar_raw_wrong(raw,
			"extended header ('%c') of no readable size or of more than 1 MiB",
			h->type);
		tar_raw_lose(raw);
		return;
	}
	buf_clear(&raw->body);
	raw->special = h->type;
	raw->left = (uint64_t)h->size;
	raw->state = AT_SPECIAL;
	if (!raw->left) {
		tar_raw_on_body(raw);
		raw->state = AT_HEADER;
	}
}

void tar_raw_end_map(struct tar_raw *raw, const char *bad)
{
	struct tar_raw_item *item = raw->mapped;

	item->misfit = bad;
	if (bad) {
		tar_raw_wrong(raw, MISFIT);
	}
	raw->mapped = NULL;
	tar_raw_finish(raw, item);
	tar_raw_skip(raw, raw->left);
}

void tar_raw_on_map(struct tar_raw *raw, const uint8_t *block)
{
	struct tar_map *map = &raw->map;

	for (size_t i = 0; i < TAR_BLOCK; i++) {
		tar_map_add(map, (char)block[i]);
	}
	raw->left -= TAR_BLOCK;
	if (map->bad || tar_map_done(map)) {
		tar_raw_end_map(raw, tar_map_end(map, raw->left));
	} else if (raw->left < TAR_BLOCK) {
		tar_raw_end_map(raw, "fewer numbers than it says");
	}
}

void tar_raw_on_extended(struct tar_raw *raw, const uint8_t *block)
{
	const struct tar_map_block b = {block, true};

	add_old_pieces(raw, &b);
	if (!tar_map_block_continues(&b)) {
		tar_raw_end_map(raw, tar_map_end(&raw->map, raw->left));
	}
}
