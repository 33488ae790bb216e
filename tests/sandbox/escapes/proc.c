/* /proc: what is global behind it, and what it tells of the machine. */
#include "escape.h"

#include <sys/mount.h>
#include <sys/stat.h>

#define SYS_FILE(id, path)                                                                         \
	static int id(void)                                                                        \
	{                                                                                          \
		return rewrite("/proc/sys/" path);                                                 \
	}

SYS_FILE(core_pattern, "kernel/core_pattern")
SYS_FILE(modprobe, "kernel/modprobe")
SYS_FILE(panic, "kernel/panic")
SYS_FILE(pid_max, "kernel/pid_max")
SYS_FILE(randomize, "kernel/randomize_va_space")
SYS_FILE(swappiness, "vm/swappiness")
SYS_FILE(suid_dumpable, "fs/suid_dumpable")
SYS_FILE(ip_forward, "net/ipv4/ip_forward")

static int sysrq_trigger(void)
{
	/* "h" prints the help to the kernel's log. */
	return rewrite_with("/proc/sysrq-trigger", "h");
}

static int binfmt_misc(void)
{
	(void)mount("binfmt_misc", "/proc/sys/fs/binfmt_misc", "binfmt_misc", 0, NULL);
	/* "0" disables nothing that is not there; a rule would run as whoever starts such a file. */
	return rewrite_with("/proc/sys/fs/binfmt_misc/status", "1");
}

static int sys_remounted(void)
{
	if (mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND, NULL) < 0 && errno != EINVAL) {
		return refused();
	}
	return core_pattern();
}

static int sys_through_self(void)
{
	return rewrite("/proc/self/root/proc/self/root/proc/sys/kernel/core_pattern");
}

static int kcore(void)
{
	return read_some("/proc/kcore");
}

static int kmsg(void)
{
	int fd = open("/proc/kmsg", O_RDONLY | O_NONBLOCK);

	return fd < 0 ? refused() : GOT;
}

static int kallsyms(void)
{
	char text[512];
	FILE *f = fopen("/proc/kallsyms", "re");
	bool shown = false;

	if (!f) {
		return refused();
	}
	/* The first ones can be offsets into an area per processor, and really 0. */
	for (int i = 0; i < 100 && !shown && fgets(text, sizeof(text), f); i++) {
		shown = strtoull(text, NULL, 16) != 0;
	}
	fclose(f);
	return shown ? GOT : -EACCES;
}

static int pagemap(void)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	int on_stack = 1;
	uint64_t entry = 0;
	off_t at = (off_t)((uintptr_t)&on_stack / 4096 * 8);

	if (fd < 0 || pread(fd, &entry, sizeof(entry), at) != (ssize_t)sizeof(entry)) {
		return refused();
	}
	close(fd);
	return entry & ((UINT64_C(1) << 55) - 1) ? GOT : -EACCES;
}

static int irq_affinity(void)
{
	return rewrite("/proc/irq/default_smp_affinity");
}

static int timer_list(void)
{
	return read_some("/proc/timer_list");
}

static int interrupts(void)
{
	return read_some("/proc/interrupts");
}

static int sched_debug(void)
{
	return read_some("/proc/sched_debug");
}

static int host_keys(void)
{
	char line[512];
	FILE *f = fopen("/proc/keys", "re");
	bool seen = false;

	while (f && fgets(line, sizeof(line), f)) {
		seen = seen || strstr(line, "assay-bait");
	}
	if (f) {
		fclose(f);
	}
	return seen ? GOT : -EACCES;
}

static int other_process(void)
{
	char path[64];
	char name[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/comm", bait_number("PID"));
	f = fopen(path, "re");
	if (!f) {
		return refused();
	}
	(void)!fgets(name, sizeof(name), f);
	fclose(f);
	return strcmp(name, "assay-bait\n") == 0 ? GOT : -ESRCH;
}

static int host_root(void)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "/proc/1/root/%s", bait("FILE"));
	fd = open(path, O_RDONLY);
	return fd >= 0 && tells_secret(fd) ? GOT : refused();
}

static int host_path(void)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/cwd/../../../../../../../../../../..%s",
		bait("FILE"));
	fd = open(path, O_RDONLY);
	return fd >= 0 && tells_secret(fd) ? GOT : refused();
}

static int host_file_write(void)
{
	int fd = open(bait("FILE"), O_WRONLY);
	struct stat st;

	/* The product may have a file of that name itself. */
	return fd >= 0 && fstat(fd, &st) == 0 && st.st_size ? GOT : refused();
}

const struct attempt escapes_proc[] = {
	{"core-pattern", "a crash runs a program on the host: write core_pattern", core_pattern},
	{"core-pattern-remounted", "remount /proc/sys writable first", sys_remounted},
	{"core-pattern-through-self", "the same by way of /proc/self/root", sys_through_self},
	{"modprobe-path", "an unknown file format runs a program on the host", modprobe,
		.may_lack = true},
	{"binfmt-misc", "an interpreter for other people's programs", binfmt_misc,
		.may_lack = true},
	{"sysctl-panic", "kernel.panic", panic},
	{"sysctl-pid-max", "kernel.pid_max", pid_max},
	{"sysctl-randomize", "kernel.randomize_va_space", randomize},
	{"sysctl-swappiness", "vm.swappiness", swappiness},
	{"sysctl-suid-dumpable", "fs.suid_dumpable", suid_dumpable},
	{"sysctl-ip-forward", "net.ipv4.ip_forward", ip_forward},
	{"sysrq-trigger", "a magic key", sysrq_trigger, .may_lack = true},
	{"kcore", "memory of the kernel", kcore, .may_lack = true},
	{"kmsg", "the kernel's log through /proc/kmsg", kmsg},
	{"kallsyms", "addresses of the kernel", kallsyms},
	{"pagemap", "physical addresses, as for row hammering", pagemap},
	{"irq-affinity", "move interrupts", irq_affinity},
	{"timer-list", "timers of every process (masked)", timer_list, .may_lack = true},
	{"interrupts", "counts that tell keystrokes (masked)", interrupts},
	{"sched-debug", "processes of the host (masked)", sched_debug, .may_lack = true},
	{"host-keys", "descriptions of other people's keys (masked)", host_keys, .may_lack = true},
	{"host-process-seen", "/proc of a process outside", other_process},
	{"host-root", "/proc/1/root", host_root, .may_lack = true},
	{"host-path", "up and up to the host's root", host_path},
	{"host-file-write", "the host's file under its own name", host_file_write},
	{0},
};
