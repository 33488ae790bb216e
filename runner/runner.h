/*
 * runner.h - the dynamic stage: boots each task in the sandbox, watches it, probes it, runs its
 * smoke suites, stops it, and writes down what was seen. It never judges.
 */
#ifndef RUNNER_RUNNER_H
#define RUNNER_RUNNER_H

#include "base/err.h"
#include "checks/observation.h"
#include "image/image.h"
#include "image/tree.h"
#include "product/edition.h"
#include "product/policy.h"
#include "product/product.h"
#include "sandbox/host.h"
#include "sandbox/workspace.h"
#include "sandbox/world.h"

/* What a task is given beside it: an image, or the reason why there is none. Borrowed, but env. */
struct runner_service {
	const struct task *task; /* whose; NULL: there is no product file */
	const char *name;
	const char *reference; /* of its image; NULL: nobody gave one */
	const struct service *declared; /* NULL: by --service alone */
	const struct image *image; /* NULL: it cannot be used, see why */
	const struct tree *tree;
	const struct strv *layers;
	const char *why;
	struct strv env; /* "KEY=value", over its image's: as declared, then --service-env */
};
struct runner_services {
	struct runner_service *v; /* in the order in which they are started */
	size_t n, cap;
};

struct runner_options {
	const struct image *image;
	const struct tree *tree;
	const struct strv *layers; /* directories, lowest first */
	bool layers_shifted;
	const struct product *product; /* NULL: none */
	const struct task *only_task; /* NULL: every task */
	const struct runner_services *services; /* of every task; NULL: none */
	const struct policy *policy;
	const struct edition *edition;
	const struct host *host;
	struct workspace *workspace;
	const struct strv *env; /* --env and --env-file: "KEY=value" */
	uint64_t memory_mib; /* --memory, 0: the task's memory_maximum */
	enum world_outside outside; /* --outside: what becomes of packets for there */
	/* Progress, one line each, may be NULL. */
	void (*progress)(const char *line, void *arg);
	void *arg;
};

/* One task_observation per task (one without a task when there is no product file). What cannot be
 * run is a state of its observation, not an error; -1 only when we are out of means altogether. */
int runner_observe(const struct runner_options *options, struct observation *ret, struct err *err);

/* The same observations where nothing can be run at all (host_enter() failed, no layer store): each
 * is not started, with why and a remedy (may be NULL). Of options only the tasks are looked at. */
void runner_unavailable(const struct runner_options *options, const char *why, const char *remedy,
	struct observation *ret);

#endif
