/* What Docker's defaults allow, each tried in a process of its own: "NAME 0", or its errno. */
#include "rights.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/landlock.h>
#include <linux/membarrier.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <mqueue.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fsuid.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

static const char *scratch(char text[64], const char *name)
{
	snprintf(text, 64, "/dev/shm/%s-%d", name, getpid());
	return text;
}

static int trace_child(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(7);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
		ptrace(PTRACE_CONT, pid, NULL, NULL) < 0) {
		return -1;
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 7
		       ? 0
		       : -1;
}

static int sleeper(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	return pid;
}

static int end(pid_t pid, int result)
{
	int saved = errno;

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	errno = saved;
	return result;
}

static int attach_to_child(void)
{
	int status;
	pid_t pid = sleeper();

	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) < 0 || waitpid(pid, &status, 0) != pid) {
		return end(pid, -1);
	}
	return end(pid, ptrace(PTRACE_DETACH, pid, NULL, NULL) < 0 ? -1 : 0);
}

static int read_child(void)
{
	static char here[16], there[16] = "of the child";
	struct iovec local = {here, sizeof(here)}, remote = {there, sizeof(there)};
	pid_t pid = sleeper();
	ssize_t n = process_vm_readv(pid, &local, 1, &remote, 1, 0);

	return end(pid, n == sizeof(here) ? 0 : -1);
}

static int signal_by_descriptor(void)
{
	pid_t pid = sleeper();
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	int r = fd < 0 ? -1 : (int)syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);

	return end(pid, r);
}

static int open_socket(int family, int type, int protocol)
{
	return socket(family, type, protocol) < 0 ? -1 : 0;
}

static int raw_socket(void)
{
	return open_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static int raw6_socket(void)
{
	return open_socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
}

static int packet_socket(void)
{
	return open_socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
}

static int packet_is_sent(void)
{
	/* An echo request to ourselves by loopback: type, code, checksum, id, sequence */
	static const unsigned char echo[8] = {8, 0, 0xf7, 0xfd, 0, 1, 0, 1};
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);

	return fd < 0 || sendto(fd, echo, sizeof(echo), 0, (struct sockaddr *)&a, sizeof(a)) !=
				       sizeof(echo)
		       ? -1
		       : 0;
}

static int ask_for_links(void)
{
	struct {
		struct nlmsghdr h;
		struct rtgenmsg g;
	} m = {.h = {sizeof(m), RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1, 0}, .g = {AF_UNSPEC}};
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	char answer[8192];

	return fd < 0 || send(fd, &m, sizeof(m), 0) < 0 || recv(fd, answer, sizeof(answer), 0) <= 0
		       ? -1
		       : 0;
}

static int ping_socket(void)
{
	return open_socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
}

static int low_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(80)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ? -1 : 0;
}

static int abstract_name(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "\0own"};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	return fd < 0 ? -1 : bind(fd, (struct sockaddr *)&a, sizeof(sa_family_t) + 4);
}

static int lock_memory(void)
{
	static char page[4096];

	return mlock(page, sizeof(page)) < 0 ? -1 : munlock(page, sizeof(page));
}

static int lock_all(void)
{
	/* RLIMIT_MEMLOCK is the host's: what is more than it is ENOMEM, and no refusal. */
	return mlockall(MCL_CURRENT) == 0 || errno == ENOMEM ? 0 : -1;
}

static int be_nice(void)
{
	return setpriority(PRIO_PROCESS, 0, 5);
}

static int batch(void)
{
	struct sched_param p = {0};

	return sched_setscheduler(0, SCHED_BATCH, &p);
}

static int one_processor(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) < 0
		       ? -1
		       : sched_setaffinity(0, sizeof(set), &set);
}

static int lower_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0) {
		return -1;
	}
	r.rlim_cur = r.rlim_cur / 2;
	return setrlimit(RLIMIT_NOFILE, &r);
}

static int io_class(void)
{
	/* IOPRIO_WHO_PROCESS, best effort, level 7 */
	return (int)syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 7);
}

static int change_root(void)
{
	return chroot("/data");
}

static int fifo(void)
{
	char path[64];

	return mkfifo(scratch(path, "fifo"), 0600) < 0 ? -1 : unlink(path);
}

static int locked_file(void)
{
	char path[64];
	struct flock lock = {.l_type = F_WRLCK};
	int fd = open(scratch(path, "lock"), O_RDWR | O_CREAT, 0600);

	return fd < 0 || unlink(path) < 0 ? -1 : fcntl(fd, F_SETLK, &lock);
}

static int file_handle(void)
{
	union {
		struct file_handle h;
		char room[sizeof(struct file_handle) + 128];
	} u = {.h = {.handle_bytes = 128}};
	int mount;

	/* An overlay may have none to give. */
	return name_to_handle_at(AT_FDCWD, "/", &u.h, &mount, 0) == 0 || errno == EOPNOTSUPP ? 0
											     : -1;
}

static int memory_file(void)
{
	return memfd_create("own", MFD_CLOEXEC) < 0 ? -1 : 0;
}

static int watches(void)
{
	int fd = inotify_init1(IN_CLOEXEC);

	return fd < 0 || inotify_add_watch(fd, "/data", IN_MODIFY) < 0 ? -1 : 0;
}

static int descriptors(void)
{
	sigset_t none;

	sigemptyset(&none);
	return epoll_create1(0) < 0 || eventfd(0, 0) < 0 || signalfd(-1, &none, 0) < 0 ||
			       timerfd_create(CLOCK_MONOTONIC, 0) < 0
		       ? -1
		       : 0;
}

static int asynchronous_io(void)
{
	aio_context_t ctx = 0;

	return syscall(SYS_io_setup, 4, &ctx) < 0 ? -1 : (int)syscall(SYS_io_destroy, ctx);
}

static int spliced(void)
{
	int a[2], b[2];

	return pipe(a) < 0 || pipe(b) < 0 || write(a[1], "x", 1) != 1 ||
			       tee(a[0], b[1], 1, 0) != 1 ||
			       splice(a[0], NULL, b[1], NULL, 1, 0) != 1
		       ? -1
		       : 0;
}

static int system_v(void)
{
	int shm = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	int sem = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
	int msg = msgget(IPC_PRIVATE, IPC_CREAT | 0600);

	if (shm < 0 || sem < 0 || msg < 0 || shmat(shm, NULL, 0) == (void *)-1) {
		return -1;
	}
	return shmctl(shm, IPC_RMID, NULL) || semctl(sem, 0, IPC_RMID) ||
			       msgctl(msg, IPC_RMID, NULL)
		       ? -1
		       : 0;
}

static int message_queue(void)
{
	return mq_open("/own", O_CREAT | O_RDWR, 0600, NULL) < 0 ? -1 : mq_unlink("/own");
}

static int barrier(void)
{
	return (int)syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0) < 0 ? -1 : 0;
}

static int landlock(void)
{
	/* A kernel without it says so; a rule would say EPERM. */
	long v = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return v >= 0 || errno == EOPNOTSUPP || errno == ENOSYS ? 0 : -1;
}

static int personalities(void)
{
	return personality(0xffffffff) < 0 || personality(PER_LINUX) < 0 ? -1 : 0;
}

static int read_clock(void)
{
	/* adjtimex(2) that only asks */
	char timex[256] = {0};

	return syscall(SYS_adjtimex, timex) < 0 ? -1 : 0;
}

static int undumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 ||
			       prctl(PR_SET_NAME, "own name") < 0
		       ? -1
		       : 0;
}

static int be_another(void)
{
	return setgid(1000) < 0 || setuid(1000) < 0 ? -1 : 0;
}

static int give_away(void)
{
	char path[64];
	int fd = open(scratch(path, "given"), O_RDWR | O_CREAT, 0600);

	return fd < 0 || fchown(fd, 1000, 1000) < 0 || fchmod(fd, 04755) < 0 ? -1 : unlink(path);
}

static int file_capability(void)
{
	static const uint32_t caps[5] = {0x02000001, 1U << 10}; /* CAP_NET_BIND_SERVICE */
	int fd = open("/tmp-caps", O_RDWR | O_CREAT, 0700);

	return fd < 0 ? -1 : fsetxattr(fd, "security.capability", caps, sizeof(caps), 0);
}

#define ROOT true /* as uid 0 only */
#define MANY true /* with more than one id */
static const struct {
	const char *name;
	int (*run)(void);
	bool root, ids;
} allowed[] = {
	{"trace-child", trace_child, 0, 0},
	{"attach-to-child", attach_to_child, 0, 0},
	{"read-child", read_child, 0, 0},
	{"pidfd", signal_by_descriptor, 0, 0},
	{"raw-socket", raw_socket, ROOT, 0},
	{"raw6-socket", raw6_socket, ROOT, 0},
	{"packet-socket", packet_socket, ROOT, 0},
	{"echo-request", packet_is_sent, ROOT, 0},
	{"netlink-dump", ask_for_links, 0, 0},
	{"low-port", low_port, 0, 0},
	{"ping-socket", ping_socket, 0, 0},
	{"abstract-name", abstract_name, 0, 0},
	{"mlock", lock_memory, 0, 0},
	{"mlockall", lock_all, 0, 0},
	{"setpriority", be_nice, 0, 0},
	{"sched-batch", batch, 0, 0},
	{"sched-affinity", one_processor, 0, 0},
	{"setrlimit", lower_limit, 0, 0},
	{"ioprio", io_class, 0, 0},
	{"chroot", change_root, ROOT, 0},
	{"mkfifo", fifo, 0, 0},
	{"file-lock", locked_file, 0, 0},
	{"name-to-handle", file_handle, 0, 0},
	{"memfd", memory_file, 0, 0},
	{"inotify", watches, 0, 0},
	{"descriptors", descriptors, 0, 0},
	{"aio", asynchronous_io, 0, 0},
	{"splice", spliced, 0, 0},
	{"system-v-ipc", system_v, 0, 0},
	{"message-queue", message_queue, 0, 0},
	{"membarrier", barrier, 0, 0},
	{"landlock", landlock, 0, 0},
	{"personality", personalities, 0, 0},
	{"adjtimex-asks", read_clock, 0, 0},
	{"prctl", undumpable, 0, 0},
	{"setuid", be_another, ROOT, MANY},
	{"chown", give_away, ROOT, MANY},
	{"file-capability", file_capability, ROOT, 0},
};

/* "many" or "one": how many ids there are */
int rights_allowed(char **arg)
{
	bool many = arg[0] && strcmp(arg[0], "many") == 0;
	int n = 0;

	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		int status;

		if ((allowed[i].root && getuid()) || (allowed[i].ids && !many)) {
			continue;
		}
		fflush(stdout);
		if (fork() == 0) {
			errno = 0;
			_exit(allowed[i].run() == 0 ? 0 : errno ? errno : 255);
		}
		n++;
		if (wait(&status) < 0 || status) {
			printf("%s %d\n", allowed[i].name, status >> 8);
		}
	}
	printf("%d tried\n", n);
	return 0;
}
