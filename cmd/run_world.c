#include "cmd/run_world.h"

#include "base/alloc.h"
#include "base/sys_time.h"
#include "cmd/verbs.h"
#include "product/edition.h"

#include <inttypes.h>
#include <stdio.h>

/* They live as long as the user stays attached. */
#define TEN_YEARS_S UINT64_C(315360000)

int run_world_open(struct run_world *w, const struct options *options,
	const struct product *product, const struct task *task, struct subject *subject,
	const struct policy *policy, struct err *err)
{
	if (service_images_choose(&w->images, options, product, task, err)) {
		return -1;
	}
	service_images_open(&w->images, options, subject);
	w->policy = *policy;
	w->policy.limits.run_s = TEN_YEARS_S;
	w->task = task;
	w->runner = (struct runner_options){
		.image = subject->image,
		.tree = subject->tree,
		.layers = &subject->layers,
		.layers_shifted = !subject->host.idmapped_mounts,
		.product = product,
		.only_task = task,
		.services = &w->images.chosen,
		.policy = &w->policy,
		.edition = edition_find(options->edition),
		.host = &subject->host,
		.workspace = subject->workspace,
	};
	return 0;
}

int run_world_start(
	struct run_world *w, enum world_outside outside, const char *hostname, struct err *err)
{
	struct experiment *x = &w->experiment;
	struct task_observation *seen = observation_add(&w->observation, w->task);

	loop_hold_signals(true);
	w->runner.outside = outside;
	if (experiment_init(x, &w->runner, err)) {
		return -1;
	}
	x->strangers = seen; /* the product is no boot of the runner's */
	if (services_start(&w->services, x, w->task, "run-1", &seen->services)) {
		services_stop(&w->services);
		return err_set(err, ERR_IO, "%s", w->services.problem);
	}
	if (x->outside) {
		outside_name(x->outside, hostname, world_address(x->world, EXPERIMENT_PRODUCT));
	}
	return 0;
}

struct world *run_world(const struct run_world *w)
{
	return w->experiment.world;
}

int run_world_fd(const struct run_world *w)
{
	return w->experiment.loop.epoll;
}

int run_world_timeout(const struct run_world *w)
{
	return loop_timeout(&w->experiment.loop);
}

void run_world_turn(struct run_world *w)
{
	(void)loop_turn(&w->experiment.loop, NULL);
}

void run_world_stop(struct run_world *w)
{
	services_check(&w->services, false);
	services_stop(&w->services);
	if (w->services.problem) {
		struct err err = {0};

		err_set(&err, ERR_IO, "%s", w->services.problem);
		(void)fail_with_remedy(&err, w->services.remedy);
	}
}

/* whose: "db: ", or "" for the product. */
static void tell(const char *whose, const char *where, const struct obs_contacts *contacts)
{
	for (size_t i = 0; i < contacts->n; i++) {
		auto_free char *text = contact_text(&contacts->v[i]);

		(void)fprintf(stderr, "assay: %s%s, after %.3f s: %s\n", whose, where,
			contacts->v[i].t_s, text);
	}
	if (contacts->dropped) {
		(void)fprintf(stderr, "assay: %s%s: and others\n", whose, where);
	}
}

const char *run_world_remedy(const struct run_world *w)
{
	return w->services.remedy;
}

void run_world_tell(const struct run_world *w)
{
	const struct task_observation *seen = &w->observation.v[0];
	struct outside *outside = w->experiment.outside;
	uint64_t missed = outside ? outside_catch_up(outside) : 0;

	tell("", "outside", &seen->contacts);
	tell("", "between", &seen->between);
	for (size_t i = 0; i < seen->services.n; i++) {
		const struct service_observation *s = &seen->services.v[i];
		auto_free char *whose = xasprintf("%s: ", s->name);

		tell(whose, "outside", &s->seen->contacts);
		tell(whose, "between", &s->seen->between);
	}
	if (missed) {
		(void)fprintf(
			stderr, "assay: %" PRIu64 " packets came too fast to be seen\n", missed);
	}
	if (!w->experiment.watched) {
		(void)fprintf(stderr, "assay: the outside could not be watched\n");
	}
}

void run_world_release(struct run_world *w)
{
	services_release(&w->services);
	experiment_release(&w->experiment);
	observation_release(&w->observation);
	service_images_release(&w->images);
	*w = (struct run_world){0};
}
