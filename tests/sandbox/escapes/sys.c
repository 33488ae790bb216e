/* /sys: switches of the machine. */
#include "escape.h"

#include <glob.h>
#include <sys/mount.h>
#include <sys/stat.h>

static int uevent_helper(void)
{
	return rewrite("/sys/kernel/uevent_helper");
}

static int rcu(void)
{
	return rewrite("/sys/kernel/rcu_expedited");
}

static int huge_pages(void)
{
	static const char path[] = "/sys/kernel/mm/transparent_hugepage/enabled";
	char words[128] = "";
	char *word;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || read(fd, words, sizeof(words) - 1) < 0) {
		return refused();
	}
	close(fd);
	/* "always [madvise] never": what is chosen, again. */
	word = strchr(words, '[');
	if (!word) {
		return -ENODATA;
	}
	word[strcspn(word, "]")] = '\0';
	return rewrite_with(path, word + 1);
}

static int power_state(void)
{
	int fd = open("/sys/power/state", O_WRONLY);

	if (fd < 0) {
		return refused();
	}
	return through(write(fd, "no-such-state", 13), EINVAL);
}

static int block_queue(void)
{
	glob_t g;
	int r = -ENOENT;

	if (glob("/sys/block/*/queue/read_ahead_kb", 0, NULL, &g) == 0) {
		r = rewrite(g.gl_pathv[0]);
		globfree(&g);
	}
	return r;
}

static int uevent(void)
{
	/* An announcement that udev of the host would act on. */
	return rewrite_with("/sys/class/mem/null/uevent", "change");
}

static int cpu_online(void)
{
	return rewrite("/sys/devices/system/cpu/cpu1/online");
}

static int firmware(void)
{
	glob_t g;
	int r = -ENOENT;

	if (glob("/sys/firmware/*", 0, NULL, &g) == 0) {
		r = GOT;
		globfree(&g);
	}
	return r;
}

static int sys_remounted(void)
{
	if (mount(NULL, "/sys", NULL, MS_REMOUNT | MS_BIND, NULL) < 0 && errno != EINVAL) {
		return refused();
	}
	return rcu();
}

static int fresh(const char *type, const char *file)
{
	char path[128];
	struct stat st;

	if (mkdir("/tmp", 0777) < 0 && errno != EEXIST) {
		return refused();
	}
	if (mount(type, "/tmp", type, 0, NULL) < 0) {
		return refused();
	}
	snprintf(path, sizeof(path), "/tmp/%s", file);
	return stat(path, &st) == 0 ? GOT : refused();
}

static int debugfs(void)
{
	return fresh("debugfs", ".");
}

static int tracefs(void)
{
	return fresh("tracefs", ".");
}

static int securityfs(void)
{
	return fresh("securityfs", ".");
}

static int sysfs(void)
{
	return fresh("sysfs", "kernel");
}

static int proc(void)
{
	return fresh("proc", "1");
}

const struct attempt escapes_sys[] = {
	{"uevent-helper", "a program of the host runs at each event: write uevent_helper",
		uevent_helper, .may_lack = true},
	{"uevent-inject", "an event for the host's udev", uevent, .may_lack = true},
	{"sys-rcu-expedited", "a switch of the kernel", rcu, .may_lack = true},
	{"sys-huge-pages", "memory policy of the machine", huge_pages, .may_lack = true},
	{"sys-power", "put the machine to sleep", power_state, .may_lack = true},
	{"sys-block-queue", "settings of the host's disk", block_queue},
	{"sys-cpu-offline", "take a processor away", cpu_online, .may_lack = true},
	{"sys-firmware", "what the firmware tells (masked)", firmware},
	{"sys-remounted", "remount /sys writable first", sys_remounted, .may_lack = true},
	{"mount-debugfs", "debugfs", debugfs, .may_lack = true},
	{"mount-tracefs", "tracefs", tracefs, .may_lack = true},
	{"mount-securityfs", "securityfs", securityfs, .may_lack = true},
	{"mount-sysfs", "a /sys without masks", sysfs},
	{"mount-proc", "a /proc without masks", proc},
	{0},
};
