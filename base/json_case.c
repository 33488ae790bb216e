/* Member names that are the same but for their case. */
#include "base/json.h"

#include <ctype.h>
#include <string.h>

/* The next character in the form that encoding/json compares: ASCII without case, and the two
 * letters beyond ASCII that fold into it, U+017F (long s) and U+212A (Kelvin sign). */
static int fold(const char **at)
{
	const unsigned char *s = (const unsigned char *)*at;

	if (s[0] == 0xc5 && s[1] == 0xbf) {
		*at += 2;
		return 's';
	}
	if (s[0] == 0xe2 && s[1] == 0x84 && s[2] == 0xaa) {
		*at += 3;
		return 'k';
	}
	*at += 1;
	return tolower(s[0]);
}

static bool same_but_case(const char *a, const char *b)
{
	if (strcmp(a, b) == 0) {
		return false;
	}
	while (*a && *b) {
		if (fold(&a) != fold(&b)) {
			return false;
		}
	}
	return !*a && !*b;
}

static const struct json_field *meant(const struct json_table *table, const char *name)
{
	const struct json_field *found = NULL;

	for (size_t i = 0; i < table->n; i++) {
		if (strcmp(table->fields[i].name, name) == 0) {
			return NULL;
		}
		if (!found && same_but_case(table->fields[i].name, name)) {
			found = &table->fields[i];
		}
	}
	return found;
}

static void look_below(const struct json_table *table, const json_t *value, const char *pointer,
	struct json_problems *problems)
{
	for (size_t i = 0; i < table->n; i++) {
		const struct json_field *field = &table->fields[i];
		const json_t *member = json_object_get(value, field->name);
		auto_free char *at = json_pointer_add(pointer, field->name);

		if (field->kind == JF_OBJ && json_is_object(member)) {
			json_table_case(field->table, member, at, problems);
		}
		for (size_t j = 0; field->kind == JF_ARRAY && j < json_array_size(member); j++) {
			auto_free char *item = json_pointer_index(at, j);

			json_table_case(field->table, json_array_get(member, j), item, problems);
		}
	}
}

void json_table_case(const struct json_table *table, const json_t *value, const char *pointer,
	struct json_problems *problems)
{
	const char *name;
	json_t *item;

	if (!json_is_object(value)) {
		return;
	}
	/* jansson declares the iteration without const but does not change the object */
	json_object_foreach ((json_t *)(uintptr_t)value, name, item) {
		const struct json_field *field = meant(table, name);
		auto_free char *at = field ? json_pointer_add(pointer, name) : NULL;

		if (field) {
			bool both = json_object_get(value, field->name) != NULL;

			json_problem_add(problems, !both, at,
				"%s '%s', from which only the case differs: some readers take it "
				"for that member",
				both ? "stands beside" : "is not", field->name);
		}
	}
	look_below(table, value, pointer, problems);
}
