#include "image/store_unpack_private.h"

#include "base/str.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

struct attributes attributes_of(const struct entry *entry)
{
	return (struct attributes){
		entry->mode & 07777, entry->uid, entry->gid, entry->mtime, entry->mtime_ns};
}

/* The ids to write; false when they cannot be expressed. */
static bool shifted(
	const struct store_ids *ids, const struct attributes *at, uid_t *uid, gid_t *gid)
{
	uint32_t room = UINT32_MAX - 1 - ids->shift; /* the largest id is (uid_t)-1: none */

	if (ids->single || at->uid > room || at->gid > room) {
		return false;
	}
	*uid = at->uid + ids->shift;
	*gid = at->gid + ids->shift;
	return true;
}

/* EINVAL and EPERM: the ids are not mapped in our user namespace. st, unless it is NULL, is what there
 * is, whose mode is unknown when the owner was changed. */
static int chown_at(const struct store_ids *ids, struct store_lost *lost, int dir, const char *name,
	const struct attributes *at, struct stat *st, struct err *err)
{
	uid_t uid;
	gid_t gid;

	if (!shifted(ids, at, &uid, &gid)) {
		lost->owners += !ids->single || at->uid || at->gid;
		return 0;
	}
	if (st && st->st_uid == uid && st->st_gid == gid) {
		return 0;
	}
	if (st) {
		st->st_mode = (mode_t)-1; /* setuid and setgid may go */
	}
	if (fchownat(dir, name, uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) {
		if (errno != EINVAL && errno != EPERM) {
			return err_sys(err, "set the owner");
		}
		lost->owners++;
	}
	return 0;
}

static void times_of(const struct attributes *at, struct timespec times[2])
{
	times[0] = (struct timespec){
		.tv_sec = at->mtime, .tv_nsec = at->mtime_ns < 1000000000 ? at->mtime_ns : 0};
	times[1] = times[0];
}

int attributes_set(const struct store_ids *ids, struct store_lost *lost, int fd,
	const struct attributes *at, struct err *err)
{
	struct timespec times[2];
	struct stat st;

	times_of(at, times);
	if (fstat(fd, &st)) {
		return err_sys(err, "stat");
	}
	st.st_mode &= 07777;
	if (chown_at(ids, lost, fd, "", at, &st, err)) {
		return -1;
	}
	return (st.st_mode != at->mode && fchmod(fd, at->mode)) || futimens(fd, times)
		       ? err_sys(err, "set mode and time")
		       : 0;
}

int attributes_set_at(struct unpack *u, int dir, const char *name, bool link,
	const struct attributes *at, struct err *err)
{
	struct timespec times[2];

	times_of(at, times);
	if (chown_at(&u->ids, &u->meta.lost, dir, name, at, NULL, err)) {
		return -1;
	}
	return (!link && fchmodat(dir, name, at->mode, 0)) ||
			       utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW)
		       ? err_sys(err, "set mode and time")
		       : 0;
}

/* Capabilities of revision 2 belong to the root of the namespace that mounts; with shifted ids that
 * root has to be named (revision 3, Linux 4.14). */
static int set_capability(const struct unpack *u, int fd, const void *value, size_t len)
{
	struct vfs_ns_cap_data cap = {0};

	if (!u->ids.shift || len != XATTR_CAPS_SZ_2) {
		return fsetxattr(fd, "security.capability", value, len, 0);
	}
	memcpy(&cap, value, len);
	if ((le32toh(cap.magic_etc) & VFS_CAP_REVISION_MASK) == VFS_CAP_REVISION_2) {
		cap.magic_etc =
			htole32(VFS_CAP_REVISION_3 | (le32toh(cap.magic_etc) & VFS_CAP_FLAGS_MASK));
		cap.rootid = htole32(u->ids.shift);
	}
	return fsetxattr(fd, "security.capability", &cap, sizeof(cap), 0);
}

/* More than any attribute takes (xattr(7)). */
enum { XATTR_ROOM = 1 << 20 };

/* ext4 and others say ENOSPC of an attribute that is too long, too. */
static bool has_room(int fd)
{
	struct statvfs st;

	return fstatvfs(fd, &st) == 0 && st.f_bavail * st.f_frsize >= XATTR_ROOM;
}

bool xattr_refused(int fd)
{
	switch (errno) {
	case EIO:
	case ENOMEM:
	case EDQUOT:
	case EROFS:
	case ESTALE:
		return false;
	case ENOSPC:
		return has_room(fd);
	default:
		return true;
	}
}

int xattr_set(
	struct unpack *u, int fd, const char *name, const void *value, size_t len, struct err *err)
{
	int rc = -1;

	errno = EPERM;

	if (str_eq(name, "security.capability")) {
		rc = set_capability(u, fd, value, len);
	} else if (str_starts(name, "user.") && !str_starts(name, "user.overlay.")) {
		/* all others are the host's own (labels, trusted.*) or overlay's orders */
		rc = fsetxattr(fd, name, value, len, 0);
	}
	if (rc && !xattr_refused(fd)) {
		return err_sys(err, "set '%.100s'", name);
	}
	u->meta.lost.xattrs += rc != 0;
	return 0;
}

int xattr_set_opaque(const struct unpack *u, int fd, struct err *err)
{
	const char *name = u->ids.userxattr ? "user.overlay.opaque" : "trusted.overlay.opaque";

	return fsetxattr(fd, name, "y", 1, 0) ? err_sys(err, "set %s", name) : 0;
}
