/* What .entry notes in the layers reaches .run, and what had to be dropped is never a pass. */
#include "checks/engine.h"

#include <criterion/criterion.h>

static const struct selection everything = {.stage_static = true, .stage_dynamic = true};

static void note_every(const struct entry *entry, struct notes *notes)
{
	note_add(notes, entry, 3, 1, "text");
}

static int run_notes(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	(void)err;
	outcome_evidence(out, json_pack("{s:i}", "notes", (int)ctx->notes->n));
	return 0;
}

static void judge_entries(size_t n, struct result *ret)
{
	static const struct check noting = {.id = "noting",
		.requirement = "R16",
		.title = "t",
		.entry = note_every,
		.run = run_notes};
	const struct check *table[] = {&noting};
	AUTO_PTR(engine) struct engine *e = engine_new_over(table, 1, &everything);
	struct entry_sink sink = engine_sink(e);
	struct entry entry = {.path = "var/log/x"};
	struct check_context ctx = {0};

	for (size_t i = 0; i < n; i++) {
		sink.entry(&entry, sink.arg);
	}
	engine_run(e, &ctx, NULL, NULL, ret);
}

Test(engine, entries_reach_the_check_as_notes)
{
	AUTO(result) struct result result;

	judge_entries(3, &result);
	cr_expect_eq(result.checks[0].verdict, VERDICT_PASS);
	cr_expect_eq(json_integer_value(json_object_get(
			     json_array_get(result.checks[0].evidence, 0), "notes")),
		3);
}

Test(engine, dropped_notes_are_never_a_pass)
{
	AUTO(result) struct result full;
	AUTO(result) struct result over;

	judge_entries(LIMIT_NOTES, &full);
	judge_entries(LIMIT_NOTES + 1, &over);
	cr_expect_eq(full.checks[0].verdict, VERDICT_PASS);
	cr_expect_eq(over.checks[0].verdict, VERDICT_NOT_TESTED);
}
