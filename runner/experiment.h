/*
 * experiment.h - one world: its loop, its network, its name server, and the instances that live in
 * it. Boots of the product come and go within it; services (services.h) outlive them.
 *
 *	AUTO(experiment) struct experiment x = {0};
 *	experiment_init(&x, options, err)
 *	boot_init(&b, &x, EXPERIMENT_PRODUCT, observation)	boot.h
 */
#ifndef RUNNER_EXPERIMENT_H
#define RUNNER_EXPERIMENT_H

#include "runner/http.h"
#include "runner/loop.h"
#include "runner/outside.h"
#include "runner/runner.h"

struct boot;

/* Numbers of instances, and with them addresses (world.h): the product's from the first on, the
 * services' from the second on. */
enum { EXPERIMENT_PRODUCT = 0, EXPERIMENT_SERVICE = 200, EXPERIMENT_SERVICES_MAX = 50 };

struct experiment {
	const struct runner_options *options;
	struct loop loop;
	struct world *world;
	struct outside *outside; /* NULL: names do not resolve */
	bool watched; /* contacts are seen */
	char *why_not; /* one of these two is not so */
	struct http *http;
	uint64_t began_ns;
	struct task_observation *strangers; /* whose the contacts of other instances are; borrowed,
					     * NULL: they are dropped */
	struct {
		struct boot **v;
		size_t n, cap;
	} boots; /* that were started, and not released */
};

int experiment_init(struct experiment *x, const struct runner_options *options, struct err *err);
void experiment_release(struct experiment *x); /* every boot has been released before */

/* For boot.c. */
void experiment_enter(struct experiment *x, struct boot *b);
void experiment_leave(struct experiment *x, const struct boot *b);

/* A service that is over though nobody told it to stop: what the product does from then on is not
 * to be judged. NULL: all are there. */
struct boot *experiment_lost(const struct experiment *x);

#endif
