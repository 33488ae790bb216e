/*
 * Docker's default seccomp rules ("Seccomp security profiles for Docker" in its documentation):
 * what is listed is allowed, everything else gets EPERM, as for a container with the default
 * capabilities. clone3 hides its flags behind a pointer and gets ENOSYS, so that the C libraries
 * use clone; so do system calls younger than this list, which programs then do without.
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
	"pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readdir readlink "
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
	"shmget shutdown socketcall socketpair "
	/* memory */
	"brk madvise membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall "
	"mmap mmap2 mprotect mremap msync munlock munlockall munmap pkey_alloc pkey_free "
	"pkey_mprotect remap_file_pages "
	/* processes, threads, signals, scheduling */
	"arch_prctl execve execveat exit exit_group fork futex futex_time64 futex_waitv "
	"get_robust_list get_thread_area getcpu getpgid getpgrp getpid getppid "
	"getpriority getrandom getrlimit getrusage getsid gettid ioprio_get ioprio_set "
	"kill landlock_add_rule landlock_create_ruleset landlock_restrict_self modify_ldt "
	"nice pidfd_open pidfd_send_signal prctl prlimit64 process_mrelease "
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

/* set_mempolicy_home_node: what the list above was written against. */
#define YOUNGEST 450
#define X32_BIT 0x40000000u

/*
 * Goes in front of libseccomp's program, for x86-64 and x32. Calls younger than the list: ENOSYS.
 * AF_VSOCK: EPERM; the kernel takes the family as an int, so only its lower half may be looked at,
 * while libseccomp compares all 64 bits.
 */
static const struct sock_filter head[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 9),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 2, 0),
	BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, YOUNGEST, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~X32_BIT),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 0, 3),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_VSOCK, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
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

static int add_rules(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp not_vsock = {.op = SCMP_CMP_NE, .datum_a = AF_VSOCK};
	const struct scmp_arg_cmp no_namespaces = {
		.op = SCMP_CMP_MASKED_EQ, .datum_a = CLONE_NAMESPACES};

	for (const char *p = allowed; *p;) {
		char name[64];
		size_t len = strcspn(p, " ");

		snprintf(name, sizeof(name), "%.*s", (int)len, p);
		if (rule(ctx, SCMP_ACT_ALLOW, name, 0, NULL) < 0) {
			return -1;
		}
		p += len + 1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(personalities); i++) {
		const struct scmp_arg_cmp value = {.op = SCMP_CMP_EQ, .datum_a = personalities[i]};

		if (rule(ctx, SCMP_ACT_ALLOW, "personality", 1, &value) < 0) {
			return -1;
		}
	}
	if (rule(ctx, SCMP_ACT_ALLOW, "socket", 1, &not_vsock) < 0 ||
		rule(ctx, SCMP_ACT_ALLOW, "clone", 1, &no_namespaces) < 0) {
		return -1;
	}
	return rule(ctx, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
}

/* The program as libseccomp writes it to a file, behind our own head. */
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
	program = malloc(sizeof(head) + size);
	if (!program) {
		return -1;
	}
	memcpy(program, head, sizeof(head));
	if (pread(fd, program + ARRAY_SIZE(head), size, 0) != (ssize_t)size) {
		free(program);
		return -1;
	}
	ret->len = (unsigned short)(ARRAY_SIZE(head) + size / sizeof(*program));
	ret->filter = program;
	return 0;
}

static struct sock_fprog made;

static void make(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	struct sock_fprog program;

	if (!ctx) {
		return;
	}
	if (seccomp_arch_add(ctx, SCMP_ARCH_X86) == 0 &&
		seccomp_arch_add(ctx, SCMP_ARCH_X32) == 0 &&
		seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2) == 0 && add_rules(ctx) == 0 &&
		export_program(ctx, &program) == 0) {
		made = program;
	}
	seccomp_release(ctx);
}

int seccomp_filter(struct sock_fprog *ret, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make);
	if (!made.len) {
		return err_set(err, ERR_INTERNAL, "the seccomp rules cannot be compiled");
	}
	*ret = made;
	return 0;
}
