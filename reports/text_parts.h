/*
 * text_parts.h - the parts of the text report. For text*.c only.
 */
#ifndef REPORTS_TEXT_PARTS_H
#define REPORTS_TEXT_PARTS_H

#include "reports/layout.h"
#include "reports/parts.h"

enum {
	COLUMN_TITLE = 7, /* of a requirement, and the marks of its checks */
	COLUMN_SUMMARY = 9, /* what is wrapped below a check */
	COLUMN_FINDING = 11,
};

struct text {
	struct layout l;
	const struct result *result;
	bool verbose;
};

/* How a verdict looks, indexed by it. */
struct look {
	const char *mark;
	enum style style;
	const char *word;
};
extern const struct look looks[];

/* Not worth a line without --verbose. */
bool is_quiet(enum verdict verdict);

/* "name     value" */
void put_field(struct text *t, const char *name, const char *value);

/* One check with its findings, evidence and remedy (text_check.c). */
void put_check(struct text *t, const struct check_result *r);

/* A line or two for every task that was started (text_experiments.c). */
void put_experiments(struct text *t);

#endif
