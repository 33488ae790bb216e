/* assay check: read, run, judge, report. */
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/sys_file.h"
#include "checks/engine.h"
#include "cmd/dry_run.h"
#include "cmd/service_images.h"
#include "cmd/subject.h"
#include "cmd/verbs.h"
#include "product/edition.h"
#include "product/policy.h"
#include "reports/report.h"
#include "runner/loop.h"
#include "runner/runner.h"

#include <stdio.h>
#include <string.h>

/* A report of a large image with many findings; beyond it something is wrong. */
#define REPORT_MAX ((size_t)256 << 20)

/* What one run holds, in the order in which it is made. */
struct gate {
	const struct options *options;
	struct policy policy;
	const struct edition *edition;
	struct selection selection;
	struct strv env;
	struct product *product;
	const struct task *task;
	struct engine *engine;
	struct service_images services;
	struct subject subject;
	struct observation observation;
	struct result result;
};

static void gate_release(struct gate *g)
{
	result_release(&g->result);
	observation_release(&g->observation);
	service_images_release(&g->services);
	subject_release(&g->subject);
	engine_free(g->engine);
	product_free(g->product);
	strv_release(&g->env);
	strv_release(&g->selection.only);
	strv_release(&g->selection.skip);
	policy_release(&g->policy);
}

static bool color_wanted(const struct options *options)
{
	if (str_eq(options->color, "auto")) {
		const char *no_color = getenv("NO_COLOR"); /* no-color.org */

		return isatty(STDOUT_FILENO) && !(no_color && *no_color);
	}
	return str_eq(options->color, "always");
}

/* The format of "FORMAT" or "FORMAT=FILE", and the file, or NULL for stdout. */
static const struct report_format *report_target(const char *item, const char **ret_file)
{
	size_t len = strcspn(item, "=");
	auto_free char *name = xstrndup(item, len);

	*ret_file = item[len] ? item + len + 1 : NULL;
	return report_format_find(name);
}

static int check_reports(const struct options *options, struct err *err)
{
	size_t on_stdout = 0;

	for (size_t i = 0; i < options->reports.n; i++) {
		const char *file;

		if (!report_target(options->reports.v[i], &file) || (file && !*file)) {
			return err_set(err, ERR_USAGE,
				"no report '%.60s'; formats are text, json, junit",
				options->reports.v[i]);
		}
		on_stdout += !file;
	}
	return on_stdout > 1
		       ? err_set(err, ERR_USAGE,
				 "only one report can go to standard output; give the others =FILE")
		       : 0;
}

/* All that can be wrong before the image is touched. */
static int gate_prepare(struct gate *g, const struct options *options, struct err *err)
{
	g->options = options;
	g->edition = edition_find(options->edition);
	g->selection.stage_static = !str_eq(options->stage, "dynamic");
	g->selection.stage_dynamic = !str_eq(options->stage, "static");
	strv_add_all(&g->selection.only, &options->only);
	strv_add_all(&g->selection.skip, &options->skip);
	if (check_reports(options, err) || policy_read(options, &g->policy, err)) {
		return -1;
	}
	strv_add_all(&g->selection.skip, &g->policy.skip);
	if (options->timeout) {
		g->policy.limits.run_s = options->timeout;
		if (g->policy.limits.boot_s > options->timeout) {
			g->policy.limits.boot_s = options->timeout;
		}
	}
	if (selection_check(&g->selection, err) || waivers_check(&g->policy, err) ||
		environment_read(options, &g->env, err) ||
		product_read(options, &g->product, &g->task, err) ||
		service_images_choose(&g->services, options, g->product, g->task, err)) {
		return -1;
	}
	g->engine = engine_new(&g->selection);
	return 0;
}

static bool wants_dynamic(const struct gate *g)
{
	for (size_t i = 0; i < n_checks; i++) {
		if (checks[i]->stage == STAGE_DYNAMIC && selection_has(&g->selection, checks[i])) {
			return true;
		}
	}
	return false;
}

static void runner_fill(const struct gate *g, struct runner_options *ret)
{
	*ret = (struct runner_options){
		.image = g->subject.image,
		.tree = g->subject.tree,
		.layers = &g->subject.layers,
		.layers_shifted = !g->subject.host.idmapped_mounts,
		.product = g->product,
		.only_task = g->task,
		.services = &g->services.chosen,
		.policy = &g->policy,
		.edition = g->edition,
		.host = &g->subject.host,
		.workspace = g->subject.workspace,
		.env = &g->env,
		.memory_mib = g->options->memory,
		.outside = outside_read(g->options),
		.progress = progress_line,
		.arg = (void *)(uintptr_t)g->options,
	};
}

static int gate_run(struct gate *g, struct err *err)
{
	struct runner_options runner;

	runner_fill(g, &runner);
	if (g->subject.runnable) {
		loop_hold_signals(true);
		if (runner_observe(&runner, &g->observation, err)) {
			return -1;
		}
		return loop_interrupted() ? err_set(err, ERR_IO, "interrupted by a signal") : 0;
	}
	runner_unavailable(&runner, g->subject.cannot.msg, message_split(g->subject.cannot.msg),
		&g->observation);
	return 0;
}

static void gate_judge(struct gate *g, bool dynamic)
{
	struct check_context ctx = {
		.image = g->subject.image,
		.tree = g->subject.tree,
		.packages = g->subject.packages,
		.product = g->product,
		.policy = &g->policy,
		.edition = g->edition,
		.memory_mib = g->options->memory,
	};

	engine_run(g->engine, &ctx, dynamic ? &g->observation : NULL, g->task, &g->result);
}

static int write_report(const struct gate *g, const char *item, struct err *err)
{
	const char *file;
	const struct report_format *format = report_target(item, &file);
	struct report_options options = {
		.color = !file && color_wanted(g->options), .verbose = g->options->verbose};
	AUTO(buf) struct buf text;

	buf_init(&text, REPORT_MAX);
	if (format->write(&g->result, &options, &text, err)) {
		return err_wrap(err, "report '%s'", format->name);
	}
	return file ? file_replace(file, buf_str(&text), text.len, err)
		    : print_out(buf_str(&text), text.len, err);
}

/* One that cannot be written keeps none of the others from it. */
static int gate_report(const struct gate *g, struct err *err)
{
	int rc = 0;

	if (!g->options->reports.n) {
		return write_report(g, "text", err);
	}
	for (size_t i = 0; i < g->options->reports.n; i++) {
		if (write_report(g, g->options->reports.v[i], rc ? NULL : err)) {
			rc = -1;
		}
	}
	return rc;
}

static int exit_code_of(const struct result *result)
{
	switch (result->verdict) {
	case RUN_COMPLIANT:
		return EXIT_COMPLIANT;
	case RUN_NON_COMPLIANT:
		return EXIT_NON_COMPLIANT;
	case RUN_UNDECIDED:
		return EXIT_UNDECIDED;
	}
	return EXIT_BUG;
}

static int gate_image(struct gate *g, struct err *err)
{
	struct entry_sink sink = engine_sink(g->engine);
	bool dynamic = wants_dynamic(g);

	if (subject_open(g->options, g->options->operands.v[0], dynamic, &sink, &g->subject, err)) {
		return -1;
	}
	if (g->subject.runnable) {
		service_images_open(&g->services, g->options, &g->subject);
	}
	if (g->options->dry_run) {
		return 0;
	}
	if (g->options->keep && g->subject.workspace) {
		workspace_keep(g->subject.workspace);
	}
	dynamic = dynamic && g->subject.image->config;
	if (dynamic && gate_run(g, err)) {
		return -1;
	}
	gate_judge(g, dynamic);
	return 0;
}

/* Why nothing could be started, NULL when it could. */
static const char *cannot_run(const struct gate *g)
{
	if (!g->subject.image->config) {
		return "no image could be chosen";
	}
	return g->subject.runnable ? NULL : g->subject.cannot.msg;
}

int verb_check(const struct options *options)
{
	__attribute__((cleanup(gate_release))) struct gate g = {0};
	struct err err = {0};

	if (options->operands.n != 1) {
		return fail_usage("check takes one IMAGE, not %zu", options->operands.n);
	}
	if (options->command.n) {
		return fail_usage("check takes no command behind '--'");
	}
	if (gate_prepare(&g, options, &err) || gate_image(&g, &err)) {
		return fail_with(&err);
	}
	if (options->dry_run) {
		struct runner_options runner;

		runner_fill(&g, &runner);
		return dry_run_print(&runner, &g.selection, cannot_run(&g), &err) ? fail_with(&err)
										  : 0;
	}
	if (gate_report(&g, &err)) {
		return fail_with(&err);
	}
	if (options->keep && g.subject.workspace) {
		(void)fprintf(
			stderr, "assay: evidence kept in %s\n", workspace_dir(g.subject.workspace));
	}
	return exit_code_of(&g.result);
}
