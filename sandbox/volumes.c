/*
 * A volume starts with what the image has at its path, as under Docker. The image's content is
 * hostile: names are opened one by one, links are copied as links, and only below the overlay.
 */
#include "base/alloc.h"
#include "base/sys_file.h"
#include "sandbox/instance.h"
#include "sandbox/raw.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#define MAX_DEPTH 200
#define CHUNK ((size_t)64 << 20)

/* [offset, end) of a file, at the same place of the other. */
static int copy_range(int from, int to, off_t offset, off_t end, struct err *err)
{
	if (lseek(to, offset, SEEK_SET) < 0) {
		return err_sys(err, "copy a file");
	}
	while (offset < end) {
		size_t want = (size_t)(end - offset) < CHUNK ? (size_t)(end - offset) : CHUNK;
		ssize_t n = sendfile(to, from, &offset, want);

		if (n <= 0) {
			return n < 0 ? err_sys(err, "copy a file") : 0;
		}
	}
	return 0;
}

/* Holes stay holes: a sparse file of an image can claim any size. */
static int copy_data(int from, int to, struct err *err)
{
	struct stat st;
	off_t at = 0;

	if (fstat(from, &st) < 0 || ftruncate(to, st.st_size) < 0) {
		return err_sys(err, "copy a file");
	}
	while (at < st.st_size && (at = lseek(from, at, SEEK_DATA)) >= 0) {
		off_t end = lseek(from, at, SEEK_HOLE);

		if (end < 0) {
			return err_sys(err, "copy a file");
		}
		if (copy_range(from, to, at, end, err)) {
			return -1;
		}
		at = end;
	}
	return at < 0 && errno != ENXIO ? err_sys(err, "copy a file") : 0;
}

static int copy_owner(int to, const char *name, const struct stat *st, struct err *err)
{
	struct timespec times[2] = {st->st_atim, st->st_mtim};

	if (fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0) {
		return err_sys(err, "give '%s' its owner", name);
	}
	if (!S_ISLNK(st->st_mode) && fchmodat(to, name, st->st_mode & 07777, 0) < 0) {
		return err_sys(err, "give '%s' its mode", name);
	}
	(void)utimensat(to, name, times, AT_SYMLINK_NOFOLLOW);
	return 0;
}

static int copy_file(int from, int to, const char *name, struct err *err)
{
	auto_fd int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	auto_fd int out =
		openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (in < 0 || out < 0) {
		return err_sys(err, "copy '%s'", name);
	}
	return copy_data(in, out, err);
}

static int copy_link(int from, int to, const char *name, struct err *err)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);

	if (n < 0) {
		return err_sys(err, "read link '%s'", name);
	}
	target[n] = '\0';
	return symlinkat(target, to, name) < 0 ? err_sys(err, "make link '%s'", name) : 0;
}

static int copy_tree(int from, int to, int depth, struct err *err);

static int copy_directory(int from, int to, const char *name, int depth, struct err *err)
{
	auto_fd int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_fd int out = -1;

	if (in < 0 || mkdirat(to, name, 0700) < 0) {
		return err_sys(err, "copy directory '%s'", name);
	}
	out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return out < 0 ? err_sys(err, "open '%s'", name) : copy_tree(in, out, depth + 1, err);
}

static int copy_entry(int from, int to, const char *name, int depth, struct err *err)
{
	struct stat st;
	int r = 0;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		return err_sys(err, "stat '%s'", name);
	}
	if (S_ISDIR(st.st_mode)) {
		r = copy_directory(from, to, name, depth, err);
	} else if (S_ISREG(st.st_mode)) {
		r = copy_file(from, to, name, err);
	} else if (S_ISLNK(st.st_mode)) {
		r = copy_link(from, to, name, err);
	} else if (S_ISFIFO(st.st_mode)) {
		r = mkfifoat(to, name, 0600) < 0 ? err_sys(err, "make fifo '%s'", name) : 0;
	} else {
		return 0; /* sockets and devices mean nothing in a fresh volume */
	}
	return r ? -1 : copy_owner(to, name, &st, err);
}

static int copy_tree(int from, int to, int depth, struct err *err)
{
	auto_dir DIR *d = dir_stream(fcntl(from, F_DUPFD_CLOEXEC, 3));
	const struct dirent *e;
	int rc;

	if (!d) {
		return err_sys(err, "read a directory");
	}
	if (depth > MAX_DEPTH) {
		return err_set(err, ERR_LIMIT, "more than %d directories deep", MAX_DEPTH);
	}
	while ((rc = dir_next(d, &e, err)) > 0) {
		if (copy_entry(from, to, e->d_name, depth, err)) {
			return -1;
		}
	}
	return rc;
}

static int seed(int root, const char *path, const char *volume, struct err *err)
{
	auto_fd int in = raw_openat2(
		root, path, O_RDONLY | O_DIRECTORY, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	auto_fd int out = -1;
	struct stat st;

	if (in < 0) {
		return errno == ENOENT || errno == ENOTDIR ? 0
							   : err_sys(err, "open it in the image");
	}
	out = open(volume, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (out < 0 || fstat(in, &st) < 0) {
		return err_sys(err, "open '%s'", volume);
	}
	if (copy_tree(in, out, 0, err)) {
		return -1;
	}
	if (fchown(out, st.st_uid, st.st_gid) < 0 || fchmod(out, st.st_mode & 07777) < 0) {
		return err_sys(err, "give it its owner");
	}
	return 0;
}

int volumes_seed(const struct sandbox *sb, int root, struct err *err)
{
	for (size_t i = 0; i < sb->volumes.n; i++) {
		if (seed(root, sb->spec->volumes.v[i], sb->volumes.v[i], err)) {
			return err_wrap(err, "volume '%s'", sb->spec->volumes.v[i]);
		}
	}
	return 0;
}
