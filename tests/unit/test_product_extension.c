/* "x-assay". */
#include "base/alloc.h"
#include "product/product.h"

#include <criterion/criterion.h>
#include <string.h>

static struct product *parse_with(const char *extension)
{
	auto_free char *text =
		xasprintf("{\"product\":{\"x-assay\":%s},\"configuration\":[]}", extension);

	return product_parse("x", text, strlen(text));
}

static const struct json_problem *error_at(const struct product *p, const char *pointer)
{
	for (size_t i = 0; i < p->problems.n; i++) {
		if (!p->problems.v[i].warning && strcmp(p->problems.v[i].pointer, pointer) == 0) {
			return &p->problems.v[i];
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

static const char whole[] =
	"{\"readiness\":{\"http\":\"/health\",\"port\":8080,\"deadline\":60},"
	"\"environment\":{\"K\":\"v\"},"
	"\"smoke\":[{\"name\":\"FHIR\",\"standard\":\"https://hl7.org/fhir/R4/\",\"steps\":["
	" {\"name\":\"capabilities\",\"method\":\"GET\",\"port\":8080,\"path\":\"/fhir/metadata\","
	"  \"headers\":{\"Accept\":\"application/json\"},"
	"  \"expect\":{\"status\":200,\"headers\":{\"Content-Type\":\"json\"},"
	"   \"json\":{\"/resourceType\":\"CapabilityStatement\"},\"body\":\"fhirVersion\"}},"
	" {\"path\":\"/fhir/Patient\",\"method\":\"POST\","
	"\"json\":{\"resourceType\":\"Patient\"}}]}],"
	"\"provides\":[{\"name\":\"FHIR R4\",\"uri\":\"https://hl7.org/fhir/R4/\"}],"
	"\"services\":[{\"name\":\"db\",\"image\":\"postgres.tar\",\"environment\":{\"A\":\"b\"},"
	" \"memory\":256,\"readiness\":{\"log\":\"ready to accept\"}}]}";

Test(extension, reads_everything)
{
	AUTO_PTR(product) struct product *p = parse_with(whole);
	const struct extension *x = &p->extension;
	const struct smoke_step *step;

	cr_assert_eq(count_errors(p), 0, "%s", p->problems.v[0].message);
	cr_expect(x->present);
	cr_expect(x->readiness.present);
	cr_expect_str_eq(x->readiness.http_path, "/health");
	cr_expect_eq(x->readiness.port, 8080);
	cr_expect_eq(x->readiness.deadline_s, 60);
	cr_expect_str_eq(x->environment.v[0], "K=v");
	cr_assert_eq(x->smoke.v[0].steps.n, 2);
	step = &x->smoke.v[0].steps.v[0];
	cr_expect_str_eq(step->headers.v[0], "Accept=application/json");
	cr_expect_eq(step->expect.status, 200);
	cr_expect_str_eq(step->expect.headers.v[0], "Content-Type=json");
	cr_expect_str_eq(json_string_value(json_object_get(step->expect.json, "/resourceType")),
		"CapabilityStatement");
	cr_expect_str_eq(step->expect.body, "fhirVersion");
	step = &x->smoke.v[0].steps.v[1];
	cr_expect_str_eq(step->name, "POST /fhir/Patient", "a step without a name gets one");
	cr_expect_eq(step->port, 0);
	cr_expect(json_is_object(step->json));
	cr_expect_str_eq(x->provides.v[0].uri, "https://hl7.org/fhir/R4/");
	cr_expect_str_eq(x->services.v[0].name, "db");
	cr_expect_eq(x->services.v[0].memory, 256);
	cr_expect(x->services.v[0].readiness.present);
	cr_expect_str_eq(x->services.v[0].readiness.log, "ready to accept");
}

Test(extension, absent_parts_are_absent)
{
	AUTO_PTR(product) struct product *p = parse_with("{}");
	AUTO_PTR(product) struct product *none = product_parse("x", "{\"product\":{}}", 14);

	cr_expect(p->extension.present);
	cr_expect_not(p->extension.readiness.present);
	cr_expect_not(none->extension.present);
	cr_expect_not(product_readiness(none, NULL)->present);
}

Test(extension, method_defaults_to_get)
{
	AUTO_PTR(product)
	struct product *p = parse_with("{\"smoke\":[{\"steps\":[{\"path\":\"/\"}]}]}");

	cr_assert_eq(count_errors(p), 0);
	cr_expect_str_eq(p->extension.smoke.v[0].steps.v[0].method, "GET");
	cr_expect_str_eq(p->extension.smoke.v[0].name, "suite 1");
}

#define STEP(members) "{\"smoke\":[{\"steps\":[{" members "}]}]}"
#define SERVICE(members) "{\"services\":[{" members "}]}"

static const struct {
	const char *extension;
	const char *pointer; /* below /product/x-assay */
} wrongs[] = {
	{"[]", ""},
	{"{\"readyness\":{}}", "/readyness"},
	{"{\"readiness\":\"/health\"}", "/readiness"},
	{"{\"readiness\":{\"url\":\"/\"}}", "/readiness/url"},
	{"{\"readiness\":{\"http\":\"health\"}}", "/readiness/http"},
	{"{\"readiness\":{\"http\":\"/a b\"}}", "/readiness/http"},
	{"{\"readiness\":{\"http\":\"/\",\"log\":\"x\"}}", "/readiness"},
	{"{\"readiness\":{\"port\":0}}", "/readiness/port"},
	{"{\"readiness\":{\"port\":70000}}", "/readiness/port"},
	{"{\"readiness\":{\"port\":\"80\"}}", "/readiness/port"},
	{"{\"readiness\":{\"log\":\"(\"}}", "/readiness/log"},
	{"{\"readiness\":{\"log\":\"\\\\d\"}}", "/readiness/log"},
	{"{\"readiness\":{\"command\":[]}}", "/readiness/command"},
	{"{\"readiness\":{\"command\":\"true\"}}", "/readiness/command"},
	{"{\"readiness\":{\"deadline\":3601}}", "/readiness/deadline"},
	{"{\"readiness\":{\"deadline\":-1}}", "/readiness/deadline"},
	{"{\"environment\":{\"A\":1}}", "/environment/A"},
	{"{\"environment\":{\"A=B\":\"c\"}}", "/environment/A=B"},
	{"{\"environment\":[\"A=b\"]}", "/environment"},
	{"{\"smoke\":{}}", "/smoke"},
	{"{\"smoke\":[{}]}", "/smoke/0/steps"},
	{"{\"smoke\":[{\"steps\":[]}]}", "/smoke/0/steps"},
	{STEP("\"name\":\"x\""), "/smoke/0/steps/0/path"},
	{STEP("\"path\":\"x\""), "/smoke/0/steps/0/path"},
	{STEP("\"path\":\"/x\\r\\nHost: evil\""), "/smoke/0/steps/0/path"},
	{STEP("\"path\":\"/\",\"method\":\"GET /x\""), "/smoke/0/steps/0/method"},
	{STEP("\"path\":\"/\",\"headers\":{\"A b\":\"c\"}"), "/smoke/0/steps/0/headers/A b"},
	{STEP("\"path\":\"/\",\"headers\":{\"A\":\"b\\r\\nC: d\"}"), "/smoke/0/steps/0/headers/A"},
	{STEP("\"path\":\"/\",\"body\":\"x\",\"json\":1"), "/smoke/0/steps/0/json"},
	{STEP("\"path\":\"/\",\"expected\":{}"), "/smoke/0/steps/0/expected"},
	{STEP("\"path\":\"/\",\"expect\":{\"status\":20}"), "/smoke/0/steps/0/expect/status"},
	{STEP("\"path\":\"/\",\"expect\":{\"stauts\":200}"), "/smoke/0/steps/0/expect/stauts"},
	{STEP("\"path\":\"/\",\"expect\":{\"json\":[]}"), "/smoke/0/steps/0/expect/json"},
	{STEP("\"path\":\"/\",\"expect\":{\"json\":{\"a\":1}}"), "/smoke/0/steps/0/expect/json/a"},
	{STEP("\"path\":\"/\",\"expect\":{\"body\":\"[\"}"), "/smoke/0/steps/0/expect/body"},
	{STEP("\"path\":\"/\",\"expect\":{\"headers\":{\"A\":\"[\"}}"),
		"/smoke/0/steps/0/expect/headers/A"},
	{"{\"provides\":[{\"name\":\"x\"}]}", "/provides/0/uri"},
	{SERVICE("\"image\":\"x\""), "/services/0/name"},
	{SERVICE("\"name\":\"-db\""), "/services/0/name"},
	{SERVICE("\"name\":\"a/b\""), "/services/0/name"},
	{SERVICE("\"name\":\"db\",\"memory\":0"), "/services/0/memory"},
	{SERVICE("\"name\":\"db\",\"memory\":99999999999"), "/services/0/memory"},
	{SERVICE("\"name\":\"db\",\"readiness\":{\"port\":0}"), "/services/0/readiness/port"},
	{SERVICE("\"name\":\"db\"},{\"name\":\"db\""), "/services/1/name"},
	{SERVICE("\"name\":\"db\"},{\"name\":\"a\"},{\"name\":\"Db\""), "/services/2/name"},
};

Test(extension, wrong_values_are_errors_with_their_pointer)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
		AUTO_PTR(product) struct product *p = parse_with(wrongs[i].extension);
		auto_free char *at = xasprintf("/product/x-assay%s", wrongs[i].pointer);

		cr_expect_eq(
			count_errors(p), 1, "%s: %zu errors", wrongs[i].extension, count_errors(p));
		cr_expect_not_null(error_at(p, at), "%s: nothing at %s but at %s",
			wrongs[i].extension, at, p->problems.v[p->problems.n - 1].pointer);
	}
}

Test(extension, unknown_member_names_the_nearest)
{
	AUTO_PTR(product) struct product *p = parse_with("{\"readyness\":{}}");
	const struct json_problem *problem = error_at(p, "/product/x-assay/readyness");

	cr_assert_not_null(problem);
	cr_expect(strstr(problem->message, "'readiness'"), "%s", problem->message);
}

Test(extension, top_level_is_read_when_it_is_alone)
{
	static const char alone[] = "{\"product\":{},\"x-assay\":{\"environment\":{\"A\":\"b\"}}}";
	static const char both[] = "{\"product\":{\"x-assay\":{\"environment\":{\"A\":\"c\"}}},"
				   "\"x-assay\":{\"environment\":{\"A\":\"b\"}}}";
	AUTO_PTR(product) struct product *one = product_parse("x", alone, sizeof(alone) - 1);
	AUTO_PTR(product) struct product *two = product_parse("x", both, sizeof(both) - 1);

	cr_expect_str_eq(one->extension.environment.v[0], "A=b");
	cr_expect_str_eq(two->extension.environment.v[0], "A=c");
	cr_expect_not_null(error_at(two, "/x-assay"));
}

Test(extension, a_tasks_own_comes_first)
{
	static const char text[] =
		"{\"product\":{\"x-assay\":{\"readiness\":{\"port\":1},"
		"\"smoke\":[{\"name\":\"all\",\"steps\":[{\"path\":\"/\"}]}]}},"
		"\"configuration\":[{\"default\":true,\"task\":["
		"{\"id\":\"a\",\"x-assay\":{\"readiness\":{\"port\":2},"
		"\"smoke\":[{\"name\":\"own\",\"steps\":[{\"path\":\"/\"}]}]}},{\"id\":\"b\"}]}]}";
	AUTO_PTR(product) struct product *p = product_parse("x", text, sizeof(text) - 1);
	auto_free const struct smoke_suite **a = NULL;
	auto_free const struct smoke_suite **b = NULL;
	size_t n_a;
	size_t n_b;
	size_t n_none;

	cr_assert_eq(p->n_tasks, 2);
	cr_expect_eq(product_readiness(p, &p->tasks[0])->port, 2);
	cr_expect_eq(product_readiness(p, &p->tasks[1])->port, 1);
	cr_expect_eq(product_readiness(p, NULL)->port, 1);
	a = product_smoke(p, &p->tasks[0], &n_a);
	b = product_smoke(p, &p->tasks[1], &n_b);
	cr_assert_eq(n_a, 2);
	cr_expect_str_eq(a[0]->name, "own");
	cr_expect_str_eq(a[1]->name, "all");
	cr_assert_eq(n_b, 1);
	cr_expect_null(product_smoke(NULL, NULL, &n_none));
	cr_expect_eq(n_none, 0);
}
