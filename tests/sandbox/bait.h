/*
 * bait.h - what the attempts of escapes/ aim at, outside of every instance: a process that listens
 * and waits to be harmed, a file, a key, a terminal. All of the user that runs the test, so that
 * nothing but the sandbox is in the way.
 */
#ifndef TESTS_SANDBOX_BAIT_H
#define TESTS_SANDBOX_BAIT_H

#include "base/str.h"

#include <stdbool.h>
#include <sys/types.h>

struct bait {
	pid_t pid;
	int touched; /* readable once the process was reached */
	int terminal; /* a pty's slave that is the bait's controlling terminal */
	int terminal_master;
	int key, shm, port;
	char *dir, *file, *socket;
	char abstract[64], tty[64], disk[32];
	char hostname[65];
	long clock_s; /* CLOCK_REALTIME - CLOCK_MONOTONIC */
	void *address;
};

/* In dir, which exists. */
bool bait_open(struct bait *b, const char *dir);
void bait_close(struct bait *b);

/* ESCAPE_* for the attempts; shift_s is by how much they set the clock. */
void bait_environment(const struct bait *b, struct strv *env, int shift_s);

/* Nothing was touched. Prints what was. */
bool bait_untouched(const struct bait *b);

#endif
