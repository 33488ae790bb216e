/*
 * escape.h - attempts to get out of the sandbox, each named after the technique that it re-enacts.
 *
 *	escapes				inside: try all, one line each: NAME and "got", "allowed",
 *					"refused ERRNO" or "died SIGNAL"
 *	escapes --control		outside, as root: the same without the guards; each attempt in
 *					a mount and host-name namespace that is thrown away
 *	escapes --list			the table
 *	escapes --one NAME		one attempt; the exit code is 0 when it got something
 *
 * An attempt does no harm when it succeeds: it writes back what it has read, asks with arguments
 * that the kernel refuses only after it has looked at the caller's rights, or aims at a bait that
 * the test keeps outside and looks after. What the baits are is in the environment, ESCAPE_*.
 */
#ifndef TESTS_SANDBOX_ESCAPES_ESCAPE_H
#define TESTS_SANDBOX_ESCAPES_ESCAPE_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* What an attempt returns: GOT, or -errno of what refused it. */
#define GOT 1

struct attempt {
	const char *name;
	const char *technique;
	int (*run)(void);
	/* Control: what a careless sandbox would have left to the attempt; NULL: nothing needed. */
	int (*careless)(void);
	/* Why its success is not shown; NULL: it is. */
	const char *no_control;
	/* Why it is not refused: Docker's rules allow it, too. NULL: it is refused. */
	const char *allowed;
	bool may_lack; /* not every kernel has what it asks for */
};

/* Each ends with a nameless one. */
extern const struct attempt escapes_descriptors[];
extern const struct attempt escapes_proc[];
extern const struct attempt escapes_sys[];
extern const struct attempt escapes_mounts[];
extern const struct attempt escapes_devices[];
extern const struct attempt escapes_cgroup[];
extern const struct attempt escapes_namespaces[];
extern const struct attempt escapes_kernel[];
extern const struct attempt escapes_processes[];
extern const struct attempt escapes_network[];
extern const struct attempt escapes_machine[];

/* -errno of what has just failed. */
int refused(void);

/* GOT when the call succeeded, or failed with what comes only after the look at the rights. */
int through(long result, int beyond);

/* A bait: ESCAPE_<name>, "" when there is none. */
const char *bait(const char *name);
long bait_number(const char *name);

/* Whether fd, once read, begins with the secret that the baits hold. */
bool tells_secret(int fd);

/* Open for writing, and write back what is there (at most a page): GOT when that worked. */
int rewrite(const char *path);
int rewrite_with(const char *path, const char *text);
int read_some(const char *path);

/* Enter the i386 system call table, as a 64-bit program may. */
long call_i386(long nr, long a, long b, long c);

#endif
