/* R13: gone within the edition's limit, and who is to blame when not. */
#include "seen_kit.h"

#include <signal.h>

extern const struct check check_stops_in_time;

static struct obs_stop stopped(double took_s)
{
	return (struct obs_stop){.tried = true,
		.signal = SIGTERM,
		.gone = true,
		.took_s = took_s,
		.limit_s = 12,
		.exit = {.ended = true, .code = 0}};
}

/* 10 s in stu1, the default. */
Test(checks_stops_in_time, limit)
{
	static const struct {
		double took_s;
		enum verdict verdict;
	} rows[] = {{0.005, VERDICT_PASS}, {9.999, VERDICT_PASS}, {10.0, VERDICT_PASS},
		{10.001, VERDICT_FAIL}, {11.9, VERDICT_FAIL}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(seen_kit) struct seen_kit k;

		seen_kit_ready(&k);
		k.t.stop = stopped(rows[i].took_s);
		cr_expect_eq(seen_kit_judge(&k, &check_stops_in_time), rows[i].verdict, "%g s",
			rows[i].took_s);
	}
}

/* An exit code that is not 0 is not asked about: Java's 143 is a clean stop. */
Test(checks_stops_in_time, any_exit_code_will_do)
{
	AUTO(seen_kit) struct seen_kit k;

	seen_kit_ready(&k);
	k.t.stop = stopped(0.5);
	k.t.stop.exit.code = 143;
	cr_assert_eq(seen_kit_judge(&k, &check_stops_in_time), VERDICT_PASS);
	cr_assert_str_eq(k.result.summary, "gone 0.500 s after SIGTERM");
}

#define TERM_BIT (UINT64_C(1) << (SIGTERM - 1))

Test(checks_stops_in_time, who_stayed)
{
	static const struct {
		struct obs_process p;
		const char *says;
	} rows[] = {
		{{.pid = 1, .comm = (char *)(uintptr_t) "python3"},
			"PID 1 (python3) has no handler for SIGTERM, and the kernel drops such a signal "
			"for PID 1"},
		{{.pid = 1, .comm = (char *)(uintptr_t) "app", .sig_ignored = TERM_BIT},
			"PID 1 (app) ignores the signal"},
		{{.pid = 1, .comm = (char *)(uintptr_t) "app", .sig_caught = TERM_BIT},
			"PID 1 (app) has a handler for the signal, and did not end"},
		{{.pid = 1, .comm = (char *)(uintptr_t) "app", .sig_blocked = TERM_BIT},
			"PID 1 (app) blocks the signal"},
		{{.pid = 7, .comm = (char *)(uintptr_t) "java"},
			"PID 7 (java) never got the signal"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct obs_process p = rows[i].p;
		AUTO(seen_kit) struct seen_kit k;

		seen_kit_ready(&k);
		k.t.stop = (struct obs_stop){.tried = true,
			.signal = SIGTERM,
			.forced = true,
			.exit = {.ended = true, .code = -1, .signal = SIGKILL}};
		k.t.stop.survivors.v = &p;
		k.t.stop.survivors.n = 1;
		cr_expect_eq(seen_kit_judge(&k, &check_stops_in_time), VERDICT_FAIL);
		cr_expect(strstr(seen_kit_message(&k), rows[i].says), "%s", seen_kit_message(&k));
	}
}

Test(checks_stops_in_time, not_stopped_by_us)
{
	AUTO(seen_kit) struct seen_kit ended;
	AUTO(seen_kit) struct seen_kit killed;

	seen_kit_ready(&ended);
	ended.t.exit_early = (struct obs_exit){.ended = true, .code = 0, .t_s = 4};
	cr_assert_eq(seen_kit_judge(&ended, &check_stops_in_time), VERDICT_NOT_TESTED);
	seen_kit_ready(&killed);
	killed.t.killed_by_us = "run time";
	killed.t.stop = (struct obs_stop){.tried = true, .signal = SIGTERM};
	cr_assert_eq(seen_kit_judge(&killed, &check_stops_in_time), VERDICT_NOT_TESTED);
}

Test(checks_stops_in_time, cron_tasks)
{
	static const struct {
		double took_s;
		enum verdict verdict;
	} rows[] = {{0.2, VERDICT_NOT_APPLICABLE}, {60, VERDICT_NOT_TESTED}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(seen_kit) struct seen_kit k;

		seen_kit_ready(&k);
		k.t.cron = true;
		k.t.exit_early = (struct obs_exit){.ended = true, .code = 0, .t_s = rows[i].took_s};
		cr_expect_eq(seen_kit_judge(&k, &check_stops_in_time), rows[i].verdict);
	}
}
