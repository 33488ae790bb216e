#include "image/store_unpack_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* The block of nearly every file system. */
#define BLOCK ((size_t)4096)

static int write_at(
	struct store_file *f, uint64_t offset, const char *at, size_t len, struct err *err)
{
	while (len) {
		ssize_t put = pwrite(f->fd, at, len, (off_t)offset);

		if (put < 0 && errno == EINTR) {
			continue;
		}
		if (put < 0) {
			return err_sys(err, "write %zu bytes", len);
		}
		at += put;
		offset += (uint64_t)put;
		len -= (size_t)put;
	}
	f->end = offset;
	return 0;
}

/* How much of the data up to the next block boundary, at most len. */
static size_t to_boundary(uint64_t offset, size_t len)
{
	size_t n = BLOCK - (size_t)(offset % BLOCK);

	return n < len ? n : len;
}

static bool is_hole(const char *at, size_t len)
{
	return len == BLOCK && !at[0] && memcmp(at, at + 1, len - 1) == 0;
}

int store_file_write(
	struct store_file *f, uint64_t offset, const void *bytes, size_t len, struct err *err)
{
	const char *at = bytes;

	while (len) {
		size_t n = to_boundary(offset, len);
		size_t run = 0;

		if (is_hole(at, n)) {
			run = n;
		} else {
			do {
				run += n;
				n = to_boundary(offset + run, len - run);
			} while (run < len && !is_hole(at + run, n));
			if (write_at(f, offset, at, run, err)) {
				return -1;
			}
		}
		at += run;
		offset += run;
		len -= run;
	}
	return 0;
}

int store_file_finish(const struct store_file *f, const struct store_ids *ids,
	struct store_lost *lost, struct err *err)
{
	if (f->end < f->size && ftruncate(f->fd, (off_t)f->size)) {
		return err_sys(err, "make %llu bytes", (unsigned long long)f->size);
	}
	return attributes_set(ids, lost, f->fd, &f->at, err);
}
