/* product-file, memory-declared and smoke-declared over small product files. */
#include "base/alloc.h"
#include "checks/engine.h"

#include <criterion/criterion.h>
#include <string.h>

#define TODAY "2026-06-15"

static struct product *parse(const char *text)
{
	return product_parse("test.json", text, strlen(text));
}

static enum verdict judge(const char *id, const struct product *product, const struct task *task,
	uint64_t memory_mib, struct check_result *ret)
{
	struct check_context ctx = {.product = product, .task = task, .memory_mib = memory_mib};

	check_judge(check_find(id), &ctx, TODAY, ret);
	return ret->verdict;
}

/* The verdict alone, of the first task where there is one. */
static enum verdict verdict_of(const char *id, const char *text)
{
	AUTO_PTR(product) struct product *product = text ? parse(text) : NULL;
	struct check_result r;
	enum verdict verdict =
		judge(id, product, product && product->n_tasks ? product->tasks : NULL, 0, &r);

	check_result_release(&r);
	return verdict;
}

#define TASK(members)                                                                              \
	"{\"product\":{},\"configuration\":[{\"default\":true,\"task\":[{\"id\":\"a\"" members     \
	"}]}]}"
#define PROVIDES "\"provides\":[{\"uri\":\"https://hl7.org/fhir/R4/\"}]"
#define SMOKE(standard) "\"smoke\":[{" standard "\"steps\":[{\"path\":\"/\"}]}]"

static const struct {
	const char *id;
	const char *product;
	enum verdict verdict;
} rows[] = {
	{"product-file", NULL, VERDICT_NOT_TESTED},
	{"product-file", "{", VERDICT_FAIL},
	{"product-file", TASK(",\"ports\":[0]"), VERDICT_FAIL},
	{"product-file", TASK(""), VERDICT_WARN}, /* what the schema wants besides */
	{"memory-declared", NULL, VERDICT_NOT_TESTED},
	{"memory-declared", "{", VERDICT_NOT_TESTED},
	{"memory-declared", TASK(""), VERDICT_FAIL},
	{"memory-declared", TASK(",\"memory_maximum\":\"64\""), VERDICT_FAIL},
	{"memory-declared", TASK(",\"memory_maximum\":64"), VERDICT_PASS},
	{"memory-declared", TASK(",\"memory\":64"), VERDICT_PASS},
	{"memory-declared", TASK(",\"memory_minimum\":65,\"memory_maximum\":64"), VERDICT_FAIL},
	{"memory-declared", "{\"product\":{}}", VERDICT_NOT_APPLICABLE},
	{"smoke-declared", NULL, VERDICT_NOT_TESTED},
	{"smoke-declared", TASK(""), VERDICT_NOT_APPLICABLE},
	{"smoke-declared", TASK(",\"x-assay\":{\"provides\":[{}]}"), VERDICT_FAIL},
	{"smoke-declared", TASK(",\"x-assay\":{" PROVIDES "}"), VERDICT_FAIL},
	{"smoke-declared", TASK(",\"x-assay\":{" PROVIDES "," SMOKE("") "}"), VERDICT_WARN},
	{"smoke-declared",
		TASK(",\"x-assay\":{" PROVIDES
		     "," SMOKE("\"standard\":\"https://hl7.org/fhir/R4/\",") "}"),
		VERDICT_PASS},
	{"smoke-declared", TASK(",\"x-assay\":{" SMOKE("") "}"), VERDICT_PASS},
	{"smoke-declared", "{\"product\":{}}", VERDICT_NOT_APPLICABLE},
};

Test(product_checks, verdicts)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		enum verdict verdict = verdict_of(rows[i].id, rows[i].product);

		cr_expect_eq(verdict, rows[i].verdict, "%s of %s: %s", rows[i].id,
			rows[i].product ? rows[i].product : "nothing", verdict_name(verdict));
	}
}

Test(product_checks, memory_on_the_command_line_stands_in_for_a_file)
{
	AUTO_PTR(product) struct product *silent = parse(TASK(""));
	struct check_result r;

	cr_expect_eq(judge("memory-declared", NULL, NULL, 64, &r), VERDICT_PASS);
	check_result_release(&r);
	cr_expect_eq(judge("memory-declared", silent, silent->tasks, 64, &r), VERDICT_FAIL,
		"the file is there and does not declare it");
	check_result_release(&r);
}

Test(product_checks, findings_carry_the_pointer)
{
	AUTO_PTR(product) struct product *product = parse(TASK(",\"ports\":[0]"));
	struct check_result r;
	bool found = false;

	judge("product-file", product, NULL, 0, &r);
	for (size_t i = 0; i < r.findings.n; i++) {
		const struct finding *f = &r.findings.v[i];

		found = found ||
			(!f->warning &&
				strcmp(f->subject, "/configuration/0/task/0/ports/0") == 0 &&
				strstr(f->message, f->subject) == f->message);
	}
	cr_expect(found);
	check_result_release(&r);
}
