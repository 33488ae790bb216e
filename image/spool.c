/* Compressed and streamed archives: inflated once into an unnamed temporary file. */
#include "image/source.h"

#include "base/alloc.h"
#include "base/sys_file.h"
#include "image/auto_archive.h"
#include "image/limits.h"

#include <archive_entry.h>
#include <string.h>

static const char *why(struct archive *a)
{
	return archive_error_string(a) ? archive_error_string(a) : "unknown cause";
}

/* Only filters that are libraries: libarchive would run programs for the others. */
static int open_raw(struct archive *a, int fd, struct err *err)
{
	if (archive_read_support_filter_gzip(a) != ARCHIVE_OK ||
		archive_read_support_filter_zstd(a) != ARCHIVE_OK ||
		archive_read_support_filter_xz(a) != ARCHIVE_OK ||
		archive_read_support_filter_bzip2(a) != ARCHIVE_OK ||
		archive_read_support_format_raw(a) != ARCHIVE_OK ||
		archive_read_support_format_empty(a) != ARCHIVE_OK) {
		return err_set(err, ERR_UNSUPPORTED, "libarchive: %s", why(a));
	}
	if (archive_read_open_fd(a, fd, 256 * 1024) != ARCHIVE_OK) {
		return archive_failed(a, err);
	}
	return 0;
}

static bool all_zero(const char *data, size_t len)
{
	return len == 0 || (*data == 0 && memcmp(data, data + 1, len - 1) == 0);
}

int spool_write(int fd, const char *data, size_t len, uint64_t offset, struct err *err)
{
	if (all_zero(data, len)) {
		return 0; /* zeros stay holes: a bomb of them takes no disk */
	}
	while (len) {
		ssize_t put = pwrite(fd, data, len, (off_t)offset);

		if (put < 0 && errno == EINTR) {
			continue;
		}
		if (put < 0) {
			return err_sys(err, "write to the temporary file");
		}
		data += put;
		len -= (size_t)put;
		offset += (uint64_t)put;
	}
	return 0;
}

static int within_limits(struct archive *a, uint64_t inflated, struct err *err)
{
	int64_t read = archive_filter_bytes(a, -1);
	uint64_t stored = read > 0 ? (uint64_t)read : 1;

	if (inflated > image_limits.spool) {
		return err_set(err, ERR_LIMIT,
			"the archive is larger than %llu MiB (policy: 'spool_mib')",
			(unsigned long long)(image_limits.spool / MIB));
	}
	if (inflated > 64 * MIB && inflated / stored > LIMIT_RATIO) {
		return err_set(err, ERR_LIMIT,
			"the archive inflates to more than %d times its size", LIMIT_RATIO);
	}
	return 0;
}

/* The input breaks off: by its own content, or it could not be read. */
static int damaged(struct archive *a, char **ret_damage, struct err *err)
{
	if (archive_is_ours(a)) {
		return archive_failed(a, err);
	}
	*ret_damage = xasprintf("the archive is cut short: %.200s", why(a));
	return 0;
}

/* Copies until the end, or until the input breaks off: what came until then is worth looking at. */
static int copy_out(struct archive *a, int out, char **ret_damage, struct err *err)
{
	uint64_t end = 0;
	const void *data;
	size_t len;
	int64_t offset;
	int rc;

	while ((rc = archive_read_data_block(a, &data, &len, &offset)) == ARCHIVE_OK) {
		end = (uint64_t)offset + len;
		if (within_limits(a, end, err)) {
			return -1;
		}
		if (spool_write(out, data, len, (uint64_t)offset, err)) {
			return -1;
		}
	}
	if (ftruncate(out, (off_t)end)) {
		return err_sys(err, "size of the temporary file");
	}
	return rc == ARCHIVE_EOF ? 0 : damaged(a, ret_damage, err);
}

int spool(int fd, bool keep_plain, int *ret_fd, char **ret_damage, struct err *err)
{
	auto_archive struct archive *a = archive_read_new();
	auto_fd int out = -1;
	struct archive_entry *entry;
	int rc;

	if (!a) {
		return err_set(err, ERR_IO, "no memory to read the archive");
	}
	*ret_fd = -1;
	*ret_damage = NULL;
	if (keep_plain && lseek(fd, 0, SEEK_SET) < 0) {
		return err_sys(err, "seek");
	}
	if (open_raw(a, fd, err)) {
		return -1;
	}
	rc = archive_read_next_header(a, &entry);
	if (keep_plain && archive_filter_count(a) <= 1) {
		return 0;
	}
	out = file_temp(NULL, err);
	if (out < 0) {
		return -1;
	}
	if (rc != ARCHIVE_EOF && (rc == ARCHIVE_OK ? copy_out(a, out, ret_damage, err)
						   : damaged(a, ret_damage, err))) {
		return -1;
	}
	*ret_fd = steal_fd(&out);
	return 0;
}
