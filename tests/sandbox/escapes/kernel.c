/* Interfaces of the kernel that Docker's rules keep closed, and ways around a filter. */
#include "escape.h"

#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

static int bpf_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1};

	return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)) < 0 ? refused() : GOT;
}

static int bpf_program(void)
{
	static const struct bpf_insn code[] = {
		{.code = 0xb7}, /* r0 = 0 */
		{.code = 0x95}, /* exit */
	};
	union bpf_attr attr = {.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insns = (uintptr_t)code,
		.insn_cnt = 2,
		.license = (uintptr_t) "GPL"};

	return syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)) < 0 ? refused() : GOT;
}

static int perf(void)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK};

	return syscall(SYS_perf_event_open, &attr, -1, 0, -1, 0) < 0 ? refused() : GOT;
}

static int io_uring(void)
{
	struct io_uring_params p = {0};

	return syscall(SYS_io_uring_setup, 4, &p) < 0 ? refused() : GOT;
}

static int userfault(void)
{
	return syscall(SYS_userfaultfd, O_CLOEXEC) < 0 ? refused() : GOT;
}

static int userfault_user_mode(void)
{
	return syscall(SYS_userfaultfd, O_CLOEXEC | 1) < 0 ? refused() : GOT;
}

static int key_add(void)
{
	return syscall(SYS_add_key, "user", "escape", "x", 1, KEY_SPEC_PROCESS_KEYRING) < 0
		       ? refused()
		       : GOT;
}

/* The bait's key by its number: keys are not in any namespace. */
static int key_read(void)
{
	char text[64];

	return syscall(SYS_keyctl, KEYCTL_READ, bait_number("KEY"), text, sizeof(text)) < 0
		       ? refused()
		       : GOT;
}

static int key_session(void)
{
	return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 ? refused() : GOT;
}

static int key_request(void)
{
	return syscall(SYS_request_key, "user", "assay-bait", NULL, 0) < 0 ? refused() : GOT;
}

static int kcmp_self(void)
{
	return syscall(SYS_kcmp, getpid(), getpid(), 0, 0, 0) < 0 ? refused() : GOT;
}

static int fanotify(void)
{
	return syscall(SYS_fanotify_init, 0, O_RDONLY) < 0 ? refused() : GOT;
}

static int move_memory(void)
{
	return syscall(SYS_move_pages, 0, 0, NULL, NULL, NULL, 0) < 0 ? refused() : GOT;
}

static int no_randomization(void)
{
	return personality(ADDR_NO_RANDOMIZE) < 0 ? refused() : GOT;
}

static int modify_process(void)
{
	return through(syscall(SYS_process_madvise, -1, NULL, 0, 0, 0), EBADF);
}

/* unshare(CLONE_NEWUSER) by other doors. */
static int by_i386(void)
{
	return call_i386(310, CLONE_NEWUSER, 0, 0) < 0 ? refused() : GOT;
}

static int by_x32(void)
{
	return syscall(0x40000000L | SYS_unshare, CLONE_NEWUSER) < 0 ? refused() : GOT;
}

static int mount_by_i386(void)
{
	/* umount(2), number 22: a path below 4 GiB */
	char *path = mmap(
		NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (path == MAP_FAILED) {
		return refused();
	}
	strcpy(path, "/proc/self");
	return through(call_i386(22, (long)(uintptr_t)path, 0, 0), EINVAL);
}

static _Noreturn void harmless_caller(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	(void)syscall(SYS_getppid);
	_exit(0);
}

/* Before Linux 4.8 a tracer could change a call after the filter had allowed it. */
static int change_call(void)
{
	struct user_regs_struct regs;
	int status;
	long result = -EPERM;
	pid_t pid = fork();

	if (pid == 0) {
		harmless_caller();
	}
	waitpid(pid, &status, 0);
	while (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) == 0 && waitpid(pid, &status, 0) == pid &&
		WIFSTOPPED(status)) {
		if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) < 0 || regs.orig_rax != SYS_getppid) {
			continue;
		}
		regs.orig_rax = SYS_unshare;
		regs.rdi = CLONE_NEWUSER;
		ptrace(PTRACE_SETREGS, pid, NULL, &regs);
		ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
		waitpid(pid, &status, 0);
		ptrace(PTRACE_GETREGS, pid, NULL, &regs);
		result = (long)regs.rax;
		break;
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return result < 0 ? (int)result : GOT;
}

const struct attempt escapes_kernel[] = {
	{"bpf-map", "bpf(2)", bpf_map},
	{"bpf-program", "CVE-2020-8835, CVE-2021-3490: a BPF program", bpf_program},
	{"perf-event-open", "CVE-2013-2094: performance events", perf},
	{"io-uring", "CVE-2022-29582, CVE-2023-2598: io_uring", io_uring, .may_lack = true},
	{"userfaultfd", "hold the kernel in a page fault", userfault, .may_lack = true},
	{"userfaultfd-user-mode", "the same for user faults only", userfault_user_mode,
		.may_lack = true},
	{"key-add", "CVE-2016-0728: the kernel's keyrings", key_add, .may_lack = true},
	{"key-read", "somebody else's key by its number", key_read, .may_lack = true},
	{"key-session", "another session keyring", key_session, .may_lack = true},
	{"key-request", "request a key of the host", key_request, .may_lack = true},
	{"kcmp", "compare kernel pointers", kcmp_self, .may_lack = true},
	{"fanotify-init", "watch a whole file system", fanotify, .may_lack = true},
	{"move-pages", "learn about physical memory", move_memory, .may_lack = true},
	{"personality", "switch randomization off", no_randomization},
	{"process-madvise", "memory of others", modify_process, .may_lack = true},
	{"filter-i386-unshare", "around the filter: the i386 table", by_i386, .may_lack = true},
	{"filter-i386-umount", "around the filter: the i386 table", mount_by_i386,
		.may_lack = true},
	{"filter-x32-unshare", "around the filter: the x32 table", by_x32, .may_lack = true},
	{"filter-ptrace", "around the filter: a tracer changes the call", change_call},
	{0},
};
