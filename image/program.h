/*
 * program.h - what a command line of the image would execute: found on PATH, through scripts and
 * interpreters, with the shared libraries it needs.
 *
 * execve(2) for "#!" lines, ld.so(8) for library search (DT_RPATH, DT_RUNPATH, $ORIGIN,
 * ld.so.conf, default directories) and musl's /etc/ld-musl-<arch>.path.
 */
#ifndef IMAGE_PROGRAM_H
#define IMAGE_PROGRAM_H

#include "base/err.h"
#include "base/str.h"
#include "image/tree.h"
#include "image/user.h"

#include <stdbool.h>

/* One file that has to be there for the command to start. */
struct program_step {
	char *role; /* "command", "interpreter of <path>", "ELF interpreter", "library of <path>" */
	char *wanted; /* as written: "python3", "libc.so.6" */
	char *found; /* path in the image, or NULL */
	char *problem; /* NULL when all is well: "no such file", "not executable by uid 1000", ... */
	bool unsure; /* could not be told (ELF truncated): neither good nor bad */
};
struct program {
	struct program_step *v;
	size_t n;
	size_t cap;
};

/* Resolve argv[0] as execvp(3) would with PATH from env (Docker's default when it has none), in
 * working_dir, as user; follow interpreters (at most 5) and libraries (each once). Always succeeds:
 * what is missing is a step with a problem. */
void program_resolve(const struct tree *tree, const struct strv *argv, const struct strv *env,
	const char *working_dir, const struct user *user, struct program *ret);
void program_release(struct program *program);

/* Whether user may execute (a directory: search) or read node: mode bits, owner, groups; root may
 * execute when any x bit is set. Checks the directories above as well. */
bool node_executable_by(const struct node *node, const struct user *user);
bool node_readable_by(const struct node *node, const struct user *user);

#endif
