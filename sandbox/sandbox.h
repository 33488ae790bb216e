/*
 * sandbox.h - one instance: planned as data, then applied.
 *
 *	struct sandbox_plan plan = {...};
 *	sandbox_start(&plan, &sb, err)		the product runs
 *	poll sandbox_exit_fd(sb)		readable when its PID 1 has ended
 *	sandbox_signal(sb, SIGTERM)
 *	sandbox_kill(sb)			everything, by cgroup and by PID namespace
 *	sandbox_free(sb)			kills, waits, removes mounts, cgroup, veth
 *
 * Between assay and the product stands a keeper: PID 1 of an outer PID namespace, a single-threaded
 * child of assay with PR_SET_PDEATHSIG that never executes anything. The product is PID 1 of an
 * inner one. When assay dies, however, the keeper dies, and the kernel ends all that it had inside.
 * docs/sandbox.md lists the steps in their order. One thread may use a sandbox, and it has to live
 * as long: the kernel sends the parent-death signal when the thread ends that cloned the keeper.
 */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "sandbox/host.h"
#include "sandbox/workspace.h"
#include "sandbox/world.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Everything about an instance, decided before anything is done. All borrowed until
 * sandbox_start() returns, world, host and workspace until sandbox_free(). */
struct sandbox_plan {
	const struct host *host;
	struct workspace *workspace;
	struct world *world; /* NULL: a network namespace with nothing but loopback */
	unsigned address; /* n of world_address() */
	const char *name; /* unique within the run: "web-1"; names cgroup and directory */
	const char *hostname;
	struct strv lower; /* absolute layer directories, lowest first */
	bool lower_shifted; /* the layers' owners are already shifted by host->first_id */
	bool read_only; /* root and /etc files, not volumes, tmpfs, /dev and /proc */
	struct strv argv; /* argv[0] is looked up on PATH of env, inside */
	struct strv env; /* complete: "KEY=value" */
	const char *cwd; /* created when absent */
	uint32_t uid;
	uint32_t gid;
	const uint32_t *groups;
	size_t n_groups;
	struct strv volumes; /* paths that get a directory of their own, seeded from the image */
	struct strv tmpfs; /* paths that get an empty file system in memory */
	struct strv hosts; /* extra lines for /etc/hosts: "172.29.0.3\tdb" */
	uint64_t memory; /* bytes, 0: no limit */
	uint64_t pids;
	double cpus;
	uint64_t file_size; /* RLIMIT_FSIZE, bytes, 0: none */
	bool terminal; /* stdin_fd is a terminal that becomes the controlling one */
	int stdin_fd; /* -1: /dev/null */
	int stdout_fd; /* -1: a pipe, see sandbox_stdout() */
	int stderr_fd;
	bool tracked_log; /* a /dev/log datagram socket, see sandbox_syslog_fd() */
	bool watch_refused; /* count what the seccomp rules refuse, see sandbox_refused() */
};

struct sandbox_exit {
	bool ended;
	int code; /* -1 when a signal ended it */
	int signal;
};

struct sandbox_memory {
	uint64_t used; /* anonymous + shared memory */
	uint64_t total; /* as the kernel accounts, page cache included */
	uint64_t peak; /* high-water mark of total, 0: not known */
	uint64_t oom_kills;
};

struct sandbox;

/* The plan as text, one numbered step a line, for --dry-run. */
int sandbox_plan_print(const struct sandbox_plan *plan, struct buf *out, struct err *err);

/* Apply it. A failure names the step: "mount /proc: Operation not permitted". A command that
 * cannot be executed (ENOENT, EACCES, ENOEXEC) is ERR_MALFORMED with sys set: the image's fault. */
int sandbox_start(const struct sandbox_plan *plan, struct sandbox **ret, struct err *err);
void sandbox_free(struct sandbox *sb); /* never fails; waits at most some seconds */
DEFINE_AUTO_PTR(sandbox)

int sandbox_stdout(const struct sandbox *sb); /* read ends, non-blocking; -1 when not ours */
int sandbox_stderr(const struct sandbox *sb);
/* Nobody reads that one of the two any more: who writes there gets EPIPE, as without a sandbox. */
void sandbox_close_output(struct sandbox *sb, int fd);
int sandbox_syslog_fd(const struct sandbox *sb); /* datagrams of /dev/log; -1: none */
int sandbox_exit_fd(const struct sandbox *sb); /* readable once PID 1 has ended */
int sandbox_gone_fd(const struct sandbox *sb); /* readable once every process has ended */

/* Without blocking; ended is false while PID 1 lives. */
struct sandbox_exit sandbox_exit_status(struct sandbox *sb);

pid_t sandbox_pid(const struct sandbox *sb); /* PID 1 as /proc here names it */
int sandbox_signal(struct sandbox *sb, int signal, struct err *err); /* to PID 1 */
void sandbox_kill(struct sandbox *sb); /* SIGKILL to everything inside, cannot be escaped */

/* What enforces: "cgroup v1 memory", NULL when nothing does (why and remedy are in host). */
const char *sandbox_memory_mechanism(const struct sandbox *sb);
uint64_t sandbox_memory_limit(const struct sandbox *sb); /* read back from the kernel; 0: none */
bool sandbox_swap_limited(const struct sandbox *sb);
int sandbox_memory(const struct sandbox *sb, struct sandbox_memory *ret, struct err *err);

/* Host process ids of everything inside (ret[0..n)), at most max. */
int sandbox_processes(
	const struct sandbox *sb, pid_t *ret, size_t max, size_t *ret_n, struct err *err);

/* System calls that the seccomp rules refused with EPERM to one process, but for a few harmless ones
 * (seccomp.c). Where there were too many processes to keep, comm and exe are empty. */
enum { SANDBOX_COMM = 16, SANDBOX_EXE = 128 };
struct sandbox_refused {
	char call[32]; /* "mount", "number 180" */
	const char *arch; /* "x86-64", "i386", "x32" */
	uint64_t count;
	uint64_t first_ns; /* of time_now_ns() */
	bool has_argument; /* bpf, clone, keyctl, personality, socket, unshare: */
	uint32_t argument; /* the first: a command, flags, a family */
	char comm[SANDBOX_COMM];
	char exe[SANDBOX_EXE]; /* as the product sees it, cut when longer */
};

/* The i-th; false: there are no more. */
bool sandbox_refused(const struct sandbox *sb, size_t i, struct sandbox_refused *ret);
/* 0: they are watched; else why not: EBUSY where assay itself is under a filter with a listener,
 * ENODATA when the plan did not ask for it. */
int sandbox_refused_error(const struct sandbox *sb);
/* How many more were interrupted by a signal before it was seen which calls they are. */
uint64_t sandbox_refused_missed(const struct sandbox *sb);
/* It was ended because it loads a seccomp filter with a listener of its own, and a process can have
 * one: it has to be started anew without watch_refused. */
bool sandbox_own_listener(const struct sandbox *sb);

/* One line: namespaces, ids, cgroup, seccomp: for evidence. */
const char *sandbox_describe(const struct sandbox *sb);

/* The writable layer's directory on disk, and the directory of a volume; for looking, with
 * O_NOFOLLOW and openat2, at what the product wrote. They stay until the workspace goes. */
const char *sandbox_upper(const struct sandbox *sb);
const char *sandbox_volume(const struct sandbox *sb, size_t i);

/* Run a command inside (same namespaces, cgroup, user, environment); for readiness commands.
 * Output is dropped. *ret_exit_fd is a pidfd: readable once the command has ended.
 * sandbox_exec_kill() ends it before (it, not what it started, as Docker does).
 * sandbox_exec_result() reaps it (ended is false while it runs; 126 and 127 say that it could not be
 * executed, as in sh); the caller closes it. */
int sandbox_exec(struct sandbox *sb, const struct strv *argv, int *ret_exit_fd, struct err *err);
void sandbox_exec_kill(int exit_fd);
struct sandbox_exit sandbox_exec_result(int exit_fd);

#endif
