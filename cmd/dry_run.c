#include "cmd/dry_run.h"

#include "base/cleanup.h"
#include "cmd/verbs.h"
#include "runner/launch.h"
#include "runner/ready_plan.h"

#include <stdio.h>

/* A plan of a few hundred steps. */
#define PLAN_MAX ((size_t)1 << 20)

static int print_checks(const struct selection *selection, struct buf *out, struct err *err)
{
	for (size_t i = 0; i < n_checks; i++) {
		const struct check *check = checks[i];

		if (selection_has(selection, check) &&
			buf_addf(out, err, "  %-4s %-8s %s\n", check->requirement,
				check->stage == STAGE_STATIC ? "static" : "dynamic", check->id)) {
			return -1;
		}
	}
	return 0;
}

static int print_instance(const struct runner_options *runner, const struct launch_options *options,
	uint64_t mib, struct buf *out, struct err *err)
{
	const struct limits *limits = &runner->policy->limits;
	AUTO(launch) struct launch launch = {0};

	if (launch_plan(options, &launch, err)) {
		return -1;
	}
	launch.plan.host = runner->host;
	launch.plan.workspace = runner->workspace;
	launch.plan.lower_shifted = runner->layers_shifted;
	launch.plan.read_only = runner->policy->read_only;
	launch.plan.memory = mib << 20;
	launch.plan.pids = limits->pids;
	launch.plan.cpus = (double)limits->cpus;
	return sandbox_plan_print(&launch.plan, out, err);
}

/* What is waited for, and how long at most; *seconds grows by it. */
static int print_waiting(const struct runner_options *runner, const struct image *image,
	const struct readiness *declared, const struct task *task, uint64_t *seconds,
	struct buf *out, struct err *err)
{
	AUTO(ready_plan) struct ready_plan plan = {0};

	if (ready_plan(image->config, declared, task, &runner->policy->limits, &plan, err)) {
		return -1;
	}
	*seconds += plan.limit_s;
	return buf_addf(
		out, err, "ready within %llu s (%s)", (unsigned long long)plan.limit_s, plan.text);
}

static int print_service(const struct runner_options *runner, const struct runner_service *service,
	uint64_t *seconds, struct buf *out, struct err *err)
{
	const struct service *declared = service->declared;
	struct launch_options options = {
		.image = service->image,
		.tree = service->tree,
		.layers = service->layers,
		.extra_env = &service->env,
		.name = service->name,
		.hostname = service->name,
	};
	uint64_t mib = declared && declared->memory ? declared->memory
						    : runner->policy->limits.service_memory;

	if (!service->image) {
		return buf_addf(out, err, "\nservice %s: cannot be started: it %s\n", service->name,
			service->why);
	}
	if (buf_addf(out, err, "\nservice %s, image %s: ", service->name, service->reference) ||
		print_waiting(runner, service->image, declared ? &declared->readiness : NULL, NULL,
			seconds, out, err) ||
		buf_addf(out, err, "\n")) {
		return -1;
	}
	return print_instance(runner, &options, mib, out, err);
}

static int print_services(const struct runner_options *runner, const struct task *task,
	uint64_t *seconds, struct buf *out, struct err *err)
{
	const struct runner_services *services = runner->services;

	for (size_t i = 0; services && i < services->n; i++) {
		if (services->v[i].task == task &&
			print_service(runner, &services->v[i], seconds, out, err)) {
			return -1;
		}
	}
	return 0;
}

int dry_run_services(const struct runner_options *runner, const struct task *task, struct buf *out,
	struct err *err)
{
	uint64_t seconds = 0;

	return print_services(runner, task, &seconds, out, err);
}

/* Everything about one task; its services' run time ends with the product's. */
static int print_task(const struct runner_options *runner, const struct task *task,
	uint64_t *seconds, struct buf *out, struct err *err)
{
	const struct limits *limits = &runner->policy->limits;
	struct launch_options options = {
		.image = runner->image,
		.tree = runner->tree,
		.layers = runner->layers,
		.extra_env = runner->env,
		.arguments = task ? &task->options : NULL,
		.name = "web-1",
	};
	uint64_t mib = runner->memory_mib ? runner->memory_mib
		       : task             ? (uint64_t)task->memory_maximum
					  : 0;
	uint64_t ready_s = 0;

	if (print_services(runner, task, seconds, out, err) ||
		buf_addf(out, err,
			"\ntask %s: ", task && task->label ? task->label : "(no product file)") ||
		print_waiting(runner, runner->image, product_readiness(runner->product, task), task,
			&ready_s, out, err) ||
		buf_addf(out, err, ", over within %llu s\n", (unsigned long long)limits->run_s)) {
		return -1;
	}
	*seconds += limits->run_s + runner->edition->stop_limit_ms / 1000;
	return print_instance(runner, &options, mib, out, err);
}

static int print_tasks(const struct runner_options *runner, struct buf *out, struct err *err)
{
	const struct product *product = runner->product;
	uint64_t seconds = 0;

	if (!product || !product->n_tasks) {
		if (print_task(runner, NULL, &seconds, out, err)) {
			return -1;
		}
	}
	for (size_t i = 0; product && i < product->n_tasks; i++) {
		const struct task *task = &product->tasks[i];

		if ((!runner->only_task || runner->only_task == task) &&
			print_task(runner, task, &seconds, out, err)) {
			return -1;
		}
	}
	return buf_addf(out, err,
		"\nall of it: at most %llu s\n"
		"(twice that where tasks watch their own system calls, and are booted anew)\n",
		(unsigned long long)seconds);
}

int dry_run_print(const struct runner_options *runner, const struct selection *selection,
	const char *cannot, struct err *err)
{
	AUTO(buf) struct buf out;

	buf_init(&out, PLAN_MAX);
	if (buf_addf(&out, err, "checks:\n") || print_checks(selection, &out, err)) {
		return -1;
	}
	if (cannot && selection->stage_dynamic &&
		buf_addf(&out, err, "\nno task can be run: %s\n", cannot)) {
		return -1;
	}
	if (!cannot && selection->stage_dynamic && print_tasks(runner, &out, err)) {
		return -1;
	}
	return print_out(buf_str(&out), out.len, err);
}
