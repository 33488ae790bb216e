#include "cmd/run_services.h"

#include "base/alloc.h"
#include "base/sys_time.h"
#include "cmd/verbs.h"
#include "product/edition.h"

/* They live as long as the user stays attached. */
#define TEN_YEARS_S UINT64_C(315360000)

int run_services_open(struct run_services *s, const struct options *options,
	const struct product *product, const struct task *task, struct subject *subject,
	const struct policy *policy, struct err *err)
{
	if (service_images_choose(&s->images, options, product, task, err)) {
		return -1;
	}
	service_images_open(&s->images, options, subject);
	s->policy = *policy;
	s->policy.limits.run_s = TEN_YEARS_S;
	s->task = task;
	s->runner = (struct runner_options){
		.image = subject->image,
		.tree = subject->tree,
		.layers = &subject->layers,
		.layers_shifted = !subject->host.idmapped_mounts,
		.product = product,
		.only_task = task,
		.services = &s->images.chosen,
		.policy = &s->policy,
		.edition = edition_find(options->edition),
		.host = &subject->host,
		.workspace = subject->workspace,
	};
	return 0;
}

int run_services_start(
	struct run_services *s, const char *hostname, struct world **ret_world, struct err *err)
{
	struct experiment *x = &s->experiment;
	struct task_observation *seen;

	if (!s->images.chosen.n) {
		return 0;
	}
	loop_hold_signals(true);
	seen = observation_add(&s->observation, s->task);
	if (experiment_init(x, &s->runner, err)) {
		return -1;
	}
	if (services_start(&s->services, x, s->task, "run-1", &seen->services)) {
		services_stop(&s->services);
		return err_set(err, ERR_IO, "%s", s->services.problem);
	}
	outside_name(x->outside, hostname, world_address(x->world, EXPERIMENT_PRODUCT));
	*ret_world = x->world;
	return 0;
}

int run_services_fd(const struct run_services *s)
{
	return s->services.n ? s->experiment.loop.epoll : -1;
}

int run_services_timeout(const struct run_services *s)
{
	return s->services.n ? loop_timeout(&s->experiment.loop) : -1;
}

void run_services_turn(struct run_services *s)
{
	if (s->services.n) {
		(void)loop_turn(&s->experiment.loop, NULL);
	}
}

void run_services_stop(struct run_services *s)
{
	services_check(&s->services, false);
	services_stop(&s->services);
	if (s->services.problem) {
		struct err err = {0};

		err_set(&err, ERR_IO, "%s", s->services.problem);
		(void)fail_with(&err);
	}
}

void run_services_release(struct run_services *s)
{
	services_release(&s->services);
	experiment_release(&s->experiment);
	observation_release(&s->observation);
	service_images_release(&s->images);
	*s = (struct run_services){0};
}
