#include "checks/outcome.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void add_finding(
	struct outcome *out, bool warning, const char *subject, json_t *evidence, char *message)
{
	struct finding *f;

	assert(subject);
	if (out->n_told[warning]++ >= FINDINGS_MAX) {
		free(message);
		json_decref(evidence);
		return;
	}
	f = ARRAY_PUSH(&out->findings);
	f->warning = warning;
	f->subject = xstrdup(subject);
	f->message = message;
	f->evidence = evidence;
}

void outcome_fail(struct outcome *out, const char *subject, json_t *evidence, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_finding(out, false, subject, evidence, xvasprintf(fmt, ap));
	va_end(ap);
}

void outcome_warn(struct outcome *out, const char *subject, json_t *evidence, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_finding(out, true, subject, evidence, xvasprintf(fmt, ap));
	va_end(ap);
}

void outcome_end(struct outcome *out)
{
	for (int warning = 0; warning < 2; warning++) {
		size_t more = out->n_told[warning] - FINDINGS_MAX;

		if (out->n_told[warning] > FINDINGS_MAX) {
			*ARRAY_PUSH(&out->findings) = (struct finding){
				.warning = warning,
				.subject = xstrdup("and more"),
				.message = xasprintf(
					"%zu more of this check's findings are not listed", more),
			};
		}
	}
}

void outcome_evidence(struct outcome *out, json_t *evidence)
{
	assert(evidence);
	if (!out->evidence) {
		out->evidence = json_array();
	}
	json_array_append_new(out->evidence, evidence);
}

void outcome_summary(struct outcome *out, const char *fmt, ...)
{
	va_list ap;

	free(out->summary);
	va_start(ap, fmt);
	out->summary = xvasprintf(fmt, ap);
	va_end(ap);
}

void outcome_not_applicable(struct outcome *out, const char *fmt, ...)
{
	va_list ap;

	if (out->said != SAID_NOTHING_MORE) {
		return; /* the first word counts, and not-tested is never taken back */
	}
	out->said = SAID_NOT_APPLICABLE;
	va_start(ap, fmt);
	out->why = xvasprintf(fmt, ap);
	va_end(ap);
}

void outcome_not_tested(struct outcome *out, const char *remedy, const char *fmt, ...)
{
	va_list ap;

	if (out->said == SAID_NOT_TESTED) {
		return;
	}
	free(out->why);
	out->said = SAID_NOT_TESTED;
	out->remedy = xstrdup(remedy);
	va_start(ap, fmt);
	out->why = xvasprintf(fmt, ap);
	va_end(ap);
}

void finding_release(struct finding *finding)
{
	free(finding->subject);
	free(finding->message);
	free(finding->fingerprint);
	json_decref(finding->evidence);
}

void outcome_release(struct outcome *out)
{
	for (size_t i = 0; i < out->findings.n; i++) {
		finding_release(&out->findings.v[i]);
	}
	free(out->findings.v);
	json_decref(out->evidence);
	free(out->summary);
	free(out->why);
	free(out->remedy);
	*out = (struct outcome){0};
}
