/*
 * faults.h - calls that fail, and what then comes of an image. For faults*.c only.
 *
 *	faults_begin(FAULTS_FAIL, 7);			the 7th call from here on fails
 *	...
 *	faults_end();
 *	if (faults_calls() < 7) ...			there was none
 *
 * One thread at a time: which call is the n-th would be left to chance else.
 */
#ifndef TESTS_FUZZ_FAULTS_H
#define TESTS_FUZZ_FAULTS_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

/* ---- calls (faults_calls.c) ------------------------------------------------------------------ */

enum disturbance {
	UNDISTURBED,
	FAIL, /* the n-th call fails */
	FULL, /* the n-th that needs room on the disk gets half of it, and none gets any after it */
	INTERRUPT, /* the n-th that may be interrupted is */
	SHORT, /* no call reads or writes more than n bytes */
};

void faults_begin(enum disturbance kind, size_t at);
void faults_pause(void);
void faults_resume(void);
void faults_end(void);
size_t faults_calls(void); /* that could have been the n-th */
const char *faults_name(void); /* of the one that was; "nothing" */

/* ---- upshots (faults_upshot.c) ------------------------------------------------------------- */

/* An image, and what assay keeps of it. NULL: it keeps nothing of the kind. */
struct world {
	const char *image;
	const char *facts;
	const char *store;
};

struct upshot {
	struct err err; /* of image_open, image_scan */
	struct err store_err; /* of unpacking */
	struct err clear_err; /* of what comes behind the report */
	size_t failures; /* violations that are no warnings */
	size_t warnings;
	size_t recalled; /* layers that were not read */
	size_t kept; /* layers that are in the store and on the disk */
	char *seen; /* layers, merged tree, packages */
	struct strv checks; /* "ID VERDICT FINDINGS" of each static check */
	char *stored; /* every file of the unpacked layers; NULL: there are none */
};

/* What assay does with an image: open it, scan it for the static checks, unpack it, ask for its
 * packages, judge it, and clear up. */
void upshot_of(const struct world *world, enum disturbance kind, size_t at, struct upshot *ret);
void upshot_release(struct upshot *o);

#endif
