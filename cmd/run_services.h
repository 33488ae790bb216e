/*
 * run_services.h - the services of `assay run`: started before the product, watched while it is
 * attached, stopped after it. Without any, all of this does nothing.
 *
 *	run_services_open(&s, options, product, task, &subject, &policy, err)
 *	run_services_start(&s, hostname, &world, err)	world stays NULL without services
 *	poll run_services_fd(&s), at most run_services_timeout(&s) ms; run_services_turn(&s)
 *	run_services_stop(&s)
 */
#ifndef CMD_RUN_SERVICES_H
#define CMD_RUN_SERVICES_H

#include "cmd/service_images.h"
#include "product/policy.h"
#include "runner/experiment.h"
#include "runner/services.h"

struct run_services {
	struct service_images images;
	struct policy policy; /* a copy that owns nothing: see open */
	struct runner_options runner;
	struct observation observation;
	struct experiment experiment;
	struct services services;
	const struct task *task;
};

/* What they are, and their images. All is borrowed until release. */
int run_services_open(struct run_services *s, const struct options *options,
	const struct product *product, const struct task *task, struct subject *subject,
	const struct policy *policy, struct err *err);

/* Start them; the product goes into *ret_world, as host hostname. */
int run_services_start(
	struct run_services *s, const char *hostname, struct world **ret_world, struct err *err);

int run_services_fd(const struct run_services *s); /* readable: it is our turn; -1: no services */
int run_services_timeout(const struct run_services *s); /* ms until it is anyway; -1: never */
void run_services_turn(struct run_services *s);

/* Stop them; what had gone wrong with one is said on stderr. */
void run_services_stop(struct run_services *s);
void run_services_release(struct run_services *s);

#endif
