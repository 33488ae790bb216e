/* assay rules, assay explain: the tables, read out. docs/checks.md is `assay rules --report
 * markdown`. */
#include "base/cleanup.h"
#include "checks/check.h"
#include "cmd/verbs.h"
#include "product/edition.h"

#include <stdio.h>

static const char *stage_name(const struct check *check)
{
	return check->stage == STAGE_STATIC ? "static" : "dynamic";
}

static bool of_requirement(const struct check *check, const struct requirement *requirement)
{
	return str_eq(check->requirement, requirement->id);
}

static void print_table(void)
{
	for (size_t i = 0; i < n_requirements; i++) {
		const struct requirement *r = &requirements[i];

		(void)printf("%-4s %-10s %s\n", r->id, level_name(r->level), r->title);
		for (size_t k = 0; k < n_checks; k++) {
			if (of_requirement(checks[k], r)) {
				(void)printf("       %-24s %-8s %s\n", checks[k]->id,
					stage_name(checks[k]), checks[k]->title);
			}
		}
	}
}

static void print_json(void)
{
	auto_json json_t *list = json_array();
	auto_free char *text = NULL;

	for (size_t i = 0; i < n_checks; i++) {
		const struct requirement *r = requirement_find(checks[i]->requirement);

		json_array_append_new(
			list, json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "id", checks[i]->id,
				      "requirement", r->id, "level", level_name(r->level), "stage",
				      stage_name(checks[i]), "title", checks[i]->title, "reason",
				      checks[i]->reason, "remedy", checks[i]->remedy));
	}
	text = json_dumps(list, JSON_INDENT(2));
	(void)puts(text ? text : "[]");
}

static void print_markdown(void)
{
	(void)puts("# Requirements and checks\n\nMade by `assay rules --report markdown`; "
		   "`make docs` writes it anew.");
	for (size_t i = 0; i < n_requirements; i++) {
		const struct requirement *r = &requirements[i];

		(void)printf("\n## %s %s (%s)\n\n> %s\n", r->id, r->title, level_name(r->level),
			r->clause);
		if (r->left_to_human) {
			(void)printf("\nLeft to a human: %s\n", r->left_to_human);
		}
		for (size_t k = 0; k < n_checks; k++) {
			if (of_requirement(checks[k], r)) {
				(void)printf(
					"\n### `%s` (%s)\n\n%s.\n\n*Why:* %s\n\n*Remedy:* %s\n",
					checks[k]->id, stage_name(checks[k]), checks[k]->title,
					checks[k]->reason, checks[k]->remedy);
			}
		}
	}
}

int verb_rules(const struct options *options)
{
	const char *format = options->reports.n ? options->reports.v[0] : "text";

	if (options->operands.n || options->reports.n > 1) {
		return fail_usage("rules takes no operand and one --report");
	}
	if (str_eq(format, "text")) {
		print_table();
	} else if (str_eq(format, "json")) {
		print_json();
	} else if (str_eq(format, "markdown")) {
		print_markdown();
	} else {
		return fail_usage(
			"rules can be written as text, json or markdown, not '%.40s'", format);
	}
	return 0;
}

static void explain_check(const struct check *check)
{
	const struct requirement *r = requirement_find(check->requirement);

	(void)printf(
		"%s (%s check of %s, %s)\n\n%s.\n\nClause:  %s\n\nWhy:     %s\n\nRemedy:  %s\n",
		check->id, stage_name(check), r->id, level_name(r->level), check->title, r->clause,
		check->reason, check->remedy);
}

static void explain_requirement(const struct requirement *r)
{
	(void)printf("%s %s (%s)\n\nClause:  %s\n\nChecks:\n", r->id, r->title,
		level_name(r->level), r->clause);
	for (size_t i = 0; i < n_checks; i++) {
		if (of_requirement(checks[i], r)) {
			(void)printf("  %-24s %-8s %s\n", checks[i]->id, stage_name(checks[i]),
				checks[i]->title);
		}
	}
	if (r->left_to_human) {
		(void)printf("\nLeft to a human: %s\n", r->left_to_human);
	}
}

int verb_explain(const struct options *options)
{
	const char *id = options->operands.n == 1 ? options->operands.v[0] : NULL;
	const struct requirement *requirement = id ? requirement_find(id) : NULL;
	const struct check *check = id ? check_find(id) : NULL;

	if (!id) {
		return fail_usage("explain takes one ID; `assay rules` lists them");
	}
	if (check) {
		explain_check(check);
	} else if (requirement) {
		explain_requirement(requirement);
	} else {
		return fail_usage("no requirement or check '%.60s'; `assay rules` lists them", id);
	}
	return 0;
}
