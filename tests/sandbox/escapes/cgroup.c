/* Control groups: to leave one's own, and programs that the host runs for empty ones. */
#include "escape.h"

#include <glob.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const char *const directories[] = {
	"/sys/fs/cgroup",
	"/sys/fs/cgroup/memory",
	"/sys/fs/cgroup/pids",
	"/sys/fs/cgroup/cpu",
	"/sys/fs/cgroup/unified",
	"/sys/fs/cgroup/systemd",
	"/sys/fs/cgroup/devices",
};

/* f(directory/name) for each; the best result counts. */
static int in_each(const char *name, int (*f)(const char *path))
{
	int last = -ENOENT;

	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]) && last != GOT; i++) {
		char path[256];

		snprintf(path, sizeof(path), "%s/%s", directories[i], name);
		last = f(path);
	}
	return last;
}

static int join(const char *path)
{
	return rewrite_with(path, "0");
}

static int leave(void)
{
	return in_each("cgroup.procs", join);
}

static int make(const char *path)
{
	struct stat st;
	char procs[300];
	int r;

	if (mkdir(path, 0755) < 0) {
		return refused();
	}
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", path);
	/* A directory on something else is no control group. */
	r = stat(procs, &st) == 0 ? GOT : -ENOENT;
	(void)rmdir(path);
	return r;
}

static int make_group(void)
{
	return in_each("escape", make);
}

static int release_agent(void)
{
	return in_each("release_agent", rewrite);
}

static int all_devices(const char *path)
{
	return rewrite_with(path, "a");
}

static int allow_devices(void)
{
	return in_each("devices.allow", all_devices);
}

/* A group of its own as the root of what is mounted, writable. Who waits takes the group away, by the
 * directory that it knew before. */
static int own_devices(void)
{
	int root = open("/sys/fs/cgroup/devices", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int status = 0;
	pid_t pid;

	if (root < 0) {
		return mount("none", "/sys/fs/cgroup", "tmpfs", 0, NULL); /* version 2: nothing */
	}
	(void)unlinkat(root, "assay-escape", AT_REMOVEDIR); /* of a run that was killed */
	if (mkdirat(root, "assay-escape", 0755) < 0) {
		return -1;
	}
	pid = fork();
	if (pid == 0) {
		if (mount("/sys/fs/cgroup/devices/assay-escape", "/sys/fs/cgroup/devices", NULL,
			    MS_BIND, NULL) < 0) {
			return -1;
		}
		return rewrite_with("/sys/fs/cgroup/devices/cgroup.procs", "0") == GOT ? 0 : -1;
	}
	(void)waitpid(pid, &status, 0);
	/* The process has ended, and may count as the group's a moment longer. */
	for (int i = 0; unlinkat(root, "assay-escape", AT_REMOVEDIR) < 0 && i < 500; i++) {
		usleep(10000);
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 255);
}

static int notify(void)
{
	return in_each("notify_on_release", rewrite);
}

static int mount_v1(void)
{
	if (mkdir("/tmp", 0777) < 0 && errno != EEXIST) {
		return refused();
	}
	if (mount("escape", "/tmp", "cgroup", 0, "none,name=assay-escape") < 0) {
		return refused();
	}
	return rewrite_with("/tmp/release_agent", "/bin/true");
}

static int mount_v2(void)
{
	if (mkdir("/tmp", 0777) < 0 && errno != EEXIST) {
		return refused();
	}
	if (mount("escape", "/tmp", "cgroup2", 0, NULL) < 0) {
		return refused();
	}
	return rewrite_with("/tmp/cgroup.procs", "0");
}

static int raise_limit(void)
{
	int r = rewrite("/sys/fs/cgroup/memory/memory.soft_limit_in_bytes");

	return r == GOT ? r : rewrite("/sys/fs/cgroup/memory.max");
}

static int remounted(void)
{
	if (mount(NULL, "/sys/fs/cgroup/memory", NULL, MS_REMOUNT | MS_BIND, NULL) < 0 &&
		mount(NULL, "/sys/fs/cgroup", NULL, MS_REMOUNT | MS_BIND, NULL) < 0) {
		return refused();
	}
	return leave();
}

const struct attempt escapes_cgroup[] = {
	{"cgroup-leave", "move to the root of the hierarchy", leave},
	{"cgroup-make", "a group of one's own", make_group},
	{"cgroup-release-agent", "CVE-2022-0492, Felix Wilhelm: release_agent of what is mounted",
		release_agent, .may_lack = true},
	{"cgroup-mount-release-agent", "CVE-2022-0492: mount a hierarchy first", mount_v1,
		.may_lack = true},
	{"cgroup-mount-v2", "mount version 2 and leave the group", mount_v2, .may_lack = true},
	{"cgroup-notify", "notify_on_release", notify, .may_lack = true},
	{"cgroup-devices-allow", "allow all devices", allow_devices, .careless = own_devices,
		.may_lack = true},
	{"cgroup-raise-limit", "a greater memory limit", raise_limit, .may_lack = true},
	{"cgroup-remounted", "remount the hierarchy writable first", remounted},
	{0},
};
