/*
 * requirement.h - the clauses of the specification, one row each.
 */
#ifndef CHECKS_REQUIREMENT_H
#define CHECKS_REQUIREMENT_H

#include <stddef.h>

enum level { LEVEL_MUST, LEVEL_SHOULD, LEVEL_SHOULD_NOT };

struct requirement {
	const char *id; /* "R03", "S1", "N2" */
	enum level level;
	const char *title; /* "Injected with configuration" */
	const char *clause; /* the specification's own words */
	const char *left_to_human; /* what no check can cover; NULL: nothing */
};

extern const struct requirement requirements[];
extern const size_t n_requirements;

const struct requirement *requirement_find(const char *id);
const char *level_name(enum level level); /* "MUST", "SHOULD", "SHOULD NOT" */

#endif
