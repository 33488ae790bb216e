/* Does the running product do what its smoke suites say? */
#include "checks/seen.h"

#include "checks/check.h"

#include "base/alloc.h"

static json_t *describe(const struct obs_smoke_step *s)
{
	return json_pack("{s:o, s:o, s:o, s:b, s:b, s:i, s:o, s:o, s:o}", "suite",
		json_text(s->suite->name), "step", json_text(s->step->name), "request",
		json_text(s->request), "passed", s->passed, "skipped", s->skipped, "status",
		s->status, "took_s", seen_seconds(s->took_s), "problem", json_text(s->problem),
		"answer", json_text(s->excerpt));
}

static void judge_step(const struct obs_smoke_step *s, struct outcome *out)
{
	auto_free char *subject = xasprintf("%s/%s", s->suite->name ? s->suite->name : "suite",
		s->step->name ? s->step->name : s->request);

	if (s->passed || s->skipped) {
		outcome_evidence(out, describe(s));
	} else {
		outcome_fail(out, subject, describe(s), "%s: %s", s->request,
			s->problem ? s->problem : "did not pass");
	}
}

static bool provides_something(const struct check_context *ctx)
{
	return ctx->product->extension.provides.n || (ctx->task && ctx->task->extension.provides.n);
}

static void judge_no_suite(const struct check_context *ctx, struct outcome *out)
{
	if (provides_something(ctx)) {
		outcome_not_tested(out, "add a suite to \"x-assay\".\"smoke\" of the product file",
			"the product provides interfaces, and has no smoke suite to try them");
	} else {
		outcome_not_applicable(out,
			"the product declares no interface that it provides, and no smoke suite");
	}
}

/* Steps that were really asked; a suite without any proves nothing. */
static size_t count_asked(const struct task_observation *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->smoke.n; i++) {
		n += t->smoke.v[i].skipped ? 0 : 1;
	}
	return n;
}

static size_t count_steps(const struct check_context *ctx, size_t *ret_suites)
{
	auto_free const struct smoke_suite **suites =
		product_smoke(ctx->product, ctx->task, ret_suites);
	size_t steps = 0;

	for (size_t i = 0; i < *ret_suites; i++) {
		steps += suites[i]->steps.n;
	}
	return steps;
}

static void judge_missing(const struct task_observation *t, size_t steps, struct outcome *out)
{
	auto_free char *cut = seen_cut_short(t);

	if (steps == 0) {
		outcome_not_tested(out, "add steps to the suite", "its smoke suites have no steps");
	} else if (!t->ready) {
		outcome_not_tested(out, "see bootstraps for what kept it from becoming ready",
			"the product did not become ready");
	} else if (t->cron) {
		outcome_not_tested(out, "declare the suite on the task that serves it",
			"a cron task has ended when it is ready, and cannot be asked");
	} else {
		outcome_not_tested(out, "see bootstraps", "%zu of %zu steps were tried: %s",
			t->smoke.n, steps, cut ? cut : "the run was cut short");
	}
}

static int run(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	const struct task_observation *t = ctx->observation;
	size_t suites = 0;
	size_t steps = count_steps(ctx, &suites);
	size_t failed = 0;

	(void)err;
	if (suites == 0) {
		judge_no_suite(ctx, out);
		return 0;
	}
	for (size_t i = 0; i < t->smoke.n; i++) {
		judge_step(&t->smoke.v[i], out);
		failed += !t->smoke.v[i].passed && !t->smoke.v[i].skipped ? 1 : 0;
	}
	if (failed) {
		outcome_summary(out, "%zu of %zu steps failed", failed, steps);
	} else if (t->smoke.n < steps || count_asked(t) < steps || steps == 0) {
		judge_missing(t, steps, out);
	} else {
		outcome_summary(out, "%zu steps in %zu suites passed", steps, suites);
	}
	return 0;
}

const struct check check_smoke_passes = {
	.id = "smoke-passes",
	.requirement = "R04",
	.title = "its smoke suites pass against the running product",
	.reason = "what is declared has to work before it is offered to anybody",
	.remedy =
		"see each step's request and answer in the evidence; mend the product or the suite",
	.stage = STAGE_DYNAMIC,
	.needs = NEEDS_PRODUCT | NEEDS_BOOT | NEEDS_EXECUTABLE,
	.per_task = true,
	.run = run,
};
