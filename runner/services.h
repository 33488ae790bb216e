/*
 * services.h - what stands beside a product: instances of their own in the experiment's world, each
 * found under its name, each waited for before the next is started.
 *
 *	AUTO(services) struct services s = {0};
 *	services_start(&s, &experiment, task, "task-1", &observation->services) == 0
 *	... boots of the product, as many as are wanted
 *	services_check(&s, trouble)
 *	services_stop(&s)
 *	if (s.problem) ...			what the product did is not to be judged
 *
 * Declare it behind the experiment and before the boots of the product.
 */
#ifndef RUNNER_SERVICES_H
#define RUNNER_SERVICES_H

#include "runner/boot.h"
#include "runner/ready_plan.h"

struct service_run {
	const struct runner_service *spec;
	struct boot boot;
	struct ready_plan plan;
};

struct services {
	struct experiment *experiment;
	struct service_run *v;
	size_t n; /* that were begun with */
	const struct service_run *culprit; /* whose the problem is */
	char *problem; /* NULL: all is well. "service 'db' ended ..."; after services_stop() with its
			* last words */
	char *remedy;
};

/* Start those of task one after another, and wait until each is ready. name is the product's
 * instance; observations gets one for each that was begun with, and outlives services. 0, or -1 with
 * problem and remedy set: services_stop() has still to be called. */
int services_start(struct services *s, struct experiment *experiment, const struct task *task,
	const char *name, struct service_observations *observations);

/* Give each as much time as a boot of the product may take. */
void services_allow(struct services *s);

/* Whether each is still there and ready; else problem is set. With trouble (the product did not do
 * as it should) one that is about to end is waited for, as the product may have noticed before us. */
void services_check(struct services *s, bool trouble);

/* Stop all of them, at once, then kill what is left; their observations are complete. */
void services_stop(struct services *s);
void services_release(struct services *s); /* kills what was not stopped */

#endif
