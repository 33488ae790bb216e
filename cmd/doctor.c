/* assay doctor: what this machine allows, what it lacks, how to mend it. */
#include "cmd/verbs.h"
#include "sandbox/host.h"

#include <stdio.h>

int verb_doctor(const struct options *options)
{
	struct host_facts facts = {0};
	bool able = true;

	if (options->operands.n) {
		return fail_usage("doctor takes no operand");
	}
	host_examine(&facts);
	for (unsigned long i = 0; i < facts.n; i++) {
		const struct host_fact *fact = &facts.v[i];

		(void)printf("%-7s %-24s %s\n", fact->good ? "ok" : fact->needed ? "MISSING" : "absent",
			fact->name, fact->detail ? fact->detail : "");
		if (!fact->good && fact->remedy) {
			(void)printf("        %-24s remedy: %s\n", "", fact->remedy);
		}
		able = able && (fact->good || !fact->needed);
	}
	(void)puts(able ? "\nThe static and the dynamic stage can run here."
			: "\nThe static stage can run here; the dynamic stage cannot, or not entirely: "
			  "see what is MISSING.");
	host_facts_release(&facts);
	return able ? 0 : EXIT_UNDECIDED;
}
