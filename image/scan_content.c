#include "image/scan_layer.h"

#include "base/alloc.h"
#include "image/facts_private.h"
#include "image/keep.h"

#include <stdlib.h>
#include <string.h>

/* A piece of the file as libarchive hands it out, valid until the next one is asked for. */
struct piece {
	const uint8_t *data;
	size_t len;
	uint64_t offset;
};

/* A part of the file that is kept until its end; zeroed, so that holes need no work. */
struct part {
	uint64_t offset;
	size_t len;
	uint8_t *data;
};

struct collector {
	struct part parts[4]; /* of an ELF file: elf_ranges behind the head */
	size_t n_parts;
	bool elf;
	struct part text;
	bool keep;
	bool whole; /* nothing was lost on the way */
};

/* The piece behind *p; false at the end of the file or when the archive will not go on. libarchive
 * passes on a sparse file's map as it is, so order and size are checked here. */
static bool next_piece(struct layer_scan *s, uint64_t size, struct piece *p, bool *whole)
{
	const void *data = NULL;
	uint64_t end = p->offset + p->len;
	la_int64_t offset = 0;
	int rc = s->plain ? scan_bytes_piece(s, &data, &p->len, &offset)
			  : archive_read_data_block(s->archive, &data, &p->len, &offset);

	if (rc == ARCHIVE_EOF) {
		return false;
	}
	if (!scan_archive_result(s, rc) || offset < 0) {
		*whole = false;
		return false;
	}
	if ((uint64_t)offset < end || p->len > size || (uint64_t)offset > size - p->len) {
		scan_violation(s, false, "sparse file with pieces out of order or behind its end");
		*whole = false;
		return false;
	}
	p->data = data;
	p->offset = (uint64_t)offset;
	return true;
}

/* Bring the first bytes of the file, of which *p is the first piece, into s->head, holes as zeros. What
 * is left of the last piece stays in *p. Returns how many bytes there are. */
static size_t copy_head(
	struct layer_scan *s, uint64_t size, size_t want, struct piece *p, bool *whole)
{
	size_t have = 0;

	while (p->offset < want) {
		size_t left = want - (size_t)p->offset;
		size_t n = left < p->len ? left : p->len;

		memset(s->head + have, 0, (size_t)p->offset - have);
		memcpy(s->head + p->offset, p->data, n);
		have = (size_t)p->offset + n;
		*p = (struct piece){p->data + n, p->len - n, p->offset + n};
		if (have < want && !next_piece(s, size, p, whole)) {
			*p = (struct piece){0};
			if (!*whole) {
				return have;
			}
			break;
		}
	}
	memset(s->head + have, 0, want - have);
	return want;
}

/* The first bytes of the file into entry->data: where they are already when one piece has all of it.
 * What is left of the last piece stays in *p. Returns whether there may be more pieces. */
static bool read_head(struct layer_scan *s, struct entry *entry, struct piece *p, bool *whole)
{
	size_t want = entry->size < LIMIT_ENTRY_HEAD ? (size_t)entry->size : LIMIT_ENTRY_HEAD;

	*p = (struct piece){0};
	entry->data = s->head;
	entry->data_len = 0;
	if (!want) {
		return true;
	}
	if (!next_piece(s, entry->size, p, whole)) {
		*p = (struct piece){0};
		if (*whole) {
			memset(s->head, 0, want);
			entry->data_len = want;
		}
		return *whole;
	}
	if (p->len == entry->size && p->len <= LIMIT_ENTRY_HEAD) {
		entry->data = p->data;
		entry->data_len = p->len;
		*p = (struct piece){0};
		return false;
	}
	entry->data_len = copy_head(s, entry->size, want, p, whole);
	return *whole;
}

/* Copy what the piece has of the part. */
static void fill(struct part *part, const struct piece *p)
{
	uint64_t from = p->offset > part->offset ? p->offset : part->offset;
	uint64_t p_end = p->offset + p->len;
	uint64_t end = part->offset + part->len < p_end ? part->offset + part->len : p_end;

	if (from < end) {
		memcpy(part->data + (from - part->offset), p->data + (from - p->offset),
			(size_t)(end - from));
	}
}

static void collect(struct collector *c, const struct piece *p)
{
	for (size_t i = 0; i < c->n_parts; i++) {
		fill(&c->parts[i], p);
	}
	if (c->keep) {
		fill(&c->text, p);
	}
}

static struct part part_new(uint64_t offset, uint64_t len)
{
	return (struct part){offset, (size_t)len, xcalloc((size_t)len + 1, 1)};
}

/* Behind the head, what elf_ranges names, within the file and our cap: what is cut off here makes the
 * record "truncated", not wrong. */
static void plan_elf(struct collector *c, const struct entry *entry)
{
	struct elf_range ranges[4];
	size_t n = elf_ranges(entry->data, entry->data_len, ranges);
	uint64_t room = LIMIT_ELF_PARTS;

	c->elf = true;
	if (entry->data_len == entry->size) {
		return;
	}
	for (size_t i = 0; i < n && ranges[i].offset < entry->size && room; i++) {
		uint64_t len = entry->size - ranges[i].offset;

		len = ranges[i].len < len ? ranges[i].len : len;
		len = room < len ? room : len;
		c->parts[c->n_parts++] = part_new(ranges[i].offset, len);
		room -= len;
	}
}

static void plan(struct collector *c, const struct entry *entry)
{
	*c = (struct collector){.whole = true};
	if (elf_magic(entry->data, entry->data_len)) {
		plan_elf(c, entry);
	} else if (keep_wanted(entry)) {
		c->keep = true;
		c->text = part_new(0, keep_len(entry));
	}
}

static void finish_elf(
	struct layer_scan *s, struct collector *c, const struct entry *entry, struct node *node)
{
	struct elf_part parts[1 + ARRAY_SIZE(c->parts)] = {{0, entry->data, entry->data_len}};
	size_t n = 1 + c->n_parts;
	struct elf *elf;

	for (size_t i = 0; i < c->n_parts; i++) {
		parts[1 + i] =
			(struct elf_part){c->parts[i].offset, c->parts[i].data, c->parts[i].len};
	}
	if (elf_parse(parts, n, entry->size, &elf, NULL) == 0) {
		facts_writer_elf(s->keep, elf);
		(void)tree_set_elf(s->tree, node, elf, &s->fatal);
	}
}

/* Hand over what was collected; a file that is not whole keeps nothing. */
static void finish(
	struct layer_scan *s, struct collector *c, const struct entry *entry, struct node *node)
{
	if (c->whole && c->elf) {
		finish_elf(s, c, entry, node);
	}
	if (c->whole && c->keep) {
		facts_writer_text(s->keep, (const char *)c->text.data, c->text.len);
		(void)tree_set_text(s->tree, node, (char *)steal_ptr(c->text.data), c->text.len);
	}
	for (size_t i = 0; i < c->n_parts; i++) {
		free(c->parts[i].data);
	}
	free(c->text.data);
}

static void emit_data(const struct layer_scan *s, const struct entry *entry, const struct piece *p)
{
	for (size_t i = 0; i < s->n_sinks; i++) {
		if (s->sinks[i].data) {
			s->sinks[i].data(entry, p->offset, p->data, p->len, s->sinks[i].arg);
		}
	}
}

static void pass_on(
	struct layer_scan *s, const struct entry *entry, struct collector *c, const struct piece *p)
{
	if (p->len) {
		emit_data(s, entry, p);
		collect(c, p);
	}
}

void scan_content(struct layer_scan *s, struct entry *entry, struct node *node)
{
	struct collector c;
	struct piece p;
	bool whole = true;
	bool more = read_head(s, entry, &p, &whole);

	plan(&c, entry);
	scan_emit(s, entry);
	pass_on(s, entry, &c, &(struct piece){entry->data, entry->data_len, 0});
	pass_on(s, entry, &c, &p);
	if (more && (s->wants_data || c.keep || c.n_parts)) {
		while (next_piece(s, entry->size, &p, &whole)) {
			pass_on(s, entry, &c, &p);
		}
	}
	c.whole = whole;
	finish(s, &c, entry, node);
}
