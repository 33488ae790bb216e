/* --policy FILE: anything wrong is a usage error, never half a policy. */
#include "tests/fuzz/kit.h"

#include "base/cleanup.h"
#include "product/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *file = fuzz_file(data, size);
	struct policy policy;
	struct err err = {0};

	if (policy_load(file, &policy, &err)) {
		MUST(err.code == ERR_USAGE);
		return 0;
	}
	MUST(policy.limits.boot_s && policy.limits.run_s && policy.limits.pids);
	for (size_t i = 0; i < policy.waivers.n; i++) {
		const struct waiver *w = &policy.waivers.v[i];

		MUST(w->check && w->why && *w->why && w->who && *w->who);
		(void)policy_waiver(&policy, w->check, "/etc/app.conf", NULL, "2026-01-31");
	}
	json_decref(limits_json(&policy.limits));
	policy_release(&policy);
	return 0;
}
