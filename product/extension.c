/* "x-assay": our own member, so every member of it is known and every value is relied upon. */
#include "base/alloc.h"
#include "base/str.h"
#include "product/parts.h"
#include "product/regular.h"
#include "product/strict.h"

#include <ctype.h>
#include <string.h>

/* A longer wait is the policy's business. */
#define DEADLINE_MAX_S 3600

static const struct json_field readiness_fields[] = {
	{"http", JF_STR, offsetof(struct readiness, http_path), JF_OPTIONAL, NULL},
	{"port", JF_U64, offsetof(struct readiness, port), JF_OPTIONAL, NULL},
	{"log", JF_STR, offsetof(struct readiness, log), JF_OPTIONAL, NULL},
	{"command", JF_STRV, offsetof(struct readiness, command), JF_OPTIONAL, NULL},
	{"deadline", JF_U64, offsetof(struct readiness, deadline_s), JF_OPTIONAL, NULL},
};
static const struct json_table readiness_table = {readiness_fields, ARRAY_SIZE(readiness_fields),
	sizeof(struct readiness), offsetof(struct readiness, present)};

static const struct json_field expect_fields[] = {
	{"status", JF_U64, offsetof(struct smoke_expect, status), JF_OPTIONAL, NULL},
	{"headers", JF_PAIRS, offsetof(struct smoke_expect, headers), JF_OPTIONAL, NULL},
	{"json", JF_RAW, offsetof(struct smoke_expect, json), JF_OPTIONAL, NULL},
	{"body", JF_STR, offsetof(struct smoke_expect, body), JF_OPTIONAL, NULL},
};
static const struct json_table expect_table = {
	expect_fields, ARRAY_SIZE(expect_fields), sizeof(struct smoke_expect), 0};

static const struct json_field step_fields[] = {
	{"name", JF_STR, offsetof(struct smoke_step, name), JF_OPTIONAL, NULL},
	{"method", JF_STR, offsetof(struct smoke_step, method), JF_OPTIONAL, NULL},
	{"port", JF_U64, offsetof(struct smoke_step, port), JF_OPTIONAL, NULL},
	{"path", JF_STR, offsetof(struct smoke_step, path), JF_REQUIRED, NULL},
	{"headers", JF_PAIRS, offsetof(struct smoke_step, headers), JF_OPTIONAL, NULL},
	{"body", JF_STR, offsetof(struct smoke_step, body), JF_OPTIONAL, NULL},
	{"json", JF_RAW, offsetof(struct smoke_step, json), JF_OPTIONAL, NULL},
	{"expect", JF_OBJ, offsetof(struct smoke_step, expect), JF_OPTIONAL, &expect_table},
};
static const struct json_table step_table = {
	step_fields, ARRAY_SIZE(step_fields), sizeof(struct smoke_step), 0};

static const struct json_field suite_fields[] = {
	{"name", JF_STR, offsetof(struct smoke_suite, name), JF_OPTIONAL, NULL},
	{"standard", JF_STR, offsetof(struct smoke_suite, standard), JF_OPTIONAL, NULL},
	{"steps", JF_ARRAY, offsetof(struct smoke_suite, steps), JF_REQUIRED, &step_table},
};
static const struct json_table suite_table = {
	suite_fields, ARRAY_SIZE(suite_fields), sizeof(struct smoke_suite), 0};

static const struct json_field provides_fields[] = {
	{"name", JF_STR, offsetof(struct interface, name), JF_OPTIONAL, NULL},
	{"uri", JF_STR, offsetof(struct interface, uri), JF_REQUIRED, NULL},
};
static const struct json_table provides_table = {
	provides_fields, ARRAY_SIZE(provides_fields), sizeof(struct interface), 0};

static const struct json_field service_fields[] = {
	{"name", JF_STR, offsetof(struct service, name), JF_REQUIRED, NULL},
	{"image", JF_STR, offsetof(struct service, image), JF_OPTIONAL, NULL},
	{"environment", JF_PAIRS, offsetof(struct service, environment), JF_OPTIONAL, NULL},
	{"memory", JF_U64, offsetof(struct service, memory), JF_OPTIONAL, NULL},
	{"readiness", JF_OBJ, offsetof(struct service, readiness), JF_OPTIONAL, &readiness_table},
};
static const struct json_table service_table = {
	service_fields, ARRAY_SIZE(service_fields), sizeof(struct service), 0};

static const struct json_field extension_fields[] = {
	{"readiness", JF_OBJ, offsetof(struct extension, readiness), JF_OPTIONAL, &readiness_table},
	{"environment", JF_PAIRS, offsetof(struct extension, environment), JF_OPTIONAL, NULL},
	{"smoke", JF_ARRAY, offsetof(struct extension, smoke), JF_OPTIONAL, &suite_table},
	{"provides", JF_ARRAY, offsetof(struct extension, provides), JF_OPTIONAL, &provides_table},
	{"services", JF_ARRAY, offsetof(struct extension, services), JF_OPTIONAL, &service_table},
};
static const struct json_table extension_table = {extension_fields, ARRAY_SIZE(extension_fields),
	sizeof(struct extension), offsetof(struct extension, present)};

static void check_regular(
	const char *pattern, const char *pointer, const char *name, struct json_problems *problems)
{
	const char *why;

	if (pattern && regular_kind(pattern, &why) != REGULAR_POSIX) {
		strict_problem(problems, pointer, name,
			"is no POSIX extended regular expression: %s", why);
	}
}

/* A path goes onto the request line as it is: nothing in it may end that line or split it. */
static void check_path(
	const char *path, const char *pointer, const char *name, struct json_problems *problems)
{
	if (*path != '/') {
		strict_problem(problems, pointer, name, "does not start with a slash");
	}
	for (const char *c = path; *c; c++) {
		if ((unsigned char)*c <= ' ' || *c == 0x7f) {
			strict_problem(problems, pointer, name,
				"has a space or control character (write it as %%%02X)",
				(unsigned)(unsigned char)*c);
			return;
		}
	}
}

/* Zero stands for absent, which is why a port member of 0 goes unnoticed here: given() sees it. */
static void check_port(uint64_t port, const char *pointer, struct json_problems *problems)
{
	if (port) {
		strict_range(port, 1, 65535, pointer, "port", problems);
	}
}

/* Members whose zero means "not given" in our structs, but was given. */
static void check_zeros(const json_t *value, const char *pointer, struct json_problems *problems)
{
	static const char *const names[] = {"port", "deadline", "memory", "status", NULL};

	for (size_t i = 0; names[i]; i++) {
		const json_t *member = json_object_get(value, names[i]);

		if (json_is_integer(member) && json_integer_value(member) == 0) {
			strict_problem(
				problems, pointer, names[i], "0 means nothing here: leave it out");
		}
	}
}

static void check_readiness(const struct readiness *r, const json_t *value, const char *pointer,
	struct json_problems *problems)
{
	int ways = !!r->http_path + !!r->log + !!r->command.n + (r->port && !r->http_path);

	if (!value) {
		return;
	}
	check_zeros(value, pointer, problems);
	if (ways > 1) {
		json_problem_add(problems, false, pointer,
			"says more than one of http (with port), port, log and command");
	}
	if (r->http_path) {
		check_path(r->http_path, pointer, "http", problems);
	}
	check_port(r->port, pointer, problems);
	check_regular(r->log, pointer, "log", problems);
	if (json_is_array(json_object_get(value, "command")) && !r->command.n) {
		strict_problem(problems, pointer, "command", "is empty");
	}
	if (r->deadline_s) {
		strict_range(r->deadline_s, 1, DEADLINE_MAX_S, pointer, "deadline", problems);
	}
}

static void check_environment(
	const json_t *value, const char *pointer, struct json_problems *problems)
{
	const char *name;
	json_t *member;

	json_object_foreach ((json_t *)(uintptr_t)value, name, member) {
		if (!*name || strchr(name, '=')) {
			strict_problem(problems, pointer, name,
				"cannot be the name of an environment variable");
		}
	}
}

/* RFC 9110: a field name is a token, a method too. */
static bool is_token(const char *s)
{
	for (const char *c = s; *c; c++) {
		if (!isalnum((unsigned char)*c) && !strchr("!#$%&'*+-.^_`|~", *c)) {
			return false;
		}
	}
	return *s != '\0';
}

/* Names that are tokens; values of one line, or regular expressions when they are expected. */
static void check_headers(
	const json_t *value, const char *pointer, bool regular, struct json_problems *problems)
{
	const char *name;
	json_t *member;

	json_object_foreach ((json_t *)(uintptr_t)value, name, member) {
		const char *text = json_string_value(member);

		if (!is_token(name)) {
			strict_problem(problems, pointer, name, "is no name of a header");
		} else if (text && regular) {
			check_regular(text, pointer, name, problems);
		} else if (text && strpbrk(text, "\r\n")) {
			strict_problem(problems, pointer, name, "has a line break");
		}
	}
}

static void check_expect(const struct smoke_expect *expect, const json_t *value,
	const char *pointer, struct json_problems *problems)
{
	auto_free char *headers_at = json_pointer_add(pointer, "headers");
	auto_free char *json_at = json_pointer_add(pointer, "json");
	const char *name;
	json_t *member;

	check_zeros(value, pointer, problems);
	if (expect->status) {
		strict_range(expect->status, 100, 599, pointer, "status", problems);
	}
	check_headers(json_object_get(value, "headers"), headers_at, true, problems);
	check_regular(expect->body, pointer, "body", problems);
	if (expect->json && !json_is_object(expect->json)) {
		json_problem_add(problems, false, json_at,
			"expected an object of JSON pointers and values, found %s",
			json_type_word(expect->json));
	}
	json_object_foreach (expect->json, name, member) {
		if (*name && *name != '/') {
			strict_problem(problems, json_at, name,
				"is no JSON pointer: it starts with a slash, or is empty for all");
		}
	}
}

static void check_step(struct smoke_step *step, const json_t *value, const char *pointer,
	struct json_problems *problems)
{
	auto_free char *headers_at = json_pointer_add(pointer, "headers");
	auto_free char *expect_at = json_pointer_add(pointer, "expect");

	check_zeros(value, pointer, problems);
	check_port(step->port, pointer, problems);
	if (step->path) {
		check_path(step->path, pointer, "path", problems);
	}
	if (!step->method) {
		step->method = xstrdup("GET");
	} else if (!is_token(step->method) || strlen(step->method) > 32) {
		strict_problem(problems, pointer, "method", "'%.40s' is no method", step->method);
	}
	if (step->body && step->json) {
		strict_problem(
			problems, pointer, "json", "stands beside \"body\": only one is sent");
	}
	check_headers(json_object_get(value, "headers"), headers_at, false, problems);
	check_expect(&step->expect, json_object_get(value, "expect"), expect_at, problems);
	if (!step->name) {
		step->name = xasprintf("%s %s", step->method, step->path ? step->path : "");
	}
}

static void check_suites(struct extension *x, const json_t *value, const char *pointer,
	struct json_problems *problems)
{
	for (size_t i = 0; i < x->smoke.n; i++) {
		struct smoke_suite *suite = &x->smoke.v[i];
		const json_t *steps = json_object_get(
			json_array_get(json_object_get(value, "smoke"), i), "steps");
		auto_free char *at = xasprintf("%s/smoke/%zu", pointer, i);

		if (!suite->name) {
			suite->name = xasprintf("suite %zu", i + 1);
		}
		if (json_is_array(steps) && !suite->steps.n) {
			strict_problem(problems, at, "steps", "is empty: the suite tests nothing");
		}
		for (size_t k = 0; k < suite->steps.n; k++) {
			auto_free char *step_at = xasprintf("%s/steps/%zu", at, k);

			check_step(&suite->steps.v[k], json_array_get(steps, k), step_at, problems);
		}
	}
}

static void check_service(const struct service *service, const json_t *value, const char *pointer,
	struct json_problems *problems)
{
	auto_free char *readiness_at = json_pointer_add(pointer, "readiness");
	auto_free char *environment_at = json_pointer_add(pointer, "environment");

	check_zeros(value, pointer, problems);
	if (service->memory) {
		strict_range(service->memory, 1, MEMORY_MIB_MAX, pointer, "memory", problems);
	}
	check_readiness(
		&service->readiness, json_object_get(value, "readiness"), readiness_at, problems);
	check_environment(json_object_get(value, "environment"), environment_at, problems);
	if (service->name && !service_is_name(service->name)) {
		strict_problem(problems, pointer, "name", "'%.80s' is no host name", service->name);
	}
}

/* Names of hosts are the same in capitals. */
static void check_service_name(json_t *names, const char *name, size_t i, const char *pointer,
	struct json_problems *problems)
{
	auto_free char *lower = xstrdup(name);
	size_t first;

	for (char *p = lower; *p; p++) {
		*p = (char)tolower((unsigned char)*p);
	}
	first = json_first(names, lower, i);
	if (first != i) {
		strict_problem(
			problems, pointer, "name", "'%.80s' is service %zu's, too", name, first);
	}
}

void extension_read(const json_t *value, const char *pointer, struct extension *ret,
	struct json_problems *problems)
{
	auto_free char *readiness_at = json_pointer_add(pointer, "readiness");
	auto_free char *environment_at = json_pointer_add(pointer, "environment");
	auto_json json_t *names = json_object();

	if (!value || json_is_null(value)) {
		return;
	}
	strict_read(&extension_table, value, pointer, ret, problems);
	check_readiness(
		&ret->readiness, json_object_get(value, "readiness"), readiness_at, problems);
	check_environment(json_object_get(value, "environment"), environment_at, problems);
	check_suites(ret, value, pointer, problems);
	for (size_t i = 0; i < ret->services.n; i++) {
		const struct service *service = &ret->services.v[i];
		auto_free char *at = xasprintf("%s/services/%zu", pointer, i);

		check_service(service, json_array_get(json_object_get(value, "services"), i), at,
			problems);
		if (service->name) {
			check_service_name(names, service->name, i, at, problems);
		}
	}
}

void extension_release(struct extension *extension)
{
	json_table_release(&extension_table, extension);
}
