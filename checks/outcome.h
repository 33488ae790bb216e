/*
 * outcome.h - what one check said, before it is judged: the inside of struct outcome for the
 * engine. Checks use the functions of check.h only.
 */
#ifndef CHECKS_OUTCOME_H
#define CHECKS_OUTCOME_H

#include "base/json.h"
#include "checks/engine.h"

/* Findings that are kept, of what fails and of what warns. Nobody reads more of one kind, and a stranger
 * can make millions. */
#define FINDINGS_MAX 1000

enum said {
	SAID_NOTHING_MORE, /* the findings are the answer */
	SAID_NOT_APPLICABLE,
	SAID_NOT_TESTED,
};

struct outcome {
	struct {
		struct finding *v;
		size_t n, cap;
	} findings; /* subject, message, evidence and warning only */
	size_t n_told[2]; /* what fails, and what warns: also what is not kept */
	json_t *evidence; /* array, NULL until the first */
	char *summary;
	enum said said;
	char *why; /* with said */
	char *remedy; /* of SAID_NOT_TESTED, may be NULL */
};

/* All is told: what was not kept is a finding itself, so that it decides as it would have done. */
void outcome_end(struct outcome *out);
void outcome_release(struct outcome *out);
void finding_release(struct finding *finding);

#endif
