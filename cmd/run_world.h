/*
 * run_world.h - the world of `assay run`: its name server, whom the product tries to reach, and its
 * services, which are started before the product, watched while it is attached and stopped after it.
 *
 *	run_world_open(&w, options, product, task, &subject, &policy, err)
 *	run_world_start(&w, WORLD_REFUSE, hostname, err)	plan.world = run_world(&w)
 *	poll run_world_fd(&w), at most run_world_timeout(&w) ms; run_world_turn(&w)
 *	run_world_stop(&w); run_world_tell(&w)
 */
#ifndef CMD_RUN_WORLD_H
#define CMD_RUN_WORLD_H

#include "cmd/service_images.h"
#include "product/policy.h"
#include "runner/experiment.h"
#include "runner/services.h"

struct run_world {
	struct service_images images;
	struct policy policy; /* a copy that owns nothing: see open */
	struct runner_options runner;
	struct observation observation;
	struct experiment experiment;
	struct services services;
	const struct task *task;
};

/* What the services are, and their images. All is borrowed until release. */
int run_world_open(struct run_world *w, const struct options *options,
	const struct product *product, const struct task *task, struct subject *subject,
	const struct policy *policy, struct err *err);

/* Make the world and start the services; hostname will lead to the product. */
int run_world_start(
	struct run_world *w, enum world_outside outside, const char *hostname, struct err *err);
struct world *run_world(const struct run_world *w);

int run_world_fd(const struct run_world *w); /* readable: it is our turn */
int run_world_timeout(const struct run_world *w); /* ms until it is anyway; -1: never */
void run_world_turn(struct run_world *w);

/* What to do where starting failed because of a service; else NULL. Borrowed until release. */
const char *run_world_remedy(const struct run_world *w);

/* Stop the services; what had gone wrong with one is said on stderr. */
void run_world_stop(struct run_world *w);

/* Whom the product and its services tried to reach, on stderr, a line each. */
void run_world_tell(const struct run_world *w);
void run_world_release(struct run_world *w);

#endif
