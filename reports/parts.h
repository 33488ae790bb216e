/*
 * parts.h - what the writers share: names of things in a result. For reports/ only.
 */
#ifndef REPORTS_PARTS_H
#define REPORTS_PARTS_H

#include "checks/engine.h"
#include "reports/report.h"

#include <stdbool.h>

int report_text(const struct result *result, const struct report_options *options, struct buf *out,
	struct err *err);
int report_json(const struct result *result, const struct report_options *options, struct buf *out,
	struct err *err);
int report_junit(const struct result *result, const struct report_options *options, struct buf *out,
	struct err *err);

/* "linux/arm64/v8", or NULL when no image was chosen; the caller frees. */
char *image_platform_text(const struct image *image);

/* What to do about a check that is not pass: its own remedy of this run, else the check's. */
const char *remedy_of(const struct check_result *r);

/* Whether the result has tasks to tell apart. */
bool has_several_tasks(const struct result *result);

/* The requirement's part of the result, or NULL when no check of it was selected. */
const struct requirement_result *requirement_part(
	const struct result *result, const struct requirement *requirement);

/* "{"check": ..., "subject": ..., "why": ..., "who": ...}": what a policy file would hold to waive
 * this finding; the caller owns it. */
json_t *waiver_that_would_cover(const struct check_result *r, const struct finding *finding);

/* "experiments" of the JSON report (json_experiments.c); an array, empty for a static run. */
json_t *experiments_json(const struct observation *observation);

#endif
