/* What a product may not do, and meets the seccomp rules with. */
#include "rights.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* One refused call under each of so many names. */
int rights_refused_names(char **arg)
{
	for (long i = 0; i < atol(arg[0]); i++) {
		char name[32];

		snprintf(name, sizeof(name), "name-%ld", i);
		prctl(PR_SET_NAME, name);
		if (syscall(SYS_acct, NULL) != -1 || errno != EPERM) {
			return 1;
		}
	}
	/* The last one is another call. */
	return syscall(SYS_swapoff, NULL) == -1 && errno == EPERM ? 0 : 1;
}

static void on_alarm(int sig)
{
	(void)sig;
}

static int refuse_often(long n)
{
	struct sigaction act = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	struct itimerval often = {{0, 500}, {0, 500}};

	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (long i = 0; i < n; i++) {
		if (syscall(SYS_mount, NULL, NULL, NULL, 0, NULL) != -1 || errno != EPERM) {
			return 1;
		}
	}
	return 0;
}

/* PROCESSES TIMES: the same call at the same time by many, who are interrupted by signals. */
int rights_refused_often(char **arg)
{
	long processes = atol(arg[0]);
	int bad = 0;

	for (long i = 0; i < processes; i++) {
		if (fork() == 0) {
			_exit(refuse_often(atol(arg[1])));
		}
	}
	for (long i = 0; i < processes; i++) {
		int status;

		bad += wait(&status) < 0 || status != 0;
	}
	printf("%d bad\n", bad);
	return bad != 0;
}

static long load(unsigned flags, uint32_t nr, uint32_t action)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		return -1;
	}
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

/* A filter as many programs have: its own errno counts, and what it lets through is refused still. */
int rights_own_filter(char **arg)
{
	(void)arg;
	if (load(0, SYS_mount, SECCOMP_RET_ERRNO | ENOTTY) < 0) {
		return 1;
	}
	printf("mount %d", (int)syscall(SYS_mount, "x", "/", "tmpfs", 0, 0) ? errno : 0);
	printf(" umount %d\n", (int)syscall(SYS_umount2, "/", 0) ? errno : 0);
	return 0;
}

/* Ask whether there are listeners, as libseccomp does, then have one. */
int rights_own_listener(char **arg)
{
	long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, 0);

	(void)arg;
	printf("asked %d\n", r < 0 ? errno : 0);
	fflush(stdout);
	r = load(SECCOMP_FILTER_FLAG_NEW_LISTENER, SYS_acct, SECCOMP_RET_USER_NOTIF);
	printf("has it %d\n", r < 0 ? errno : 0);
	return r < 0;
}
