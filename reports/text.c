/*
 * The text report: the verdict first, then every requirement on a line of its own; only what is not in
 * order is spelled out. --verbose spells out everything.
 */
#include "base/alloc.h"
#include "base/str.h"
#include "reports/layout.h"
#include "reports/parts.h"

#include <string.h>

enum {
	WIDTH = 100,
	COLUMN_TITLE = 7, /* of a requirement, and the marks of its checks */
	COLUMN_SUMMARY = 9, /* what is wrapped below a check */
	COLUMN_FINDING = 11,
	FINDINGS_SHOWN = 8, /* of one check, without --verbose */
};

struct text {
	struct layout l;
	const struct result *result;
	bool verbose;
};

static const struct look {
	const char *mark;
	enum style style;
	const char *word;
} looks[] = {
	[VERDICT_NOT_APPLICABLE] = {"–", STYLE_DIM, "not applicable"},
	[VERDICT_PASS] = {"✓", STYLE_GOOD, "pass"},
	[VERDICT_WAIVED] = {"~", STYLE_WARN, "waived"},
	[VERDICT_WARN] = {"!", STYLE_WARN, "warning"},
	[VERDICT_NOT_TESTED] = {"?", STYLE_WARN, "not tested"},
	[VERDICT_ERROR] = {"E", STYLE_BAD, "error"},
	[VERDICT_FAIL] = {"✗", STYLE_BAD, "fail"},
};

static bool is_quiet(enum verdict verdict)
{
	return verdict == VERDICT_PASS || verdict == VERDICT_NOT_APPLICABLE;
}

/* ---- the head ------------------------------------------------------------------------------- */

static const struct {
	const char *text;
	enum style style;
} run_looks[] = {
	[RUN_COMPLIANT] = {"COMPLIANT", STYLE_GOOD},
	[RUN_NON_COMPLIANT] = {"NON-COMPLIANT", STYLE_BAD},
	[RUN_UNDECIDED] = {"UNDECIDED", STYLE_WARN},
};

/* "3 fail, 1 not tested, 9 pass": the worst first, what is none left out. */
static char *tally(const struct result *result)
{
	AUTO(strv) struct strv parts = {0};

	for (int v = VERDICT_FAIL; v >= VERDICT_NOT_APPLICABLE; v--) {
		size_t n = 0;

		for (size_t i = 0; i < result->n_requirements; i++) {
			n += (int)result->requirements[i].verdict == v;
		}
		if (n) {
			strv_addf(&parts, "%zu %s", n, looks[v].word);
		}
	}
	if (result->n_requirements < n_requirements) {
		strv_addf(&parts, "%zu not checked", n_requirements - result->n_requirements);
	}
	return strv_join(&parts, ", ");
}

static void put_verdict(struct text *t)
{
	const struct result *result = t->result;
	auto_free char *numbers = tally(result);
	auto_free char *line = xasprintf("%s%s%zu requirements: %s",
		str_eq(result->scope, "all") ? "" : result->scope,
		str_eq(result->scope, "all") ? "" : " stage only, ", n_requirements, numbers);

	layout_put(&t->l, run_looks[result->verdict].style, "%s", run_looks[result->verdict].text);
	layout_tab(&t->l, t->l.column + 2);
	layout_wrap(&t->l, COLUMN_SUMMARY, STYLE_PLAIN, line);
	layout_end(&t->l);
	if (result->verdict == RUN_UNDECIDED) {
		layout_wrap(&t->l, 0, STYLE_PLAIN,
			"Nothing that was tested fails, but not everything could be tested: see the "
			"lines marked ? and E.");
		layout_end(&t->l);
	} else if (!result->complete) {
		layout_wrap(&t->l, 0, STYLE_PLAIN,
			"Not everything could be tested: see the lines marked ? and E.");
		layout_end(&t->l);
	}
}

static void put_field(struct text *t, const char *name, const char *value)
{
	layout_put(&t->l, STYLE_DIM, "%s", name);
	layout_tab(&t->l, COLUMN_SUMMARY);
	layout_wrap(&t->l, COLUMN_SUMMARY, STYLE_PLAIN, value);
	layout_end(&t->l);
}

static void put_image(struct text *t)
{
	const struct image *image = t->result->image;
	auto_free char *platform = image_platform_text(image);
	auto_free char *line = NULL;

	if (!image) {
		return;
	}
	line = xasprintf("%s (%s, %zu layer%s)", image->reference.text,
		platform ? platform : "no image chosen", image->n_layers,
		image->n_layers == 1 ? "" : "s");
	put_field(t, "image", line);
	if (image->digest) {
		put_field(t, "", image->digest);
	}
}

static void put_product(struct text *t)
{
	const struct product *product = t->result->product;
	auto_free char *line = NULL;

	if (!product) {
		put_field(t, "product", "no product file");
		return;
	}
	line = product->content_only
		       ? xasprintf(
				 "%s (content only)", product->name ? product->name : product->file)
		       : xasprintf("%s (%zu task%s)", product->name ? product->name : product->file,
				 product->n_tasks, product->n_tasks == 1 ? "" : "s");
	put_field(t, "product", line);
	if (*product->digest) {
		put_field(t, "", product->digest);
	}
}

static void put_head(struct text *t)
{
	const struct edition *edition = t->result->edition;

	put_verdict(t);
	layout_end(&t->l);
	put_image(t);
	put_product(t);
	layout_put(&t->l, STYLE_DIM, "rules");
	layout_tab(&t->l, COLUMN_SUMMARY);
	layout_put(&t->l, STYLE_PLAIN, "%s (%s), %s, assay %s, %s", edition ? edition->name : "",
		edition ? edition->title : "",
		str_eq(t->result->scope, "all") ? "all stages" : t->result->scope, ASSAY_VERSION,
		t->result->evaluated_at);
	layout_end(&t->l);
	layout_end(&t->l);
}

/* ---- one check ------------------------------------------------------------------------------ */

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

/* Findings in their order, what breaks a MUST before what only warns, so that a cut list keeps it. */
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

static void put_check(struct text *t, const struct check_result *r)
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

/* ---- the requirements ----------------------------------------------------------------------- */

static void put_requirement_line(
	struct text *t, const struct requirement *requirement, const struct look *look)
{
	layout_put(&t->l, look->style, "%s", look->mark);
	layout_put(&t->l, STYLE_BOLD, " %s", requirement->id);
	layout_tab(&t->l, COLUMN_TITLE);
	layout_put(&t->l, look->style == STYLE_DIM ? STYLE_DIM : STYLE_PLAIN, "%s",
		requirement->title);
	if (requirement->level != LEVEL_MUST) {
		layout_put(&t->l, STYLE_DIM, " (%s)", level_name(requirement->level));
	}
	layout_tab(&t->l, 56);
	layout_put(&t->l, look->style, "%s", look->word);
	layout_end(&t->l);
}

static void put_requirement(struct text *t, const struct requirement *requirement)
{
	static const struct look not_checked = {"·", STYLE_DIM, "not checked"};
	const struct requirement_result *part = requirement_part(t->result, requirement);

	put_requirement_line(t, requirement, part ? &looks[part->verdict] : &not_checked);
	for (size_t i = 0; part && i < part->n_checks; i++) {
		if (t->verbose || !is_quiet(part->checks[i].verdict)) {
			put_check(t, &part->checks[i]);
		}
	}
	if (part && t->verbose && requirement->left_to_human) {
		auto_free char *line = xasprintf("left to a human: %s", requirement->left_to_human);

		layout_tab(&t->l, COLUMN_TITLE);
		layout_wrap(&t->l, COLUMN_SUMMARY, STYLE_DIM, line);
		layout_end(&t->l);
	}
}

/* ---- the experiments ------------------------------------------------------------------------ */

static char *memory_text(const struct obs_memory *m)
{
	if (!m->mechanism) {
		return xasprintf(
			"peak %.1f MiB, no limit enforced", (double)m->peak_used / 1048576);
	}
	return xasprintf("peak %.1f of %.0f MiB", (double)m->peak_used / 1048576,
		(double)m->limit / 1048576);
}

static char *experiment_line(const struct task_observation *seen)
{
	AUTO(strv) struct strv parts = {0};

	if (seen->state != OBS_STARTED) {
		return xasprintf("not started: %s", seen->why ? seen->why : "");
	}
	if (seen->ready) {
		strv_addf(&parts, "ready after %.2f s (%s)", seen->ready_s,
			seen->ready_by ? seen->ready_by : "it stayed alive");
	} else {
		strv_addf(&parts, "not ready within %.0f s", seen->boot_limit_s);
	}
	strv_take(&parts, memory_text(&seen->memory));
	if (seen->stop.gone) {
		strv_addf(&parts, "stopped in %.3f s", seen->stop.took_s);
	} else if (seen->stop.tried) {
		strv_addf(&parts, "not stopped within %.0f s", seen->stop.limit_s);
	}
	return strv_join(&parts, ", ");
}

static void put_timeline(struct text *t, const struct task_observation *seen)
{
	for (size_t i = 0; i < seen->timeline.n; i++) {
		const struct obs_event *e = &seen->timeline.v[i];
		auto_free char *line = xasprintf("%9.3f s  %s%s%s", e->t_s, e->event,
			e->detail ? ": " : "", e->detail ? e->detail : "");

		layout_tab(&t->l, COLUMN_SUMMARY);
		layout_wrap(&t->l, COLUMN_SUMMARY + 13, STYLE_DIM, line);
		layout_end(&t->l);
	}
}

static void put_experiments(struct text *t)
{
	const struct observation *observation = t->result->observation;

	for (size_t i = 0; observation && i < observation->n; i++) {
		const struct task_observation *seen = &observation->v[i];
		auto_free char *what = experiment_line(seen);
		const char *label = !seen->task         ? "the image's own command"
				    : seen->task->label ? seen->task->label
							: seen->task->id;
		auto_free char *line = xasprintf("%s: %s", label ? label : "task", what);

		if (!i) {
			layout_end(&t->l);
		}
		put_field(t, "seen", line);
		if (t->verbose) {
			put_timeline(t, seen);
		}
	}
}

/* ---- the end -------------------------------------------------------------------------------- */

static void put_list(struct text *t, const char *name, const struct strv *ids)
{
	auto_free char *all = strv_join(ids, ", ");

	if (ids->n) {
		layout_put(&t->l, STYLE_DIM, "%s ", name);
		layout_wrap(&t->l, COLUMN_SUMMARY, STYLE_DIM, all);
		layout_end(&t->l);
	}
}

static void put_end(struct text *t)
{
	AUTO(strv) struct strv human = {0};

	for (size_t i = 0; i < t->result->n_requirements; i++) {
		const struct requirement *r = t->result->requirements[i].requirement;

		if (r->left_to_human) {
			strv_add(&human, r->id);
		}
	}
	layout_end(&t->l);
	put_list(t, "left out by choice:", &t->result->left_out);
	put_list(t, "in part left to a human:", &human);
	if (!t->verbose) {
		layout_put(&t->l, STYLE_DIM,
			"--verbose shows the evidence; 'assay explain ID' the clause and the reason");
		layout_end(&t->l);
	}
}

int report_text(const struct result *result, const struct report_options *options, struct buf *out,
	struct err *err)
{
	struct text t = {
		.l = {.out = out,
			.err = err,
			.width = options->width ? options->width : WIDTH,
			.color = options->color},
		.result = result,
		.verbose = options->verbose,
	};

	put_head(&t);
	for (size_t i = 0; i < n_requirements; i++) {
		put_requirement(&t, &requirements[i]);
	}
	put_experiments(&t);
	put_end(&t);
	return t.l.failed ? -1 : 0;
}
