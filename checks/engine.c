#include "checks/engine.h"

#include "base/alloc.h"
#include "base/str.h"
#include "base/sys_time.h"
#include "checks/needs.h"
#include "checks/notes.h"
#include "checks/outcome.h"
#include "checks/verdict.h"

#include <stdlib.h>
#include <string.h>

struct engine {
	const struct selection *sel;
	const struct check *const *table;
	size_t n;
	struct notes *notes; /* one for each row of the table */
};

struct engine *engine_new_over(
	const struct check *const *table, size_t n, const struct selection *sel)
{
	struct engine *e = xcalloc(1, sizeof(*e));

	e->sel = sel;
	e->table = table;
	e->n = n;
	e->notes = xcalloc(n, sizeof(*e->notes));
	return e;
}

struct engine *engine_new(const struct selection *sel)
{
	return engine_new_over(checks, n_checks, sel);
}

void engine_free(struct engine *e)
{
	if (!e) {
		return;
	}
	for (size_t i = 0; i < e->n; i++) {
		notes_release(&e->notes[i]);
	}
	free(e->notes);
	free(e);
}

static void on_entry(const struct entry *entry, void *arg)
{
	struct engine *e = arg;

	for (size_t i = 0; i < e->n; i++) {
		if (e->table[i]->entry && selection_has(e->sel, e->table[i])) {
			e->table[i]->entry(entry, &e->notes[i]);
		}
	}
}

/* What the notes of a layer are packed as: the id of each check, then its notes. */
static bool on_remember(size_t layer, struct buf *out, void *arg)
{
	const struct engine *e = arg;
	struct pack p = {.buf = out};
	bool all = true;

	for (size_t i = 0; i < e->n; i++) {
		if (e->table[i]->entry) {
			pack_text(&p, e->table[i]->id);
			all = all && selection_has(e->sel, e->table[i]) &&
			      notes_pack(&e->notes[i], layer, &p);
		}
	}
	return all && !p.failed;
}

/* The row of a check that is called for entries and selected; e->n: there is none. */
static size_t listening_row(const struct engine *e, const char *id)
{
	size_t i = 0;

	while (i < e->n && (!e->table[i]->entry || !selection_has(e->sel, e->table[i]) ||
				   !str_eq(e->table[i]->id, id))) {
		i++;
	}
	return i;
}

/* Reads over all of it, or adds what it has. Returns how many checks that listen were found; 0 when
 * it is broken or has more notes than there is room for. */
static size_t recall(struct engine *e, size_t layer, struct unpack u, bool add)
{
	size_t found = 0;

	while (u.at != u.end) {
		const char *id = unpack_text(&u);
		size_t row = id ? listening_row(e, id) : e->n;
		struct notes *notes = row < e->n ? &e->notes[row] : NULL;

		if (!notes_unpack(
			    &u, layer, add ? notes : NULL, LIMIT_NOTES - (notes ? notes->n : 0))) {
			return 0;
		}
		found += notes != NULL;
	}
	return u.broken ? 0 : found;
}

static bool on_recall(size_t layer, const void *bytes, size_t len, void *arg)
{
	struct engine *e = arg;
	struct unpack u = {bytes, (const uint8_t *)bytes + len, false};
	size_t listening = 0;

	for (size_t i = 0; i < e->n; i++) {
		listening += listening_row(e, e->table[i]->id) == i;
	}
	if (recall(e, layer, u, false) != listening) {
		return false;
	}
	(void)recall(e, layer, u, true);
	return true;
}

struct entry_sink engine_sink(struct engine *e)
{
	return (struct entry_sink){
		.entry = on_entry, .remember = on_remember, .recall = on_recall, .arg = e};
}

void check_judge(const struct check *check, const struct check_context *ctx, const char *today,
	struct check_result *ret)
{
	static const struct notes no_notes;
	struct check_context own = *ctx;
	AUTO(outcome) struct outcome out = {0};
	struct err error = {0};
	size_t dropped = 0;

	if (!own.notes) {
		own.notes = &no_notes;
	}
	*ret = (struct check_result){.check = check, .task = ctx->task};
	if (needs_met(check, &own, &out, &error)) {
		dropped = own.notes->dropped;
		if (check->run(&own, &out, &error) && !error.code) {
			err_set(&error, ERR_INTERNAL, "the check failed without saying why: a bug");
		}
		needs_whole(check, &own, &out);
	}
	verdict_derive(&out, &error, dropped, ctx->policy, today, ret);
}

void check_result_release(struct check_result *r)
{
	for (size_t i = 0; i < r->findings.n; i++) {
		finding_release(&r->findings.v[i]);
	}
	free(r->findings.v);
	free(r->summary);
	free(r->remedy);
	json_decref(r->evidence);
	*r = (struct check_result){0};
}

/* The results as they grow. */
struct results {
	struct check_result *v;
	size_t n;
	size_t cap;
};

struct run {
	struct engine *engine;
	const struct check_context *given;
	const struct observation *observation;
	const struct task *only_task;
	const char *today;
	struct results results;
};

static void judge_for(struct run *run, size_t row, const struct task *task)
{
	const struct check *check = run->engine->table[row];
	struct check_context ctx = *run->given;

	ctx.task = task;
	ctx.notes = &run->engine->notes[row];
	ctx.observation = check->stage == STAGE_DYNAMIC && run->observation
				  ? observation_of(run->observation, task)
				  : NULL;
	check_judge(check, &ctx, run->today, ARRAY_PUSH(&run->results));
}

static void judge(struct run *run, size_t row)
{
	const struct product *product = run->given->product;

	if (!run->engine->table[row]->per_task || !product || !product->n_tasks) {
		judge_for(run, row, NULL);
	} else if (run->only_task) {
		judge_for(run, row, run->only_task);
	} else {
		for (size_t i = 0; i < product->n_tasks; i++) {
			judge_for(run, row, &product->tasks[i]);
		}
	}
}

static void judge_requirement(struct run *run, const char *id, struct strv *left_out)
{
	const struct engine *e = run->engine;

	for (size_t i = 0; i < e->n; i++) {
		if (!str_eq(e->table[i]->requirement, id)) {
			continue;
		}
		if (selection_has(e->sel, e->table[i])) {
			judge(run, i);
		} else if (e->table[i]->stage == STAGE_STATIC ? e->sel->stage_static
							      : e->sel->stage_dynamic) {
			strv_add(left_out, e->table[i]->id);
		}
	}
}

static const char *scope_of(const struct selection *sel)
{
	if (sel->stage_static && sel->stage_dynamic) {
		return "all";
	}
	return sel->stage_dynamic ? "dynamic" : "static";
}

void engine_run(struct engine *e, const struct check_context *ctx,
	const struct observation *observation, const struct task *only_task, struct result *ret)
{
	struct run run = {
		.engine = e, .given = ctx, .observation = observation, .only_task = only_task};
	char today[sizeof("2026-11-23")] = "";

	*ret = (struct result){
		.scope = scope_of(e->sel),
		.edition = ctx->edition,
		.image = ctx->image,
		.product = ctx->product,
		.only_task = only_task,
		.policy = ctx->policy,
		.observation = observation,
	};
	time_rfc3339(ret->evaluated_at);
	memcpy(today, ret->evaluated_at, sizeof(today) - 1);
	run.today = today;
	for (size_t i = 0; i < n_requirements; i++) {
		judge_requirement(&run, requirements[i].id, &ret->left_out);
	}
	ret->checks = run.results.v;
	ret->n_checks = run.results.n;
	result_derive(ret);
}

void result_release(struct result *result)
{
	for (size_t i = 0; i < result->n_checks; i++) {
		check_result_release(&result->checks[i]);
	}
	free(result->checks);
	free(result->requirements);
	strv_release(&result->left_out);
	*result = (struct result){0};
}
