/*
 * engine.h - runs the registry's checks over what is known and derives the verdicts.
 *
 *	struct selection sel = {...};
 *	struct engine *e = engine_new(&sel);
 *	sinks[n++] = engine_sink(e);			feeds .entry callbacks during image_scan
 *	engine_run(e, &known, &result);
 *
 * One check's error never keeps another from running.
 */
#ifndef CHECKS_ENGINE_H
#define CHECKS_ENGINE_H

#include "base/cleanup.h"
#include "checks/check.h"
#include "image/scan.h"

#include <stdbool.h>

enum verdict {
	/* Sorted: a requirement takes the largest of its checks. */
	VERDICT_NOT_APPLICABLE,
	VERDICT_PASS,
	VERDICT_WAIVED,
	VERDICT_WARN,
	VERDICT_NOT_TESTED,
	VERDICT_ERROR,
	VERDICT_FAIL,
};
const char *verdict_name(enum verdict verdict); /* "not-applicable", ... */

struct finding {
	bool warning; /* else it breaks a MUST */
	char *subject;
	char *message;
	char *fingerprint; /* 64 hex digits */
	json_t *evidence; /* object or NULL */
	const struct waiver *waiver; /* in force, or NULL */
};

struct check_result {
	const struct check *check;
	const struct task *task; /* NULL: not per task, or no product file */
	enum verdict verdict;
	bool incomplete; /* the tool could not tell everything, even where the verdict is fail */
	char *summary;
	char *remedy; /* of not-tested; else NULL: the check's own */
	struct {
		struct finding *v;
		size_t n, cap;
	} findings;
	json_t *evidence; /* array */
};

struct requirement_result {
	const struct requirement *requirement;
	enum verdict verdict;
	struct check_result *checks; /* borrowed from result */
	size_t n_checks;
};

enum run_verdict { RUN_COMPLIANT, RUN_NON_COMPLIANT, RUN_UNDECIDED };
const char *run_verdict_name(enum run_verdict verdict);

/* One check asked about one context: its needs, its run, its verdict. today, "2026-11-23", is for
 * waivers. The engine does this for every selected check; tests of a check use it alone. */
void check_judge(const struct check *check, const struct check_context *ctx, const char *today,
	struct check_result *ret);
void check_result_release(struct check_result *r);

/* Everything a report says. */
struct result {
	enum run_verdict verdict;
	/* No selected MUST-level check is not-tested or errored, and something was selected. */
	bool complete;
	const char *scope; /* "static", "dynamic", "all" */
	const struct edition *edition;
	const struct image *image;
	const struct product *product; /* NULL: none was given */
	const struct task *only_task; /* --task; NULL: every task */
	const struct policy *policy;
	const struct observation *observation; /* NULL: static only */
	char evaluated_at[32];
	struct check_result *checks; /* in the order of requirements, then registry */
	size_t n_checks;
	struct requirement_result *requirements; /* those with a selected check */
	size_t n_requirements;
	struct strv left_out; /* ids of checks of this scope that the selection leaves out */
};
void result_release(struct result *result);

/* Which checks run. Lists hold check or requirement ids; empty only: all. A policy's own skip list
 * is added to skip by the caller, before selection_check. */
struct selection {
	bool stage_static;
	bool stage_dynamic;
	struct strv only;
	struct strv skip;
};
/* ERR_USAGE names an id that does not exist (and the nearest that does), or says that nothing is
 * left to run. */
int selection_check(const struct selection *sel, struct err *err);
/* ERR_USAGE names a waiver whose check does not exist. */
int waivers_check(const struct policy *policy, struct err *err);
bool selection_has(const struct selection *sel, const struct check *check);

struct engine;
struct engine *engine_new(const struct selection *sel); /* borrows sel */
/* The same over a table other than the registry; for tests. Borrows it. */
struct engine *engine_new_over(
	const struct check *const *table, size_t n, const struct selection *sel);
void engine_free(struct engine *e);
DEFINE_AUTO_PTR(engine)

struct entry_sink engine_sink(struct engine *e);

/* ctx: image, tree, packages, product, policy, edition, memory_mib are set; the engine sets the
 * rest for each check. observation NULL: dynamic checks that are selected are not-tested. only_task
 * NULL: every task. The result borrows all of them. */
void engine_run(struct engine *e, const struct check_context *ctx,
	const struct observation *observation, const struct task *only_task, struct result *ret);

#endif
