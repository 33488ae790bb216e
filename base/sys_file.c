#include "base/sys_file.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/str.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

enum { CHUNK = 64 * 1024 };

int file_read_fd(int fd, struct buf *b, struct err *err)
{
	for (;;) {
		size_t left = b->cap - b->len;
		size_t want = left < CHUNK ? left : CHUNK;
		char extra;
		void *to = buf_reserve(b, want, err);
		ssize_t got;

		if (!to) {
			return -1;
		}
		got = want ? read(fd, to, want) : read(fd, &extra, 1);
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return err_sys(err, "read");
		}
		if (got == 0) {
			return 0;
		}
		if (!want) {
			return err_set(err, ERR_LIMIT, "more than %zu bytes", b->cap);
		}
		b->len += (size_t)got;
		b->data[b->len] = '\0';
	}
}

int file_read(int dirfd, const char *path, struct buf *b, struct err *err)
{
	auto_fd int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return err_sys(err, "open '%s'", path);
	}
	return file_read_fd(fd, b, err) ? err_wrap(err, "'%s'", path) : 0;
}

int file_write_fd(int fd, const void *data, size_t len, struct err *err)
{
	const char *at = data;

	while (len) {
		ssize_t put = write(fd, at, len);

		if (put < 0 && errno == EINTR) {
			continue;
		}
		if (put < 0) {
			return err_sys(err, "write");
		}
		at += put;
		len -= (size_t)put;
	}
	return 0;
}

int file_write(int dirfd, const char *path, const void *data, size_t len, struct err *err)
{
	auto_fd int fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0) {
		return err_sys(err, "create '%s'", path);
	}
	return file_write_fd(fd, data, len, err) ? err_wrap(err, "'%s'", path) : 0;
}

int file_poke(int dirfd, const char *path, const char *text, struct err *err)
{
	auto_fd int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC);

	if (fd < 0) {
		return err_sys(err, "open '%s'", path);
	}
	if (write(fd, text, strlen(text)) < 0) {
		return err_sys(err, "write '%.40s' to '%s'", text, path);
	}
	return 0;
}

int file_read_at(int fd, void *to, size_t len, uint64_t offset, struct err *err)
{
	char *at = to;

	while (len) {
		ssize_t got = pread(fd, at, len, (off_t)offset);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return err_sys(err, "read at offset %llu", (unsigned long long)offset);
		}
		if (got == 0) {
			return err_set(err, ERR_MALFORMED, "the file ends at offset %llu",
				(unsigned long long)offset);
		}
		at += got;
		offset += (uint64_t)got;
		len -= (size_t)got;
	}
	return 0;
}

int file_temp(const char *dir, struct err *err)
{
	int fd;

	if (!dir) {
		dir = getenv("TMPDIR");
	}
	if (!dir || !*dir) {
		dir = "/var/tmp";
	}
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return fd < 0 ? err_sys(err, "temporary file in '%s'", dir) : fd;
}

int dir_make(const char *path, mode_t mode, struct err *err)
{
	auto_free char *copy = xstrdup(path);

	for (char *slash = copy + 1; *copy; slash++) {
		char was = *slash;

		if (was != '/' && was != '\0') {
			continue;
		}
		*slash = '\0';
		if (mkdir(copy, mode) && errno != EEXIST) {
			return err_sys(err, "create directory '%s'", copy);
		}
		*slash = was;
		if (!was) {
			break;
		}
	}
	return 0;
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Removes what it can and reports the first failure: a tree that cannot be removed entirely is
 * still made as small as possible. Depth is the input's, so the parents are kept open on a list,
 * not on the stack. */
static int remove_dir(int parent, const char *name, dev_t dev, struct err *err)
{
	auto_fd int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_dir DIR *dir = NULL;
	struct dirent *item;
	struct stat st;
	int rc = 0;

	if (fd < 0 && errno == EACCES && fchmodat(parent, name, 0700, 0) == 0) {
		fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0 || fstat(fd, &st)) {
		return errno == ENOENT ? 0 : err_sys(err, "open directory '%s'", name);
	}
	if (st.st_dev != dev) {
		return err_set(err, ERR_IO, "'%s' is a mount point", name);
	}
	if ((st.st_mode & 0700) != 0700) {
		(void)fchmod(fd, 0700);
	}
	dir = fdopendir(fd);
	if (!dir) {
		return err_sys(err, "read directory '%s'", name);
	}
	fd = -1;
	while ((item = readdir(dir))) {
		if (is_dots(item->d_name) || unlinkat(dirfd(dir), item->d_name, 0) == 0 ||
			errno == ENOENT) {
			continue;
		}
		if (errno != EISDIR && errno != EPERM) {
			rc = rc ? rc : err_sys(err, "remove '%s'", item->d_name);
		} else if (remove_dir(dirfd(dir), item->d_name, dev, rc ? NULL : err)) {
			rc = -1;
		}
	}
	if (unlinkat(parent, name, AT_REMOVEDIR) && errno != ENOENT && !rc) {
		rc = err_sys(err, "remove directory '%s'", name);
	}
	return rc;
}

int dir_remove(int parent, const char *name, struct err *err)
{
	struct stat st;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW)) {
		return errno == ENOENT ? 0 : err_sys(err, "stat '%s'", name);
	}
	if (!S_ISDIR(st.st_mode)) {
		return unlinkat(parent, name, 0) && errno != ENOENT ? err_sys(err, "remove '%s'", name)
								    : 0;
	}
	return remove_dir(parent, name, st.st_dev, err);
}
