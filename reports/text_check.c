/* One check of the text report: what should be, what is wrong, the evidence, the remedy. */
#include "reports/text_parts.h"

#include "base/alloc.h"
#include "base/str.h"

#include <string.h>

/* Findings of one check, without --verbose. */
enum { FINDINGS_SHOWN = 8 };

const struct look looks[] = {
	[VERDICT_NOT_APPLICABLE] = {"–", STYLE_DIM, "not applicable"},
	[VERDICT_PASS] = {"✓", STYLE_GOOD, "pass"},
	[VERDICT_WAIVED] = {"~", STYLE_WARN, "waived"},
	[VERDICT_WARN] = {"!", STYLE_WARN, "warning"},
	[VERDICT_NOT_TESTED] = {"?", STYLE_WARN, "not tested"},
	[VERDICT_ERROR] = {"E", STYLE_BAD, "error"},
	[VERDICT_FAIL] = {"✗", STYLE_BAD, "fail"},
};

bool is_quiet(enum verdict verdict)
{
	return verdict == VERDICT_PASS || verdict == VERDICT_NOT_APPLICABLE;
}

/* An evidence object as "key: value, key: value", without what the message says already (NULL: no
 * message); the caller frees. */
static char *evidence_line(const json_t *evidence, const char *message)
{
	AUTO(strv) struct strv parts = {0};
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)evidence, name, value) {
		auto_free char *text = json_is_string(value)
					       ? xstrdup(json_string_value(value))
					       : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT |
									   JSON_REAL_PRECISION(6));

		if (text && *text && !json_is_null(value) &&
			!(message && json_is_string(value) && strstr(message, text))) {
			strv_addf(&parts, "%s: %s", name, text);
		}
	}
	return strv_join(&parts, ", ");
}

static void put_evidence(struct text *t, size_t column, const json_t *evidence, const char *message)
{
	auto_free char *line = evidence_line(evidence, message);

	if (!*line) {
		return;
	}
	layout_tab(&t->l, column);
	if (t->verbose) {
		layout_wrap(&t->l, column + 2, STYLE_DIM, line);
	} else {
		layout_cut(&t->l, STYLE_DIM, line);
	}
	layout_end(&t->l);
}

static void put_waiver(struct text *t, const struct check_result *r, const struct finding *f)
{
	auto_free char *line = NULL;

	if (f->waiver) {
		line = xasprintf("waived by %s%s%s: %s", f->waiver->who,
			f->waiver->until ? " until " : "", f->waiver->until ? f->waiver->until : "",
			f->waiver->why);
	} else if (t->verbose) {
		auto_json json_t *waiver = waiver_that_would_cover(r, f);
		auto_free char *json = json_dumps(waiver, 0);

		line = xasprintf("waiver: %s", json);
	}
	if (line) {
		layout_tab(&t->l, COLUMN_FINDING);
		layout_wrap(&t->l, COLUMN_FINDING + 2, STYLE_DIM, line);
		layout_end(&t->l);
	}
}

static void put_finding(struct text *t, const struct check_result *r, const struct finding *f)
{
	enum verdict verdict = f->waiver    ? VERDICT_WAIVED
			       : f->warning ? VERDICT_WARN
					    : VERDICT_FAIL;

	layout_tab(&t->l, COLUMN_SUMMARY);
	layout_put(&t->l, looks[verdict].style, "%s", looks[verdict].mark);
	layout_tab(&t->l, COLUMN_FINDING);
	layout_wrap(&t->l, COLUMN_FINDING, STYLE_PLAIN, f->message);
	layout_end(&t->l);
	put_evidence(t, COLUMN_FINDING, f->evidence, f->message);
	put_waiver(t, r, f);
}

/* What breaks a MUST before what only warns, so that a cut list keeps it. */
static void put_findings(struct text *t, const struct check_result *r)
{
	size_t most = t->verbose ? r->findings.n : FINDINGS_SHOWN;
	size_t shown = 0;

	for (int warnings = 0; warnings < 2; warnings++) {
		for (size_t i = 0; i < r->findings.n && shown < most; i++) {
			if (r->findings.v[i].warning == (warnings == 1)) {
				put_finding(t, r, &r->findings.v[i]);
				shown++;
			}
		}
	}
	if (shown < r->findings.n) {
		layout_tab(&t->l, COLUMN_FINDING);
		layout_put(&t->l, STYLE_DIM, "… and %zu more; --verbose shows them all",
			r->findings.n - shown);
		layout_end(&t->l);
	}
}

static void put_remedy(struct text *t, const struct check_result *r)
{
	const char *remedy = remedy_of(r);

	if (!remedy || r->verdict == VERDICT_WAIVED) {
		return;
	}
	layout_tab(&t->l, COLUMN_SUMMARY);
	layout_put(&t->l, STYLE_BOLD, "→");
	layout_tab(&t->l, COLUMN_FINDING);
	layout_wrap(&t->l, COLUMN_FINDING, STYLE_PLAIN, remedy);
	layout_end(&t->l);
}

static void put_check_head(struct text *t, const struct check_result *r)
{
	const struct look *look = &looks[r->verdict];

	layout_tab(&t->l, COLUMN_TITLE);
	layout_put(&t->l, look->style, "%s", look->mark);
	layout_tab(&t->l, COLUMN_SUMMARY);
	layout_put(&t->l, STYLE_BOLD, "%s", r->check->id);
	if (r->task && has_several_tasks(t->result)) {
		layout_put(&t->l, STYLE_PLAIN, " [");
		layout_wrap(&t->l, COLUMN_FINDING, STYLE_PLAIN,
			r->task->label ? r->task->label : r->task->id);
		layout_put(&t->l, STYLE_PLAIN, "]");
	}
}

void put_check(struct text *t, const struct check_result *r)
{
	/* findings speak for themselves: the line above them says what should be */
	bool own_words = !r->findings.n || r->incomplete;
	auto_free char *line =
		xasprintf(": %s", own_words && r->summary ? r->summary : r->check->title);

	put_check_head(t, r);
	layout_wrap(&t->l, COLUMN_FINDING, own_words ? STYLE_PLAIN : STYLE_DIM, line);
	layout_end(&t->l);
	put_findings(t, r);
	if (t->verbose) {
		for (size_t i = 0; i < json_array_size(r->evidence); i++) {
			put_evidence(t, COLUMN_FINDING, json_array_get(r->evidence, i), NULL);
		}
	}
	if (!is_quiet(r->verdict)) {
		put_remedy(t, r);
	}
}
