/*
 * reach_defaults.h - what a program reads when nobody names another file, a table.
 *
 * Patterns are from the root, or from the working directory ("./"); %s is the program's own name.
 */
#ifndef CHECKS_REACH_DEFAULTS_H
#define CHECKS_REACH_DEFAULTS_H

#include <stddef.h>

struct reach_default {
	const char *name; /* NULL: every program */
	const char *unless; /* an option that names another file instead; NULL: none */
	const char *patterns[8];
};
extern const struct reach_default reach_defaults[];
extern const size_t n_reach_defaults;

#endif
