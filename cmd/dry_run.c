#include "cmd/dry_run.h"

#include "base/cleanup.h"
#include "cmd/verbs.h"
#include "runner/launch.h"

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

static int print_task(const struct runner_options *runner, const struct task *task, struct buf *out,
	struct err *err)
{
	struct launch_options options = {
		.image = runner->image,
		.tree = runner->tree,
		.layers = runner->layers,
		.extra_env = runner->env,
		.arguments = task ? &task->options : NULL,
		.name = "web-1",
	};
	AUTO(launch) struct launch launch = {0};
	uint64_t mib = runner->memory_mib ? runner->memory_mib
					  : task ? (uint64_t)task->memory_maximum : 0;
	const struct limits *limits = &runner->policy->limits;

	if (launch_plan(&options, &launch, err)) {
		return -1;
	}
	launch.plan.host = runner->host;
	launch.plan.workspace = runner->workspace;
	launch.plan.lower_shifted = runner->layers_shifted;
	launch.plan.memory = mib << 20;
	launch.plan.pids = limits->pids;
	launch.plan.cpus = (double)limits->cpus;
	if (buf_addf(out, err, "\ntask %s: ready within %llu s, over within %llu s\n",
		    task && task->label ? task->label : "(no product file)",
		    (unsigned long long)limits->boot_s, (unsigned long long)limits->run_s)) {
		return -1;
	}
	return sandbox_plan_print(&launch.plan, out, err);
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
	if (cannot || !selection->stage_dynamic) {
		return print_out(buf_str(&out), out.len, err);
	}
	if (!runner->product || !runner->product->n_tasks) {
		if (print_task(runner, NULL, &out, err)) {
			return -1;
		}
	} else {
		for (size_t i = 0; i < runner->product->n_tasks; i++) {
			const struct task *task = &runner->product->tasks[i];

			if ((!runner->only_task || runner->only_task == task) &&
				print_task(runner, task, &out, err)) {
				return -1;
			}
		}
	}
	return print_out(buf_str(&out), out.len, err);
}
