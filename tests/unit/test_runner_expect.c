/* Does an answer meet what a smoke step expects? */
#include "runner/expect.h"

#include "base/alloc.h"
#include "base/cleanup.h"

#include <criterion/criterion.h>
#include <string.h>

static void answer(struct http_response *r, int status, const char *body)
{
	*r = (struct http_response){.status = status};
	buf_init(&r->body, HTTP_BODY_MAX);
	cr_assert_eq(buf_add(&r->body, body, strlen(body), NULL), 0);
}

struct status_row {
	uint64_t expected;
	int got;
	bool good;
};

Test(runner_expect, status)
{
	static const struct status_row rows[] = {
		{0, 200, true},
		{0, 302, true},
		{0, 399, true},
		{0, 400, false},
		{0, 199, false},
		{404, 404, true},
		{200, 204, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct smoke_expect expect = {.status = rows[i].expected};
		AUTO(http_response) struct http_response r;
		auto_free char *problem = NULL;

		answer(&r, rows[i].got, "");
		problem = expect_judge(&expect, &r);
		cr_expect_eq(problem == NULL, rows[i].good, "row %zu: %s", i, problem);
	}
}

Test(runner_expect, no_answer_is_never_good)
{
	struct smoke_expect expect = {0};
	struct http_response r = {.error = strdup("connection refused")};
	auto_free char *problem = expect_judge(&expect, &r);

	cr_assert_str_eq(problem, "no answer: connection refused");
	http_response_release(&r);
}

static char *judge_header(const char *wanted)
{
	AUTO(http_response) struct http_response r;
	AUTO(strv) struct strv headers = {0};
	struct smoke_expect expect;

	answer(&r, 200, "");
	strv_add(&r.headers, "Content-Type: application/fhir+json; charset=utf-8");
	strv_add(&r.headers, "Set-Cookie: a=1");
	strv_add(&r.headers, "set-cookie: b=2");
	strv_add(&headers, wanted);
	expect = (struct smoke_expect){.headers = headers};
	return expect_judge(&expect, &r);
}

Test(runner_expect, headers)
{
	static const struct {
		const char *wanted;
		bool good;
	} rows[] = {
		{"content-type=^application/fhir\\+json", true},
		{"Content-Type=^text/", false},
		{"Set-Cookie=^b=2$", true},
		{"ETag=.", false},
		{"Content-Type=", true},
		{"Content-Type=(", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *problem = judge_header(rows[i].wanted);

		cr_expect_eq(problem == NULL, rows[i].good, "%s: %s", rows[i].wanted, problem);
	}
}

/* RFC 6901 pointers into a FHIR CapabilityStatement's shape. */
Test(runner_expect, json_pointers)
{
	const char *body =
		"{\"resourceType\":\"CapabilityStatement\",\"rest\":[{\"mode\":\"server\"}],"
		"\"n\":1.0,\"a/b\":null}";
	static const struct {
		const char *expected;
		bool good;
	} rows[] = {
		{"{\"/resourceType\":\"CapabilityStatement\"}", true},
		{"{\"/rest/0/mode\":\"server\"}", true},
		{"{\"/rest/0\":{\"mode\":\"server\"}}", true},
		{"{\"/rest/1/mode\":\"server\"}", false},
		{"{\"/n\":1}", true},
		{"{\"/n\":\"1\"}", false},
		{"{\"/a~1b\":null}", true},
		{"{\"/missing\":null}", false},
		{"{\"/resourceType\":\"CapabilityStatement\",\"/n\":2}", false},
		{"{}", true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_json json_t *expected = json_loads(rows[i].expected, 0, NULL);
		struct smoke_expect expect = {.json = expected};
		AUTO(http_response) struct http_response r;
		auto_free char *problem = NULL;

		answer(&r, 200, body);
		problem = expect_judge(&expect, &r);
		cr_expect_eq(problem == NULL, rows[i].good, "%s: %s", rows[i].expected, problem);
	}
}

Test(runner_expect, a_body_that_is_no_json)
{
	auto_json json_t *expected = json_loads("{\"/a\":1}", 0, NULL);
	struct smoke_expect expect = {.json = expected};
	AUTO(http_response) struct http_response r;
	auto_free char *problem = NULL;

	answer(&r, 200, "<html>");
	problem = expect_judge(&expect, &r);
	cr_assert_not_null(problem);
	cr_assert(strstr(problem, "no JSON"));
}

Test(runner_expect, body_by_regular_expression)
{
	AUTO(http_response) struct http_response r;
	auto_free char *good = NULL;
	auto_free char *bad = NULL;
	char found[] = "^second$|ok";
	char missing[] = "^nothing$";
	struct smoke_expect expect = {.body = found};

	answer(&r, 200, "");
	cr_assert_eq(buf_add(&r.body, "one\0ok", 6, NULL), 0);
	good = expect_judge(&expect, &r);
	cr_assert_null(good, "%s", good);
	expect.body = missing;
	bad = expect_judge(&expect, &r);
	cr_assert_not_null(bad);
}
