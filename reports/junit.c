/*
 * JUnit XML: a suite for every requirement, a case for every check (and task).
 *
 * CI servers agree on little: pairs of classname and name have to be unique (some drop doubles),
 * the counts have to add up, times are decimal seconds, long system-out is cut or refused. A broken
 * MUST is a failure, what the tool could not tell an error, what was not tested or does not apply
 * skipped; a warning passes and says so in system-out.
 */
#include "base/alloc.h"
#include "base/escape.h"
#include "base/str.h"
#include "reports/parts.h"

#include <stdarg.h>
#include <string.h>

/* Of one case; 64 checks of 20 tasks stay below the 8 MB that the strictest consumer takes. */
#define SYSTEM_OUT_MAX 4096

/* Findings that one failure spells out. */
#define FINDINGS_MAX 100

struct counts {
	size_t tests;
	size_t failures;
	size_t errors;
	size_t skipped;
};

/* Markup and text in turn; the first error ends all the rest. */
struct writer {
	struct buf *out;
	struct err *err;
	int failed;
};

static void markup(struct writer *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void markup(struct writer *w, const char *fmt, ...)
{
	auto_free char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	s = xvasprintf(fmt, ap);
	va_end(ap);
	w->failed = w->failed || buf_add(w->out, s, strlen(s), w->err);
}

static void text(struct writer *w, const char *s)
{
	w->failed = w->failed || (s && escape_to(w->out, ESCAPE_XML, s, strlen(s), w->err));
}

static void attribute(struct writer *w, const char *name, const char *value)
{
	markup(w, " %s=\"", name);
	text(w, value);
	markup(w, "\"");
}

static void count(const struct check_result *r, struct counts *c)
{
	c->tests++;
	switch (r->verdict) {
	case VERDICT_FAIL:
		c->failures++;
		return;
	case VERDICT_ERROR:
		c->errors++;
		return;
	case VERDICT_NOT_APPLICABLE:
	case VERDICT_NOT_TESTED:
	case VERDICT_WAIVED:
		c->skipped++;
		return;
	case VERDICT_PASS:
	case VERDICT_WARN:
		return;
	}
}

static void counts_attributes(struct writer *w, const struct counts *c)
{
	markup(w, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"0.000\"",
		c->tests, c->failures, c->errors, c->skipped);
}

/* "memory-declared [web]": with the task's label or id, and a number where that is not enough. */
static char *case_name(const struct requirement_result *part, const struct check_result *r)
{
	const char *task = !r->task ? NULL : r->task->label ? r->task->label : r->task->id;
	size_t same = 1;

	for (const struct check_result *o = part->checks; o < r; o++) {
		const char *other = !o->task ? NULL : o->task->label ? o->task->label : o->task->id;

		same += o->check == r->check && str_eq(task, other);
	}
	if (same > 1) {
		return xasprintf("%s [%s #%zu]", r->check->id, task ? task : "task", same);
	}
	return task ? xasprintf("%s [%s]", r->check->id, task) : xstrdup(r->check->id);
}

/* The findings, one line each, as the body of a failure. */
static void findings(struct writer *w, const struct check_result *r)
{
	for (size_t i = 0; i < r->findings.n; i++) {
		const struct finding *f = &r->findings.v[i];

		if (i == FINDINGS_MAX) {
			markup(w, "... and %zu more\n", r->findings.n - i);
			break;
		}
		markup(w, "%s: ", f->waiver ? "waived" : f->warning ? "warn" : "fail");
		text(w, f->message);
		markup(w, "\n");
	}
	markup(w, "remedy: ");
	text(w, remedy_of(r));
	markup(w, "\n");
}

static void outcome(struct writer *w, const struct check_result *r)
{
	const char *element = NULL;

	switch (r->verdict) {
	case VERDICT_FAIL:
		element = "failure";
		break;
	case VERDICT_ERROR:
		element = "error";
		break;
	case VERDICT_NOT_APPLICABLE:
	case VERDICT_NOT_TESTED:
	case VERDICT_WAIVED:
		markup(w, "      <skipped message=\"%s: ", verdict_name(r->verdict));
		text(w, r->summary);
		markup(w, "\"/>\n");
		return;
	case VERDICT_PASS:
	case VERDICT_WARN:
		return;
	}
	markup(w, "      <%s type=\"%s\"", element, r->check->id);
	attribute(w, "message", r->summary);
	markup(w, ">");
	findings(w, r);
	markup(w, "</%s>\n", element);
}

/* Evidence as compact JSON lines up to the cap, so that a pass can be reviewed. */
static void system_out(struct writer *w, const struct check_result *r)
{
	size_t used = 0;
	size_t i;
	json_t *item;

	markup(w, "      <system-out>%s: ", verdict_name(r->verdict));
	text(w, r->summary);
	markup(w, "\n");
	for (size_t k = 0; r->verdict == VERDICT_WARN && k < r->findings.n && used < SYSTEM_OUT_MAX;
		k++) {
		used += strlen(r->findings.v[k].message);
		markup(w, "warn: ");
		text(w, r->findings.v[k].message);
		markup(w, "\n");
	}
	json_array_foreach (r->evidence, i, item) {
		auto_free char *line = json_dumps(item, JSON_COMPACT | JSON_ENCODE_ANY);

		used += line ? strlen(line) : 0;
		if (used > SYSTEM_OUT_MAX) {
			markup(w, "... the JSON report has the rest\n");
			break;
		}
		text(w, line);
		markup(w, "\n");
	}
	markup(w, "</system-out>\n");
}

static void test_case(
	struct writer *w, const struct requirement_result *part, const struct check_result *r)
{
	auto_free char *name = case_name(part, r);

	markup(w, "    <testcase classname=\"assay.%s\"", part->requirement->id);
	attribute(w, "name", name);
	markup(w, " time=\"0.000\">\n");
	outcome(w, r);
	system_out(w, r);
	markup(w, "    </testcase>\n");
}

static void suite(
	struct writer *w, const struct result *result, const struct requirement_result *part)
{
	struct counts c = {0};
	auto_free char *name = xasprintf("%s %s", part->requirement->id, part->requirement->title);
	char timestamp[sizeof("2026-01-31T12:00:00")] = "";

	for (size_t i = 0; i < part->n_checks; i++) {
		count(&part->checks[i], &c);
	}
	/* ISO 8601 without a zone, as the schema that most consumers derive from has it */
	memcpy(timestamp, result->evaluated_at, sizeof(timestamp) - 1);
	markup(w, "  <testsuite");
	attribute(w, "name", name);
	counts_attributes(w, &c);
	attribute(w, "timestamp", timestamp);
	markup(w, ">\n");
	for (size_t i = 0; i < part->n_checks; i++) {
		test_case(w, part, &part->checks[i]);
	}
	markup(w, "  </testsuite>\n");
}

int report_junit(const struct result *result, const struct report_options *options, struct buf *out,
	struct err *err)
{
	struct writer w = {.out = out, .err = err};
	struct counts c = {0};

	(void)options;
	for (size_t i = 0; i < result->n_checks; i++) {
		count(&result->checks[i], &c);
	}
	markup(&w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"assay\"");
	counts_attributes(&w, &c);
	markup(&w, ">\n");
	for (size_t i = 0; i < result->n_requirements; i++) {
		suite(&w, result, &result->requirements[i]);
	}
	markup(&w, "</testsuites>\n");
	return w.failed ? -1 : 0;
}
