/*
 * Docker's default seccomp rules ("Seccomp security profiles for Docker" in its documentation; as of
 * Docker Engine 29.8, docs/docker.md): what is listed is allowed, everything else gets EPERM, as for
 * a container with the default capabilities. clone3 hides its flags behind a pointer and gets ENOSYS,
 * so that the C libraries use clone; so do system calls younger than this list, which programs then
 * do without.
 */
#include "base/cleanup.h"
#include "sandbox/raw.h"
#include "sandbox/spec.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>

/* Names between blanks. */
static const char allowed[] =
	/* files and directories */
	"access chdir chmod chown chown32 close close_range copy_file_range creat dup "
	"dup2 dup3 faccessat faccessat2 fadvise64 fadvise64_64 fallocate fanotify_mark "
	"fchdir fchmod fchmodat fchown fchown32 fchownat fcntl fcntl64 fdatasync "
	"fgetxattr flistxattr flock fremovexattr fsetxattr fstat fstat64 fstatat64 "
	"fstatfs fstatfs64 fsync ftruncate ftruncate64 futimesat getcwd getdents "
	"getdents64 getxattr inotify_add_watch inotify_init inotify_init1 "
	"inotify_rm_watch ioctl lchown lchown32 lgetxattr link linkat listxattr "
	"llistxattr _llseek lremovexattr lseek lsetxattr lstat lstat64 mkdir mkdirat "
	"mknod mknodat name_to_handle_at newfstatat open openat openat2 pipe pipe2 "
	"pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink "
	"readlinkat readv removexattr rename renameat renameat2 rmdir sendfile sendfile64 "
	"setxattr splice stat stat64 statfs statfs64 statx symlink symlinkat sync "
	"sync_file_range syncfs tee truncate truncate64 umask unlink unlinkat utime "
	"utimensat utimensat_time64 utimes vmsplice write writev "
	/* waiting */
	"epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 "
	"epoll_wait epoll_wait_old eventfd eventfd2 io_cancel io_destroy io_getevents "
	"io_pgetevents io_pgetevents_time64 io_setup io_submit _newselect pause poll "
	"ppoll ppoll_time64 pselect6 pselect6_time64 select signalfd signalfd4 "
	"timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime "
	"timerfd_settime64 "
	/* network and IPC */
	"accept accept4 bind connect getpeername getsockname getsockopt ipc listen "
	"mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 "
	"mq_timedsend mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd recv "
	"recvfrom recvmmsg recvmmsg_time64 recvmsg semctl semget semop semtimedop "
	"semtimedop_time64 send sendmmsg sendmsg sendto setsockopt shmat shmctl shmdt "
	"shmget shutdown socket socketcall socketpair "
	/* memory */
	"brk madvise membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall "
	"mmap mmap2 mprotect mremap msync munlock munlockall munmap pkey_alloc pkey_free "
	"pkey_mprotect remap_file_pages "
	/* processes, threads, signals, scheduling */
	"arch_prctl execve execveat exit exit_group fork futex futex_time64 futex_waitv "
	"get_robust_list get_thread_area getcpu getpgid getpgrp getpid getppid "
	"getpriority getrandom getrlimit getrusage getsid gettid ioprio_get ioprio_set "
	"kill landlock_add_rule landlock_create_ruleset landlock_restrict_self modify_ldt "
	"pidfd_open pidfd_send_signal prctl prlimit64 process_mrelease "
	"process_vm_readv process_vm_writev ptrace restart_syscall rseq rt_sigaction "
	"rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend "
	"rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_get_priority_max "
	"sched_get_priority_min sched_getaffinity sched_getattr sched_getparam "
	"sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 "
	"sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield "
	"seccomp set_robust_list set_thread_area set_tid_address setpgid setpriority "
	"setrlimit setsid sigaltstack sigprocmask sigreturn tgkill tkill ugetrlimit vfork "
	"wait4 waitid waitpid "
	/* identity */
	"capget capset chroot getegid getegid32 geteuid geteuid32 getgid getgid32 "
	"getgroups getgroups32 getresgid getresgid32 getresuid getresuid32 getuid "
	"getuid32 setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups "
	"setgroups32 setregid setregid32 setresgid setresgid32 setresuid setresuid32 "
	"setreuid setreuid32 setuid setuid32 "
	/* time and the machine */
	"adjtimex alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 "
	"clock_gettime clock_gettime64 clock_nanosleep clock_nanosleep_time64 getitimer "
	"gettimeofday nanosleep setitimer sysinfo time timer_create timer_delete "
	"timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 "
	"times uname ";

/* Values of personality(2) that change nothing dangerous: Linux, 32 bit, UNAME26, the query. */
static const uint32_t personalities[] = {0x0, 0x8, 0x20000, 0x20008, 0xffffffff};

/* CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET */
#define CLONE_NAMESPACES UINT64_C(0x7e020000)

/*
 * Refused without a word even where refusals are watched: programs issue these by the thousand, they
 * ask for nothing that harms, and a notification takes a hundred times as long as an errno. Placing
 * memory on NUMA nodes (the JVM, databases), comparing descriptors (Mesa), hints about memory.
 */
static const char quiet[] =
	"get_mempolicy kcmp mbind migrate_pages move_pages process_madvise set_mempolicy "
	"set_mempolicy_home_node ";

/* Calls that Docker has and an older libseccomp has not: uretprobe, and 451 to 466 (cachestat to
 * removexattrat) but for three of security modules. From 403 on the numbers are those of i386, too. */
enum { URETPROBE = 335, FIRST_NEW = 451, LSM_FIRST = 459, LSM_LAST = 461, YOUNGEST = 466 };
#define X32_BIT 0x40000000u
#define X32_LAST 547
#define I386_SECCOMP 354
#define I386_SOCKET 359

/* What stands in the program for a refusal, and becomes EPERM or a notification; no errno. */
#define REFUSE (SECCOMP_RET_ERRNO | 4000u)

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF(test, k, yes, no) BPF_JUMP(BPF_JMP | BPF_##test | BPF_K, k, yes, no)
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, action)
#define WITHOUT_X32_BIT BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~X32_BIT)

/* Three blocks go in front of libseccomp's program, each going on behind its end. Calls younger than
 * the list: ENOSYS; x32 calls that cannot exist: EPERM. */
static const struct sock_filter young[] = {
	LOAD(nr),
	IF(JGE, X32_BIT, 5, 0),
	IF(JGT, YOUNGEST, 6, 0),
	IF(JEQ, URETPROBE, 9, 0),
	IF(JGE, FIRST_NEW, 0, 11),
	IF(JGE, LSM_FIRST, 0, 7),
	IF(JGT, LSM_LAST, 6, 7),
	LOAD(arch),
	IF(JEQ, AUDIT_ARCH_X86_64, 1, 0),
	RETURN(SECCOMP_RET_ERRNO | ENOSYS),
	LOAD(nr),
	WITHOUT_X32_BIT,
	IF(JGT, X32_LAST, 2, 3),
	RETURN(SECCOMP_RET_ALLOW),
	RETURN(REFUSE),
	RETURN(SECCOMP_RET_ERRNO | EPERM),
};

/* AF_VSOCK, and AF_ALG since Docker 29.4.2 (CVE-2026-31431), reach beyond the container; the other
 * families refused are not in Linux any more, which needs no telling. The kernel takes the family as
 * an int, so only its lower half may be looked at, while libseccomp compares all 64 bits. What i386
 * asks of socketcall(2) stands behind a pointer and cannot be seen, here as under Docker. */
static const struct sock_filter families[] = {
	LOAD(arch),
	IF(JEQ, AUDIT_ARCH_X86_64, 0, 3),
	LOAD(nr),
	WITHOUT_X32_BIT,
	IF(JEQ, __NR_socket, 3, 16),
	IF(JEQ, AUDIT_ARCH_I386, 0, 15),
	LOAD(nr),
	IF(JEQ, I386_SOCKET, 0, 13),
	LOAD(args[0]),
	IF(JEQ, AF_ALG, 9, 0),
	IF(JEQ, AF_VSOCK, 8, 0),
	IF(JEQ, AF_DECnet, 8, 0),
	IF(JEQ, AF_ECONET, 7, 0),
	IF(JEQ, AF_ATMSVC, 6, 0),
	IF(JEQ, AF_IRDA, 5, 0),
	IF(JEQ, AF_WANPIPE, 4, 0),
	IF(JEQ, AF_ISDN, 3, 0),
	IF(JEQ, AF_CAIF, 2, 0),
	IF(JGT, AF_MCTP, 1, 2),
	RETURN(REFUSE),
	RETURN(SECCOMP_RET_ERRNO | EPERM),
};

/* Only where refusals are watched: a filter with a listener, of which the kernel lets a process have
 * one (refused.h). With no filter it is only asked what the kernel can, and the kernel answers. */
static const struct sock_filter listener[] = {
	LOAD(arch),
	IF(JEQ, AUDIT_ARCH_X86_64, 0, 3),
	LOAD(nr),
	WITHOUT_X32_BIT,
	IF(JEQ, __NR_seccomp, 3, 12),
	IF(JEQ, AUDIT_ARCH_I386, 0, 11),
	LOAD(nr),
	IF(JEQ, I386_SECCOMP, 0, 9),
	LOAD(args[0]),
	IF(JEQ, SECCOMP_SET_MODE_FILTER, 0, 7),
	LOAD(args[1]),
	IF(JSET, SECCOMP_FILTER_FLAG_NEW_LISTENER, 0, 5),
	LOAD(args[2]),
	IF(JEQ, 0, 0, 2),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2]) + 4),
	IF(JEQ, 0, 1, 0),
	RETURN(SECCOMP_RET_USER_NOTIF),
};

static int rule(scmp_filter_ctx ctx, uint32_t action, const char *name, unsigned n,
	const struct scmp_arg_cmp *args)
{
	int nr = seccomp_syscall_resolve_name(name);

	/* A libseccomp that does not know the call: it keeps the default action. */
	if (nr == __NR_SCMP_ERROR) {
		return 0;
	}
	return seccomp_rule_add_array(ctx, action, nr, n, args);
}

static int rules(scmp_filter_ctx ctx, uint32_t action, const char *names)
{
	for (const char *p = names; *p;) {
		char name[64];
		size_t len = strcspn(p, " ");

		snprintf(name, sizeof(name), "%.*s", (int)len, p);
		if (rule(ctx, action, name, 0, NULL) < 0) {
			return -1;
		}
		p += len + 1;
	}
	return 0;
}

static int add_rules(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp no_namespaces = {
		.op = SCMP_CMP_MASKED_EQ, .datum_a = CLONE_NAMESPACES};

	if (rules(ctx, SCMP_ACT_ALLOW, allowed) < 0 ||
		rules(ctx, SCMP_ACT_ERRNO(EPERM), quiet) < 0) {
		return -1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(personalities); i++) {
		const struct scmp_arg_cmp value = {.op = SCMP_CMP_EQ, .datum_a = personalities[i]};

		if (rule(ctx, SCMP_ACT_ALLOW, "personality", 1, &value) < 0) {
			return -1;
		}
	}
	if (rule(ctx, SCMP_ACT_ALLOW, "clone", 1, &no_namespaces) < 0) {
		return -1;
	}
	return rule(ctx, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
}

/* The program as libseccomp writes it to a file. */
static int export_program(scmp_filter_ctx ctx, struct sock_fprog *ret)
{
	auto_fd int fd = memfd_create("seccomp", MFD_CLOEXEC);
	struct sock_filter *program;
	size_t size;
	off_t end;

	if (fd < 0 || seccomp_export_bpf(ctx, fd) < 0) {
		return -1;
	}
	end = lseek(fd, 0, SEEK_END);
	if (end <= 0 || (size_t)end > BPF_MAXINSNS * sizeof(*program)) {
		return -1;
	}
	size = (size_t)end;
	program = malloc(size);
	if (!program) {
		return -1;
	}
	if (pread(fd, program, size, 0) != (ssize_t)size) {
		free(program);
		return -1;
	}
	ret->len = (unsigned short)(size / sizeof(*program));
	ret->filter = program;
	return 0;
}

static void append(struct sock_fprog *to, const struct sock_filter *from, size_t n)
{
	memcpy(to->filter + to->len, from, n * sizeof(*from));
	to->len = (unsigned short)(to->len + n);
}

/* The blocks and libseccomp's program, with what REFUSE stands for. */
static bool assemble(const struct sock_fprog *rest, bool watched, struct sock_fprog *ret)
{
	size_t n = ARRAY_SIZE(young) + ARRAY_SIZE(families) + ARRAY_SIZE(listener) + rest->len;
	struct sock_fprog program = {.filter = malloc(n * sizeof(struct sock_filter))};

	if (!program.filter || n > BPF_MAXINSNS) {
		free(program.filter);
		return false;
	}
	append(&program, young, ARRAY_SIZE(young));
	append(&program, families, ARRAY_SIZE(families));
	if (watched) {
		append(&program, listener, ARRAY_SIZE(listener));
	}
	append(&program, rest->filter, rest->len);
	for (size_t i = 0; i < program.len; i++) {
		struct sock_filter *f = &program.filter[i];

		if (BPF_CLASS(f->code) == BPF_RET && f->k == REFUSE) {
			f->k = watched ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ERRNO | EPERM;
		}
	}
	*ret = program;
	return true;
}

static struct sock_fprog made[2]; /* refusing, and telling what it refuses */

static void make(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(REFUSE & SECCOMP_RET_DATA));
	struct sock_fprog program = {0};

	if (!ctx) {
		return;
	}
	if (seccomp_arch_add(ctx, SCMP_ARCH_X86) == 0 &&
		seccomp_arch_add(ctx, SCMP_ARCH_X32) == 0 &&
		seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2) == 0 && add_rules(ctx) == 0 &&
		export_program(ctx, &program) == 0 && assemble(&program, false, &made[0])) {
		(void)assemble(&program, true, &made[1]);
	}
	free(program.filter);
	seccomp_release(ctx);
}

int seccomp_filter(bool watched, struct sock_fprog *ret, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make);
	if (!made[watched].len) {
		return err_set(err, ERR_INTERNAL, "the seccomp rules cannot be compiled");
	}
	*ret = made[watched];
	return 0;
}
