#include "checks/verdict.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "base/str.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = {
		[VERDICT_NOT_APPLICABLE] = "not-applicable",
		[VERDICT_PASS] = "pass",
		[VERDICT_WAIVED] = "waived",
		[VERDICT_WARN] = "warn",
		[VERDICT_NOT_TESTED] = "not-tested",
		[VERDICT_ERROR] = "error",
		[VERDICT_FAIL] = "fail",
	};

	return names[verdict];
}

const char *run_verdict_name(enum run_verdict verdict)
{
	static const char *const names[] = {
		[RUN_COMPLIANT] = "compliant",
		[RUN_NON_COMPLIANT] = "non-compliant",
		[RUN_UNDECIDED] = "undecided",
	};

	return names[verdict];
}

static bool is_must(const struct check *check)
{
	const struct requirement *requirement = requirement_find(check->requirement);

	assert(requirement);
	return requirement->level == LEVEL_MUST;
}

char *finding_fingerprint(const char *check, const char *task, const char *subject)
{
	AUTO_PTR(digest) struct digest *d = digest_new(DIGEST_SHA256);
	char text[DIGEST_TEXT_MAX];

	digest_add(d, check, strlen(check) + 1);
	digest_add(d, task ? task : "", task ? strlen(task) + 1 : 1);
	digest_add(d, subject, strlen(subject) + 1);
	digest_end(d, text);
	return xstrdup(strchr(text, ':') + 1);
}

static const char *task_key(const struct task *task)
{
	return !task ? NULL : task->id ? task->id : task->label;
}

/* Fingerprints and waivers. A SHOULD that is not met is a warning, whatever the check called it. */
static void complete_findings(
	struct check_result *r, const struct policy *policy, const char *today)
{
	bool must = is_must(r->check);

	for (size_t i = 0; i < r->findings.n; i++) {
		struct finding *f = &r->findings.v[i];

		f->warning = f->warning || !must;
		f->fingerprint = finding_fingerprint(r->check->id, task_key(r->task), f->subject);
		f->waiver = policy ? policy_waiver(policy, r->check->id, f->subject, f->fingerprint,
					     today)
				   : NULL;
	}
}

static enum verdict worse(enum verdict a, enum verdict b)
{
	return a > b ? a : b;
}

static enum verdict finding_verdict(const struct finding *f)
{
	return f->waiver ? VERDICT_WAIVED : f->warning ? VERDICT_WARN : VERDICT_FAIL;
}

static enum verdict worst_finding(const struct check_result *r)
{
	enum verdict verdict = VERDICT_NOT_APPLICABLE;

	for (size_t i = 0; i < r->findings.n; i++) {
		verdict = worse(verdict, finding_verdict(&r->findings.v[i]));
	}
	return verdict;
}

/* The message of the first finding that made the verdict, and how many more did. */
static char *findings_summary(const struct check_result *r)
{
	const struct finding *first = NULL;
	size_t more = 0;

	for (size_t i = 0; i < r->findings.n; i++) {
		const struct finding *f = &r->findings.v[i];

		if (finding_verdict(f) != r->verdict) {
			continue;
		}
		if (first) {
			more++;
		} else {
			first = f;
		}
	}
	if (!first) {
		return NULL;
	}
	return more ? xasprintf("%s (and %zu more)", first->message, more)
		    : xstrdup(first->message);
}

static char *derive_summary(
	struct outcome *out, const struct err *error, const struct check_result *r)
{
	auto_free char *said = out->summary ? steal_ptr(out->summary) : findings_summary(r);

	switch (r->verdict) {
	case VERDICT_ERROR:
		return xstrdup(error->msg);
	case VERDICT_NOT_TESTED:
	case VERDICT_NOT_APPLICABLE:
		return steal_ptr(out->why);
	case VERDICT_FAIL:
		if (r->incomplete) {
			return xasprintf("%s; what else there is could not be told: %s", said,
				error->code ? error->msg : out->why);
		}
		return steal_ptr(said);
	case VERDICT_WARN:
	case VERDICT_WAIVED:
		return steal_ptr(said);
	case VERDICT_PASS:
		return said ? steal_ptr(said) : xstrdup(r->check->title);
	}
	return NULL;
}

void verdict_derive(struct outcome *out, const struct err *error, size_t dropped,
	const struct policy *policy, const char *today, struct check_result *ret)
{
	struct err bug;

	if (dropped && out->said != SAID_NOT_TESTED) {
		outcome_not_tested(out, "report this: the image has more such places than are kept",
			"%zu more places were seen than can be judged", dropped);
	}
	outcome_end(out);
	ret->findings.v = out->findings.v;
	ret->findings.n = out->findings.n;
	ret->findings.cap = out->findings.cap;
	memset(&out->findings, 0, sizeof(out->findings));
	complete_findings(ret, policy, today);

	ret->verdict = worst_finding(ret);
	if (!error->code && out->said == SAID_NOTHING_MORE && !ret->findings.n) {
		ret->verdict = VERDICT_PASS;
		if (!out->evidence) {
			err_set(&bug, ERR_INTERNAL, "the check reported nothing: a bug");
			error = &bug;
		}
	}
	if (error->code) {
		ret->verdict = worse(ret->verdict, VERDICT_ERROR);
	}
	if (out->said == SAID_NOT_TESTED) {
		ret->verdict = worse(ret->verdict, VERDICT_NOT_TESTED);
	}
	ret->incomplete = error->code || out->said == SAID_NOT_TESTED;
	ret->summary = derive_summary(out, error, ret);
	ret->remedy = ret->verdict == VERDICT_NOT_TESTED ? steal_ptr(out->remedy) : NULL;
	ret->evidence = out->evidence ? out->evidence : json_array();
	out->evidence = NULL;
}

static void derive_requirement(
	struct check_result *members, size_t n, struct requirement_result *ret)
{
	ret->requirement = requirement_find(members[0].check->requirement);
	ret->verdict = VERDICT_NOT_APPLICABLE;
	ret->checks = members;
	ret->n_checks = n;
	for (size_t i = 0; i < n; i++) {
		ret->verdict = worse(ret->verdict, members[i].verdict);
	}
}

static size_t run_of(const struct result *result, size_t from)
{
	size_t n = 1;

	while (from + n < result->n_checks && str_eq(result->checks[from + n].check->requirement,
						      result->checks[from].check->requirement)) {
		n++;
	}
	return n;
}

void result_derive(struct result *result)
{
	bool failed = false;

	result->requirements = xcalloc(result->n_checks, sizeof(*result->requirements));
	result->n_requirements = 0;
	for (size_t i = 0; i < result->n_checks;) {
		size_t n = run_of(result, i);

		derive_requirement(
			&result->checks[i], n, &result->requirements[result->n_requirements++]);
		i += n;
	}
	/* nothing looked at is nothing established */
	result->complete = result->n_checks > 0;
	for (size_t i = 0; i < result->n_checks; i++) {
		const struct check_result *r = &result->checks[i];

		if (is_must(r->check)) {
			failed = failed || r->verdict == VERDICT_FAIL;
			result->complete = result->complete && !r->incomplete;
		}
	}
	result->verdict = failed             ? RUN_NON_COMPLIANT
			  : result->complete ? RUN_COMPLIANT
					     : RUN_UNDECIDED;
}
