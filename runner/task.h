/*
 * task.h - one boot of one task, from start to stop, written down.
 */
#ifndef RUNNER_TASK_H
#define RUNNER_TASK_H

#include "runner/runner.h"

/* Never fails: what cannot be run is a state of the observation. n numbers the instances of a
 * run. */
void task_observe(const struct runner_options *options, size_t n, struct task_observation *obs);

/* Not started, because. */
void task_not_started(struct task_observation *obs, const char *remedy, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
