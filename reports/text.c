/*
 * The text report: the verdict first, then every requirement on a line of its own; only what is not
 * in order is spelled out. --verbose spells out everything.
 */
#include "reports/text_parts.h"

#include "base/alloc.h"
#include "base/str.h"

/* Columns, where nobody says how many there are. */
enum { WIDTH = 100 };

/* ---- the head ------------------------------------------------------------------------------- */

static const struct {
	const char *text;
	enum style style;
} run_looks[] = {
	[RUN_COMPLIANT] = {"COMPLIANT", STYLE_GOOD},
	[RUN_NON_COMPLIANT] = {"NON-COMPLIANT", STYLE_BAD},
	[RUN_UNDECIDED] = {"UNDECIDED", STYLE_WARN},
};

/* A verdict speaks of what was looked at; a reader must not take it for more. */
static size_t musts_checked(const struct result *result)
{
	size_t n = 0;

	for (size_t i = 0; i < result->n_requirements; i++) {
		n += result->requirements[i].requirement->level == LEVEL_MUST;
	}
	return n;
}

static size_t musts(void)
{
	size_t n = 0;

	for (size_t i = 0; i < n_requirements; i++) {
		n += requirements[i].level == LEVEL_MUST;
	}
	return n;
}

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
	auto_free char *line = xasprintf("in %zu of %zu MUSTs%s%s%s: %s", musts_checked(result),
		musts(), str_eq(result->scope, "all") ? "" : " (",
		str_eq(result->scope, "all") ? "" : result->scope,
		str_eq(result->scope, "all") ? "" : " stage only)", numbers);

	layout_put(&t->l, run_looks[result->verdict].style, "%s", run_looks[result->verdict].text);
	layout_tab(&t->l, t->l.column + 2);
	layout_wrap(&t->l, COLUMN_SUMMARY, STYLE_PLAIN, line);
	layout_end(&t->l);
	if (result->verdict == RUN_UNDECIDED) {
		layout_wrap(&t->l, 0, STYLE_PLAIN,
			"Nothing that was tested fails, but not everything could be tested: see "
			"the lines marked ? and E.");
		layout_end(&t->l);
	} else if (!result->complete) {
		layout_wrap(&t->l, 0, STYLE_PLAIN,
			"Not everything could be tested: see the lines marked ? and E.");
		layout_end(&t->l);
	}
}

void put_field(struct text *t, const char *name, const char *value)
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

static void put_requirement(struct text *t, const struct requirement_result *part)
{
	const struct requirement *requirement = part->requirement;

	put_requirement_line(t, requirement, &looks[part->verdict]);
	for (size_t i = 0; i < part->n_checks; i++) {
		if (t->verbose || !is_quiet(part->checks[i].verdict)) {
			put_check(t, &part->checks[i]);
		}
	}
	if (t->verbose && requirement->left_to_human) {
		auto_free char *line = xasprintf("left to a human: %s", requirement->left_to_human);

		layout_tab(&t->l, COLUMN_TITLE);
		layout_wrap(&t->l, COLUMN_SUMMARY, STYLE_DIM, line);
		layout_end(&t->l);
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

/* None is hidden: what this run did not look at stands there, too. */
static void put_not_checked(struct text *t)
{
	AUTO(strv) struct strv ids = {0};

	for (size_t i = 0; i < n_requirements; i++) {
		if (!requirement_part(t->result, &requirements[i])) {
			strv_add(&ids, requirements[i].id);
		}
	}
	put_list(t, "· not checked:", &ids);
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
			"--verbose shows the evidence; 'assay explain ID' the clause and the "
			"reason");
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
	for (size_t i = 0; i < result->n_requirements; i++) {
		put_requirement(&t, &result->requirements[i]);
	}
	put_not_checked(&t);
	put_experiments(&t);
	put_end(&t);
	return t.l.failed ? -1 : 0;
}
