#include "runner/expect.h"

#include "base/alloc.h"
#include "base/json.h"
#include "product/regular.h"

#include <string.h>

enum { SHOWN = 200 };

static char *judge_status(const struct smoke_expect *expect, int status)
{
	if (expect->status && (uint64_t)status != expect->status) {
		return xasprintf(
			"status %d, expected %llu", status, (unsigned long long)expect->status);
	}
	if (!expect->status && (status < 200 || status > 399)) {
		return xasprintf("status %d, expected 2xx or 3xx", status);
	}
	return NULL;
}

/* Any of several headers of the same name will do. */
static char *judge_header(const char *pair, const struct http_response *response)
{
	const char *equals = strchr(pair, '=');
	auto_free char *name = xstrndup(pair, equals ? (size_t)(equals - pair) : strlen(pair));
	const char *pattern = equals ? equals + 1 : "";
	const char *value = http_header(response, name, 0);
	AUTO_PTR(regular) struct regular *r = regular_new(pattern);

	if (!value) {
		return xasprintf("no header '%s'", name);
	}
	if (!r) {
		return xasprintf("'%s' is no regular expression", pattern);
	}
	for (size_t i = 0; (value = http_header(response, name, i)); i++) {
		if (regular_find(r, value)) {
			return NULL;
		}
	}
	return xasprintf("header '%s: %.*s' does not match /%s/", name, SHOWN,
		http_header(response, name, 0), pattern);
}

static char *dump(const json_t *value)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);

	if (text && strlen(text) > SHOWN) {
		memcpy(text + SHOWN - 3, "...", 4);
	}
	return text ? text : xstrdup("?");
}

/* jansson keeps 1 and 1.0 apart; JSON knows only numbers. */
static bool is_equal(const json_t *a, const json_t *b)
{
	if (json_is_number(a) && json_is_number(b) && json_typeof(a) != json_typeof(b)) {
		return json_number_value(a) == json_number_value(b);
	}
	return json_equal(a, b);
}

static char *judge_member(const json_t *document, const char *pointer, const json_t *wanted)
{
	const json_t *found = json_pointer_get(document, pointer);
	auto_free char *want = dump(wanted);
	auto_free char *have = NULL;

	if (!found) {
		return xasprintf("body has nothing at '%s', expected %s", pointer, want);
	}
	if (is_equal(found, wanted)) {
		return NULL;
	}
	have = dump(found);
	return xasprintf("body has %s at '%s', expected %s", have, pointer, want);
}

static char *judge_json(const json_t *expected, const struct http_response *response)
{
	auto_json json_t *document = NULL;
	struct err err = {0};
	const char *pointer;
	json_t *wanted;

	if (response->body_cut) {
		return xasprintf(
			"the body is longer than %d bytes and was not read as JSON", HTTP_BODY_MAX);
	}
	if (json_parse(buf_str(&response->body), response->body.len, NULL, &document, &err)) {
		return xasprintf("the body is no JSON: %s", err.msg);
	}
	json_object_foreach ((json_t *)(uintptr_t)expected, pointer, wanted) {
		char *problem = judge_member(document, pointer, wanted);

		if (problem) {
			return problem;
		}
	}
	return NULL;
}

/* A body may hold NUL bytes, where a string would end: each piece is looked at. */
static char *judge_body(const char *pattern, const struct buf *body)
{
	const char *at = buf_str(body);
	const char *end = at + body->len;
	AUTO_PTR(regular) struct regular *r = regular_new(pattern);

	if (!r) {
		return xasprintf("'%s' is no regular expression", pattern);
	}
	for (; at <= end; at += strlen(at) + 1) {
		if (regular_find(r, at)) {
			return NULL;
		}
	}
	return xasprintf("the body does not match /%s/", pattern);
}

char *expect_judge(const struct smoke_expect *expect, const struct http_response *response)
{
	char *problem;

	if (!response->status) {
		return xasprintf("no answer: %s", response->error ? response->error : "none");
	}
	problem = judge_status(expect, response->status);
	for (size_t i = 0; !problem && i < expect->headers.n; i++) {
		problem = judge_header(expect->headers.v[i], response);
	}
	if (!problem && expect->json) {
		problem = judge_json(expect->json, response);
	}
	if (!problem && expect->body) {
		problem = judge_body(expect->body, &response->body);
	}
	return problem;
}
