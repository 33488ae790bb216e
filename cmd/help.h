/*
 * help.h - what the tables of verbs and options say, for a terminal, a manual page, a shell.
 */
#ifndef CMD_HELP_H
#define CMD_HELP_H

#include "cmd/verbs.h"

/* Each prints to stdout and returns the exit code. */
int help_print(void);
int help_verb(const struct verb *verb);
int help_man(void); /* docs/assay.1, man(7) */
int help_completion(void); /* docs/assay.bash */

#endif
