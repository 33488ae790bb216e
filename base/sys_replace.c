/* A file that somebody waits for is made beside its place, and put there when it is whole. */
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/sys_file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

/* Whom a user namespace has no number for; it may have given this one to somebody else. */
enum { UNKNOWN_ID = 65534 };

/* The one file that path leads to, if another can stand in for it: no device or pipe, none that is
 * ours already (/dev/stdout), none with a second name or rights of its own. */
static char *find_replaceable(const char *path, struct stat *ret)
{
	/* whether we may write to it; O_CREAT for what fs.protected_regular forbids */
	struct open_how how = {
		.flags = O_WRONLY | O_CREAT | O_CLOEXEC,
		.mode = 0644,
		.resolve = RESOLVE_NO_MAGICLINKS,
	};
	auto_fd int fd = -1;

	if (stat(path, ret) || !S_ISREG(ret->st_mode) || ret->st_nlink != 1) {
		return NULL;
	}
	fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	if (fd < 0 || fgetxattr(fd, "system.posix_acl_access", NULL, 0) > 0) {
		return NULL;
	}
	return realpath(path, NULL);
}

static int open_beside(const char *path, mode_t mode, char **ret_name)
{
	const char *slash = strrchr(path, '/');
	int before = slash ? (int)(slash - path) + 1 : 0;
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
		return -1;
	}
	*ret_name = xasprintf("%.*s.assay-%016" PRIx64, before, path, random);
	return open(*ret_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
}

/* Whether the new file could be given the owner and the mode of the old one. */
static bool be_like(int fd, const struct stat *old)
{
	struct stat st;

	if (fstat(fd, &st)) {
		return false;
	}
	if (st.st_uid != old->st_uid || st.st_gid != old->st_gid) {
		if (old->st_uid == UNKNOWN_ID || old->st_gid == UNKNOWN_ID ||
			fchown(fd, old->st_uid, old->st_gid)) {
			return false;
		}
	}
	return fchmod(fd, old->st_mode & 07777) == 0;
}

static int fill(int *fd, const void *data, size_t len, struct err *err)
{
	if (file_write_fd(*fd, data, len, err)) {
		return -1;
	}
	return close(steal_fd(fd)) && errno != EINTR ? err_sys(err, "write") : 0;
}

/* 1; 0 when nothing can be put there (old NULL: nothing is there yet); -1 when it could not be
 * written. */
static int put_beside(
	const char *path, const struct stat *old, const void *data, size_t len, struct err *err)
{
	auto_free char *name = NULL;
	auto_fd int fd = open_beside(path, old ? 0600 : 0644, &name);
	int rc = 0;

	if (fd < 0) {
		return !old || errno == EACCES || errno == EPERM || errno == EROFS
			       ? 0
			       : err_sys(err, "create a file beside it");
	}
	if (!old || be_like(fd, old)) {
		rc = fill(&fd, data, len, err);
		rc = rc ? -1 : rename(name, path) == 0; /* no to a mount point, say */
	}
	if (rc != 1) {
		(void)unlink(name);
	}
	return rc;
}

int file_replace(const char *path, const void *data, size_t len, struct err *err)
{
	auto_free char *real = NULL;
	struct stat old;
	int rc = 0;

	if (lstat(path, &old) && errno == ENOENT) {
		rc = put_beside(path, NULL, data, len, err);
	} else {
		real = find_replaceable(path, &old);
		rc = real ? put_beside(real, &old, data, len, err) : 0;
	}
	if (rc < 0) {
		return err_wrap(err, "'%s'", path);
	}
	return rc ? 0 : file_write(AT_FDCWD, path, data, len, err);
}
