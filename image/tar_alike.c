#include "image/tar_alike.h"

#include "base/str.h"
#include "base/sys_file.h"
#include "image/limits.h"
#include "image/tar_path.h"

#include <string.h>

int tar_raw_read(struct tar_raw *raw, int fd, uint64_t from, uint64_t to, struct err *err)
{
	uint8_t bytes[4096];
	size_t n;

	for (uint64_t at = from; at < to; at += n) {
		n = to - at < sizeof(bytes) ? (size_t)(to - at) : sizeof(bytes);
		if (file_read_at(fd, bytes, n, at, err)) {
			return -1;
		}
		tar_raw_feed(raw, bytes, n);
	}
	if (tar_raw_no_memory(raw)) {
		errno = ENOMEM;
		return err_sys(err, "its headers");
	}
	return 0;
}

static bool is_ascii(const char *s)
{
	while (*s && !(*s & 0x80)) {
		s++;
	}
	return !*s;
}

/* Other names than ASCII are no document's; libarchive may have them in another form. */
static bool same_name(const char *a, const char *b)
{
	char x[LIMIT_PATH];
	char y[LIMIT_PATH];

	if (str_eq(a, b) || (a && b && !is_ascii(a) && !is_ascii(b))) {
		return true;
	}
	return a && b && tar_path_normalise(a, x, NULL) == 0 &&
	       tar_path_normalise(b, y, NULL) == 0 && str_eq(x, y);
}

static const char *name_of(struct archive_entry *entry)
{
	const char *path = archive_entry_pathname(entry);

	return path ? path : archive_entry_pathname_utf8(entry);
}

static bool same_kind(const struct tar_raw_item *item, struct archive_entry *entry)
{
	const char *hard = archive_entry_hardlink(entry);

	switch (item->type) {
	case '1':
		return hard && same_name(item->link, hard);
	case '2':
		return archive_entry_filetype(entry) == AE_IFLNK &&
		       same_name(item->link, archive_entry_symlink(entry));
	case '0':
		return !hard && archive_entry_filetype(entry) == AE_IFREG &&
		       item->size == archive_entry_size(entry);
	case '5':
		return archive_entry_filetype(entry) == AE_IFDIR;
	default:
		return archive_entry_filetype(entry) != AE_IFREG;
	}
}

static bool same_item(const struct tar_raw_item *item, struct archive_entry *entry)
{
	if (!item->prefixed && !same_name(item->path, name_of(entry))) {
		return false;
	}
	/* its map is looked at when its bytes are asked for (sparse.h) */
	return item->sparse || (!*item->wrong && same_kind(item, entry));
}

int tar_alike(int fd, const struct sparse_place *place, struct archive_entry *entry, bool *ret,
	struct err *err)
{
	AUTO_PTR(tar_raw) struct tar_raw *raw = tar_raw_new();
	size_t found = 0;
	bool same = true;

	if (tar_raw_read(raw, fd, place->headers, place->content, err)) {
		return -1;
	}
	while (tar_raw_next_at(raw) != UINT64_MAX) {
		AUTO_PTR(tar_raw_item) struct tar_raw_item *item = tar_raw_next(raw);

		if (item->type && item->type != 'V') { /* of none, or a volume's name */
			found++;
			same = same && same_item(item, entry);
		}
	}
	*ret = found == 1 && same;
	return 0;
}
