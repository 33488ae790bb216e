#include "tests/unit/schema.h"

#include "base/alloc.h"
#include "base/json.h"

#include <regex.h>
#include <stdint.h>
#include <string.h>

struct place {
	const json_t *root;
	const json_t *value;
	const char *pointer;
};

static char *check(const json_t *schema, const struct place *at);

static char *wrong(const struct place *at, const char *what)
{
	auto_free char *text = json_dumps(at->value, JSON_ENCODE_ANY | JSON_COMPACT);

	return xasprintf("%s: %s: %.300s", at->pointer, what, text ? text : "?");
}

static const char *type_of(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "object";
	case JSON_ARRAY:
		return "array";
	case JSON_STRING:
		return "string";
	case JSON_INTEGER:
		return "integer";
	case JSON_REAL:
		return "number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "boolean";
	case JSON_NULL:
		return "null";
	}
	return "";
}

static bool is_type(const json_t *type, const json_t *value)
{
	const char *is = type_of(value);
	size_t i;
	json_t *one;

	json_array_foreach (type, i, one) {
		if (is_type(one, value)) {
			return true;
		}
	}
	return json_is_string(type) &&
	       (strcmp(json_string_value(type), is) == 0 ||
		       (strcmp(json_string_value(type), "number") == 0 && json_is_number(value)));
}

static char *k_type(const json_t *schema, const json_t *is, const struct place *at)
{
	(void)schema;
	return is_type(is, at->value) ? NULL : wrong(at, "wrong type");
}

static char *k_const(const json_t *schema, const json_t *is, const struct place *at)
{
	(void)schema;
	return json_equal(is, at->value) ? NULL : wrong(at, "not the constant");
}

static char *k_enum(const json_t *schema, const json_t *is, const struct place *at)
{
	size_t i;
	json_t *one;

	(void)schema;
	json_array_foreach (is, i, one) {
		if (json_equal(one, at->value)) {
			return NULL;
		}
	}
	return wrong(at, "not in the enum");
}

static char *k_pattern(const json_t *schema, const json_t *is, const struct place *at)
{
	regex_t regex;
	bool found;

	(void)schema;
	if (!json_is_string(at->value)) {
		return NULL;
	}
	if (regcomp(&regex, json_string_value(is), REG_EXTENDED | REG_NOSUB)) {
		return wrong(at, "a pattern that cannot be compiled");
	}
	found = regexec(&regex, json_string_value(at->value), 0, NULL, 0) == 0;
	regfree(&regex);
	return found ? NULL : wrong(at, "does not match the pattern");
}

static char *k_minimum(const json_t *schema, const json_t *is, const struct place *at)
{
	(void)schema;
	return json_is_number(at->value) && json_number_value(at->value) < json_number_value(is)
		       ? wrong(at, "too small")
		       : NULL;
}

static char *k_maximum(const json_t *schema, const json_t *is, const struct place *at)
{
	(void)schema;
	return json_is_number(at->value) && json_number_value(at->value) > json_number_value(is)
		       ? wrong(at, "too large")
		       : NULL;
}

static char *k_min_items(const json_t *schema, const json_t *is, const struct place *at)
{
	(void)schema;
	return json_is_array(at->value) &&
			       (json_int_t)json_array_size(at->value) < json_integer_value(is)
		       ? wrong(at, "too few items")
		       : NULL;
}

static char *k_max_items(const json_t *schema, const json_t *is, const struct place *at)
{
	(void)schema;
	return json_is_array(at->value) &&
			       (json_int_t)json_array_size(at->value) > json_integer_value(is)
		       ? wrong(at, "too many items")
		       : NULL;
}

static char *k_required(const json_t *schema, const json_t *is, const struct place *at)
{
	size_t i;
	json_t *name;

	(void)schema;
	json_array_foreach (is, i, name) {
		if (json_is_object(at->value) &&
			!json_object_get(at->value, json_string_value(name))) {
			return wrong(at, json_string_value(name));
		}
	}
	return NULL;
}

static char *k_properties(const json_t *schema, const json_t *is, const struct place *at)
{
	const char *name;
	json_t *sub;

	(void)schema;
	json_object_foreach ((json_t *)(uintptr_t)is, name, sub) {
		const json_t *member = json_object_get(at->value, name);
		auto_free char *pointer = json_pointer_add(at->pointer, name);
		struct place below = {at->root, member, pointer};
		char *found = member ? check(sub, &below) : NULL;

		if (found) {
			return found;
		}
	}
	return NULL;
}

static char *k_additional(const json_t *schema, const json_t *is, const struct place *at)
{
	const json_t *known = json_object_get(schema, "properties");
	const char *name;
	json_t *member;

	json_object_foreach ((json_t *)(uintptr_t)at->value, name, member) {
		auto_free char *pointer = json_pointer_add(at->pointer, name);
		struct place below = {at->root, member, pointer};
		char *found = NULL;

		if (!json_object_get(known, name)) {
			found = json_is_false(is) ? wrong(&below, "unknown member")
						  : check(is, &below);
		}
		if (found) {
			return found;
		}
	}
	return NULL;
}

static char *k_items(const json_t *schema, const json_t *is, const struct place *at)
{
	size_t i;
	json_t *item;

	(void)schema;
	json_array_foreach (at->value, i, item) {
		auto_free char *pointer = json_pointer_index(at->pointer, i);
		struct place below = {at->root, item, pointer};
		char *found = check(is, &below);

		if (found) {
			return found;
		}
	}
	return NULL;
}

static char *k_ref(const json_t *schema, const json_t *is, const struct place *at)
{
	const json_t *target = json_pointer_get(at->root, json_string_value(is) + 1);

	(void)schema;
	return target ? check(target, at) : wrong(at, json_string_value(is));
}

static char *k_all_of(const json_t *schema, const json_t *is, const struct place *at)
{
	size_t i;
	json_t *sub;

	(void)schema;
	json_array_foreach (is, i, sub) {
		char *found = check(sub, at);

		if (found) {
			return found;
		}
	}
	return NULL;
}

static char *k_one_of(const json_t *schema, const json_t *is, const struct place *at)
{
	size_t good = 0;
	char *last = NULL;
	size_t i;
	json_t *sub;

	(void)schema;
	json_array_foreach (is, i, sub) {
		char *found = check(sub, at);

		good += !found;
		free(last);
		last = found;
	}
	if (good == 1) {
		free(last);
		return NULL;
	}
	return last ? last : wrong(at, "more than one of oneOf");
}

static char *k_if(const json_t *schema, const json_t *is, const struct place *at)
{
	auto_free char *no = check(is, at);

	return no ? NULL : check(json_object_get(schema, "then"), at);
}

static char *k_nothing(const json_t *schema, const json_t *is, const struct place *at)
{
	(void)schema;
	(void)is;
	(void)at;
	return NULL;
}

static const struct {
	const char *name;
	char *(*check)(const json_t *schema, const json_t *is, const struct place *at);
} keywords[] = {
	{"type", k_type},
	{"const", k_const},
	{"enum", k_enum},
	{"pattern", k_pattern},
	{"minimum", k_minimum},
	{"maximum", k_maximum},
	{"minItems", k_min_items},
	{"maxItems", k_max_items},
	{"required", k_required},
	{"properties", k_properties},
	{"additionalProperties", k_additional},
	{"items", k_items},
	{"allOf", k_all_of},
	{"oneOf", k_one_of},
	{"if", k_if},
	{"then", k_nothing},
	{"format", k_nothing},
	{"description", k_nothing},
	{"title", k_nothing},
	{"definitions", k_nothing},
	{"$schema", k_nothing},
	{"$id", k_nothing},
};

static char *check(const json_t *schema, const struct place *at)
{
	const json_t *ref = json_object_get(schema, "$ref");
	const char *name;
	json_t *is;

	if (ref) {
		return k_ref(schema, ref, at); /* draft-07: what stands beside it is ignored */
	}
	json_object_foreach ((json_t *)(uintptr_t)schema, name, is) {
		char *found = xasprintf("keyword '%s' is not known here", name);

		for (size_t i = 0; i < ARRAY_SIZE(keywords); i++) {
			if (strcmp(keywords[i].name, name) == 0) {
				free(found);
				found = keywords[i].check(schema, is, at);
				break;
			}
		}
		if (found) {
			return found;
		}
	}
	return NULL;
}

char *schema_violation(const json_t *schema, const json_t *value)
{
	struct place at = {schema, value, ""};

	return check(schema, &at);
}
