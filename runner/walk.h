/*
 * walk.h - everything below a directory that somebody hostile may be writing to at the same time.
 *
 * Symbolic links are not followed, mount points not crossed into other file systems. Directories
 * are opened by their path below the root (openat2 with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS),
 * so neither the depth of the tree nor its changes can lead elsewhere; what lies deeper than
 * PATH_MAX is not seen.
 */
#ifndef RUNNER_WALK_H
#define RUNNER_WALK_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/stat.h>

struct walk_item {
	int dir; /* of the directory that it is in */
	const char *name; /* in that directory */
	const char *path; /* below the root: "var/log/app.log" */
	const struct stat *st;
};

/* Calls visit for everything but the root itself; stops when it returns false. What cannot be
 * opened or vanishes is passed over; a directory that cannot be read to its end is an error, but
 * keeps none of the others from being read. */
int walk(const char *root, bool (*visit)(const struct walk_item *item, void *arg), void *arg,
	struct err *err);

#endif
