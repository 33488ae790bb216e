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
	if (file_write_fd(fd, data, len, err)) {
		return err_wrap(err, "'%s'", path);
	}
	/* a file system that writes at the end only (NFS) says so there */
	return close(steal_fd(&fd)) && errno != EINTR ? err_sys(err, "write '%s'", path) : 0;
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

DIR *dir_stream(int fd)
{
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		cleanup_fd(&fd);
	}
	return dir;
}

DIR *dir_list(int dirfd)
{
	return dir_stream(openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

int dir_next(DIR *dir, const struct dirent **ret, struct err *err)
{
	const struct dirent *item;

	do {
		errno = 0; /* the end is NULL, too */
		item = readdir(dir);
	} while (item && is_dots(item->d_name));
	if (!item) {
		return errno ? err_sys(err, "read directory") : 0;
	}
	*ret = item;
	return 1;
}

/* Open a directory whatever its mode says. */
static int open_dir(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == EACCES && fchmodat(parent, name, 0700, 0) == 0) {
		fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	return fd;
}

/* One directory under removal. A product can nest directories as deep as its disk allows, so depth
 * must cost neither stack nor descriptors: every directory found is moved up into the top one
 * under a new name, until the top one holds nothing but what can be removed at once. */
struct removal {
	int top;
	dev_t dev;
	uint64_t moved; /* how many names were given out */
};

/* Move the directory name of fd up into the top one. */
static int move_up(struct removal *r, int fd, const char *name, struct err *err)
{
	char to[40];

	/* moving a directory rewrites its "..": that needs write permission on it */
	if (fchmodat(fd, name, 0700, 0)) {
		/* then the rename says what stands in the way */
	}
	do {
		(void)snprintf(to, sizeof(to), ".removing-%llu", (unsigned long long)r->moved++);
		if (renameat2(fd, name, r->top, to, RENAME_NOREPLACE) == 0 || errno == ENOENT) {
			return 0;
		}
	} while (errno == EEXIST);
	return err_sys(err, "move directory '%s' to remove it", name);
}

/* Unlink everything in dir; directories in it go to the top (those of the top itself stay, for
 * another round). *left counts them. */
static int empty_one(struct removal *r, DIR *dir, bool is_top, size_t *left, struct err *err)
{
	const struct dirent *item;
	int fd = dirfd(dir);
	int rc;

	while ((rc = dir_next(dir, &item, err)) > 0) {
		if (unlinkat(fd, item->d_name, 0) == 0 ||
			unlinkat(fd, item->d_name, AT_REMOVEDIR) == 0 || errno == ENOENT) {
			continue;
		}
		if (errno != ENOTEMPTY && errno != EEXIST) {
			return err_sys(err, "remove '%s'", item->d_name);
		}
		(*left)++;
		if (!is_top && move_up(r, fd, item->d_name, err)) {
			return -1;
		}
	}
	return rc;
}

static int empty_child(struct removal *r, const char *name, struct err *err)
{
	auto_dir DIR *dir = NULL;
	auto_fd int fd = open_dir(r->top, name);
	struct stat st;
	size_t left = 0;

	if (fd < 0 || fstat(fd, &st)) {
		return err_sys(err, "open directory '%s'", name);
	}
	if (st.st_dev != r->dev) {
		return err_set(err, ERR_IO, "'%s' is a mount point", name);
	}
	(void)fchmod(fd, 0700);
	dir = fdopendir(fd);
	if (!dir) {
		return err_sys(err, "read directory '%s'", name);
	}
	fd = -1;
	return empty_one(r, dir, false, &left, err);
}

/* Rounds over the top directory until no directory is left in it. */
static int empty_top(struct removal *r, struct err *err)
{
	for (;;) {
		auto_dir DIR *dir = dir_list(r->top);
		const struct dirent *item;
		size_t left = 0;
		int rc;

		if (!dir) {
			return err_sys(err, "read directory");
		}
		if (empty_one(r, dir, true, &left, err)) {
			return -1;
		}
		if (!left) {
			return 0;
		}
		rewinddir(dir);
		while ((rc = dir_next(dir, &item, err)) > 0) {
			if (empty_child(r, item->d_name, err)) {
				return -1;
			}
		}
		if (rc) {
			return -1;
		}
	}
}

static int remove_dir(int parent, const char *name, struct err *err)
{
	auto_fd int fd = open_dir(parent, name);
	struct removal r = {.top = fd};
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		return err_sys(err, "open directory '%s'", name);
	}
	(void)fchmod(fd, 0700);
	r.dev = st.st_dev;
	if (empty_top(&r, err)) {
		return err_wrap(err, "'%s'", name);
	}
	return unlinkat(parent, name, AT_REMOVEDIR) ? err_sys(err, "remove directory '%s'", name)
						    : 0;
}

int dir_remove(int parent, const char *name, struct err *err)
{
	struct stat st;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW)) {
		return errno == ENOENT ? 0 : err_sys(err, "stat '%s'", name);
	}
	if (!S_ISDIR(st.st_mode)) {
		return unlinkat(parent, name, 0) && errno != ENOENT
			       ? err_sys(err, "remove '%s'", name)
			       : 0;
	}
	return remove_dir(parent, name, err);
}
