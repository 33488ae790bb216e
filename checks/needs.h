/*
 * needs.h - whether a check can be asked at all.
 */
#ifndef CHECKS_NEEDS_H
#define CHECKS_NEEDS_H

#include "checks/outcome.h"

#include <stdbool.h>

/* True: everything that check->needs names is there. Else out holds not-tested or not-applicable
 * with the reason, or -1-like: *ret_error is set when the tool failed on the way to it. */
bool needs_met(const struct check *check, const struct check_context *ctx, struct outcome *out,
	struct err *ret_error);

/* After check->run(): what was seen of a part of the layers makes findings, but no pass. */
void needs_whole(const struct check *check, const struct check_context *ctx, struct outcome *out);

#endif
