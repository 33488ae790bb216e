/* marketplace.json: what is read, and what is said about it. Pointers and values are worked out by
 * hand from the documents below. */
#include "base/alloc.h"
#include "product/product.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <string.h>

static struct product *parse(const char *text)
{
	return product_parse("test.json", text, strlen(text));
}

/* A whole document around a task array. */
static struct product *parse_tasks(const char *tasks)
{
	auto_free char *text = xasprintf(
		"{\"product\":{},\"configuration\":[{\"default\":true,\"task\":%s}]}", tasks);

	return parse(text);
}

static const struct json_problem *problem_at(
	const struct product *p, const char *pointer, bool warning)
{
	for (size_t i = 0; i < p->problems.n; i++) {
		const struct json_problem *problem = &p->problems.v[i];

		if (problem->warning == warning && strcmp(problem->pointer, pointer) == 0) {
			return problem;
		}
	}
	return NULL;
}

static size_t count_errors(const struct product *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->problems.n; i++) {
		n += !p->problems.v[i].warning;
	}
	return n;
}

static const char *first_error(const struct product *p)
{
	for (size_t i = 0; i < p->problems.n; i++) {
		if (!p->problems.v[i].warning) {
			return p->problems.v[i].message;
		}
	}
	return "no error";
}

/* ---- the official examples ---------------------------------------------------------------- */

static size_t check_examples(const char *dir)
{
	auto_dir DIR *d = opendir(dir);
	const struct dirent *entry;
	size_t n = 0;

	while (d && (entry = readdir(d))) {
		AUTO_PTR(product) struct product *product = NULL;
		auto_free char *file = xasprintf("%s/%s", dir, entry->d_name);
		struct err err;

		if (!strstr(entry->d_name, ".product.")) {
			continue;
		}
		cr_assert_eq(product_load(file, &product, &err), 0, "%s", err.msg);
		cr_expect_eq(count_errors(product), 0, "%s: %s", file, first_error(product));
		cr_expect_geq(product->n_tasks, 1, "%s", file);
		cr_expect_not(product->content_only);
		cr_expect_eq(strlen(product->digest), strlen("sha256:") + 64);
		n++;
	}
	return n;
}

Test(product, official_examples_have_no_errors)
{
	const char *spec = getenv("ASSAY_SPEC");
	auto_free char *latest = xasprintf("%s/marketplace/latest", spec ? spec : "../shared/spec");
	auto_free char *ballot =
		xasprintf("%s/marketplace/HL7_HSP_R2_STU2_2022JAN", spec ? spec : "../shared/spec");
	auto_dir DIR *there = opendir(latest);

	if (!there) {
		cr_skip_test("no specification at '%s' (set ASSAY_SPEC)", latest);
	}
	cr_expect_eq(check_examples(latest), 4);
	cr_expect_eq(check_examples(ballot), 4);
}

/* ---- what is read --------------------------------------------------------------------------- */

static const char whole[] =
	"{\"product\":{\"uuid\":\"bc0e9854-7de2-48a7-9de2-f1b481b99998\","
	" \"build\":{\"uuid\":\"5d49a845-1f0b-4e87-82ee-d4511186a4d1\","
	"  \"binary\":{\"registry\":\"https://r.example/\",\"image\":\"acme/thing:1\"},"
	"  \"dependency\":[]},"
	" \"facts\":{\"name\":\"Thing\","
	"\"networking\":[{\"name\":\"CDN\",\"uri\":\"https://cdn/a\"}],"
	"  \"data_access\":[{\"label\":\"FHIR R4\",\"uri\":\"https://hl7.org/fhir/R4/\"}],"
	"  \"identify_and_access_management\":[{\"name\":\"OIDC\"}],"
	"  \"runtime_dependencies\":[{\"uuid\":\"x\",\"build\":[]},"
	"{\"uuid\":\"y\",\"build\":[]}]}},"
	"\"configuration\":[{\"default\":false,\"task\":[]},{\"default\":true,\"task\":["
	" {\"id\":\"a\",\"label\":\"web\",\"memory_minimum\":64,\"memory_maximum\":128.5,"
	"  \"instances_minimum\":2,\"instances_maximum\":4,\"options\":[\"--web\",\"-v\"],"
	"  \"ports\":[80,8080.0],\"environment\":["
	"   {\"key\":\"DB_URL\",\"description\":\"d\",\"required\":true},"
	"   {\"key\":\"LEVEL\",\"description\":\"d\",\"default\":\"info\","
	"\"pattern\":\"^[a-z]+$\"}]},"
	" {\"id\":\"b\",\"label\":\"old\",\"minimum\":1,\"maximum\":3,\"memory\":32,"
	"  \"cron\":\"*/5 0 * * *\"}]}]}";

Test(product, reads_what_it_names)
{
	AUTO_PTR(product) struct product *p = parse(whole);
	const struct task *web = product_task(p, "web");

	cr_assert_eq(count_errors(p), 0, "%s", first_error(p));
	cr_expect_str_eq(p->name, "Thing");
	cr_expect_str_eq(p->image, "acme/thing:1");
	cr_expect_str_eq(p->networking.v[0].uri, "https://cdn/a");
	cr_expect_str_eq(p->data_access.v[0].label, "FHIR R4");
	cr_expect_str_eq(p->identity.v[0].name, "OIDC");
	cr_expect_eq(p->n_runtime_dependencies, 2);
	cr_assert_eq(p->n_tasks, 2);
	cr_assert_eq(web, &p->tasks[0]);
	cr_expect_eq(web->memory_minimum, 64);
	cr_expect_eq(web->memory_maximum, 128.5);
	cr_expect_eq(web->instances_maximum, 4);
	cr_expect_eq(web->n_ports, 2);
	cr_expect_eq(web->ports[1], 8080);
	cr_expect_str_eq(web->options.v[0], "--web");
	cr_expect_str_eq(web->environment.v[1].default_value, "info");
	cr_expect(web->environment.v[0].required);
}

Test(product, reads_older_names)
{
	AUTO_PTR(product) struct product *p = parse(whole);
	const struct task *old = product_task(p, "b");

	cr_assert_eq(old, &p->tasks[1]);
	cr_expect_eq(old->memory_maximum, 32);
	cr_expect_eq(old->instances_minimum, 1);
	cr_expect_eq(old->instances_maximum, 3);
	cr_expect_null(problem_at(p, "/configuration/1/task/1/cron", true));
}

Test(product, unknown_task_is_null)
{
	AUTO_PTR(product) struct product *p = parse(whole);

	cr_expect_null(product_task(p, "nobody"));
}

/* ---- what is wrong -------------------------------------------------------------------------- */

static const struct wrong {
	const char *tasks;
	const char *pointer;
} wrongs[] = {
	{"[{\"id\":\"a\",\"memory_maximum\":\"256\"}]", "/memory_maximum"},
	{"[{\"id\":\"a\",\"memory_maximum\":0}]", "/memory_maximum"},
	{"[{\"id\":\"a\",\"memory_maximum\":-5}]", "/memory_maximum"},
	{"[{\"id\":\"a\",\"memory_maximum\":1e30}]", "/memory_maximum"},
	{"[{\"id\":\"a\",\"memory_minimum\":9,\"memory_maximum\":8}]", "/memory_minimum"},
	{"[{\"id\":\"a\",\"instances_minimum\":3,\"instances_maximum\":2}]", "/instances_minimum"},
	{"[{\"id\":\"a\",\"instances_minimum\":-1}]", "/instances_minimum"},
	{"[{\"id\":\"a\",\"instances_minimum\":1.5}]", "/instances_minimum"},
	{"[{\"id\":\"a\",\"minimum\":\"1\"}]", "/minimum"},
	{"[{\"label\":\"no id\"}]", "/id"},
	{"[{\"id\":7}]", "/id"},
	{"[{\"id\":\"a\",\"options\":[1]}]", "/options/0"},
	{"[{\"id\":\"a\",\"options\":\"-v\"}]", "/options"},
	{"[{\"id\":\"a\",\"ports\":[0]}]", "/ports/0"},
	{"[{\"id\":\"a\",\"ports\":[80,65536]}]", "/ports/1"},
	{"[{\"id\":\"a\",\"ports\":[80.5]}]", "/ports/0"},
	{"[{\"id\":\"a\",\"ports\":[\"80\"]}]", "/ports/0"},
	{"[{\"id\":\"a\",\"ports\":80}]", "/ports"},
	{"[{\"id\":\"a\",\"cron\":5}]", "/cron"},
	{"[{\"id\":\"a\",\"environment\":[{\"description\":\"\"}]}]", "/environment/0/key"},
	{"[{\"id\":\"a\",\"environment\":[{\"key\":\"A=B\"}]}]", "/environment/0/key"},
	{"[{\"id\":\"a\",\"environment\":[{\"key\":\"A\"},{\"key\":\"A\"}]}]",
		"/environment/1/key"},
	{"[{\"id\":\"a\",\"environment\":[{\"key\":\"A\",\"default\":1}]}]",
		"/environment/0/default"},
	{"[{\"id\":\"a\",\"environment\":[{\"key\":\"A\",\"required\":\"yes\"}]}]",
		"/environment/0/required"},
	{"[{\"id\":\"a\",\"environment\":[{\"key\":\"A\",\"pattern\":\"(a\"}]}]",
		"/environment/0/pattern"},
};

Test(product, wrong_values_are_errors_with_their_pointer)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
		AUTO_PTR(product) struct product *p = parse_tasks(wrongs[i].tasks);
		auto_free char *at = xasprintf("/configuration/0/task/0%s", wrongs[i].pointer);

		cr_expect_eq(count_errors(p), 1, "%s: %zu errors, first: %s", wrongs[i].tasks,
			count_errors(p), first_error(p));
		cr_expect_not_null(
			problem_at(p, at, false), "%s: nothing at %s", wrongs[i].tasks, at);
	}
}

static const struct wrong oddities[] = {
	{"[{\"id\":\"not-a-uuid\",\"label\":\"x\"}]", "/id"},
	{"[{\"id\":\"a\"}]", "/label"},
	{"[{\"id\":\"a\",\"cron\":\"At 00:00\"}]", "/cron"},
	{"[{\"id\":\"a\",\"ports\":[80,80]}]", "/ports/1"},
	{"[{\"id\":\"a\",\"instances_maximum\":0}]", "/instances_maximum"},
	{"[{\"id\":\"a\",\"environment\":[{\"key\":\"A\"}]}]", "/environment/0"},
	{"[{\"id\":\"a\",\"environment\":[{\"key\":\"A\",\"pattern\":\"\\\\d+\"}]}]",
		"/environment/0/pattern"},
	{"[{\"id\":\"a\",\"environment\":[{\"key\":\"A\",\"pattern\":\"(?:a|b)\"}]}]",
		"/environment/0/pattern"},
};

Test(product, oddities_are_warnings)
{
	for (size_t i = 0; i < ARRAY_SIZE(oddities); i++) {
		AUTO_PTR(product) struct product *p = parse_tasks(oddities[i].tasks);
		auto_free char *at = xasprintf("/configuration/0/task/0%s", oddities[i].pointer);

		cr_expect_eq(count_errors(p), 0, "%s: %s", oddities[i].tasks, first_error(p));
		cr_expect_not_null(
			problem_at(p, at, true), "%s: nothing at %s", oddities[i].tasks, at);
	}
}

Test(product, task_ids_are_unique)
{
	AUTO_PTR(product)
	struct product *p =
		parse_tasks("[{\"id\":\"b\"},{\"id\":\"a\"},{\"id\":\"c\"},{\"id\":\"a\"}]");
	const struct json_problem *problem = problem_at(p, "/configuration/0/task/3/id", false);

	cr_expect_eq(count_errors(p), 1);
	cr_assert_not_null(problem);
	cr_expect_str_eq(problem->message, "'a' is task 1's, too");
}

Test(product, exactly_one_default)
{
	AUTO_PTR(product)
	struct product *none =
		parse("{\"product\":{},\"configuration\":[{\"task\":[{\"id\":\"a\"}]}]}");
	AUTO_PTR(product)
	struct product *two = parse(
		"{\"product\":{},\"configuration\":[{\"default\":true,\"task\":[{\"id\":\"a\"}]},"
		"{\"default\":true,\"task\":[{\"id\":\"b\"}]}]}");
	AUTO_PTR(product)
	struct product *text =
		parse("{\"product\":{},\"configuration\":[{\"default\":\"true\",\"task\":[]}]}");

	cr_expect_not_null(problem_at(none, "/configuration", false));
	cr_expect_eq(none->n_tasks, 1, "what is there is read all the same");
	cr_expect_not_null(problem_at(two, "/configuration", false));
	cr_expect_str_eq(two->tasks[0].id, "a");
	cr_expect_not_null(problem_at(text, "/configuration/0/default", false));
}

Test(product, duplicate_members_are_errors)
{
	AUTO_PTR(product)
	struct product *p =
		parse("{\"product\":{\"uuid\":\"a\",\"uuid\":\"b\"},\"configuration\":[]}");

	cr_expect_eq(count_errors(p), 1);
}

Test(product, junk_is_a_problem_of_the_whole)
{
	static const char *const junk[] = {"", "{", "[]", "7", "\"x\"", "{\"product\":", "\xff"};

	for (size_t i = 0; i < ARRAY_SIZE(junk); i++) {
		AUTO_PTR(product) struct product *p = parse(junk[i]);

		cr_expect_not_null(problem_at(p, "", false), "%s", junk[i]);
		cr_expect_not(p->content_only, "%s", junk[i]);
		cr_expect_eq(p->n_tasks, 0);
	}
}

Test(product, missing_file_is_an_error)
{
	struct product *p = NULL;
	struct err err = {0};

	cr_expect_eq(product_load("/nonexistent/marketplace.json", &p, &err), -1);
	cr_expect_eq(err.code, ERR_IO);
	cr_expect_null(p);
}

/* ---- content only --------------------------------------------------------------------------- */

Test(product, no_task_is_content_only)
{
	AUTO_PTR(product) struct product *none = parse("{\"product\":{}}");
	AUTO_PTR(product) struct product *empty = parse_tasks("[]");

	cr_expect(none->content_only);
	cr_expect(empty->content_only);
	cr_expect_eq(count_errors(empty), 0, "%s", first_error(empty));
}

Test(product, broken_tasks_are_not_content_only)
{
	static const char *const documents[] = {"{\"product\":{},\"configuration\":7}",
		"{\"product\":{},\"configuration\":[7]}",
		"{\"product\":{},\"configuration\":[{\"default\":true,\"task\":{}}]}",
		"{\"product\":{},\"configuration\":[{\"default\":true,\"task\":[]},"
		"{\"default\":false,\"task\":[{\"id\":\"a\"}]}]}"};

	for (size_t i = 0; i < ARRAY_SIZE(documents); i++) {
		AUTO_PTR(product) struct product *p = parse(documents[i]);

		cr_expect_not(p->content_only, "%s", documents[i]);
		cr_expect_geq(count_errors(p), 1, "%s", documents[i]);
	}
}

Test(product, other_configurations_only_warn)
{
	AUTO_PTR(product)
	struct product *p = parse(
		"{\"product\":{},\"configuration\":[{\"default\":true,\"task\":[{\"id\":\"a\"}]},"
		"{\"default\":false,\"task\":[{\"id\":\"b\",\"ports\":\"x\"}]}]}");

	cr_expect_eq(count_errors(p), 0);
	cr_expect_not_null(problem_at(p, "/configuration/1/task/0/ports", true));
}

/* ---- the environment ------------------------------------------------------------------------ */

Test(product, environment_merges_in_order)
{
	AUTO_PTR(product)
	struct product *p = parse(
		"{\"product\":{\"x-assay\":{\"environment\":{\"B\":\"product\","
		"\"C\":\"product\"}}},"
		"\"configuration\":[{\"default\":true,\"task\":[{\"id\":\"a\",\"environment\":["
		"{\"key\":\"A\",\"description\":\"\",\"default\":\"declared\"},"
		"{\"key\":\"B\",\"description\":\"\",\"default\":\"declared\",\"required\":true},"
		"{\"key\":\"C\",\"description\":\"\",\"required\":true},"
		"{\"key\":\"D\",\"description\":\"\",\"required\":true},"
		"{\"key\":\"E\",\"description\":\"\",\"required\":true,\"default\":\"\"},"
		"{\"key\":\"F\",\"description\":\"\"}],"
		"\"x-assay\":{\"environment\":{\"C\":\"task\",\"X\":\"a=b\"}}}]}]}");
	AUTO(strv) struct strv values = {0};
	AUTO(strv) struct strv missing = {0};
	auto_free char *joined = NULL;

	product_environment(p, &p->tasks[0], &values, &missing);
	joined = strv_join(&values, " ");
	cr_expect_str_eq(joined, "A=declared B=product E= C=task X=a=b");
	cr_assert_eq(missing.n, 1);
	cr_expect_str_eq(missing.v[0], "D");
}

Test(product, environment_of_nothing_is_empty)
{
	AUTO(strv) struct strv values = {0};
	AUTO(strv) struct strv missing = {0};

	product_environment(NULL, NULL, &values, &missing);
	cr_expect_eq(values.n + missing.n, 0);
}
