/* Verbs that do their worst, then wait; each says so once. */
#include "worst.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void wait_forever(void)
{
	for (;;) {
		pause();
	}
}

static void say(const char *text)
{
	(void)!write(1, text, strlen(text));
}

static void ignore_all(void)
{
	for (int sig = 1; sig < NSIG; sig++) {
		(void)signal(sig, SIG_IGN);
	}
}

/* Until the limit, each of them again and again. */
int worst_bomb(char **arg)
{
	(void)arg;
	ignore_all();
	for (;;) {
		pid_t pid = fork();

		if (pid < 0) {
			say("full\n");
			wait_forever();
		}
		usleep(1000);
	}
}

int worst_hog_memory(char **arg)
{
	(void)arg;
	signal(SIGCHLD, SIG_IGN);
	say("eating\n");
	/* Each child is killed at the limit; the next one begins again. */
	for (;;) {
		pid_t pid = fork();

		if (pid == 0) {
			for (;;) {
				char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

				if (p == MAP_FAILED) {
					_exit(1);
				}
			}
		}
		waitpid(pid, NULL, 0);
	}
}

static void all_descriptors(void)
{
	struct rlimit r;

	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = r.rlim_max < 20000 ? r.rlim_max : 20000;
	setrlimit(RLIMIT_NOFILE, &r);
}

int worst_hog_descriptors(char **arg)
{
	(void)arg;
	all_descriptors();
	while (open("/dev/null", O_RDONLY) >= 0) {
	}
	say("full\n");
	wait_forever();
}

int worst_hog_sockets(char **arg)
{
	int pair[2];

	(void)arg;
	all_descriptors();
	while (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0) {
	}
	say("full\n");
	wait_forever();
}

int worst_hog_inodes(char **arg)
{
	char path[64];

	for (long i = 0; i < atol(arg[0]); i++) {
		snprintf(path, sizeof(path), "/inode-%ld", i);
		close(open(path, O_CREAT | O_WRONLY, 0600));
	}
	say("full\n");
	wait_forever();
}

/* A chain, each the child of the one before, none of which hears anything. */
int worst_stubborn_tree(char **arg)
{
	long depth = atol(arg[0]);

	ignore_all();
	while (depth-- > 0) {
		if (fork() != 0) {
			wait_forever();
		}
		setsid();
	}
	say("ready\n");
	wait_forever();
}

int worst_stopped(char **arg)
{
	int status;
	pid_t pid = fork();

	(void)arg;
	if (pid == 0) {
		if (fork() == 0) {
			raise(SIGSTOP);
		}
		raise(SIGSTOP);
		wait_forever();
	}
	waitpid(pid, &status, WUNTRACED);
	say("ready\n");
	wait_forever();
}

/* Each one wants to be the parent of what the next ones leave. */
int worst_subreapers(char **arg)
{
	long depth = atol(arg[0]);

	ignore_all();
	while (depth-- > 0) {
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		prctl(PR_SET_PDEATHSIG, 0);
		if (fork() != 0) {
			if (depth % 2) {
				wait_forever();
			}
			_exit(getpid() == 1 ? 1 : 0);
		}
	}
	say("ready\n");
	wait_forever();
}

int worst_daemonized(char **arg)
{
	int p[2];
	char byte;

	(void)arg;
	if (pipe(p) < 0) {
		return 1;
	}
	if (fork() == 0) {
		setsid();
		if (fork() == 0) {
			ignore_all();
			close(0);
			close(2);
			(void)!chdir("/");
			(void)!write(p[1], "", 1);
			wait_forever();
		}
		_exit(0);
	}
	(void)!read(p[0], &byte, 1);
	say("ready\n");
	wait_forever();
}

/* A tracer holds its child in a stop of its own. */
int worst_traced(char **arg)
{
	int status;
	pid_t pid = fork();

	(void)arg;
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		wait_forever();
	}
	waitpid(pid, &status, 0);
	ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACEEXIT);
	say("ready\n");
	wait_forever();
}
