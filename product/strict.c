#include "product/strict.h"

#include "base/alloc.h"
#include "base/nearest.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void strict_problem(
	struct json_problems *problems, const char *pointer, const char *name, const char *fmt, ...)
{
	auto_free char *at = json_pointer_add(pointer, name);
	auto_free char *message = NULL;
	va_list ap;

	va_start(ap, fmt);
	message = xvasprintf(fmt, ap);
	va_end(ap);
	json_problem_add(problems, false, at, "%s", message);
}

static const struct json_field *known(const struct json_table *table, const char *name)
{
	for (size_t i = 0; i < table->n; i++) {
		if (str_eq(table->fields[i].name, name)) {
			return &table->fields[i];
		}
	}
	return NULL;
}

static const char *nearest(const struct json_table *table, const char *name)
{
	const char *best = NULL;
	size_t least = SIZE_MAX;

	for (size_t i = 0; i < table->n; i++) {
		nearest_consider(name, table->fields[i].name, &best, &least);
	}
	return best;
}

static void check_members(const struct json_table *table, const json_t *value, const char *pointer,
	struct json_problems *problems);

static void check_member(const struct json_field *field, const json_t *value, const char *pointer,
	struct json_problems *problems)
{
	size_t i;
	json_t *item;

	if (field->kind == JF_OBJ) {
		check_members(field->table, value, pointer, problems);
	} else if (field->kind == JF_ARRAY) {
		json_array_foreach (value, i, item) {
			auto_free char *at = json_pointer_index(pointer, i);

			check_members(field->table, item, at, problems);
		}
	}
}

/* Recursion is as deep as the tables, not as the document. */
static void check_members(const struct json_table *table, const json_t *value, const char *pointer,
	struct json_problems *problems)
{
	const char *name;
	json_t *member;

	/* jansson iterates without const but does not change the object */
	json_object_foreach ((json_t *)(uintptr_t)value, name, member) {
		const struct json_field *field = known(table, name);
		auto_free char *at = json_pointer_add(pointer, name);

		if (field) {
			check_member(field, member, at, problems);
		} else {
			json_problem_add(problems, false, at,
				"unknown member (nearest known name: '%s')", nearest(table, name));
		}
	}
}

void strict_read(const struct json_table *table, const json_t *value, const char *pointer,
	void *ret, struct json_problems *problems)
{
	check_members(table, value, pointer, problems);
	json_table_read(table, value, pointer, ret, problems);
}

bool strict_range(uint64_t value, uint64_t least, uint64_t most, const char *pointer,
	const char *name, struct json_problems *problems)
{
	if (value >= least && value <= most) {
		return true;
	}
	strict_problem(problems, pointer, name, "%llu is not between %llu and %llu",
		(unsigned long long)value, (unsigned long long)least, (unsigned long long)most);
	return false;
}
