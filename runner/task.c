#include "runner/task.h"

#include "base/alloc.h"
#include "runner/boot.h"
#include "runner/load.h"
#include "runner/probe.h"
#include "runner/ready.h"
#include "runner/services.h"
#include "runner/smoke.h"
#include "runner/stop.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define COLLECTOR "OPENTELEMETRY_COLLECTOR_URL"

/* What a shell says of a command that is not there, or that may not be executed. */
enum { EXIT_NOT_FOUND = 127, EXIT_NOT_EXECUTABLE = 126 };

static void __attribute__((format(printf, 2, 3)))
progress(const struct runner_options *o, const char *fmt, ...)
{
	auto_free char *line = NULL;
	va_list ap;

	if (!o->progress) {
		return;
	}
	va_start(ap, fmt);
	line = xvasprintf(fmt, ap);
	va_end(ap);
	o->progress(line, o->arg);
}

static const char *label_of(const struct task_observation *obs)
{
	if (!obs->task) {
		return "product";
	}
	return obs->task->label ? obs->task->label : obs->task->id ? obs->task->id : "task";
}

void task_not_started(struct task_observation *obs, const char *remedy, const char *fmt, ...)
{
	va_list ap;

	obs->state = OBS_NOT_STARTED;
	free(obs->why);
	free(obs->remedy);
	obs->remedy = xstrdup(remedy);
	va_start(ap, fmt);
	obs->why = xvasprintf(fmt, ap);
	va_end(ap);
}

/* The first error is the one that counts. */
static void broken(struct task_observation *obs, const struct err *err)
{
	if (obs->state == OBS_BROKEN) {
		return;
	}
	obs->state = OBS_BROKEN;
	free(obs->why);
	obs->why = xstrdup(err->msg);
	observation_event(obs, 0, "error", "%s", err->msg);
}

/* ---- what it is given --------------------------------------------------------------------- */

/* "KEY=value" with something behind the equals sign. */
static bool has_value(const struct strv *env, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; env && i < env->n; i++) {
		if (strncmp(env->v[i], key, len) == 0 && env->v[i][len] == '=') {
			return env->v[i][len + 1] != '\0';
		}
	}
	return false;
}

/* The declared values, the collector's address where one is asked for, then --env. Returns whether
 * every required key has a value. */
static bool give_environment(struct boot *b)
{
	const struct runner_options *o = b->options;
	AUTO(strv) struct strv missing = {0};

	if (o->product) {
		product_environment(o->product, b->obs->task, &b->env, &missing);
	}
	for (size_t i = 0; i < missing.n; i++) {
		const char *key = missing.v[i];

		if (has_value(o->env, key) || has_value(&o->image->config->env, key)) {
			continue;
		}
		if (str_eq(key, COLLECTOR)) {
			strv_addf(&b->env, COLLECTOR "=http://%s:4318", world_gateway(b->world));
		} else {
			strv_add(&b->obs->missing_env, key);
		}
	}
	if (o->env) {
		strv_add_all(&b->env, o->env);
	}
	return b->obs->missing_env.n == 0;
}

static bool prepare(struct boot *b)
{
	const struct task *task = b->obs->task;

	if (!give_environment(b)) {
		auto_free char *keys = strv_join(&b->obs->missing_env, ", ");

		task_not_started(b->obs,
			"give a value with --env KEY=VALUE, or in \"x-assay\".\"environment\"",
			"no value for what the product requires: %s", keys);
		return false;
	}
	if (task) {
		strv_add_all(&b->arguments, &task->options);
	}
	return true;
}

/* ---- the phases --------------------------------------------------------------------------- */

/* The image's fault is something that was seen, not an error of ours. */
static bool start(struct boot *b)
{
	struct task_observation *obs = b->obs;
	struct err err = {0};

	if (boot_start(b, &err) == 0) {
		obs->state = OBS_STARTED;
		return true;
	}
	if (b->sb) {
		broken(obs, &err);
	} else if (err.code == ERR_MALFORMED) {
		obs->state = OBS_STARTED;
		obs->exit_early = (struct obs_exit){
			.ended = true,
			.code = err.sys == EACCES || err.sys == ENOEXEC ? EXIT_NOT_EXECUTABLE
									: EXIT_NOT_FOUND,
		};
		obs->left_nothing = true;
		observation_event(obs, 0, "not-executed", "%s", err.msg);
	} else {
		task_not_started(obs, "see what `assay doctor` says of this machine",
			"the sandbox could not be made: %s", err.msg);
	}
	return false;
}

static int rest(struct boot *b, struct err *err)
{
	if (boot_wait(b, b->options->policy->limits.rest_ms, NULL, NULL, err) < 0) {
		return -1;
	}
	if (!boot_over(b)) {
		boot_look(b, &b->obs->at_rest);
	}
	return 0;
}

static void on_stop_sent(void *arg)
{
	load_stop(arg);
}

static int load_and_stop(struct boot *b, struct err *err)
{
	AUTO(load) struct load load = {0};

	load_start(&load, b);
	if (load_wait(&load, err)) {
		return -1;
	}
	if (boot_over(b)) {
		return 0;
	}
	progress(b->options, "%s: stopping", label_of(b->obs));
	return stop_run(b, on_stop_sent, &load, err);
}

static int exercise(struct boot *b, struct files_look **ret_look, struct err *err)
{
	if (files_look_new(&b->files.places, ret_look, err) || rest(b, err)) {
		return -1;
	}
	if (boot_over(b)) {
		return 0;
	}
	progress(b->options, "%s: asking its ports and running its smoke test", label_of(b->obs));
	if (smoke_run(b, err) || boot_over(b) || probe_run(b, err) || boot_over(b)) {
		return err->code ? -1 : 0;
	}
	return load_and_stop(b, err);
}

static int phases(struct boot *b, const struct ready_plan *plan, struct files_look **ret_look,
	struct err *err)
{
	progress(b->options, "%s: started, waiting: %s", label_of(b->obs), plan->text);
	if (ready_wait(b, plan, err)) {
		return -1;
	}
	if (b->obs->cron || boot_over(b)) {
		return 0;
	}
	if (!b->obs->ready) {
		probe_listeners(b);
		boot_look(b, &b->obs->at_rest);
		return 0;
	}
	progress(b->options, "%s: ready after %.2f s", label_of(b->obs), b->obs->ready_s);
	return exercise(b, ret_look, err);
}

static void run(struct boot *b, const struct ready_plan *plan)
{
	AUTO_PTR(files_look) struct files_look *look = NULL;
	struct err err = {0};

	if (!start(b)) {
		return;
	}
	if (phases(b, plan, &look, &err)) {
		broken(b->obs, &err);
	}
	boot_finish(b);
	if (files_list(&b->files.places, b->tree, look, b->obs, &err)) {
		broken(b->obs, &err);
	}
	progress(b->options, "%s: over after %.2f s", label_of(b->obs), boot_now(b));
}

/* ---- what stands beside it ---------------------------------------------------------------- */

/* It did not do as it should: perhaps because of a service. */
static bool is_in_trouble(const struct task_observation *obs)
{
	for (size_t i = 0; i < obs->smoke.n; i++) {
		if (!obs->smoke.v[i].passed) {
			return true;
		}
	}
	return !obs->ready || obs->killed_by_us || (obs->exit_early.ended && !obs->cron);
}

/* What it did without a service tells nothing. But a command that cannot be executed is the image's
 * fault all the same. */
static void without_service(struct task_observation *obs, const struct services *services)
{
	if (obs->state == OBS_STARTED && obs->world) {
		obs->state = OBS_UNSERVED;
		obs->why = xstrdup(services->problem);
		obs->remedy = xstrdup(services->remedy);
	}
}

static void run_with_services(struct boot *b, const struct ready_plan *plan)
{
	AUTO(services) struct services services = {0};
	struct task_observation *obs = b->obs;
	bool all =
		services_start(&services, b->experiment, obs->task, b->name, &obs->services) == 0;

	if (all) {
		services_allow(&services);
		run(b, plan);
		services_check(&services, is_in_trouble(obs));
	}
	services_stop(&services);
	if (!all) {
		task_not_started(obs, services.remedy, "%s", services.problem);
	} else if (services.problem) {
		without_service(obs, &services);
	}
	if (services.problem) {
		progress(b->options, "%s: %s", label_of(obs), services.problem);
	}
}

static void boot_once(const struct runner_options *options, size_t n, struct task_observation *obs,
	bool unwatched)
{
	AUTO(ready_plan) struct ready_plan plan = {0};
	AUTO(experiment) struct experiment x = {0};
	AUTO(boot) struct boot b = {0};
	struct err err = {0};

	if (ready_plan(options->image->config, product_readiness(options->product, obs->task),
		    obs->task, &options->policy->limits, &plan, &err)) {
		task_not_started(
			obs, "mend \"x-assay\".\"readiness\" in the product file", "%s", err.msg);
		return;
	}
	if (experiment_init(&x, options, &err)) {
		task_not_started(
			obs, "see what `assay doctor` says of this machine", "%s", err.msg);
		return;
	}
	boot_init(&b, &x, EXPERIMENT_PRODUCT, obs);
	b.name = xasprintf("task-%zu%s", n, unwatched ? "-unwatched" : "");
	b.unwatched = unwatched;
	b.ready_path = plan.http_path;
	b.ready_port = plan.ports.n ? plan.ports.v[0] : 0;
	if (prepare(&b)) {
		run_with_services(&b, &plan);
	}
}

void task_observe(const struct runner_options *options, size_t n, struct task_observation *obs)
{
	boot_once(options, n, obs, false);
	if (obs->own_listener) {
		progress(options, "%s: booting anew, since it watches its own system calls",
			label_of(obs));
		observation_clear(obs);
		boot_once(options, n, obs, true);
		obs->own_listener = true;
	}
}
