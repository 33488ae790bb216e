/*
 * program_private.h - resolving a program from inside: for program*.c only.
 */
#ifndef IMAGE_PROGRAM_PRIVATE_H
#define IMAGE_PROGRAM_PRIVATE_H

#include "image/program.h"

/* One call of program_resolve. */
struct resolver {
	const struct tree *tree;
	const struct strv *env;
	const char *cwd;
	const struct user *user;
	struct program *out;
	size_t *left; /* effort.h: of all that is looked up */
};

/* A new step; takes role. Valid until the next one. */
struct program_step *resolver_step(const struct resolver *r, char *role, const char *wanted);

/* The value of the last "name=value" of the environment, or NULL. */
const char *resolver_env(const struct resolver *r, const char *name);

/* The node at path as seen from the working directory; symbolic links are followed. */
const struct node *resolver_lookup(const struct resolver *r, const char *path);

/* Add a step for each shared library that program (an ELF file) needs, and for those that these
 * need, as this interpreter would find them. */
void resolver_libraries(
	const struct resolver *r, const struct node *program, const struct node *interpreter);

#endif
