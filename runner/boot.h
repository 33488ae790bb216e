/*
 * boot.h - one boot of a task or of a service: the instance, what watches it, and where it is
 * written down.
 *
 *	AUTO(boot) struct boot b = {0};
 *	boot_init(&b, &experiment, EXPERIMENT_PRODUCT, observation)
 *	b.env, b.arguments, b.name, ...	of a service also b.image, b.memory, ...
 *	boot_start(&b, err)
 *	... phases: ready.h, rest, smoke.h, probe.h, load.h, stop.h
 *	boot_finish(&b)			kills what is left, drains the output
 *
 * Every phase waits with boot_wait(), which ends early when the instance does, when a limit of the
 * policy made us kill it, when a service that it may need is gone, or when its time is up. It is
 * known to its experiment from boot_start() on, so it may not be moved.
 */
#ifndef RUNNER_BOOT_H
#define RUNNER_BOOT_H

#include "runner/capture.h"
#include "runner/experiment.h"
#include "runner/files.h"
#include "runner/launch.h"

struct boot {
	struct experiment *experiment;
	struct task_observation *obs;
	const struct runner_options *options; /* these four are the experiment's */
	struct loop *loop;
	struct world *world;
	struct http *http;
	unsigned number; /* among the instances of the experiment */
	bool service; /* what it does is no part of the product's doing */
	/* What is started; boot_init() sets the product's. All borrowed. */
	const struct image *image;
	const struct tree *tree;
	const struct strv *layers;
	const char *hostname; /* NULL: one of no meaning */
	uint64_t memory; /* bytes */
	struct strv env; /* over the image's: "KEY=value" */
	struct strv arguments;
	char *name; /* within the run, owned */
	struct sandbox *sb;
	struct launch launch;
	const char *ready_path; /* of a declared HTTP readiness, borrowed; NULL: none */
	uint16_t ready_port;
	char address[16];
	uint64_t started_ns; /* its command was executed */
	uint64_t ended_ns; /* when PID 1 had ended, 0: it lives */
	uint64_t gone_ns; /* when every process had */
	uint64_t missed; /* outside_catch_up() before it was started */
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

void boot_init(struct boot *b, struct experiment *experiment, unsigned number,
	struct task_observation *obs);
void boot_release(struct boot *b);

/* Plan and start the instance and begin to watch it. ERR_MALFORMED: the image's fault. */
int boot_start(struct boot *b, struct err *err);

double boot_now(const struct boot *b); /* seconds since it was started */

/* PID 1 has ended, or we have killed it, or a service is gone. */
bool boot_over(const struct boot *b);

/* Wait at most ms for done(arg) (NULL: never), ending early when the boot is over. 1: done, 0: not,
 * -1: the tool failed. */
int boot_wait(struct boot *b, uint64_t ms, bool (*done)(void *arg), void *arg, struct err *err);

/* Add its processes. That they cannot be looked at is told in the timeline: no verdict rests on
 * them. */
void boot_look(struct boot *b, struct obs_processes *ret);

/* How long it may run, from now on. */
void boot_allow(struct boot *b, uint64_t ms);

/* End it because of a limit of ours ("disk", "run time"); static storage. */
void boot_kill(struct boot *b, const char *why);

/* After this the observation is complete but for the stop. The instance is gone. */
void boot_finish(struct boot *b);

/* MiB in bytes, capped where the unit would overflow. */
uint64_t boot_mib(uint64_t mib);

/* Our limit of the product's memory, in bytes. */
uint64_t boot_memory_limit(const struct runner_options *options, const struct task *task);

#endif
