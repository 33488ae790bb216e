/*
 * Mounting inside an image that nobody vouches for: every path is resolved by openat2(2) with the
 * instance's root as "/", never through magic links, and mounts are attached to the descriptor
 * found, so that no symbolic link of the image leads out. Runs in the child: no allocation.
 */
#include "sandbox/raw.h"
#include "sandbox/spec.h"

#include <limits.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define INSIDE (RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)

static int open_inside(int root, const char *path)
{
	return raw_openat2(root, path, O_PATH, INSIDE);
}

int mounts_make_directory(int root, const char *path)
{
	char prefix[PATH_MAX];
	size_t len = strlen(path);
	int at = open_inside(root, "/");

	if (len >= sizeof(prefix)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	for (size_t end = 0; at >= 0 && end < len;) {
		size_t start = end + strspn(path + end, "/");
		char name[NAME_MAX + 1];
		int next;

		end = start + strcspn(path + start, "/");
		if (end == start) {
			break;
		}
		if (end - start > NAME_MAX) {
			errno = ENAMETOOLONG;
			close(at);
			return -1;
		}
		memcpy(prefix, path, end);
		prefix[end] = '\0';
		memcpy(name, path + start, end - start);
		name[end - start] = '\0';
		next = open_inside(root, prefix);
		if (next < 0 && errno == ENOENT &&
			(mkdirat(at, name, 0755) == 0 || errno == EEXIST)) {
			next = open_inside(root, prefix);
		}
		close(at);
		at = next;
	}
	return at;
}

/* The directory that path is in, made when missing; *name is its last part. */
static int parent_of(int root, const char *path, const char **name)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	if (!slash || len >= sizeof(dir)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(dir, path, len);
	dir[len] = '\0';
	*name = slash + 1;
	return mounts_make_directory(root, dir);
}

static int make_file(int root, const char *path)
{
	int fd = open_inside(root, path);
	const char *name;
	int dir;

	if (fd >= 0 || errno != ENOENT) {
		return fd;
	}
	dir = parent_of(root, path, &name);
	if (dir < 0) {
		return -1;
	}
	/* A link that leads nowhere (/etc/resolv.conf into a /run that is empty) has to go. */
	unlinkat(dir, name, 0);
	fd = openat(dir, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644);
	close(dir);
	if (fd < 0) {
		return -1;
	}
	close(fd);
	return open_inside(root, path);
}

static int attach(int mount, int target)
{
	return move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

static int set_attributes(int mount, uint64_t attributes)
{
	struct mount_attr attr = {.attr_set = attributes};

	return attributes ? mount_setattr(mount, "", AT_EMPTY_PATH, &attr, sizeof(attr)) : 0;
}

static int fresh(const struct mount_item *m)
{
	int fs = fsopen(m->source, FSOPEN_CLOEXEC);
	int mount = -1;
	int saved;

	if (fs < 0) {
		return -1;
	}
	for (size_t i = 0; i < MOUNT_OPTIONS && m->options[i].key; i++) {
		const char *value = m->options[i].value;
		unsigned command = value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;

		if (fsconfig(fs, command, m->options[i].key, value, 0) < 0) {
			saved = errno;
			close(fs);
			errno = saved;
			return -1;
		}
	}
	/* What /proc/mounts shows first. */
	(void)fsconfig(fs, FSCONFIG_SET_STRING, "source", m->source, 0);
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0) {
		mount = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)m->attributes);
	}
	saved = errno;
	close(fs);
	errno = saved;
	return mount;
}

static int attach_and_close(int mount, int target)
{
	int r = -1;
	int saved;

	if (mount >= 0 && target >= 0) {
		r = attach(mount, target);
	}
	saved = errno;
	if (mount >= 0) {
		close(mount);
	}
	if (target >= 0) {
		close(target);
	}
	errno = saved;
	return r;
}

static int apply_bind(const struct spec *s, const struct mount_item *m)
{
	int target;

	if (set_attributes(m->fd, m->attributes) < 0) {
		return -1;
	}
	target =
		m->file ? make_file(s->root, m->target) : mounts_make_directory(s->root, m->target);
	return attach_and_close(m->fd, target);
}

static int clone_of(int root, const char *path, uint64_t attributes)
{
	int at = open_inside(root, path);
	int mount = -1;

	if (at >= 0) {
		mount = open_tree(at, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
		close(at);
	}
	if (mount >= 0 && set_attributes(mount, attributes) < 0) {
		close(mount);
		return -1;
	}
	return mount;
}

static int apply_again(const struct spec *s, const struct mount_item *m)
{
	int target = open_inside(s->root, m->target);

	if (target < 0) {
		return errno == ENOENT ? 0 : -1;
	}
	return attach_and_close(clone_of(s->root, m->target, m->attributes), target);
}

static int apply_mask(const struct spec *s, const struct mount_item *m)
{
	static const struct mount_item empty = {
		.source = "tmpfs",
		.options = {{"size", "0"}, {"nr_inodes", "1"}, {"mode", "755"}},
		.attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			      MOUNT_ATTR_NOEXEC,
	};
	int target = open_inside(s->root, m->target);
	struct stat st;

	if (target < 0) {
		return errno == ENOENT || errno == EACCES ? 0 : -1;
	}
	if (fstat(target, &st) < 0) {
		close(target);
		return -1;
	}
	return attach_and_close(
		S_ISDIR(st.st_mode) ? fresh(&empty) : clone_of(s->root, "/dev/null", 0), target);
}

static int apply_link(const struct spec *s, const struct mount_item *m)
{
	const char *name;
	int dir = parent_of(s->root, m->target, &name);
	int r;

	if (dir < 0) {
		return -1;
	}
	r = symlinkat(m->source, dir, name);
	close(dir);
	return r;
}

static int apply(const struct spec *s, const struct mount_item *m)
{
	int fd;

	switch (m->kind) {
	case MOUNT_FRESH:
		fd = fresh(m);
		return fd < 0 ? -1
			      : attach_and_close(fd, mounts_make_directory(s->root, m->target));
	case MOUNT_BIND:
		return apply_bind(s, m);
	case MOUNT_AGAIN:
		return apply_again(s, m);
	case MOUNT_MASK:
		return apply_mask(s, m);
	case MOUNT_LINK:
		return apply_link(s, m);
	case MOUNT_SEAL:
		fd = open_inside(s->root, m->target);
		return fd < 0 ? -1 : set_attributes(fd, m->attributes) | close(fd);
	default:
		errno = EINVAL;
		return -1;
	}
}

int mounts_apply(struct spec *s)
{
	for (s->item = 0; s->item < s->mounts.n; s->item++) {
		const struct mount_item *m = &s->mounts.v[s->item];

		if (apply(s, m) < 0 && !m->optional) {
			return -1;
		}
	}
	return 0;
}
