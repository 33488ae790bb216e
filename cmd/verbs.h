/*
 * verbs.h - the verbs of the command line, one file each, and what a process may exit with.
 */
#ifndef CMD_VERBS_H
#define CMD_VERBS_H

#include "base/err.h"
#include "cmd/options.h"

/* docs/exit-codes in the README; the same whatever the report formats. */
enum exit_code {
	EXIT_COMPLIANT = 0,
	EXIT_NON_COMPLIANT = 1,
	EXIT_UNDECIDED = 2,
	EXIT_USAGE = 64,
	EXIT_BUG = 70,
	/* assay run passes on the product's own status, so its failures stand beside it, where docker
	 * and podman have theirs. */
	EXIT_RUN_FAILED = 125,
};

struct verb {
	const char *name;
	unsigned bit;
	const char *operands; /* "IMAGE" */
	const char *title;
	int (*main)(const struct options *options);
};
extern const struct verb verbs[];
extern const unsigned long n_verbs;

int verb_check(const struct options *options);
int verb_run(const struct options *options);
int verb_product(const struct options *options);
int verb_rules(const struct options *options);
int verb_explain(const struct options *options);
int verb_inspect(const struct options *options);
int verb_store(const struct options *options);
int verb_doctor(const struct options *options);

/* Print "assay: <message>" on stderr, escaped for a terminal, and return the exit code of its
 * class: USAGE 64, INTERNAL 70, anything else 2. */
int fail_with(const struct err *err);

/* The same, and what to do about it on a line of its own; NULL: nothing is known. */
int fail_with_remedy(const struct err *err, const char *remedy);

/* A wrong command line: message and where to look; returns 64. */
int fail_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* One progress line on stderr, if the user wants it. arg is a const struct options. */
void progress_line(const char *line, void *arg);

/* Write all of a finished text to stdout; ERR_IO. */
int print_out(const char *text, unsigned long len, struct err *err);

#endif
