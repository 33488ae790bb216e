/*
 * check.h - a check: one thing established about one requirement.
 *
 * A check is one file that ends in `const struct check check_<name> = {...}` and one line
 * CHECK(name) in registry.def. It adds findings and evidence to its outcome and never says "pass":
 * the engine (engine.h) derives the verdict. It never prints and never runs anything. See
 * docs/adding-a-check.md.
 */
#ifndef CHECKS_CHECK_H
#define CHECKS_CHECK_H

#include "base/err.h"
#include "base/json.h"
#include "checks/observation.h"
#include "checks/requirement.h"
#include "image/image.h"
#include "image/packages.h"
#include "image/scan.h"
#include "image/tree.h"
#include "product/edition.h"
#include "product/policy.h"
#include "product/product.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum stage { STAGE_STATIC, STAGE_DYNAMIC };

/* What has to be there before .run is called; the engine answers not-tested or not-applicable
 * with the reason where it is not. */
enum needs {
	NEEDS_CONFIG = 1 << 0, /* an image was chosen */
	NEEDS_TREE = 1 << 1, /* its layers could be read (implies NEEDS_CONFIG) */
	NEEDS_PRODUCT = 1 << 2, /* a product file: else not-tested, with the remedy */
	NEEDS_EXECUTABLE = 1 << 3, /* not content only: else not-applicable */
	NEEDS_BOOT = 1 << 4, /* dynamic: the task was started: else not-tested */
	NEEDS_READY = 1 << 5, /* dynamic: it became ready (implies NEEDS_BOOT) */
};

/* Something that .entry saw in a layer, for .run to judge when the whole tree is known. */
struct note {
	size_t layer;
	char *path;
	unsigned line; /* 1-based, 0: none */
	int kind; /* the check's own enum */
	char *text; /* NULL: none */
};
struct notes {
	struct note *v;
	size_t n;
	size_t cap;
	size_t dropped; /* beyond LIMIT_NOTES */
};

/* Notes that are kept for one check. What was dropped was not judged: the engine turns a verdict
 * better than not-tested into not-tested. */
#define LIMIT_NOTES 10000

/* Add a note; text may be NULL (copied otherwise). */
void note_add(
	struct notes *notes, const struct entry *entry, unsigned line, int kind, const char *text);

/* What a check may look at. Everything is borrowed; what is not there is NULL. */
struct check_context {
	const struct image *image;
	const struct tree *tree;
	struct packages *packages;
	const struct product *product;
	const struct task *task; /* for checks with per_task; NULL without a product file */
	const struct task_observation *observation; /* of that task; dynamic checks only */
	const struct policy *policy;
	const struct edition *edition;
	const struct notes *notes; /* this check's, in the order of the layers */
	uint64_t memory_mib; /* --memory, 0: not given */
};

struct outcome; /* outcome.h; checks use the functions below only */

struct check {
	const char *id; /* "env-names": a contract, never reused */
	const char *requirement; /* "R03" */
	const char *title; /* one line: what it establishes */
	const char *reason; /* why it matters, for `assay explain` */
	const char *remedy; /* what to do when it does not hold */
	enum stage stage;
	unsigned needs;
	bool per_task; /* once for each task of the default configuration */
	/* Optional, static: called for every entry of every layer during the one pass. May be
	 * called from several threads at once with different notes; may use nothing but its
	 * arguments. */
	void (*entry)(const struct entry *entry, struct notes *notes);
	/* Judge. -1: the tool could not tell (verdict error); never because the image is wrong. */
	int (*run)(const struct check_context *ctx, struct outcome *out, struct err *err);
};

/* All checks, in the order of registry.def. */
extern const struct check *const checks[];
extern const size_t n_checks;
const struct check *check_find(const char *id);

/* ---- what .run may say ------------------------------------------------------------------- */

/* The MUST is broken. subject is short and stable ("/etc/app.conf:12", "Env http_proxy"): together
 * with check and task it makes the fingerprint that waivers and SARIF use. evidence is a JSON
 * object (taken; NULL: none). The message is a sentence without full stop. */
void outcome_fail(struct outcome *out, const char *subject, json_t *evidence, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* A SHOULD is not met, or a heuristic that could be wrong. */
void outcome_warn(struct outcome *out, const char *subject, json_t *evidence, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* What was looked at and found good; a pass without any evidence is a bug of the check. */
void outcome_evidence(struct outcome *out, json_t *evidence);

/* The one line that a report shows beside the verdict; without it the engine makes one of the
 * findings. */
void outcome_summary(struct outcome *out, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Nothing here to judge, because ... */
void outcome_not_applicable(struct outcome *out, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Could not be exercised, because ...; remedy: what the user can do about it. */
void outcome_not_tested(struct outcome *out, const char *remedy, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
