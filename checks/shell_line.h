/*
 * shell_line.h - an entry of the form {"/bin/sh", "-c", "migrate && exec server"}: the line, and
 * the last command of it, which is the one that stays.
 *
 * No shell parser: quotes and escapes are honoured, compound commands (if, while, functions) are
 * not gone into. Pure.
 */
#ifndef CHECKS_SHELL_LINE_H
#define CHECKS_SHELL_LINE_H

#include "base/str.h"

#include <stdbool.h>

struct shell_line {
	const char *line; /* borrowed from the command; NULL: no shell with -c */
	char *last; /* the last command, assignments and "exec" removed */
	char *last_word; /* its first word when that is literal text, else NULL */
	bool exec; /* it was started by "exec" */
	bool alone; /* it is the only one */
	bool traps; /* the line sets a trap, so it may deal with signals itself */
};

/* From a whole argv. Release in every case. */
void shell_line_read(const struct strv *argv, struct shell_line *ret);
void shell_line_release(struct shell_line *line);

/* Entrypoint and Cmd of a config, Cmd replaced by options where there are any (NULL: none): what a
 * task starts. Docker's rule. The caller releases. */
struct image_config;
void task_command(const struct image_config *config, const struct strv *options, struct strv *ret);

#endif
