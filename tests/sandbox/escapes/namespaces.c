/* Namespaces: new ones, in which everything else begins, and those of others. */
#include "escape.h"

#include <sched.h>
#include <sys/wait.h>

#define UNSHARE(id, flag)                                                                          \
	static int id(void)                                                                        \
	{                                                                                          \
		return unshare(flag) < 0 ? refused() : GOT;                                        \
	}

UNSHARE(new_user, CLONE_NEWUSER)
UNSHARE(new_mount, CLONE_NEWNS)
UNSHARE(new_net, CLONE_NEWNET)
UNSHARE(new_pid, CLONE_NEWPID)
UNSHARE(new_uts, CLONE_NEWUTS)
UNSHARE(new_ipc, CLONE_NEWIPC)
UNSHARE(new_cgroup, CLONE_NEWCGROUP)
UNSHARE(new_time, 0x00000080)

static int born(long pid)
{
	if (pid == 0) {
		_exit(0);
	}
	if (pid < 0) {
		return refused();
	}
	waitpid((pid_t)pid, NULL, __WALL);
	return GOT;
}

static int clone_user(void)
{
	return born(syscall(SYS_clone, CLONE_NEWUSER | 17, NULL, NULL, NULL, NULL));
}

/* The filter sees a pointer, not the flags. */
static int clone3_user(void)
{
	uint64_t args[11] = {CLONE_NEWUSER, 0, 0, 0, 17};

	return born(syscall(SYS_clone3, args, sizeof(args)));
}

static int enter(const char *which)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/ns/%s", bait_number("PID"), which);
	fd = open(path, O_RDONLY);
	if (fd < 0) {
		snprintf(path, sizeof(path), "/proc/1/ns/%s", which);
		fd = open(path, O_RDONLY);
	}
	return fd < 0 || setns(fd, 0) < 0 ? refused() : GOT;
}

static int enter_mount(void)
{
	return enter("mnt");
}

static int enter_net(void)
{
	return enter("net");
}

static int enter_pid(void)
{
	return enter("pid");
}

static int parent_user(void)
{
	int fd = open("/proc/self/ns/user", O_RDONLY);
	/* NS_GET_USERNS: the namespace that ours belongs to */
	int up = fd < 0 ? -1 : (int)syscall(SYS_ioctl, fd, 0xb701);

	return up < 0 ? refused() : GOT;
}

static int in_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

static int widen_map(void)
{
	return rewrite_with("/proc/self/uid_map", "0 0 4294967295\n");
}

static int allow_setgroups(void)
{
	return rewrite_with("/proc/self/setgroups", "allow");
}

static int unmapped_id(void)
{
	/* Above every range that an instance has. */
	return setresuid(0xfffffff0u, 0xfffffff0u, 0xfffffff0u) < 0 ? refused() : GOT;
}

const struct attempt escapes_namespaces[] = {
	{"unshare-user", "CVE-2022-0185, CVE-2021-3493 and many: a user namespace", new_user},
	{"unshare-mount", "a mount namespace", new_mount},
	{"unshare-net", "a network namespace", new_net},
	{"unshare-pid", "a PID namespace", new_pid},
	{"unshare-uts", "a host-name namespace", new_uts},
	{"unshare-ipc", "an IPC namespace", new_ipc},
	{"unshare-cgroup", "a control-group namespace", new_cgroup},
	{"unshare-time", "a time namespace", new_time, .may_lack = true},
	{"clone-user", "a user namespace by clone(2)", clone_user},
	{"clone3-user", "a user namespace by clone3(2), whose flags no filter sees", clone3_user},
	{"setns-mount", "enter the host's mounts", enter_mount},
	{"setns-net", "enter the host's network", enter_net},
	{"setns-pid", "enter the host's processes", enter_pid},
	{"parent-user-namespace", "NS_GET_USERNS: the namespace above", parent_user,
		.careless = in_namespace,
		.no_control =
			"only the initial namespace would be careless, and it has none above"},
	{"uid-map-again", "a second, wider uid_map", widen_map, .careless = in_namespace,
		.no_control = "a first map is no second one; the kernel has no switch for it"},
	{"setgroups-allow", "CVE-2014-8989: setgroups in a namespace that forbids it",
		allow_setgroups, .careless = in_namespace},
	{"unmapped-id", "become an id that is not in the map", unmapped_id},
	{0},
};
