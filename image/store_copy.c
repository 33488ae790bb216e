#include "image/store_unpack_private.h"

#include "base/alloc.h"
#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>

/* What one copy_file_range(2) or sendfile(2) is asked for. */
#define COPY_CHUNK ((size_t)1 << 30)

static int copy_bytes(int from, int to, struct err *err)
{
	for (;;) {
		ssize_t n = copy_file_range(from, NULL, to, NULL, COPY_CHUNK, 0);

		if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS ||
				     errno == EOPNOTSUPP)) {
			n = sendfile(to, from, NULL, COPY_CHUNK);
		}
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return n ? err_sys(err, "copy") : 0;
		}
	}
}

/* Where the file system has none, or refuses it, as it did when the lower layer was unpacked, there
 * is nothing to do. */
static int copy_capability(int from, int to, struct err *err)
{
	char value[64]; /* struct vfs_ns_cap_data has 24 bytes */
	ssize_t len = fgetxattr(from, "security.capability", value, sizeof(value));

	if (len < 0 ? !xattr_refused(from)
		    : fsetxattr(to, "security.capability", value, (size_t)len, 0) &&
				!xattr_refused(to)) {
		return err_sys(err, "copy file capabilities");
	}
	return 0;
}

static int copy_file(int from, const struct stat *st, int dir, const char *name, struct err *err)
{
	const struct timespec times[2] = {st->st_mtim, st->st_mtim};
	auto_fd int to =
		openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (to < 0) {
		return err_sys(err, "make '%.200s'", name);
	}
	if (copy_bytes(from, to, err)) {
		return -1;
	}
	if (fchown(to, st->st_uid, st->st_gid) || fchmod(to, st->st_mode & 07777)) {
		return err_sys(err, "set owner and mode of '%.200s'", name);
	}
	if (copy_capability(from, to, err)) {
		return err_wrap(err, "'%.200s'", name);
	}
	return futimens(to, times) ? err_sys(err, "set the time of '%.200s'", name) : 0;
}

/* A symbolic link or FIFO. */
static int copy_special(int from, const char *base, const struct stat *st, int dir,
	const char *name, struct err *err)
{
	const struct timespec times[2] = {st->st_mtim, st->st_mtim};
	bool link = S_ISLNK(st->st_mode);
	char target[LIMIT_PATH];
	ssize_t len = link ? readlinkat(from, base, target, sizeof(target) - 1) : 0;

	if (len < 0) {
		return err_sys(err, "read link '%.200s'", base);
	}
	target[len] = '\0';
	if ((link ? symlinkat(target, dir, name) : mknodat(dir, name, S_IFIFO | 0600, 0)) ||
		fchownat(dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) ||
		(!link && fchmodat(dir, name, st->st_mode & 07777, 0)) ||
		utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW)) {
		return err_sys(err, "make '%.200s'", name);
	}
	return 0;
}

int unpack_copy(int lower, const char *path, int dir, const char *name, struct err *err)
{
	auto_free char *copy = xstrdup(path);
	char *slash = strrchr(copy, '/');
	const char *base = slash ? slash + 1 : copy;
	auto_fd int from_dir = -1;
	auto_fd int from = -1;
	struct stat st;

	if (slash) {
		*slash = '\0';
	}
	from_dir = open_beneath(lower, slash ? copy : "", O_PATH | O_DIRECTORY);
	if (from_dir < 0 || fstatat(from_dir, base, &st, AT_SYMLINK_NOFOLLOW)) {
		return err_sys(err, "open '%.200s' of a lower layer", path);
	}
	if (!S_ISREG(st.st_mode)) {
		return copy_special(from_dir, base, &st, dir, name, err);
	}
	from = openat(from_dir, base, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return from < 0 ? err_sys(err, "open '%.200s' of a lower layer", path)
			: copy_file(from, &st, dir, name, err);
}
