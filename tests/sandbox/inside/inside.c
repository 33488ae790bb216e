/*
 * The product of the sandbox tests: one static program with many verbs, so that a test image is a
 * single file. `inside VERB [ARGUMENT...]`; what it finds out goes to stdout.
 */
#include "network.h"
#include "rights.h"
#include "worst.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int say(const char *text)
{
	return write(1, text, strlen(text)) < 0;
}

static int v_hello(char **arg)
{
	printf("hello %s\n", arg[0] ? arg[0] : "");
	fprintf(stderr, "to stderr\n");
	return arg[0] && arg[1] ? atoi(arg[1]) : 0;
}

static int v_crash(char **arg)
{
	(void)arg;
	/* A fault: PID 1 of a namespace cannot kill itself by a signal that it sends. */
	__asm__ volatile("ud2");
	return 0;
}

static void on_signal(int sig)
{
	if (sig == SIGTERM) {
		_exit(42);
	}
	say("usr1\n");
}

static _Noreturn void wait_for_signals(int handle_term)
{
	signal(SIGUSR1, on_signal);
	if (handle_term) {
		signal(SIGTERM, on_signal);
	}
	say("ready\n");
	for (;;) {
		pause();
	}
}

static int v_ignore(char **arg)
{
	(void)arg;
	wait_for_signals(0);
}

static int v_handle(char **arg)
{
	(void)arg;
	wait_for_signals(1);
}

/* Two processes more, the last one of them nobody's child. */
static int v_daemons(char **arg)
{
	if (fork() == 0) {
		if (fork() == 0) {
			setsid();
		}
		for (;;) {
			pause();
		}
	}
	return v_ignore(arg);
}

static int v_reopen(char **arg)
{
	int fd = open(arg[0], O_WRONLY | O_APPEND);

	if (fd < 0) {
		printf("%s\n", strerror(errno));
		return 1;
	}
	dprintf(fd, "reopened\n");
	return 0;
}

static void use_memory(long mib, int flags)
{
	size_t size = (size_t)mib << 20;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

	for (size_t i = 0; p != MAP_FAILED && i < size; i += 4096) {
		p[i] = 1;
	}
}

/* memory PRIVATE SHARED: hold so many MiB */
static int v_memory(char **arg)
{
	use_memory(atol(arg[0]), MAP_PRIVATE);
	use_memory(atol(arg[1]), MAP_SHARED);
	return v_ignore(arg);
}

static int v_child_memory(char **arg)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		use_memory(atol(arg[0]), MAP_PRIVATE);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	printf("child signal %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	return 0;
}

static int v_forks(char **arg)
{
	long n = 0;

	(void)arg;
	while (n < 5000) {
		pid_t pid = fork();

		if (pid == 0) {
			pause();
			_exit(0);
		}
		if (pid < 0) {
			break;
		}
		n++;
	}
	printf("%ld %s\n", n, strerror(errno));
	return 0;
}

static int v_who(char **arg)
{
	gid_t groups[64];
	int n = getgroups(64, groups);
	char cwd[4096];
	mode_t mask = umask(0);
	extern char **environ;

	(void)arg;
	printf("pid %d ppid %d uid %u gid %u groups", getpid(), getppid(), getuid(), getgid());
	for (int i = 0; i < n; i++) {
		printf(" %u", groups[i]);
	}
	printf("\ncwd %s umask %04o session %d\n", getcwd(cwd, sizeof(cwd)) ? cwd : "?", mask,
		getsid(0) == getpid());
	for (char **e = environ; *e; e++) {
		printf("env %s\n", *e);
	}
	return 0;
}

static int v_cat(char **arg)
{
	char buf[65536];
	ssize_t n;

	for (; *arg; arg++) {
		int fd = open(*arg, O_RDONLY);

		if (fd < 0) {
			printf("%s: %s\n", *arg, strerror(errno));
			continue;
		}
		while ((n = read(fd, buf, sizeof(buf))) > 0) {
			fwrite(buf, 1, (size_t)n, stdout);
		}
		close(fd);
	}
	return 0;
}

static int v_stat(char **arg)
{
	for (; *arg; arg++) {
		struct stat st;

		if (lstat(*arg, &st) < 0) {
			printf("%s %s\n", *arg, strerror(errno));
		} else {
			printf("%s %o %u:%u\n", *arg, st.st_mode, st.st_uid, st.st_gid);
		}
	}
	return 0;
}

static int v_write(char **arg)
{
	for (; *arg; arg++) {
		int fd = open(*arg, O_WRONLY | O_CREAT, 0644);

		printf("%s %s\n", *arg,
			fd < 0 || write(fd, "x", 1) != 1 ? strerror(errno) : "written");
		if (fd >= 0) {
			close(fd);
		}
	}
	return 0;
}

static int v_fds(char **arg)
{
	(void)arg;
	for (int fd = 0; fd < 1000; fd++) {
		if (fcntl(fd, F_GETFD) >= 0) {
			printf("%d ", fd);
		}
	}
	return 0;
}

static int v_syslog(char **arg)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	return sendto(fd, arg[0], strlen(arg[0]), 0, (struct sockaddr *)&a, sizeof(a)) < 0;
}

static int v_large(char **arg)
{
	int fd = open(arg[0], O_WRONLY | O_CREAT, 0644);
	static char chunk[65536];

	signal(SIGXFSZ, SIG_IGN);
	for (int i = 0; i < 1000; i++) {
		if (write(fd, chunk, sizeof(chunk)) < 0) {
			printf("%s\n", strerror(errno));
			return 0;
		}
	}
	printf("no limit\n");
	return 0;
}

static int v_terminal(char **arg)
{
	int fd = open("/dev/tty", O_RDWR);

	(void)arg;
	printf("%d %d", isatty(0), fd >= 0);
	fd = open("/dev/console", O_RDWR);
	printf(" %d\n", fd >= 0 && isatty(fd));
	return 0;
}

/* System calls that Docker's rules refuse, by number, and their errno. */
static int v_calls(char **arg)
{
	for (; *arg; arg++) {
		long r;

		errno = 0;
		r = syscall(atol(*arg), 0, 0, 0, 0, 0, 0);
		printf("%s %ld %d\n", *arg, r, errno);
	}
	return 0;
}

/* The address families that are refused. The type is none, which the kernel says first. */
static int v_families(char **arg)
{
	(void)arg;
	for (int family = 0; family < 64; family++) {
		if (socket(family, 15, 0) < 0 && errno == EPERM) {
			printf("%d ", family);
		}
	}
	return 0;
}

static int v_limits(char **arg)
{
	struct rlimit r;

	(void)arg;
	getrlimit(RLIMIT_NOFILE, &r);
	printf("nofile %lu of %lu", (unsigned long)r.rlim_cur, (unsigned long)r.rlim_max);
	getrlimit(RLIMIT_CORE, &r);
	printf(" core %lu\n", (unsigned long)r.rlim_max);
	return 0;
}

static int v_kill1(char **arg)
{
	return kill(1, atoi(arg[0])) ? 1 : 5;
}

static int v_pause(char **arg)
{
	(void)arg;
	pause();
	return 0;
}

static int v_privileges(char **arg)
{
	(void)arg;
	printf("mknod %d", mknod("/sda", S_IFBLK | 0600, 8 << 8) ? errno : 0);
	printf(" chroot %d", chroot("/") ? errno : 0);
	printf(" mount %d", (int)syscall(SYS_mount, "x", "/", "tmpfs", 0, 0) ? errno : 0);
	printf(" unshare %d", (int)syscall(SYS_unshare, 0x10000000) ? errno : 0);
	printf(" raw %d\n", socket(AF_INET, SOCK_RAW, 1) < 0 ? errno : 0);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(char **arg);
	int arguments;
} verbs[] = {
	{"hello", v_hello, 0},
	{"crash", v_crash, 0},
	{"ignore", v_ignore, 0},
	{"handle", v_handle, 0},
	{"daemons", v_daemons, 0},
	{"reopen", v_reopen, 1},
	{"memory", v_memory, 2},
	{"child-memory", v_child_memory, 1},
	{"forks", v_forks, 0},
	{"who", v_who, 0},
	{"cat", v_cat, 0},
	{"stat", v_stat, 0},
	{"write", v_write, 0},
	{"fds", v_fds, 0},
	{"connect", network_connect, 2},
	{"reach", network_reach, 3},
	{"serve", network_serve, 2},
	{"serve-udp", network_serve_udp, 2},
	{"send", network_send, 3},
	{"forge", network_forge, 3},
	{"ask", network_ask, 5},
	{"syslog", v_syslog, 1},
	{"large", v_large, 1},
	{"terminal", v_terminal, 0},
	{"calls", v_calls, 0},
	{"families", v_families, 0},
	{"limits", v_limits, 0},
	{"kill1", v_kill1, 1},
	{"pause", v_pause, 0},
	{"privileges", v_privileges, 0},
	{"allowed", rights_allowed, 0},
	{"refused-names", rights_refused_names, 1},
	{"refused-often", rights_refused_often, 2},
	{"own-filter", rights_own_filter, 0},
	{"own-listener", rights_own_listener, 0},
	{"bomb", worst_bomb, 0},
	{"hog-memory", worst_hog_memory, 0},
	{"hog-descriptors", worst_hog_descriptors, 0},
	{"hog-sockets", worst_hog_sockets, 0},
	{"hog-inodes", worst_hog_inodes, 1},
	{"stubborn-tree", worst_stubborn_tree, 1},
	{"stopped", worst_stopped, 0},
	{"subreapers", worst_subreapers, 1},
	{"daemonized", worst_daemonized, 0},
	{"traced", worst_traced, 0},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].name, argv[1]) == 0 && argc - 2 >= verbs[i].arguments) {
			int code = verbs[i].run(argv + 2);

			fflush(stdout);
			return code;
		}
	}
	fprintf(stderr, "inside: no such verb\n");
	return 99;
}
