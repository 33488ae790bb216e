#include "base/json.h"

#include "base/alloc.h"
#include "base/escape.h"
#include "base/json_text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Without memory jansson loses members in silence, or calls a good document malformed: so it aborts as
 * everything of that size does (alloc.h). */
static void *json_room(size_t size)
{
	void *room = malloc(size);

	if (!room) {
		abort();
	}
	return room;
}

__attribute__((constructor)) static void json_init(void)
{
	json_set_alloc_funcs(json_room, free);
}

/* Of a pointer, which may be as long as the document: longer than all that are meant well. */
enum { POINTER_KEPT = 1000 };

void json_problem_add(
	struct json_problems *list, bool warning, const char *pointer, const char *fmt, ...)
{
	struct json_problem *p;
	char *message = NULL;
	va_list ap;
	int len;

	/* warnings have their own bound, so that no number of them hides a failure */
	if (!list || list->n >= (size_t)(warning ? 1 : 2) * JSON_PROBLEMS_MAX) {
		return;
	}
	va_start(ap, fmt);
	len = vasprintf(&message, fmt, ap);
	va_end(ap);
	if (len < 0) {
		abort();
	}
	p = ARRAY_PUSH(list);
	p->pointer = strlen(pointer) > POINTER_KEPT ? xasprintf("%.*s...", POINTER_KEPT, pointer)
						    : xstrdup(pointer);
	p->message = message;
	p->warning = warning;
}

void json_problems_release(struct json_problems *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->v[i].pointer);
		free(list->v[i].message);
	}
	free(list->v);
	*list = (struct json_problems){0};
}

char *json_pointer_add(const char *pointer, const char *name)
{
	size_t len = strlen(pointer);
	char *joined = xcalloc(len + 2 * strlen(name) + 2, 1);
	char *at = mempcpy(joined, pointer, len);

	*at++ = '/';
	for (; *name; name++) {
		if (*name == '~' || *name == '/') {
			*at++ = '~';
			*at++ = *name == '~' ? '0' : '1';
		} else {
			*at++ = *name;
		}
	}
	return joined;
}

char *json_pointer_index(const char *pointer, size_t index)
{
	return xasprintf("%s/%zu", pointer, index);
}

/* One step of a pointer: name is the token, unescaped in place. */
static const json_t *pointer_step(const json_t *value, char *token)
{
	char *to = token;
	uint64_t index;

	for (const char *from = token; *from; from++) {
		if (*from == '~' && (from[1] == '0' || from[1] == '1')) {
			*to++ = from[1] == '0' ? '~' : '/';
			from++;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	if (json_is_array(value)) {
		return parse_u64(token, SIZE_MAX, &index, NULL) ? NULL
								: json_array_get(value, index);
	}
	return json_object_get(value, token);
}

const json_t *json_pointer_get(const json_t *value, const char *pointer)
{
	while (value && *pointer == '/') {
		size_t len = strcspn(pointer + 1, "/");
		auto_free char *token = xstrndup(pointer + 1, len);

		value = pointer_step(value, token);
		pointer += 1 + len;
	}
	return *pointer ? NULL : value;
}

const char *json_type_word(const json_t *value)
{
	if (!value) {
		return "nothing";
	}
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "a boolean";
	case JSON_NULL:
		return "null";
	}
	return "something else";
}

json_t *json_text_n(const char *s, size_t len)
{
	struct buf b;
	json_t *text;

	if (utf8_valid(s, len) && !memchr(s, '\0', len)) {
		return json_stringn(s, len);
	}
	buf_init(&b, SIZE_MAX / 2);
	if (escape_to(&b, ESCAPE_UTF8, s, len, NULL)) {
		abort();
	}
	text = json_stringn(buf_str(&b), b.len);
	buf_release(&b);
	return text;
}

json_t *json_text(const char *s)
{
	return s ? json_text_n(s, strlen(s)) : json_null();
}

json_t *json_strv(const struct strv *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++) {
		json_array_append_new(array, json_text(list->v[i]));
	}
	return array;
}

size_t json_first(json_t *names, const char *name, size_t i)
{
	const json_t *first = json_object_get(names, name);

	if (first) {
		return (size_t)json_integer_value(first);
	}
	json_object_set_new(names, name, json_integer((json_int_t)i));
	return i;
}

/* How many values there are at most: what is neither first nor last of an array or object stands behind a
 * comma. */
static size_t count_values(const char *text, size_t len)
{
	size_t n = 1;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		if (quoted && text[i] == '\\') {
			i++;
		} else if (text[i] == '"') {
			quoted = !quoted;
		} else {
			n += !quoted && (text[i] == ',' || text[i] == '[' || text[i] == '{');
		}
	}
	return n;
}

static json_t *load(const char *text, size_t len, size_t flags, json_error_t *why)
{
	return json_loadb(text, len, flags | JSON_DECODE_ANY, why);
}

/* The document with its numbers brought into the range that jansson reads; NULL when that does not
 * make it readable. */
static json_t *load_clamped(const char *text, size_t len, const struct json_table *table,
	struct json_problems *problems, json_error_t *why)
{
	auto_free char *copy = xcalloc(len + 1, 1);

	memcpy(copy, text, len);
	return json_text_clamp(copy, len, table, problems) ? load(copy, len, 0, why) : NULL;
}

int json_parse(
	const char *text, size_t len, struct json_problems *problems, json_t **ret, struct err *err)
{
	return json_parse_open(text, len, NULL, problems, ret, err);
}

int json_parse_open(const char *text, size_t len, const struct json_table *table,
	struct json_problems *problems, json_t **ret, struct err *err)
{
	json_error_t why;
	json_t *value;
	bool twice;

	if (count_values(text, len) > JSON_VALUES_MAX) {
		return err_set(
			err, ERR_LIMIT, "more than %d values in a JSON document", JSON_VALUES_MAX);
	}
	value = load(text, len, JSON_REJECT_DUPLICATES, &why);
	twice = !value && json_error_code(&why) == json_error_duplicate_key;
	if (twice) {
		value = load(text, len, 0, &why);
	}
	if (!value && json_error_code(&why) == json_error_numeric_overflow) {
		value = load_clamped(text, len, table, problems, &why);
		twice = true; /* what was read until the number had none, what comes behind it may */
	}
	if (!value) {
		return err_set(err, ERR_MALFORMED, "not JSON: %s (line %d, column %d)", why.text,
			why.line, why.column);
	}
	if (twice) {
		json_text_duplicates(text, len, table, problems);
	}
	*ret = value;
	return 0;
}
