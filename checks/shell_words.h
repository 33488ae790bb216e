/*
 * shell_words.h - the simple commands of a piece of shell, cut into words.
 *
 *	shell_commands(text, len, lookup, lookup_arg, command, arg)
 *
 * Quotes, escapes, comments, continued lines, lists and keywords are understood (POSIX.1-2017, 2.3,
 * 2.9); substitutions are not made, except ${x}, ${x:-d} and "$x" where lookup knows x or a default
 * is given. "$@" stays as it is. Pure.
 */
#ifndef CHECKS_SHELL_WORDS_H
#define CHECKS_SHELL_WORDS_H

#include "base/str.h"

#include <stddef.h>

struct shell_command {
	struct strv words; /* keywords, assignments and "exec" in front are left out */
	struct strv redirects; /* targets of > and >> */
	unsigned line;
};

/* The value of a variable, or NULL when it is not known. */
typedef const char *shell_lookup_fn(const char *name, void *arg);

void shell_commands(const char *text, size_t len, shell_lookup_fn *lookup, void *lookup_arg,
	void (*command)(const struct shell_command *command, void *arg), void *arg);

#endif
