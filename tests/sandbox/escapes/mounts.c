/* Mounting, unmounting, changing roots, and files by handle. */
#include "escape.h"

#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

static int mount_tmpfs(void)
{
	return mount("x", "/proc", "tmpfs", 0, NULL) < 0 ? refused() : GOT;
}

static int mount_bind(void)
{
	return mount("/", "/proc", NULL, MS_BIND | MS_REC, NULL) < 0 ? refused() : GOT;
}

static int mount_overlay(void)
{
	/* Two: older kernels want an upper layer beside one, before they look. */
	return through(mount("x", "/proc", "overlay", 0, "lowerdir=/nowhere:/nowhere"), ENOENT);
}

static int mount_fuse(void)
{
	return through(mount("x", "/proc", "fuse", 0, "fd=-1"), EINVAL);
}

static int unmask(void)
{
	return umount2("/proc", MNT_DETACH) < 0 ? refused() : GOT;
}

static int unmask_one(void)
{
	/* The mask, or whatever is there without one. */
	if (umount2("/proc/sys", MNT_DETACH) < 0) {
		return through(-1, EINVAL);
	}
	return GOT;
}

static int share(void)
{
	return mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) < 0 ? refused() : GOT;
}

static int clone_tree(void)
{
	return open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE) < 0 ? refused() : GOT;
}

static int move_tree(void)
{
	return through(move_mount(AT_FDCWD, "/proc/self", AT_FDCWD, "/proc", 0), EINVAL);
}

static int set_attributes(void)
{
	struct mount_attr attr = {.attr_clr = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV};

	return mount_setattr(AT_FDCWD, "/proc", 0, &attr, sizeof(attr)) < 0 ? refused() : GOT;
}

/* The call whose legacy parameters overflowed; here with a harmless one. */
static int legacy_parameter(void)
{
	int fs = fsopen("ramfs", 0);

	if (fs < 0) {
		return refused();
	}
	return fsconfig(fs, FSCONFIG_SET_STRING, "source", "x", 0) < 0 ? refused() : GOT;
}

static int pivot(void)
{
	return through(syscall(SYS_pivot_root, "/", "/"), EBUSY);
}

static int fspick_proc(void)
{
	return fspick(AT_FDCWD, "/proc", 0) < 0 ? refused() : GOT;
}

static int secret_here(const char *path)
{
	int fd = open(path, O_RDONLY);

	return fd >= 0 && tells_secret(fd) ? GOT : refused();
}

/* A jail that is a chroot instead of a root of its own. */
static int only_chroot(void)
{
	char jail[4096];

	snprintf(jail, sizeof(jail), "%s/jail", bait("DIR"));
	return mkdir(jail, 0755) < 0 && errno != EEXIST ? -1 : chroot(jail) < 0 ? -1 : chdir("/");
}

static int chroot_out(void)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	if (fd < 0 || (mkdir("escape", 0755) < 0 && errno != EEXIST) || chroot("escape") < 0 ||
		fchdir(fd) < 0) {
		return refused();
	}
	for (int i = 0; i < 64; i++) {
		(void)!chdir("..");
	}
	return chroot(".") < 0 ? refused() : secret_here(bait("FILE"));
}

static int chroot_by_cwd(void)
{
	if ((mkdir("escape", 0755) < 0 && errno != EEXIST) || chroot("escape") < 0) {
		return refused();
	}
	for (int i = 0; i < 64; i++) {
		(void)!chdir("..");
	}
	return chroot(".") < 0 ? refused() : secret_here(bait("FILE"));
}

struct handle {
	struct file_handle head;
	unsigned char bytes[128];
};

/* "Shocker": the root directory of any ext4 is inode 2. */
static int open_by_handle(void)
{
	struct handle h = {.head = {.handle_bytes = 8, .handle_type = 1}};
	const uint32_t id[2] = {2, 0};
	int fd = open("/etc/hosts", O_RDONLY);
	int r;

	memcpy(h.head.f_handle, id, sizeof(id));
	if (fd < 0) {
		return refused();
	}
	r = open_by_handle_at(fd, &h.head, O_RDONLY);
	return through(r, ESTALE);
}

static int open_own_handle(void)
{
	struct handle h = {.head = {.handle_bytes = sizeof(h.bytes)}};
	int mount_id;
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	if (fd < 0) {
		return refused();
	}
	/* Where the file system gives no handle, the call itself is what counts. */
	(void)name_to_handle_at(AT_FDCWD, "/etc", &h.head, &mount_id, 0);
	return through(open_by_handle_at(fd, &h.head, O_RDONLY), ESTALE);
}

const struct attempt escapes_mounts[] = {
	{"mount-tmpfs", "cover what is masked", mount_tmpfs},
	{"mount-bind", "a second view of the root", mount_bind},
	{"mount-overlay", "CVE-2023-0386, CVE-2021-3493: overlayfs in a namespace", mount_overlay,
		.may_lack = true},
	{"mount-fuse", "a file system that lies", mount_fuse, .may_lack = true},
	{"unmount-proc", "look below /proc", unmask},
	{"unmount-read-only", "take the read-only mount off /proc/sys", unmask_one},
	{"mount-shared", "mounts that spread to the host", share},
	{"open-tree", "a detached copy of the mounts", clone_tree},
	{"move-mount", "move the masks away", move_tree},
	{"mount-setattr", "make read-only mounts writable, devices usable", set_attributes},
	{"fsconfig-legacy", "CVE-2022-0185: fsopen and fsconfig", legacy_parameter},
	{"fspick", "reconfigure a mounted file system", fspick_proc},
	{"pivot-root", "bring the old root back", pivot},
	{"chroot-descriptor", "leave a chroot by an open directory", chroot_out,
		.careless = only_chroot},
	{"chroot-working-directory", "leave a chroot by the working directory", chroot_by_cwd,
		.careless = only_chroot},
	{"open-by-handle-root", "\"shocker\" (Docker before 1.0): inode 2 by its handle",
		open_by_handle},
	{"open-by-handle", "open_by_handle_at(2) at all", open_own_handle},
	{0},
};
