#include "base/json.h"

#include "base/buf.h"
#include "base/cleanup.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

struct leg {
	char *side;
};
struct animal {
	char *name;
	uint64_t age;
	double weight;
	bool tame;
	struct strv food;
	struct strv tags;
	struct strv marks;
	JF_ARRAY_OF(struct leg) legs;
	struct leg tail;
	json_t *raw;
};
static const struct json_field leg_fields[] = {
	{"side", JF_STR, offsetof(struct leg, side), JF_REQUIRED, NULL},
};
static const struct json_table leg_table = {leg_fields, 1, sizeof(struct leg), 0};
static const struct json_field animal_fields[] = {
	{"name", JF_STR, offsetof(struct animal, name), JF_REQUIRED, NULL},
	{"age", JF_U64, offsetof(struct animal, age), JF_REQUIRED, NULL},
	{"weight", JF_NUM, offsetof(struct animal, weight), JF_OPTIONAL, NULL},
	{"tame", JF_BOOL, offsetof(struct animal, tame), JF_OPTIONAL, NULL},
	{"food", JF_STRV, offsetof(struct animal, food), JF_OPTIONAL, NULL},
	{"tags", JF_KEYS, offsetof(struct animal, tags), JF_OPTIONAL, NULL},
	{"marks", JF_PAIRS, offsetof(struct animal, marks), JF_OPTIONAL, NULL},
	{"legs", JF_ARRAY, offsetof(struct animal, legs), JF_OPTIONAL, &leg_table},
	{"tail", JF_OBJ, offsetof(struct animal, tail), JF_OPTIONAL, &leg_table},
	{"raw", JF_RAW, offsetof(struct animal, raw), JF_OPTIONAL, NULL},
};
static const struct json_table animal_table = {
	animal_fields, ARRAY_SIZE(animal_fields), sizeof(struct animal), 0};

static void animal_release(struct animal *a)
{
	json_table_release(&animal_table, a);
}

static void read_animal(const char *text, struct animal *ret, struct json_problems *problems)
{
	auto_json json_t *value = NULL;

	cr_assert_eq(json_parse(text, strlen(text), problems, &value, NULL), 0);
	json_table_read(&animal_table, value, "", ret, problems);
}

static void expect_problem(const struct json_problems *list, const char *pointer, const char *words)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->v[i].pointer, pointer) == 0 && strstr(list->v[i].message, words)) {
			return;
		}
	}
	cr_assert_fail("no problem '%s' at '%s'", words, pointer);
}

Test(base_json, a_table_reads_every_kind)
{
	AUTO(animal) struct animal a = {0};
	AUTO(json_problems) struct json_problems problems = {0};

	read_animal(
		"{\"name\":\"rex\",\"age\":3,\"weight\":4.5,\"tame\":true,\"food\":[\"a\",\"b\"],"
		"\"tags\":{\"z\":{},\"y\":1},\"marks\":{\"k\":\"v\"},"
		"\"legs\":[{\"side\":\"l\"},{\"side\":\"r\"}],\"tail\":{\"side\":\"t\"},\"raw\":[1]}",
		&a, &problems);
	cr_assert_eq(problems.n, 0);
	cr_assert_str_eq(a.name, "rex");
	cr_assert_eq(a.age, 3);
	cr_assert(a.tame && a.weight > 4.4 && a.weight < 4.6);
	cr_assert(a.food.n == 2 && strcmp(a.food.v[1], "b") == 0);
	cr_assert(a.tags.n == 2 && strcmp(a.tags.v[0], "z") == 0);
	cr_assert(a.marks.n == 1 && strcmp(a.marks.v[0], "k=v") == 0);
	cr_assert(a.legs.n == 2 && strcmp(a.legs.v[1].side, "r") == 0);
	cr_assert_str_eq(a.tail.side, "t");
	cr_assert_eq(json_array_size(a.raw), 1);
}

Test(base_json, one_reading_yields_all_problems)
{
	AUTO(animal) struct animal a = {0};
	AUTO(json_problems) struct json_problems problems = {0};

	read_animal(
		"{\"age\":-1,\"weight\":\"x\",\"tame\":1,\"food\":[\"a\",2],\"marks\":{\"a/b\":1},"
		"\"legs\":[{},7],\"tail\":null}",
		&a, &problems);
	expect_problem(&problems, "/name", "missing");
	expect_problem(&problems, "/age", "negative");
	expect_problem(&problems, "/weight", "expected a number, found a string");
	expect_problem(&problems, "/tame", "expected a boolean, found a number");
	expect_problem(&problems, "/food/1", "expected a string");
	expect_problem(&problems, "/marks/a~1b", "expected a string");
	expect_problem(&problems, "/legs/0/side", "missing");
	expect_problem(&problems, "/legs/1", "expected an object, found a number");
	cr_assert_eq(problems.n, 8);
	cr_assert_eq(a.food.n, 1);
}

Test(base_json, a_duplicate_member_is_a_problem_and_no_json_an_error)
{
	AUTO(json_problems) struct json_problems problems = {0};
	auto_json json_t *value = NULL;
	struct err err = {0};

	cr_assert_eq(json_parse("{\"a\":1,\"a\":2}", 13, &problems, &value, &err), 0);
	cr_assert_eq(problems.n, 1);
	cr_assert_str_eq(problems.v[0].pointer, "/a");
	cr_assert_eq(json_integer_value(json_object_get(value, "a")), 2);
	json_decref(value);
	value = NULL;
	cr_assert_eq(json_parse("{\"a\":", 5, &problems, &value, &err), -1);
	cr_assert_eq(err.code, ERR_MALFORMED);
	cr_assert_not_null(strstr(err.msg, "line 1"));
}

Test(base_json, every_duplicate_has_its_pointer)
{
	static const char text[] = "{\"a\":[{},{\"b/c\":1,\"d\":{\"x\":1},\"b\\/c\":2,\"b/c\":3}],"
				   "\"e\":{\"a\":\"\\\"{\",\"a\":2},\"n\":-9223372036854775809,"
				   "\"m\":99999999999999999999999}";
	AUTO(json_problems) struct json_problems problems = {0};
	auto_json json_t *value = NULL;

	cr_assert_eq(json_parse(text, sizeof(text) - 1, &problems, &value, NULL), 0);
	expect_problem(&problems, "/a/1/b~1c", "the member is there more than once");
	expect_problem(&problems, "/e/a", "the member is there more than once");
	expect_problem(&problems, "/n",
		"the number -9223372036854775809 is beyond a signed integer of 64 bits");
	expect_problem(&problems, "/m",
		"the number 99999999999999999999999 is beyond a signed integer of 64 bits");
	cr_assert_eq(problems.n, 4);
	cr_assert_eq(json_integer_value(json_object_get(value, "m")), INT64_MAX);
	cr_assert_eq(json_integer_value(json_object_get(value, "n")), -INT64_MAX);
}

static char *piled(const char *head, const char *piece, size_t n, const char *tail)
{
	AUTO(buf) struct buf b;

	buf_init(&b, SIZE_MAX / 2);
	(void)buf_add(&b, head, strlen(head), NULL);
	for (size_t i = 0; i < n; i++) {
		(void)buf_add(&b, piece, strlen(piece), NULL);
	}
	(void)buf_add(&b, tail, strlen(tail), NULL);
	return buf_steal(&b);
}

Test(base_json, a_document_has_so_many_values)
{
	auto_free char *most = piled("[0", ",{}", JSON_VALUES_MAX / 2 - 1, "]");
	auto_free char *more = piled("[0", ",{}", JSON_VALUES_MAX / 2, "]");
	auto_free char *text = piled("[\"\\\"", ",{[", JSON_VALUES_MAX, "\"]");
	auto_json json_t *value = NULL;
	struct err err = {0};

	cr_expect_eq(json_parse(most, strlen(most), NULL, &value, &err), 0, "%s", err.msg);
	json_decref(value);
	value = NULL;
	cr_expect_eq(json_parse(more, strlen(more), NULL, &value, &err), -1);
	cr_expect_eq(err.code, ERR_LIMIT);
	/* what stands in a string is none */
	cr_expect_eq(json_parse(text, strlen(text), NULL, &value, NULL), 0);
}

/* Each duplicate would have a pointer of 4 MiB: made 100,000 times, kept a thousand times. */
Test(base_json, many_duplicates_far_below_a_long_name)
{
	auto_free char *name = piled("{\"", "n", (size_t)4 << 20, "\":[0");
	auto_free char *twice = piled(name, ",{\"a\":1,\"a\":2}", 80000, "]}");
	auto_free char *large = piled(name, ",99999999999999999999", 200000, "]}");
	const char *const texts[] = {twice, large};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		AUTO(json_problems) struct json_problems problems = {0};
		auto_json json_t *value = NULL;
		size_t bytes = 0;

		cr_assert_eq(json_parse(texts[i], strlen(texts[i]), &problems, &value, NULL), 0);
		for (size_t k = 0; k < problems.n; k++) {
			bytes += strlen(problems.v[k].pointer);
		}
		cr_expect_lt(bytes, (size_t)4 << 20);
		expect_problem(&problems, "", "more members are there twice");
	}
}

Test(base_json, what_a_table_reads)
{
	static const struct {
		const char *pointer;
		bool reads;
	} rows[] = {{"", true}, {"/name", true}, {"/nam", false}, {"/name/x", false},
		{"/food/3", true}, {"/food/3/x", false}, {"/tags/a~1b", true}, {"/tags/a/b", false},
		{"/marks/k", true}, {"/legs", true}, {"/legs/7", true}, {"/legs/7/side", true},
		{"/legs/7/other", false}, {"/tail/side", true}, {"/tail/x", false},
		{"/raw/a/b/c", true}, {"/other/name", false}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cr_expect_eq(json_table_reads(&animal_table, rows[i].pointer), rows[i].reads, "%s",
			rows[i].pointer);
	}
}

Test(base_json, an_open_document)
{
	static const char text[] =
		"[{\"x\":{\"a\":1,\"a\":2},\"name\":\"\",\"name\":\"\",\"age\":9223372036854775808,"
		"\"big\":-9223372036854775809}]";
	AUTO(json_problems) struct json_problems problems = {0};
	auto_json json_t *value = NULL;

	cr_assert_eq(
		json_parse_open(text, sizeof(text) - 1, &animal_table, &problems, &value, NULL), 0);
	cr_assert_eq(problems.n, 4);
	for (size_t i = 0; i < problems.n; i++) {
		const char *at = problems.v[i].pointer;
		bool read = strcmp(at, "/0/name") == 0 || strcmp(at, "/0/age") == 0;

		cr_expect_eq(problems.v[i].warning, !read, "%s", at);
	}
}

Test(base_json, pointers_are_those_of_rfc_6901)
{
	static const char text[] = "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"m~n\":8,\" \":7}";
	auto_json json_t *value = NULL;

	cr_assert_eq(json_parse(text, sizeof(text) - 1, NULL, &value, NULL), 0);
	cr_assert_eq(json_pointer_get(value, ""), value);
	cr_assert_str_eq(json_string_value(json_pointer_get(value, "/foo/0")), "bar");
	cr_assert_eq(json_integer_value(json_pointer_get(value, "/a~1b")), 1);
	cr_assert_eq(json_integer_value(json_pointer_get(value, "/m~0n")), 8);
	cr_assert_eq(json_integer_value(json_pointer_get(value, "/ ")), 7);
	cr_assert_not_null(json_pointer_get(value, "/"));
	cr_assert_null(json_pointer_get(value, "/foo/2"));
	cr_assert_null(json_pointer_get(value, "/foo/-1"));
	cr_assert_null(json_pointer_get(value, "foo"));
}

Test(base_json, any_bytes_become_a_string)
{
	auto_json json_t *text = json_text("a\xff\x80z");
	auto_json json_t *nul = json_text_n("a\0b", 3);
	auto_json json_t *none = json_text(NULL);

	cr_assert_str_eq(json_string_value(text), "a\\xff\\x80z");
	cr_assert_str_eq(json_string_value(nul), "a\\x00b");
	cr_assert(json_is_null(none));
}
