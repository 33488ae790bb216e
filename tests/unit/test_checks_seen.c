/* What is said of an observation. */
#include "seen_kit.h"

#include "checks/seen.h"

static void expect_lines(const char *output, size_t max, const char *json)
{
	struct task_observation t = {.out = said(output)};
	auto_json json_t *lines = seen_last_lines(&t, max);
	auto_json json_t *wanted = json_loads(json, 0, NULL);

	cr_expect(json_equal(json_object_get(lines, "stdout"), wanted), "last %zu of '%s'", max,
		output);
}

Test(checks_seen, last_lines)
{
	expect_lines("", 3, "[]");
	expect_lines("\n", 3, "[\"\"]");
	expect_lines("a", 3, "[\"a\"]");
	expect_lines("a\nb\nc\n", 2, "[\"b\",\"c\"]");
	expect_lines("a\nb\nc", 2, "[\"b\",\"c\"]");
	expect_lines("a\nb\n", 9, "[\"a\",\"b\"]");
	expect_lines("a\n\n", 1, "[\"\"]");
}

Test(checks_seen, the_tail_has_the_last_lines)
{
	struct task_observation t = {.out = said("head\n")};
	auto_free char *last = NULL;

	t.out.tail = text("x\nlast\n");
	t.out.tail_len = 7;
	last = seen_last_line(&t);
	cr_assert_str_eq(last, "last");
}

Test(checks_seen, stderr_comes_first)
{
	struct task_observation t = {.out = said("out\n"), .err = said("err\n")};
	auto_free char *last = seen_last_line(&t);

	cr_assert_str_eq(last, "err");
}

Test(checks_seen, ends_in_words)
{
	struct obs_exit by_code = {.ended = true, .code = 3};
	struct obs_exit by_signal = {.ended = true, .code = -1, .signal = 9};
	struct task_observation t = {.exit_early = {.ended = true, .code = 3, .t_s = 1.25}};
	auto_free char *code = seen_exit(&by_code);
	auto_free char *signal = seen_exit(&by_signal);
	auto_free char *cut = seen_cut_short(&t);

	cr_assert_str_eq(code, "exit code 3");
	cr_assert_str_eq(signal, "SIGKILL");
	cr_assert_str_eq(cut, "it ended by itself (exit code 3) after 1.25 s");
}
