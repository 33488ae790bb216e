/*
 * raw.h - system calls that the C library has no function for, and a write that is safe after clone.
 *
 * Everything here may be called between clone(2) and execve(2): no allocation, no locks, no stdio.
 */
#ifndef SANDBOX_RAW_H
#define SANDBOX_RAW_H

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* What waitid(2) calls a process named by a pidfd; older headers lack it. */
#define RAW_P_PIDFD ((idtype_t)3)

/* fork(2) with namespaces and without the C library's handlers. No SIGCHLD is sent at the end:
 * wait with __WALL. *ret_pidfd is close-on-exec. */
static inline pid_t raw_clone(uint64_t flags, int *ret_pidfd)
{
	return (pid_t)syscall(
		SYS_clone, flags | (uint64_t)CLONE_PIDFD, NULL, ret_pidfd, NULL, NULL);
}

/* n in decimal digits. */
static inline void raw_decimal(char text[12], uint32_t n)
{
	char digits[12];
	size_t len = 0;

	do {
		digits[len++] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	for (size_t i = 0; i < len; i++) {
		text[i] = digits[len - 1 - i];
	}
	text[len] = '\0';
}

static inline int raw_openat2(int dirfd, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = resolve};

	return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
}

static inline int raw_pivot_root(const char *new_root, const char *put_old)
{
	return (int)syscall(SYS_pivot_root, new_root, put_old);
}

static inline int raw_seccomp(unsigned op, unsigned flags, void *arg)
{
	return (int)syscall(SYS_seccomp, op, flags, arg);
}

static inline int raw_close_range(unsigned first, unsigned last, unsigned flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}

static inline int raw_pidfd_send_signal(int pidfd, int sig)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0);
}

/* Wait for a raw_clone() child to end; 0 with *ret filled, or -1. */
static inline int raw_wait(int pidfd, int options, siginfo_t *ret)
{
	int r;

	do {
		memset(ret, 0, sizeof(*ret));
		r = waitid(RAW_P_PIDFD, (id_t)pidfd, ret, options | WEXITED | __WALL);
	} while (r < 0 && errno == EINTR);
	return r;
}

static inline ssize_t raw_read(int fd, void *to, size_t len)
{
	ssize_t n;

	do {
		n = read(fd, to, len);
	} while (n < 0 && errno == EINTR);
	return n;
}

/* The writer's pipe may have lost its reader (assay died); there is nobody left to tell. */
static inline void raw_tell(int fd, const void *data, size_t len)
{
	ssize_t n;

	do {
		n = write(fd, data, len);
	} while (n < 0 && errno == EINTR);
}

#endif
