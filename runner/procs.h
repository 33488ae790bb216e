/*
 * procs.h - the processes of an instance, read from /proc as it is here.
 */
#ifndef RUNNER_PROCS_H
#define RUNNER_PROCS_H

#include "base/err.h"
#include "checks/observation.h"
#include "sandbox/sandbox.h"

/* What proc_status_parse() finds in /proc/PID/status (proc(5)). */
struct proc_status {
	char comm[64];
	char state;
	int pid_inside; /* the last of NSpid; 0: not said */
	int ppid; /* as the reader's /proc counts */
	uint64_t sig_caught;
	uint64_t sig_ignored;
	uint64_t sig_blocked;
	uint64_t sig_pending; /* of the process */
};

/* Pure; lines that are missing leave zeros. */
void proc_status_parse(const char *text, struct proc_status *ret);

/* Add all processes that are alive now, sorted by their pid inside; zombies are left out. What ends
 * while it is looked at is passed over. */
int procs_look(const struct sandbox *sb, struct obs_processes *ret, struct err *err);

/* Bytes on disk of files that processes of the instance hold open and that have no name any more:
 * what a look at its directories cannot see. Shared memory is not on disk and not counted, nor is
 * what cannot be read: who watches looks again. */
uint64_t procs_unlinked_bytes(const struct sandbox *sb);

#endif
