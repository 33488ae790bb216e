/* The table reader of json.h: one function per kind of member, so that a table is all that a new
 * document type needs. */
#include "base/json.h"

#include "base/alloc.h"

#include <stdint.h>
#include <string.h>

struct raw_array {
	void *v;
	size_t n;
};

static void mismatch(struct json_problems *problems, const char *pointer, const char *wanted,
	const json_t *value)
{
	json_problem_add(
		problems, false, pointer, "expected %s, found %s", wanted, json_type_word(value));
}

static void read_u64(
	const json_t *value, const char *pointer, uint64_t *ret, struct json_problems *problems)
{
	if (!json_is_integer(value)) {
		mismatch(problems, pointer, "a whole number", value);
	} else if (json_integer_value(value) < 0) {
		json_problem_add(problems, false, pointer, "negative number %lld",
			(long long)json_integer_value(value));
	} else {
		*ret = (uint64_t)json_integer_value(value);
	}
}

static void read_strv(
	const json_t *value, const char *pointer, struct strv *ret, struct json_problems *problems)
{
	size_t i;
	json_t *item;

	if (!json_is_array(value)) {
		mismatch(problems, pointer, "an array of strings", value);
		return;
	}
	json_array_foreach (value, i, item) {
		if (json_is_string(item)) {
			strv_add(ret, json_string_value(item));
		} else {
			auto_free char *at = json_pointer_index(pointer, i);

			mismatch(problems, at, "a string", item);
		}
	}
}

static void read_members(const json_t *value, const char *pointer, bool pairs, struct strv *ret,
	struct json_problems *problems)
{
	const char *name;
	json_t *item;

	if (!json_is_object(value)) {
		mismatch(problems, pointer, "an object", value);
		return;
	}
	/* jansson declares the iteration without const but does not change the object */
	json_object_foreach ((json_t *)(uintptr_t)value, name, item) {
		if (!pairs) {
			strv_add(ret, name);
		} else if (json_is_string(item)) {
			strv_addf(ret, "%s=%s", name, json_string_value(item));
		} else {
			auto_free char *at = json_pointer_add(pointer, name);

			mismatch(problems, at, "a string", item);
		}
	}
}

static void read_array(const json_t *value, const char *pointer, const struct json_table *table,
	struct raw_array *ret, struct json_problems *problems)
{
	size_t i;
	json_t *item;

	if (!json_is_array(value)) {
		mismatch(problems, pointer, "an array", value);
		return;
	}
	ret->n = json_array_size(value);
	ret->v = xcalloc(ret->n, table->size);
	json_array_foreach (value, i, item) {
		auto_free char *at = json_pointer_index(pointer, i);

		json_table_read(table, item, at, (char *)ret->v + i * table->size, problems);
	}
}

static void read_member(const struct json_field *field, const json_t *value, const char *pointer,
	void *slot, struct json_problems *problems)
{
	switch (field->kind) {
	case JF_STR:
		if (json_is_string(value)) {
			*(char **)slot = xstrdup(json_string_value(value));
		} else {
			mismatch(problems, pointer, "a string", value);
		}
		return;
	case JF_U64:
		read_u64(value, pointer, slot, problems);
		return;
	case JF_NUM:
		if (json_is_number(value)) {
			*(double *)slot = json_number_value(value);
		} else {
			mismatch(problems, pointer, "a number", value);
		}
		return;
	case JF_BOOL:
		if (json_is_boolean(value)) {
			*(bool *)slot = json_is_true(value);
		} else {
			mismatch(problems, pointer, "a boolean", value);
		}
		return;
	case JF_STRV:
		read_strv(value, pointer, slot, problems);
		return;
	case JF_KEYS:
	case JF_PAIRS:
		read_members(value, pointer, field->kind == JF_PAIRS, slot, problems);
		return;
	case JF_OBJ:
		json_table_read(field->table, value, pointer, slot, problems);
		return;
	case JF_ARRAY:
		read_array(value, pointer, field->table, slot, problems);
		return;
	case JF_RAW:
		*(json_t **)slot = json_incref((json_t *)(uintptr_t)value);
		return;
	}
}

void json_table_read(const struct json_table *table, const json_t *value, const char *pointer,
	void *ret, struct json_problems *problems)
{
	if (!json_is_object(value)) {
		mismatch(problems, pointer, "an object", value);
		return;
	}
	if (table->present_at) {
		*(bool *)((char *)ret + table->present_at) = true;
	}
	for (size_t i = 0; i < table->n; i++) {
		const struct json_field *field = &table->fields[i];
		const json_t *member = json_object_get(value, field->name);
		auto_free char *at = json_pointer_add(pointer, field->name);

		if (member && !json_is_null(member)) {
			read_member(field, member, at, (char *)ret + field->offset, problems);
		} else if (field->presence == JF_REQUIRED) {
			json_problem_add(problems, false, at, "required member is missing");
		}
	}
}

/* Where the first token of a pointer ends. */
static const char *token_end(const char *pointer)
{
	return *pointer ? strchrnul(pointer + 1, '/') : pointer;
}

static bool token_is(const char *pointer, const char *name)
{
	auto_free char *token = json_pointer_add("", name);
	size_t len = (size_t)(token_end(pointer) - pointer);

	return strlen(token) == len && memcmp(token, pointer, len) == 0;
}

bool json_table_reads(const struct json_table *table, const char *pointer)
{
	const struct json_field *field = NULL;
	const char *rest = token_end(pointer);
	const char *after = token_end(rest);

	for (size_t i = 0; i < table->n && !field; i++) {
		field = token_is(pointer, table->fields[i].name) ? &table->fields[i] : NULL;
	}
	if (!field || !*rest) {
		return field || !*pointer;
	}
	switch (field->kind) {
	case JF_STRV:
	case JF_KEYS:
	case JF_PAIRS:
		return !*after; /* the items, not what is in them */
	case JF_OBJ:
		return json_table_reads(field->table, rest);
	case JF_ARRAY:
		return json_table_reads(field->table, after);
	case JF_RAW:
		return true;
	case JF_STR:
	case JF_U64:
	case JF_NUM:
	case JF_BOOL:
		break;
	}
	return false;
}

static void release_member(const struct json_field *field, void *slot)
{
	struct raw_array *array;

	switch (field->kind) {
	case JF_STR:
		free(*(char **)slot);
		return;
	case JF_STRV:
	case JF_KEYS:
	case JF_PAIRS:
		strv_release(slot);
		return;
	case JF_OBJ:
		json_table_release(field->table, slot);
		return;
	case JF_ARRAY:
		array = slot;
		for (size_t i = 0; i < array->n; i++) {
			json_table_release(field->table, (char *)array->v + i * field->table->size);
		}
		free(array->v);
		return;
	case JF_RAW:
		json_decref(*(json_t **)slot);
		return;
	case JF_U64:
	case JF_NUM:
	case JF_BOOL:
		return;
	}
}

void json_table_release(const struct json_table *table, void *record)
{
	for (size_t i = 0; i < table->n; i++) {
		release_member(&table->fields[i], (char *)record + table->fields[i].offset);
	}
	memset(record, 0, table->size);
}
