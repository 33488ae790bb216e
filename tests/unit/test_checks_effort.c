/* A few KiB that stand for many: each of these takes hours, or all memory, when it is followed to its
 * end. What is looked for is that it ends, and that somebody is told that there may be more. */
#include "base/cleanup.h"
#include "base/effort.h"
#include "checks/check.h"
#include "checks/engine.h"
#include "checks/entry_commands.h"
#include "checks/log_config.h"
#include "checks/log_default.h"
#include "checks/reach.h"
#include "checks/shell_words.h"
#include "tests/unit/fake_tree.h"

/* The piece n times; the caller frees. */
static char *many(const char *piece, size_t n)
{
	size_t len = strlen(piece);
	char *text = xcalloc(n * len + 1, 1);

	for (size_t i = 0; i < n * len; i++) {
		text[i] = piece[i % len];
	}
	return text;
}

struct found {
	struct entry_commands commands;
	struct reach reach;
};

static void find(const struct fake *rows, const struct image_config *config, struct found *ret)
{
	AUTO_PTR(tree) struct tree *tree = fake_tree(rows);

	entry_commands_find(tree, config, NULL, &ret->commands);
	reach_find(tree, config, &ret->commands, &ret->reach);
}

static void found_release(struct found *found)
{
	entry_commands_release(&found->commands);
	reach_release(&found->reach);
}

static const struct fake nothing[] = {{.path = "bin/app", .file = true}, {.path = NULL}};

Test(effort, lines_that_run_lines)
{
	AUTO(image_config) struct image_config config = {0};
	struct found found = {0};

	for (int i = 0; i < 6; i++) {
		auto_free char *call = xasprintf("sh -c \"$A%d\"\n", i + 1);
		auto_free char *calls = many(call, 300);

		strv_addf(&config.env, "A%d=%s", i, calls);
	}
	strv_add(&config.entrypoint, "sh");
	strv_add(&config.entrypoint, "-c");
	strv_add(&config.entrypoint, "sh -c \"$A0\"");
	find(nothing, &config, &found);
	cr_expect(found.commands.cut);
	cr_expect_gt(found.commands.n, 1000);
	found_release(&found);
}

static const struct fake handing_on[] = {
	{.path = "a",
		.text = "#!/bin/sh\n/b $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@\n"},
	{.path = "b",
		.text = "#!/bin/sh\n/c $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@\n"},
	{.path = "c",
		.text = "#!/bin/sh\n/d $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@\n"},
	{.path = "d",
		.text = "#!/bin/sh\n/e $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@\n"},
	{.path = "e",
		.text = "#!/bin/sh\n/f $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@ $@\n"},
	{.path = NULL},
};

Test(effort, arguments_handed_on)
{
	AUTO(image_config) struct image_config config = {0};
	struct found found = {0};
	size_t words = 0;

	strv_add(&config.entrypoint, "/a");
	for (int i = 0; i < 1000; i++) {
		strv_add(&config.cmd, "word");
	}
	find(handing_on, &config, &found);
	cr_expect(found.commands.cut);
	for (size_t i = 0; i < found.commands.n; i++) {
		words += found.commands.v[i].argv.n;
	}
	cr_expect_gt(words, 10000);
	cr_expect_lt(words, EFFORT / 8);
	found_release(&found);
}

Test(effort, values_put_in)
{
	AUTO(image_config) struct image_config config = {0};
	auto_free char *value = many("v", 4000);
	auto_free char *line = many("$A ", 1000000); /* of 4 GB */
	struct found found = {0};

	strv_addf(&config.env, "A=%s", value);
	strv_add(&config.entrypoint, "sh");
	strv_add(&config.entrypoint, "-c");
	strv_take(&config.entrypoint, steal_ptr(line));
	find(nothing, &config, &found);
	cr_expect(found.commands.cut);
	found_release(&found);
}

Test(effort, a_path_of_many_directories)
{
	AUTO(image_config) struct image_config config = {0};
	auto_free char *path = many("/x:", 1000000);
	auto_free char *line = many("a\n", 100000);
	struct found found = {0};

	strv_addf(&config.env, "PATH=%s", path);
	strv_add(&config.entrypoint, "sh");
	strv_add(&config.entrypoint, "-c");
	strv_take(&config.entrypoint, steal_ptr(line));
	find(nothing, &config, &found);
	cr_expect(found.commands.cut);
	cr_expect(found.reach.cut);
	found_release(&found);
}

Test(effort, a_variable_among_many)
{
	AUTO(image_config) struct image_config config = {0};
	auto_free char *line = many("$A ", 1000000);
	struct found found = {0};

	for (int i = 0; i < 1000000; i++) {
		strv_add(&config.env, "B=1");
	}
	strv_add(&config.entrypoint, "sh");
	strv_add(&config.entrypoint, "-c");
	strv_take(&config.entrypoint, steal_ptr(line));
	find(nothing, &config, &found);
	cr_expect(found.commands.cut);
	found_release(&found);
}

/* 16 to the 12th ways, and at none of their ends a file of that name. */
static const struct fake links[] = {
	{.path = "d/a", .link = "."},
	{.path = "d/b", .link = "."},
	{.path = "d/c", .link = "."},
	{.path = "d/d", .link = "."},
	{.path = "d/e", .link = "."},
	{.path = "d/f", .link = "."},
	{.path = "d/g", .link = "."},
	{.path = "d/h", .link = "."},
	{.path = "d/i", .link = "."},
	{.path = "d/j", .link = "."},
	{.path = "d/k", .link = "."},
	{.path = "d/l", .link = "."},
	{.path = "d/m", .link = "."},
	{.path = "d/n", .link = "."},
	{.path = "d/o", .link = "."},
	{.path = "d/p", .link = "."},
	{.path = "d/app.conf", .text = "a=1\n"},
	{.path = NULL},
};

Test(effort, patterns_over_links_to_where_they_are)
{
	AUTO(image_config) struct image_config config = {0};
	struct found found = {0};

	strv_add(&config.entrypoint, "/bin/app");
	strv_add(&config.env, "A=/d/*/*/*/*/*/*/*/*/*/*/*/*/none.conf");
	find(links, &config, &found);
	cr_expect(found.reach.cut);
	found_release(&found);
}

/* Within what is allowed nothing is cut, and all is found. */
Test(effort, a_pattern_over_links_that_ends)
{
	AUTO(image_config) struct image_config config = {0};
	struct found found = {0};

	strv_add(&config.entrypoint, "/bin/app");
	strv_add(&config.env, "A=/d/*/*/app.conf");
	find(links, &config, &found);
	cr_expect_not(found.commands.cut);
	cr_expect_not(found.reach.cut);
	cr_expect_eq(found.reach.n, 1);
	found_release(&found);
}

static void count(const struct shell_command *command, void *arg)
{
	*(size_t *)arg += command->words.n;
}

Test(effort, braces_that_nobody_closes)
{
	auto_free char *text = many("${", 8000000);
	size_t words = 0;

	shell_commands(text, strlen(text), NULL, NULL, count, &words);
	cr_expect_eq(words, 1);
	words = 0;
	shell_commands("${x} ${y ${z} }", strlen("${x} ${y ${z} }"), NULL, NULL, count, &words);
	cr_expect_eq(words, 3);
}

/* ---- what depends on another place of the same text ----------------------------------------- */

static void count_directives(const struct log_directive *directive, void *arg)
{
	(void)directive;
	++*(size_t *)arg;
}

Test(effort, directives_that_depend_on_others)
{
	static const char *const lines[] = {"logging_collector = on\n",
		"slow_query_log_file = /s.log\n", "[handler_a]\nargs = ('/a.log')\n"};
	static const size_t want[] = {300000, 0, 0};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		auto_free char *text = many(lines[i], 300000);
		size_t n = 0;

		log_config_read("etc/a.conf", text, strlen(text), count_directives, &n);
		cr_expect_eq(n, want[i], "%zu: %zu", i, n);
	}
}

Test(effort, long_names_around_many_settings)
{
	auto_free char *name = many("n", 1000000);
	auto_free char *lines = many("  a: b\n", 1000000);
	auto_free char *text = xasprintf("%s:\n logging:\n%s  file: /a.log\n", name, lines);
	size_t n = 0;

	log_config_read("etc/a.yml", text, strlen(text), count_directives, &n);
	cr_expect_eq(n, 1);
}

Test(effort, lines_among_many_blocks)
{
	auto_free char *text = many("location {\n}\n", 1000000);
	struct log_blocks blocks = {.plain = text, .len = strlen(text)};
	size_t inside = 0;

	for (unsigned line = 1; line <= 2000000; line++) {
		inside += log_in_nginx_location(&blocks, line);
	}
	cr_expect_eq(inside, 1000000);
}

/* ---- names of the environment --------------------------------------------------------------- */

static size_t env_findings(const struct image_config *config, const struct tree *tree)
{
	struct image image = {.config = (struct image_config *)(uintptr_t)config};
	struct check_context ctx = {.image = &image, .tree = tree};
	struct check_result r;
	size_t n;

	check_judge(check_find("env-names"), &ctx, "2026-06-15", &r);
	n = r.findings.n;
	check_result_release(&r);
	return n;
}

static void in_history(const char *name, size_t n)
{
	AUTO(image_config) struct image_config config = {0};
	auto_free char *line = many("e", 4000000);

	config.history.v = xcalloc(1, sizeof(*config.history.v));
	config.history.n = 1;
	config.history.v[0].created_by = xasprintf("ENV %s", line);
	for (size_t i = 0; i < n; i++) {
		strv_addf(&config.env, "%s=1", name);
	}
	cr_expect_gt(env_findings(&config, NULL), 999);
}

Test(effort, names_in_a_long_history)
{
	in_history("e", 2000); /* at four million places of it, and no word there */
	in_history("ex", 200000);
}

Test(effort, names_that_a_script_exports)
{
	AUTO(image_config) struct image_config config = {0};
	AUTO_PTR(tree) struct tree *tree = NULL;
	AUTO(buf) struct buf text;
	struct fake rows[] = {{.path = "app"}, {.path = NULL}};

	buf_init(&text, SIZE_MAX / 2);
	(void)buf_add(&text, "#!/bin/sh\n", 10, NULL);
	for (int i = 0; i < 400000; i++) {
		auto_free char *line = xasprintf("export e%d\n: ${e%d:-x}\n", i, i + 399990);

		(void)buf_add(&text, line, strlen(line), NULL);
	}
	rows[0].text = buf_str(&text);
	tree = fake_tree(rows);
	strv_add(&config.entrypoint, "/app");
	cr_expect_eq(env_findings(&config, tree), 10);
}

/* A million of what may be wrong, and then what is. */
static int run_millions(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	(void)ctx;
	(void)err;
	for (int i = 0; i < 1000000; i++) {
		outcome_warn(out, "/w", json_object(), "w is odd");
	}
	for (int i = 0; i < 1000000; i++) {
		outcome_fail(out, "/a", json_object(), "a is wrong");
	}
	return 0;
}

/* What is not kept counts: where all that is kept is waived, too. */
Test(effort, findings_have_a_bound)
{
	static char id[] = "millions";
	static char subject[] = "/a";
	static char why[] = "because";
	const struct check check = {
		.id = id, .requirement = "R01", .title = "x", .run = run_millions};
	struct waiver waivers[] = {{.check = id, .subject = subject, .why = why, .who = why}};
	struct policy policy = {.waivers = {waivers, 1}};
	struct check_context ctx = {.policy = &policy};
	struct check_result r;
	const struct finding *last;

	check_judge(&check, &ctx, "2026-06-15", &r);
	cr_assert_lt(r.findings.n, 10000);
	cr_expect_eq(r.verdict, VERDICT_FAIL);
	last = &r.findings.v[r.findings.n - 1];
	cr_expect_not(r.findings.v[0].waiver);
	cr_expect_not(last->waiver);
	cr_expect_str_eq(last->message, "999000 more of this check's findings are not listed");
	check_result_release(&r);
}
