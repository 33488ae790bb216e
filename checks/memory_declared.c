/* Does every task say how much memory it may use? */
#include "checks/check.h"

#include "base/alloc.h"

static int from_command_line(const struct check_context *ctx, struct outcome *out)
{
	if (!ctx->memory_mib) {
		outcome_not_tested(out,
			"give the product file with --product, or a limit in MiB with --memory",
			"no product file was given, so no memory limit is declared");
		return 0;
	}
	outcome_evidence(out, json_pack("{s:s, s:I}", "declared_by", "--memory",
				      "memory_maximum_mib", (json_int_t)ctx->memory_mib));
	outcome_summary(
		out, "%llu MiB, given on the command line", (unsigned long long)ctx->memory_mib);
	return 0;
}

static json_t *declared(const struct task *task)
{
	return json_pack("{s:o, s:o, s:f, s:f}", "task", json_text(task->id), "label",
		json_text(task->label), "memory_minimum_mib", task->memory_minimum,
		"memory_maximum_mib", task->memory_maximum);
}

static int run(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	const struct task *task = ctx->task;

	(void)err;
	if (!ctx->product) {
		return from_command_line(ctx, out);
	}
	if (!task) {
		outcome_not_tested(out, "see product-file for what is wrong with it",
			"no task could be read from the product file");
		return 0;
	}
	if (task->memory_maximum <= 0) {
		outcome_fail(out, "memory_maximum", declared(task),
			"the task declares no memory_maximum");
	} else if (task->memory_minimum > task->memory_maximum) {
		outcome_fail(out, "memory_minimum", declared(task),
			"memory_minimum (%g MiB) is larger than memory_maximum (%g MiB)",
			task->memory_minimum, task->memory_maximum);
	} else {
		outcome_evidence(out, declared(task));
		outcome_summary(out, "at most %g MiB", task->memory_maximum);
	}
	return 0;
}

const struct check check_memory_declared = {
	.id = "memory-declared",
	.requirement = "R10",
	.title = "every task declares the most memory it needs",
	.reason = "a platform reserves this much and may kill what takes more; without the number "
		  "neither can be done",
	.remedy = "set memory_maximum (MiB) of each task in the product file, not below "
		  "memory_minimum",
	.stage = STAGE_STATIC,
	.needs = NEEDS_EXECUTABLE,
	.per_task = true,
	.run = run,
};
