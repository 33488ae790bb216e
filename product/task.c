/* A task: the schema's members, and the older names of some of them. */
#include "base/alloc.h"
#include "base/str.h"
#include "product/parts.h"
#include "product/regular.h"
#include "product/strict.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

static const struct json_field env_fields[] = {
	{"key", JF_STR, offsetof(struct env_var, key), JF_REQUIRED, NULL},
	{"description", JF_STR, offsetof(struct env_var, description), JF_OPTIONAL, NULL},
	{"required", JF_BOOL, offsetof(struct env_var, required), JF_OPTIONAL, NULL},
	{"default", JF_STR, offsetof(struct env_var, default_value), JF_OPTIONAL, NULL},
	{"pattern", JF_STR, offsetof(struct env_var, pattern), JF_OPTIONAL, NULL},
};
static const struct json_table env_table = {
	env_fields, ARRAY_SIZE(env_fields), sizeof(struct env_var), 0};

static const struct json_field task_fields[] = {
	{"id", JF_STR, offsetof(struct task, id), JF_REQUIRED, NULL},
	{"label", JF_STR, offsetof(struct task, label), JF_OPTIONAL, NULL},
	{"options", JF_STRV, offsetof(struct task, options), JF_OPTIONAL, NULL},
	{"cron", JF_STR, offsetof(struct task, cron), JF_OPTIONAL, NULL},
	{"environment", JF_ARRAY, offsetof(struct task, environment), JF_OPTIONAL, &env_table},
};
static const struct json_table task_table = {
	task_fields, ARRAY_SIZE(task_fields), sizeof(struct task), 0};

#define NO_FLAG SIZE_MAX

static const struct number {
	const char *name;
	const char *older; /* of edition stu1 and the reference server; NULL: none */
	size_t offset; /* double */
	size_t flag; /* bool, NO_FLAG: none */
	double least;
	double most;
	bool whole;
} numbers[] = {
	{"memory_minimum", NULL, offsetof(struct task, memory_minimum), NO_FLAG, 1, MEMORY_MIB_MAX,
		false},
	{"memory_maximum", "memory", offsetof(struct task, memory_maximum), NO_FLAG, 1,
		MEMORY_MIB_MAX, false},
	{"instances_minimum", "minimum", offsetof(struct task, instances_minimum),
		offsetof(struct task, has_instances_minimum), 0, 1e9, true},
	{"instances_maximum", "maximum", offsetof(struct task, instances_maximum),
		offsetof(struct task, has_instances_maximum), 0, 1e9, true},
};

/* The member by its name or its older one; *ret_name says which. NULL: neither is there. */
static const json_t *number_member(
	const json_t *task, const struct number *row, const char **ret_name)
{
	const json_t *value = json_object_get(task, row->name);

	*ret_name = row->name;
	if ((!value || json_is_null(value)) && row->older) {
		*ret_name = row->older;
		value = json_object_get(task, row->older);
	}
	return json_is_null(value) ? NULL : value;
}

static void read_number(const json_t *task, const struct number *row, const char *pointer,
	struct task *ret, struct json_problems *problems)
{
	const char *name;
	const json_t *value = number_member(task, row, &name);
	double number;

	if (!value) {
		return;
	}
	if (!json_is_number(value)) {
		strict_problem(problems, pointer, name, "expected a number, found %s",
			json_type_word(value));
		return;
	}
	number = json_number_value(value);
	if (!(number >= row->least && number <= row->most)) {
		strict_problem(problems, pointer, name, "%g is not between %g and %.0f", number,
			row->least, row->most);
	} else if (row->whole && number != floor(number)) {
		strict_problem(problems, pointer, name, "%g is not a whole number", number);
	} else {
		*(double *)((char *)ret + row->offset) = number;
		if (row->flag != NO_FLAG) {
			*(bool *)((char *)ret + row->flag) = true;
		}
	}
}

static void check_ranges(
	const struct task *task, const char *pointer, struct json_problems *problems)
{
	if (task->memory_maximum > 0 && task->memory_minimum > task->memory_maximum) {
		strict_problem(problems, pointer, "memory_minimum",
			"%g is larger than memory_maximum, %g", task->memory_minimum,
			task->memory_maximum);
	}
	if (task->has_instances_maximum && task->instances_minimum > task->instances_maximum) {
		strict_problem(problems, pointer, "instances_minimum",
			"%g is larger than instances_maximum, %g", task->instances_minimum,
			task->instances_maximum);
	} else if (task->has_instances_maximum && task->instances_maximum <= 0) {
		auto_free char *at = json_pointer_add(pointer, "instances_maximum");

		json_problem_add(problems, true, at,
			"0 instances would never run: read as unlimited, which is the default");
	}
}

static bool port_of(const json_t *value, uint64_t *ret)
{
	double number = json_number_value(value); /* 80.0 is the same JSON number as 80 */

	if (!json_is_number(value) || !(number >= 1 && number <= 65535) ||
		number != floor(number)) {
		return false;
	}
	*ret = (uint64_t)number;
	return true;
}

static bool has_port(const struct task *task, uint64_t port)
{
	for (size_t i = 0; i < task->n_ports; i++) {
		if (task->ports[i] == port) {
			return true;
		}
	}
	return false;
}

static void read_ports(
	const json_t *value, const char *pointer, struct task *ret, struct json_problems *problems)
{
	size_t i;
	json_t *item;

	if (!value || json_is_null(value)) {
		return;
	}
	if (!json_is_array(value)) {
		json_problem_add(problems, false, pointer,
			"expected an array of port numbers, found %s", json_type_word(value));
		return;
	}
	ret->ports = xcalloc(json_array_size(value), sizeof(*ret->ports));
	json_array_foreach (value, i, item) {
		auto_free char *at = json_pointer_index(pointer, i);
		uint64_t port;

		if (!port_of(item, &port)) {
			json_problem_add(problems, false, at,
				"expected a port, a whole number from 1 to 65535, found %s%s",
				json_type_word(item), json_is_number(item) ? " that is none" : "");
		} else if (has_port(ret, port)) {
			json_problem_add(problems, true, at, "port %llu is named twice",
				(unsigned long long)port);
		} else {
			ret->ports[ret->n_ports++] = port;
		}
	}
}

static void check_variable(
	const struct env_var *var, const char *pointer, struct json_problems *problems)
{
	auto_free char *at = json_pointer_add(pointer, "pattern");
	auto_free char *key_at = json_pointer_add(pointer, "key");
	const char *why;

	if (var->key && (!*var->key || strchr(var->key, '='))) {
		json_problem_add(problems, false, key_at,
			"'%.80s' cannot be the name of an environment variable", var->key);
	}
	if (!var->description) {
		json_problem_add(problems, true, pointer, "has no description");
	}
	if (!var->pattern) {
		return;
	}
	switch (regular_kind(var->pattern, &why)) {
	case REGULAR_POSIX:
		return;
	case REGULAR_OTHER:
		json_problem_add(
			problems, true, at, "cannot be tried as a POSIX expression: %s", why);
		return;
	case REGULAR_INVALID:
		json_problem_add(problems, false, at, "is no regular expression: %s", why);
		return;
	}
}

static void check_environment(
	const struct task *task, const char *pointer, struct json_problems *problems)
{
	auto_json json_t *keys = json_object();

	for (size_t i = 0; i < task->environment.n; i++) {
		auto_free char *at = xasprintf("%s/environment/%zu", pointer, i);
		const char *key = task->environment.v[i].key;

		check_variable(&task->environment.v[i], at, problems);
		if (key && json_first(keys, key, i) != i) {
			strict_problem(problems, at, "key", "'%.80s' is declared twice", key);
		}
	}
}

/* Five fields of a crontab line, or a nickname: crontab(5). Only the shape, not the ranges. */
static bool is_cron(const char *s)
{
	size_t fields = 0;

	if (*s == '@') {
		return strspn(s + 1, "abcdefghijklmnopqrstuvwxyz") == strlen(s + 1) && s[1];
	}
	for (const char *at = s; *at;) {
		size_t len;

		at += strspn(at, " \t");
		len = strcspn(at, " \t");
		if (!len) {
			break;
		}
		if (!isdigit((unsigned char)*at) && *at != '*' && fields < 3) {
			return false;
		}
		fields++;
		at += len;
	}
	return fields == 5;
}

static void check_oddities(
	const struct task *task, const char *pointer, struct json_problems *problems)
{
	auto_free char *cron_at = json_pointer_add(pointer, "cron");
	auto_free char *label_at = json_pointer_add(pointer, "label");

	uuid_check(task->id, pointer, "id", problems);
	if (task->cron && !is_cron(task->cron)) {
		json_problem_add(problems, true, cron_at, "'%.80s' is no schedule like '0 0 * * *'",
			task->cron);
	}
	if (!task->label) {
		json_problem_add(problems, true, label_at, "required member is missing");
	}
}

void task_read(
	const json_t *value, const char *pointer, struct task *ret, struct json_problems *problems)
{
	auto_free char *ports_at = json_pointer_add(pointer, "ports");
	auto_free char *extension_at = json_pointer_add(pointer, "x-assay");

	json_table_read(&task_table, value, pointer, ret, problems);
	if (!json_is_object(value)) {
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		read_number(value, &numbers[i], pointer, ret, problems);
	}
	read_ports(json_object_get(value, "ports"), ports_at, ret, problems);
	extension_read(json_object_get(value, "x-assay"), extension_at, &ret->extension, problems);
	check_ranges(ret, pointer, problems);
	check_environment(ret, pointer, problems);
	check_oddities(ret, pointer, problems);
}

void task_release(struct task *task)
{
	extension_release(&task->extension);
	free(task->ports);
	free(task->pointer);
	json_table_release(&task_table, task);
}
