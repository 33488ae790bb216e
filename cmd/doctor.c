/* assay doctor: what this machine allows, what it lacks, how to mend it. */
#include "cmd/verbs.h"
#include "sandbox/host.h"

#include <stdio.h>

static const char *word(const struct host_fact *fact)
{
	if (fact->good) {
		return "ok";
	}
	return !fact->tried ? "-" : fact->needed ? "MISSING" : "absent";
}

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

		(void)printf("%-7s %-24s %s\n", word(fact), fact->name, fact->detail);
		if (!fact->good && fact->remedy) {
			(void)printf("        %-24s remedy: %s\n", "", fact->remedy);
		}
		able = able && (fact->good || !fact->needed);
	}
	if (able) {
		(void)puts("\nThe static and the dynamic stage can run here.");
	} else {
		(void)printf("\nThe static stage can run here; the dynamic stage cannot, or not "
			     "entirely:\nsee what is MISSING; %s.\n",
			facts.advice);
	}
	host_facts_release(&facts);
	return able ? 0 : EXIT_UNDECIDED;
}
