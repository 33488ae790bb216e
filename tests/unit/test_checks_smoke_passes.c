/* R04: each step as it came back. */
#include "seen_kit.h"

extern const struct check check_smoke_passes;

enum came { PASSED, FAILED, SKIPPED };

struct row {
	const char *what;
	bool suite;
	size_t steps; /* that the suite has */
	enum came came[3];
	size_t n; /* that were run */
	bool provides;
	bool ready;
	enum verdict verdict;
};

static const struct row rows[] = {
	{"all passed", true, 2, {PASSED, PASSED}, 2, true, true, VERDICT_PASS},
	{"one failed", true, 2, {PASSED, FAILED}, 2, true, true, VERDICT_FAIL},
	{"failed, the rest skipped", true, 3, {FAILED, SKIPPED, SKIPPED}, 3, true, true,
		VERDICT_FAIL},
	{"cut short", true, 3, {PASSED}, 1, true, true, VERDICT_NOT_TESTED},
	{"not ready", true, 2, {PASSED}, 0, true, false, VERDICT_NOT_TESTED},
	{"a suite without steps", true, 0, {PASSED}, 0, true, true, VERDICT_NOT_TESTED},
	{"provides, and no suite", false, 0, {PASSED}, 0, true, true, VERDICT_NOT_TESTED},
	{"neither", false, 0, {PASSED}, 0, false, true, VERDICT_NOT_APPLICABLE},
	{"neither, not ready", false, 0, {PASSED}, 0, false, false, VERDICT_NOT_APPLICABLE},
};

Test(checks_smoke_passes, table)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		struct smoke_step steps[3] = {
			{.name = text("a")}, {.name = text("b")}, {.name = text("c")}};
		struct smoke_suite suite = {
			.name = text("own"), .steps = {.v = steps, .n = r->steps}};
		struct interface provided = {.name = text("FHIR")};
		struct obs_smoke_step came[3];
		AUTO(seen_kit) struct seen_kit k;

		seen_kit_ready(&k);
		for (size_t n = 0; n < 3; n++) {
			came[n] = (struct obs_smoke_step){
				.suite = &suite,
				.step = &steps[n],
				.passed = r->came[n] == PASSED,
				.skipped = r->came[n] == SKIPPED,
				.request = text("GET http://172.29.0.2:8080/"),
				.problem = r->came[n] == FAILED ? text("status 500, expected 200")
								: NULL,
			};
		}
		k.product.extension.smoke.v = r->suite ? &suite : NULL;
		k.product.extension.smoke.n = r->suite ? 1 : 0;
		k.product.extension.provides.v = &provided;
		k.product.extension.provides.n = r->provides ? 1 : 0;
		k.t.ready = r->ready;
		k.t.smoke.v = came;
		k.t.smoke.n = r->n;
		cr_expect_eq(seen_kit_judge(&k, &check_smoke_passes), r->verdict, "%s: %s", r->what,
			k.result.summary);
	}
}
