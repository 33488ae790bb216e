/* The second reader of a layer's tar beside libarchive, and what the two make of each other. */
#include "image/scan_layer.h"

#include "base/str.h"
#include "image/tar_path.h"

#include <string.h>

static void tap(const void *data, size_t len, void *arg)
{
	tar_raw_feed(arg, data, len);
}

void scan_raw_begin(struct layer_scan *s)
{
	s->raw = tar_raw_new();
	layer_stream_tap(s->stream, tap, s->raw);
}

void scan_raw_free(struct layer_scan *s)
{
	tar_raw_item_free(s->item);
	tar_raw_free(s->raw);
}

/* Say what is to be said of the item, which becomes the entry at hand. */
static void report(struct layer_scan *s, struct tar_raw_item *item)
{
	size_t len;

	tar_raw_item_free(s->item);
	s->item = item;
	s->at = (long long)item->at;
	s->said = *item->wrong != '\0';
	len = strnlen(item->path, sizeof(s->name) - 1);
	memcpy(s->name, item->path, len);
	s->name[len] = '\0';
	if (*item->odd) {
		scan_violation(s, true, "%s", item->odd);
	}
	if (*item->wrong) {
		scan_violation(s, false, "%s", item->wrong);
	}
}

static void disagree(struct layer_scan *s, const char *text)
{
	if (!s->apart && !s->said) {
		scan_violation(
			s, false, "%s: layers that readers read differently can hide files", text);
	}
	s->apart = s->said = true;
}

/* Items that libarchive has passed by. */
static void report_until(struct layer_scan *s, uint64_t at)
{
	while (tar_raw_next_at(s->raw) < at) {
		report(s, tar_raw_next(s->raw));
		if (s->item->type) {
			disagree(s, "an entry that not all readers find");
		}
	}
}

static void drop_item(struct layer_scan *s)
{
	tar_raw_item_free(s->item);
	s->item = NULL;
	s->said = false;
	s->name[0] = '\0';
}

static bool no_memory(struct layer_scan *s)
{
	if (tar_raw_no_memory(s->raw) && !s->fatal.code) {
		(void)err_set(&s->fatal, ERR_IO, "no memory for a header of the tar");
	}
	return tar_raw_no_memory(s->raw);
}

void scan_raw_take(struct layer_scan *s, int rc)
{
	long long at = s->at;
	bool said = false;

	drop_item(s);
	if (no_memory(s)) {
		return;
	}
	while (rc <= ARCHIVE_FATAL && tar_raw_next_at(s->raw) != UINT64_MAX) {
		report(s, tar_raw_next(s->raw));
		said |= s->said;
	}
	if (rc <= ARCHIVE_FATAL) {
		drop_item(s);
		s->at = at;
		s->said = said;
		return;
	}
	report_until(s, (uint64_t)at);
	drop_item(s);
	s->at = at;
	if (tar_raw_next_at(s->raw) == (uint64_t)at) {
		report(s, tar_raw_next(s->raw));
	} else if (!tar_raw_lost(s->raw)) {
		disagree(s, "a header that engines do not find");
	}
}

void scan_raw_end(struct layer_scan *s)
{
	tar_raw_end(s->raw);
	drop_item(s);
	if (no_memory(s)) {
		return;
	}
	if (s->dead) { /* what libarchive did not come to is no disagreement */
		s->apart = true;
	}
	report_until(s, UINT64_MAX);
}

/* ---- comparing -------------------------------------------------------------------------------- */

/* libarchive brings UTF-8 into another form of Unicode, and loses a link whose header has none: those
 * are known, and engines agree on them. */
static bool comparable(const char *a, const char *b)
{
	for (; *a; a++) {
		if (*a & 0x80) {
			return false;
		}
	}
	return b != NULL;
}

static bool same_path(const char *a, const char *b)
{
	char x[LIMIT_PATH];
	char y[LIMIT_PATH];

	if (str_eq(a, b) || !comparable(a, b)) {
		return true;
	}
	return tar_path_normalise(a, x, NULL) == 0 && tar_path_normalise(b, y, NULL) == 0 &&
	       str_eq(x, y);
}

static bool same_type(char type, struct archive_entry *ae)
{
	static const unsigned types[] = {
		AE_IFREG, 0, AE_IFLNK, AE_IFCHR, AE_IFBLK, AE_IFDIR, AE_IFIFO};

	return type == '1' ||
	       (types[type - '0'] == archive_entry_filetype(ae) && !archive_entry_hardlink(ae));
}

static bool same_link(const struct tar_raw_item *item, struct archive_entry *ae)
{
	const char *link = NULL;

	if (item->type == '1') {
		link = archive_entry_hardlink(ae);
	} else if (item->type == '2') {
		link = archive_entry_symlink(ae);
	}
	return str_eq(item->link, link) || !comparable(item->link, link);
}

/* A time before 1970 with a fraction: libarchive adds the fraction where it is to be taken away. */
static bool same_time(const struct tar_raw_item *item, struct archive_entry *ae)
{
	int64_t mtime = archive_entry_mtime(ae);

	return mtime == item->mtime || (item->mtime_ns && mtime <= 0 && mtime == item->mtime + 1);
}

void scan_raw_compare(struct layer_scan *s, struct archive_entry *ae)
{
	const struct tar_raw_item *item = s->item;
	const struct {
		const char *what;
		bool same;
	} rows[] = {
		{"path", item->prefixed || same_path(item->path, archive_entry_pathname(ae))},
		{"type", same_type(item->type, ae)},
		{"link", same_link(item, ae)},
		{"size", item->type != '0' || item->size == archive_entry_size(ae)},
		{"mode", (item->mode & 07777) == (archive_entry_perm(ae) & 07777)},
		{"owner", item->uid == archive_entry_uid(ae) && item->gid == archive_entry_gid(ae)},
		{"time", same_time(item, ae)},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows) && !s->said; i++) {
		if (!rows[i].same) {
			scan_violation(s, false, "readers disagree about its %s", rows[i].what);
			s->said = true;
		}
	}
}
