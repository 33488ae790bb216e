/*
 * report.h - a result, written in one of several formats. A writer never decides anything.
 *
 * The formats are rows of report_formats; adding one is a file and a row.
 */
#ifndef REPORTS_REPORT_H
#define REPORTS_REPORT_H

#include "base/buf.h"
#include "base/err.h"
#include "checks/engine.h"

#include <stdbool.h>
#include <stddef.h>

struct report_options {
	bool color; /* text only */
	bool verbose; /* text only: evidence of passes, too */
	unsigned width; /* text only: columns; 0: 100 */
};

struct report_format {
	const char *name; /* "text", "json", "junit" */
	const char *title;
	int (*write)(const struct result *result, const struct report_options *options,
		struct buf *out, struct err *err);
};

extern const struct report_format report_formats[];
extern const size_t n_report_formats;
const struct report_format *report_format_find(const char *name);

#endif
