/*
 * scratch.h - a temporary directory that does not outlive its process for long.
 *
 *	int fd = scratch_new(&path, err);
 *
 * It is made as "assay-image-XXXXXX" in $TMPDIR (else /var/tmp) and locked with flock(2); the lock
 * goes with the descriptor, so that what a killed process left can be told from what is in use.
 * Private to image/.
 */
#ifndef IMAGE_SCRATCH_H
#define IMAGE_SCRATCH_H

#include "base/err.h"

/* First removes the directories of this user that nobody holds. Returns the locked directory, which
 * the caller closes after removing *ret_path (which the caller frees), or -1. */
int scratch_new(char **ret_path, struct err *err);

#endif
