/* R10: only an enforced limit proves anything. */
#include "seen_kit.h"

extern const struct check check_memory_held;

#define MIB_BYTES UINT64_C(1048576)

struct row {
	const char *what;
	double declared;
	uint64_t option; /* --memory */
	const char *mechanism;
	uint64_t limit_mib;
	bool swap_limited;
	uint64_t oom_kills;
	bool ready;
	const char *says;
	bool loaded;
	uint64_t answered;
	enum verdict verdict;
};

static const struct row rows[] = {
	{"held", 64, 0, "cgroup v1 memory", 64, true, 0, true, "", true, 200, VERDICT_PASS},
	{"held, no HTTP to load", 64, 0, "cgroup v1 memory", 64, true, 0, true, "", false, 0,
		VERDICT_PASS},
	{"by --memory", 0, 64, "cgroup v2", 64, true, 0, true, "", true, 200, VERDICT_PASS},
	{"--memory wins", 64, 32, "cgroup v2", 64, true, 0, true, "", true, 200,
		VERDICT_NOT_TESTED},
	{"half a MiB is rounded up", 63.5, 0, "cgroup v2", 64, true, 0, true, "", true, 200,
		VERDICT_PASS},
	{"killed", 64, 0, "cgroup v1 memory", 64, true, 2, true, "", true, 200, VERDICT_FAIL},
	{"killed while starting", 64, 0, "cgroup v1 memory", 64, true, 1, false, "", false, 0,
		VERDICT_FAIL},
	{"ran out by its own account", 64, 0, "cgroup v1 memory", 64, true, 0, true,
		"Exception in thread \"main\" java.lang.OutOfMemoryError: Java heap space\n", true,
		200, VERDICT_FAIL},
	{"an allocation failed", 64, 0, "cgroup v1 memory", 64, true, 0, true,
		"fork: Cannot allocate memory\n", true, 200, VERDICT_WARN},
	{"nothing declared", 0, 0, "cgroup v1 memory", 1024, true, 0, true, "", true, 200,
		VERDICT_NOT_TESTED},
	{"killed at a limit that nobody declared", 0, 0, "cgroup v1 memory", 1024, true, 1, true,
		"", true, 200, VERDICT_NOT_TESTED},
	{"nothing enforced it", 64, 0, NULL, 0, false, 0, true, "", true, 200, VERDICT_NOT_TESTED},
	{"swap is free", 64, 0, "cgroup v1 memory", 64, false, 0, true, "", true, 200,
		VERDICT_NOT_TESTED},
	{"the kernel says no limit", 64, 0, "cgroup v1 memory", 0, true, 0, true, "", true, 200,
		VERDICT_NOT_TESTED},
	{"not ready", 64, 0, "cgroup v1 memory", 64, true, 0, false, "", false, 0,
		VERDICT_NOT_TESTED},
	{"the load got no answer", 64, 0, "cgroup v1 memory", 64, true, 0, true, "", true, 0,
		VERDICT_NOT_TESTED},
};

Test(checks_memory_held, table)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		AUTO(seen_kit) struct seen_kit k;

		seen_kit_ready(&k);
		k.task.memory_maximum = r->declared;
		k.ctx.memory_mib = r->option;
		k.t.ready = r->ready;
		k.t.err = said(r->says);
		k.t.load = (struct obs_load){.tried = r->loaded, .answered = r->answered};
		k.t.memory = (struct obs_memory){
			.mechanism = text(r->mechanism),
			.limit = r->limit_mib * MIB_BYTES,
			.swap_limited = r->swap_limited,
			.oom_kills = r->oom_kills,
			.peak_used = 30 * MIB_BYTES,
		};
		cr_expect_eq(seen_kit_judge(&k, &check_memory_held), r->verdict, "%s: %s", r->what,
			k.result.summary);
	}
}

Test(checks_memory_held, says_what_is_missing)
{
	AUTO(seen_kit) struct seen_kit k;

	seen_kit_ready(&k);
	k.task.memory_maximum = 64;
	k.t.memory.why_not = text("no memory controller");
	k.t.memory.remedy = text("boot with cgroup_enable=memory");
	cr_assert_eq(seen_kit_judge(&k, &check_memory_held), VERDICT_NOT_TESTED);
	cr_assert_str_eq(k.result.summary, "nothing enforced the limit: no memory controller");
	cr_assert_str_eq(k.result.remedy, "boot with cgroup_enable=memory");
}

Test(checks_memory_held, a_run_cut_short_proves_nothing)
{
	AUTO(seen_kit) struct seen_kit k;

	seen_kit_ready(&k);
	k.task.memory_maximum = 64;
	k.t.memory = (struct obs_memory){
		.mechanism = text("cgroup v2"), .limit = 64 * MIB_BYTES, .swap_limited = true};
	k.t.exit_early = (struct obs_exit){.ended = true, .code = 1, .t_s = 3};
	cr_assert_eq(seen_kit_judge(&k, &check_memory_held), VERDICT_NOT_TESTED);
}
