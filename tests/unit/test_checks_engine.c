/* How findings become verdicts: tables worked out by hand from the rules in docs (a requirement
 * takes the worst of its checks, a broken MUST fails a run, what could not be told leaves it
 * undecided). */
#include "base/alloc.h"
#include "base/sys_file.h"
#include "checks/engine.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TODAY "2026-06-15"

/* ---- checks that say one thing each --------------------------------------------------------- */

static json_t *seen(void)
{
	return json_pack("{s:s}", "looked_at", "it");
}

static int run_pass(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	(void)ctx;
	(void)err;
	outcome_evidence(out, seen());
	return 0;
}

static int run_silent(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	(void)ctx;
	(void)out;
	(void)err;
	return 0;
}

static int run_fail(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	(void)ctx;
	(void)err;
	outcome_fail(out, "/a", seen(), "%s is wrong", "a");
	return 0;
}

static int run_fail_and_warn(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	(void)ctx;
	(void)err;
	outcome_warn(out, "/w", NULL, "w is odd");
	outcome_fail(out, "/a", NULL, "a is wrong");
	outcome_fail(out, "/b", NULL, "b is wrong");
	return 0;
}

static int run_warn(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	(void)ctx;
	(void)err;
	outcome_warn(out, "/w", NULL, "w is odd");
	return 0;
}

static int run_error(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	(void)ctx;
	outcome_evidence(out, seen());
	return err_set(err, ERR_IO, "the disk is on fire");
}

static int run_fail_then_error(
	const struct check_context *ctx, struct outcome *out, struct err *err)
{
	(void)ctx;
	outcome_fail(out, "/a", NULL, "a is wrong");
	return err_set(err, ERR_IO, "the disk is on fire");
}

static int run_warn_then_error(
	const struct check_context *ctx, struct outcome *out, struct err *err)
{
	(void)ctx;
	outcome_warn(out, "/w", NULL, "w is odd");
	return err_set(err, ERR_IO, "the disk is on fire");
}

static int run_error_silent(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	(void)ctx;
	(void)out;
	(void)err;
	return -1;
}

static int run_not_tested(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	(void)ctx;
	(void)err;
	outcome_not_tested(out, "buy a bigger machine", "no room");
	return 0;
}

static int run_not_applicable(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	(void)ctx;
	(void)err;
	outcome_evidence(out, seen());
	outcome_not_applicable(out, "nothing of that kind");
	return 0;
}

/* Not applicable to one part, untestable in another: the second must win, whatever the order. */
static int run_applicable_not_tested(
	const struct check_context *ctx, struct outcome *out, struct err *err)
{
	(void)ctx;
	(void)err;
	outcome_not_applicable(out, "nothing of that kind");
	outcome_not_tested(out, NULL, "no room");
	outcome_not_applicable(out, "nothing of that kind");
	return 0;
}

static int run_fail_not_tested(
	const struct check_context *ctx, struct outcome *out, struct err *err)
{
	(void)ctx;
	(void)err;
	outcome_fail(out, "/a", NULL, "a is wrong");
	outcome_not_tested(out, NULL, "no room");
	return 0;
}

static int run_summary(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	(void)ctx;
	(void)err;
	outcome_evidence(out, seen());
	outcome_summary(out, "first");
	outcome_summary(out, "%d things are good", 7);
	return 0;
}

#define CHECK_OF(name, requirement_id, stage_, needs_, per_task_)                                  \
	static const struct check check_##name = {                                                 \
		.id = #name,                                                                       \
		.requirement = requirement_id,                                                     \
		.title = "title of " #name,                                                        \
		.reason = "r",                                                                     \
		.remedy = "m",                                                                     \
		.stage = stage_,                                                                   \
		.needs = needs_,                                                                   \
		.per_task = per_task_,                                                             \
		.run = run_##name,                                                                 \
	};

CHECK_OF(pass, "R03", STAGE_STATIC, 0, false)
CHECK_OF(silent, "R03", STAGE_STATIC, 0, false)
CHECK_OF(fail, "R03", STAGE_STATIC, 0, false)
CHECK_OF(fail_and_warn, "R03", STAGE_STATIC, 0, false)
CHECK_OF(warn, "R03", STAGE_STATIC, 0, false)
CHECK_OF(error, "R03", STAGE_STATIC, 0, false)
CHECK_OF(fail_then_error, "R03", STAGE_STATIC, 0, false)
CHECK_OF(warn_then_error, "R03", STAGE_STATIC, 0, false)
CHECK_OF(error_silent, "R03", STAGE_STATIC, 0, false)
CHECK_OF(not_tested, "R03", STAGE_STATIC, 0, false)
CHECK_OF(not_applicable, "R03", STAGE_STATIC, 0, false)
CHECK_OF(applicable_not_tested, "R03", STAGE_STATIC, 0, false)
CHECK_OF(fail_not_tested, "R03", STAGE_STATIC, 0, false)
CHECK_OF(summary, "R03", STAGE_STATIC, 0, false)

/* The same behaviour under other requirements and stages. */
static struct check as(const struct check *check, const char *id, const char *requirement)
{
	struct check c = *check;

	c.id = id;
	c.requirement = requirement;
	return c;
}

/* ---- one check ------------------------------------------------------------------------------ */

static const struct verdict_row {
	const struct check *check;
	enum verdict verdict;
	bool incomplete;
	const char *summary;
} verdict_rows[] = {
	{&check_pass, VERDICT_PASS, false, "title of pass"},
	{&check_silent, VERDICT_ERROR, true, "the check reported nothing: a bug"},
	{&check_fail, VERDICT_FAIL, false, "a is wrong"},
	{&check_fail_and_warn, VERDICT_FAIL, false, "a is wrong (and 1 more)"},
	{&check_warn, VERDICT_WARN, false, "w is odd"},
	{&check_error, VERDICT_ERROR, true, "the disk is on fire"},
	{&check_fail_then_error, VERDICT_FAIL, true,
		"a is wrong; what else there is could not be told: the disk is on fire"},
	{&check_warn_then_error, VERDICT_ERROR, true, "the disk is on fire"},
	{&check_error_silent, VERDICT_ERROR, true, "the check failed without saying why: a bug"},
	{&check_not_tested, VERDICT_NOT_TESTED, true, "no room"},
	{&check_not_applicable, VERDICT_NOT_APPLICABLE, false, "nothing of that kind"},
	{&check_applicable_not_tested, VERDICT_NOT_TESTED, true, "no room"},
	{&check_fail_not_tested, VERDICT_FAIL, true,
		"a is wrong; what else there is could not be told: no room"},
	{&check_summary, VERDICT_PASS, false, "7 things are good"},
};

Test(engine, verdict_of_a_check)
{
	for (size_t i = 0; i < ARRAY_SIZE(verdict_rows); i++) {
		const struct verdict_row *row = &verdict_rows[i];
		struct check_context ctx = {0};
		struct check_result r;

		check_judge(row->check, &ctx, TODAY, &r);
		cr_expect_eq(
			r.verdict, row->verdict, "%s: %s", row->check->id, verdict_name(r.verdict));
		cr_expect_eq(r.incomplete, row->incomplete, "%s", row->check->id);
		cr_expect_str_eq(r.summary, row->summary, "%s: %s", row->check->id, r.summary);
		cr_expect(json_is_array(r.evidence), "%s", row->check->id);
		check_result_release(&r);
	}
}

Test(engine, remedy_of_not_tested)
{
	struct check_context ctx = {0};
	struct check_result r;

	check_judge(&check_not_tested, &ctx, TODAY, &r);
	cr_expect_str_eq(r.remedy, "buy a bigger machine");
	check_result_release(&r);
	check_judge(&check_fail, &ctx, TODAY, &r);
	cr_expect_null(r.remedy);
	check_result_release(&r);
}

Test(engine, a_should_never_fails)
{
	static const char *const shoulds[] = {"S1", "S5", "N1"};

	for (size_t i = 0; i < ARRAY_SIZE(shoulds); i++) {
		struct check should = as(&check_fail, "should", shoulds[i]);
		struct check_context ctx = {0};
		struct check_result r;

		check_judge(&should, &ctx, TODAY, &r);
		cr_expect_eq(r.verdict, VERDICT_WARN, "%s", shoulds[i]);
		cr_expect(r.findings.v[0].warning);
		check_result_release(&r);
	}
}

/* SHA-256 by another way than the code's, over "fail NUL NUL /a NUL" and with a task's id. */
static void sha256_hex(const void *bytes, size_t len, char hex[65])
{
	unsigned char md[SHA256_DIGEST_LENGTH];

	SHA256(bytes, len, md);
	for (size_t i = 0; i < sizeof(md); i++) {
		(void)snprintf(hex + 2 * i, 3, "%02x", md[i]);
	}
}

Test(engine, fingerprint_is_of_check_task_and_subject)
{
	static char id[] = "t1";
	struct task task = {.id = id};
	struct check_context ctx = {0};
	struct check_result r;
	char hex[65];

	check_judge(&check_fail, &ctx, TODAY, &r);
	sha256_hex("fail\0\0/a", sizeof("fail\0\0/a"), hex);
	cr_expect_str_eq(r.findings.v[0].fingerprint, hex);
	check_result_release(&r);

	ctx.task = &task;
	check_judge(&check_fail, &ctx, TODAY, &r);
	sha256_hex("fail\0t1\0/a", sizeof("fail\0t1\0/a"), hex);
	cr_expect_str_eq(r.findings.v[0].fingerprint, hex);
	check_result_release(&r);
}

/* ---- waivers -------------------------------------------------------------------------------- */

static char w_fail[] = "fail";
static char w_both[] = "fail_and_warn";
static char w_a[] = "/a";
static char w_b[] = "/b";
static char w_text[] = "x";
static char w_past[] = "2026-06-14";
static char w_today[] = TODAY;

static enum verdict judged_with(const struct check *check, struct waiver *waivers, size_t n)
{
	struct policy policy = {.waivers = {waivers, n}};
	struct check_context ctx = {.policy = &policy};
	struct check_result r;
	enum verdict verdict;

	check_judge(check, &ctx, TODAY, &r);
	verdict = r.verdict;
	check_result_release(&r);
	return verdict;
}

Test(engine, waivers)
{
	struct waiver whole = {.check = w_fail, .why = w_text, .who = w_text};
	struct waiver expired = {.check = w_fail, .why = w_text, .who = w_text, .until = w_past};
	struct waiver last_day = {.check = w_fail, .why = w_text, .who = w_text, .until = w_today};
	struct waiver other = {.check = w_fail, .subject = w_b, .why = w_text, .who = w_text};
	struct waiver a = {.check = w_both, .subject = w_a, .why = w_text, .who = w_text};
	struct waiver ab[] = {a, {.check = w_both, .subject = w_b, .why = w_text, .who = w_text}};
	struct waiver all = {.check = w_both, .why = w_text, .who = w_text};

	cr_expect_eq(judged_with(&check_fail, &whole, 1), VERDICT_WAIVED);
	cr_expect_eq(judged_with(&check_fail, &expired, 1), VERDICT_FAIL);
	cr_expect_eq(judged_with(&check_fail, &last_day, 1), VERDICT_WAIVED);
	cr_expect_eq(judged_with(&check_fail, &other, 1), VERDICT_FAIL);
	cr_expect_eq(judged_with(&check_fail_and_warn, &whole, 1), VERDICT_FAIL, "another check's");
	cr_expect_eq(judged_with(&check_fail_and_warn, &a, 1), VERDICT_FAIL, "one of two");
	cr_expect_eq(judged_with(&check_fail_and_warn, ab, 2), VERDICT_WARN, "the warning stands");
	cr_expect_eq(judged_with(&check_fail_and_warn, &all, 1), VERDICT_WAIVED);
}

Test(engine, a_waiver_does_not_hide_an_error)
{
	static char id[] = "fail_then_error";
	struct waiver waiver = {.check = id, .why = w_text, .who = w_text};

	cr_expect_eq(judged_with(&check_fail_then_error, &waiver, 1), VERDICT_ERROR);
}

/* ---- needs ---------------------------------------------------------------------------------- */

static enum verdict judged_needing(unsigned needs, const struct check_context *ctx)
{
	struct check check = check_pass;
	struct check_result r;
	enum verdict verdict;

	check.needs = needs;
	check_judge(&check, ctx, TODAY, &r);
	verdict = r.verdict;
	if (verdict == VERDICT_NOT_TESTED || verdict == VERDICT_NOT_APPLICABLE) {
		cr_expect_gt(strlen(r.summary), 10, "a reason");
	}
	check_result_release(&r);
	return verdict;
}

Test(engine, needs_an_image)
{
	struct image_config config = {0};
	struct image chosen = {.config = &config};
	struct image none = {0};
	AUTO_PTR(tree) struct tree *tree = tree_new();
	struct check_context ctx = {0};

	cr_expect_eq(judged_needing(NEEDS_CONFIG, &ctx), VERDICT_NOT_TESTED);
	ctx.image = &none;
	cr_expect_eq(judged_needing(NEEDS_CONFIG, &ctx), VERDICT_NOT_TESTED);
	cr_expect_eq(judged_needing(NEEDS_TREE, &ctx), VERDICT_NOT_TESTED);
	ctx.image = &chosen;
	cr_expect_eq(judged_needing(NEEDS_CONFIG, &ctx), VERDICT_PASS);
	cr_expect_eq(judged_needing(NEEDS_TREE, &ctx), VERDICT_NOT_TESTED);
	ctx.tree = tree;
	cr_expect_eq(judged_needing(NEEDS_TREE, &ctx), VERDICT_PASS);
}

Test(engine, needs_a_product)
{
	struct product product = {0};
	struct check_context ctx = {0};

	cr_expect_eq(judged_needing(NEEDS_PRODUCT, &ctx), VERDICT_NOT_TESTED);
	ctx.product = &product;
	cr_expect_eq(judged_needing(NEEDS_PRODUCT, &ctx), VERDICT_PASS);
}

static enum verdict content_verdict(const char *cmd)
{
	struct image_config config = {0};
	struct image image = {.config = &config};
	struct product product = {.content_only = true};
	struct check_context ctx = {.image = &image, .product = &product};
	enum verdict verdict;

	if (cmd) {
		strv_add(&config.cmd, cmd);
	}
	verdict = judged_needing(NEEDS_EXECUTABLE, &ctx);
	strv_release(&config.cmd);
	return verdict;
}

/* Leaving the tasks out of the product file must not be a way past the gate. */
Test(engine, content_only_needs_an_image_that_agrees)
{
	struct product product = {0};
	struct check_context ctx = {.product = &product};

	cr_expect_eq(content_verdict(NULL), VERDICT_NOT_APPLICABLE);
	cr_expect_eq(content_verdict("/bin/sh"), VERDICT_NOT_APPLICABLE);
	cr_expect_eq(content_verdict("/usr/sbin/nginx"), VERDICT_NOT_TESTED);
	cr_expect_eq(judged_needing(NEEDS_EXECUTABLE, &ctx), VERDICT_PASS);
}

static enum verdict observed(unsigned needs, enum obs_state state, bool ready)
{
	static char why[] = "no cgroup, and no other way";
	struct task_observation seen_ = {.state = state, .why = why, .ready = ready};
	struct check_context ctx = {.observation = &seen_};

	return judged_needing(needs, &ctx);
}

Test(engine, needs_a_boot)
{
	struct check_context nothing = {0};

	cr_expect_eq(judged_needing(NEEDS_BOOT, &nothing), VERDICT_NOT_TESTED);
	cr_expect_eq(observed(NEEDS_BOOT, OBS_NOT_STARTED, false), VERDICT_NOT_TESTED);
	cr_expect_eq(observed(NEEDS_BOOT, OBS_BROKEN, false), VERDICT_ERROR);
	cr_expect_eq(observed(NEEDS_BOOT, OBS_STARTED, false), VERDICT_PASS);
	cr_expect_eq(observed(NEEDS_READY, OBS_STARTED, false), VERDICT_NOT_TESTED);
	cr_expect_eq(observed(NEEDS_READY, OBS_STARTED, true), VERDICT_PASS);
}

/* ---- a run ---------------------------------------------------------------------------------- */

static const struct run_row {
	const struct check *must[2];
	const struct check *should;
	enum run_verdict verdict;
	bool complete;
	enum verdict requirement; /* of the MUST */
} run_rows[] = {
	{{&check_pass, &check_pass}, NULL, RUN_COMPLIANT, true, VERDICT_PASS},
	{{&check_pass, &check_warn}, NULL, RUN_COMPLIANT, true, VERDICT_WARN},
	{{&check_pass, &check_not_applicable}, NULL, RUN_COMPLIANT, true, VERDICT_PASS},
	{{&check_pass, &check_fail}, NULL, RUN_NON_COMPLIANT, true, VERDICT_FAIL},
	{{&check_error, &check_fail}, NULL, RUN_NON_COMPLIANT, false, VERDICT_FAIL},
	{{&check_not_tested, &check_fail}, NULL, RUN_NON_COMPLIANT, false, VERDICT_FAIL},
	{{&check_pass, &check_not_tested}, NULL, RUN_UNDECIDED, false, VERDICT_NOT_TESTED},
	{{&check_pass, &check_error}, NULL, RUN_UNDECIDED, false, VERDICT_ERROR},
	{{&check_not_tested, &check_error}, NULL, RUN_UNDECIDED, false, VERDICT_ERROR},
	{{&check_not_tested, &check_warn}, NULL, RUN_UNDECIDED, false, VERDICT_NOT_TESTED},
	{{&check_fail_then_error, &check_pass}, NULL, RUN_NON_COMPLIANT, false, VERDICT_FAIL},
	{{&check_pass, &check_pass}, &check_fail, RUN_COMPLIANT, true, VERDICT_PASS},
	{{&check_pass, &check_pass}, &check_error, RUN_COMPLIANT, true, VERDICT_PASS},
	{{&check_pass, &check_pass}, &check_not_tested, RUN_COMPLIANT, true, VERDICT_PASS},
};

static void judge_table(const struct check *const *table, size_t n, const struct selection *sel,
	const struct check_context *ctx, struct result *ret)
{
	AUTO_PTR(engine) struct engine *e = engine_new_over(table, n, sel);

	engine_run(e, ctx, NULL, NULL, ret);
}

static const struct selection everything = {.stage_static = true, .stage_dynamic = true};

Test(engine, verdict_of_a_run)
{
	for (size_t i = 0; i < ARRAY_SIZE(run_rows); i++) {
		const struct run_row *row = &run_rows[i];
		struct check first = as(row->must[0], "first", "R03");
		struct check second = as(row->must[1], "second", "R03");
		struct check should = as(row->should ? row->should : &check_pass, "third", "S4");
		const struct check *table[] = {&should, &first, &second};
		struct check_context ctx = {0};
		AUTO(result) struct result result;

		judge_table(table, 3, &everything, &ctx, &result);
		cr_expect_eq(result.verdict, row->verdict, "row %zu: %s", i,
			run_verdict_name(result.verdict));
		cr_expect_eq(result.complete, row->complete, "row %zu", i);
		cr_assert_eq(result.n_requirements, 2);
		cr_expect_str_eq(result.requirements[0].requirement->id, "R03");
		cr_expect_eq(result.requirements[0].verdict, row->requirement, "row %zu: %s", i,
			verdict_name(result.requirements[0].verdict));
		cr_expect_eq(result.requirements[0].n_checks, 2);
		cr_expect_str_eq(result.requirements[1].requirement->id, "S4");
	}
}

Test(engine, nothing_checked_is_undecided)
{
	AUTO(result) struct result result;
	struct check_context ctx = {0};

	judge_table(NULL, 0, &everything, &ctx, &result);
	cr_expect_eq(result.verdict, RUN_UNDECIDED);
	cr_expect_not(result.complete);
}

Test(engine, one_result_for_each_task)
{
	static char ids[2][3] = {"t1", "t2"};
	struct task tasks[] = {{.id = ids[0]}, {.id = ids[1]}};
	struct product product = {.tasks = tasks, .n_tasks = 2};
	struct check each = as(&check_pass, "each", "R03");
	struct check once = as(&check_pass, "once", "R03");
	const struct check *table[] = {&each, &once};
	struct check_context ctx = {.product = &product};
	AUTO_PTR(engine) struct engine *e = engine_new_over(table, 2, &everything);
	AUTO(result) struct result all = {0};
	AUTO(result) struct result one = {0};

	each.per_task = true;
	engine_run(e, &ctx, NULL, NULL, &all);
	cr_assert_eq(all.n_checks, 3);
	cr_expect_eq(all.checks[0].task, &tasks[0]);
	cr_expect_eq(all.checks[1].task, &tasks[1]);
	cr_expect_null(all.checks[2].task);
	engine_run(e, &ctx, NULL, &tasks[1], &one);
	cr_assert_eq(one.n_checks, 2);
	cr_expect_eq(one.checks[0].task, &tasks[1]);
	cr_expect_eq(one.only_task, &tasks[1]);
}

/* ---- selection ------------------------------------------------------------------------------ */

Test(engine, selection_by_stage_and_ids)
{
	struct check a = as(&check_pass, "a", "R03");
	struct check b = as(&check_pass, "b", "R03");
	struct check c = as(&check_pass, "c", "R09");
	const struct check *table[] = {&a, &b, &c};
	struct check_context ctx = {0};
	struct selection sel = {.stage_static = true};
	AUTO(result) struct result result = {0};

	c.stage = STAGE_DYNAMIC;
	cr_expect(selection_has(&sel, &a));
	cr_expect_not(selection_has(&sel, &c));
	strv_add(&sel.only, "R03");
	strv_add(&sel.skip, "b");
	cr_expect(selection_has(&sel, &a));
	cr_expect_not(selection_has(&sel, &b));
	judge_table(table, 3, &sel, &ctx, &result);
	cr_assert_eq(result.n_checks, 1);
	cr_expect_str_eq(result.scope, "static");
	cr_assert_eq(result.left_out.n, 1, "the other stage is not left out but out of scope");
	cr_expect_str_eq(result.left_out.v[0], "b");
	strv_release(&sel.only);
	strv_release(&sel.skip);
}

Test(engine, unknown_id_is_a_usage_error_with_the_nearest)
{
	struct selection sel = {.stage_static = true, .stage_dynamic = true};
	struct err err = {0};

	cr_expect_eq(selection_check(&sel, &err), 0, "%s", err.msg);
	strv_add(&sel.only, "product-flie");
	cr_expect_eq(selection_check(&sel, &err), -1);
	cr_expect_eq(err.code, ERR_USAGE);
	cr_expect(strstr(err.msg, "'product-file'"), "%s", err.msg);
	strv_release(&sel.only);
}

Test(engine, a_selection_of_nothing_is_a_usage_error)
{
	struct selection sel = {.stage_static = true};
	struct err err = {0};

	strv_add(&sel.only, "product-file");
	strv_add(&sel.skip, "R05");
	cr_expect_eq(selection_check(&sel, &err), -1);
	cr_expect_eq(err.code, ERR_USAGE);
	strv_release(&sel.only);
	strv_release(&sel.skip);
}

Test(engine, waiver_of_an_unknown_check_is_a_usage_error)
{
	static char good[] = "product-file";
	static char bad[] = "product-files";
	struct waiver waiver = {.check = good};
	struct policy policy = {.waivers = {&waiver, 1}};
	struct err err = {0};

	cr_expect_eq(waivers_check(&policy, &err), 0);
	waiver.check = bad;
	cr_expect_eq(waivers_check(&policy, &err), -1);
	cr_expect_eq(err.code, ERR_USAGE);
}
