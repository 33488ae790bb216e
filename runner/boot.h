/*
 * boot.h - one boot of one task: the instance, what watches it, and where it is written down.
 *
 *	AUTO(boot) struct boot b = {0};
 *	boot_init(&b, options, observation, err)
 *	boot_start(&b, err)
 *	... phases: ready.h, rest, smoke.h, probe.h, load.h, stop.h
 *	boot_finish(&b)			kills what is left, drains the output
 *
 * Every phase waits with boot_wait(), which ends early when the product does, when a limit of the
 * policy made us kill it, or when its time is up.
 */
#ifndef RUNNER_BOOT_H
#define RUNNER_BOOT_H

#include "runner/capture.h"
#include "runner/files.h"
#include "runner/http.h"
#include "runner/launch.h"
#include "runner/loop.h"
#include "runner/outside.h"
#include "runner/runner.h"

struct boot {
	const struct runner_options *options;
	struct task_observation *obs;
	struct loop loop;
	struct world *world;
	struct outside *outside; /* NULL: it could not be watched */
	struct http *http;
	struct sandbox *sb;
	struct launch launch;
	const char *ready_path; /* of a declared HTTP readiness, borrowed; NULL: none */
	uint16_t ready_port;
	struct strv env; /* the product file's values and --env */
	struct strv arguments;
	char *name;
	char address[16];
	uint64_t started_ns; /* its command was executed */
	uint64_t ended_ns; /* when PID 1 had ended, 0: it lives */
	uint64_t gone_ns; /* when every process had */
	bool ending; /* what ends from here on was ended by us */
	bool unwatched; /* refused system calls are not counted: sandbox_own_listener() */
	struct capture out;
	struct capture err;
	int out_fd; /* borrowed from the sandbox; -1 once ended */
	int err_fd;
	int syslog_fd; /* UDP 514, owned */
	struct loop_timer deadline;
	struct loop_timer memory_tick;
	uint64_t memory_every_ms;
	struct files_watch files;
};

int boot_init(struct boot *b, const struct runner_options *options, struct task_observation *obs,
	struct err *err);
void boot_release(struct boot *b);

/* Plan and start the instance and begin to watch it. ERR_MALFORMED: the image's fault. */
int boot_start(struct boot *b, struct err *err);

double boot_now(const struct boot *b); /* seconds since it was started */

/* PID 1 has ended, or we have killed it. */
bool boot_over(const struct boot *b);

/* Wait at most ms for done(arg) (NULL: never), ending early when the boot is over. 1: done, 0: not,
 * -1: the tool failed. */
int boot_wait(struct boot *b, uint64_t ms, bool (*done)(void *arg), void *arg, struct err *err);

/* End it because of a limit of ours ("disk", "run time"); static storage. */
void boot_kill(struct boot *b, const char *why);

/* After this the observation is complete but for the stop. The instance is gone. */
void boot_finish(struct boot *b);

/* Our limit of the instance's memory, in bytes. */
uint64_t boot_memory_limit(const struct runner_options *options, const struct task *task);

#endif
