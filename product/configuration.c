/* "configuration": which of them is the default, and its tasks. */
#include "base/alloc.h"
#include "base/str.h"
#include "product/parts.h"
#include "product/strict.h"

#include <stdlib.h>
#include <string.h>

/* The default configuration; where none or several say so, the first of the best: what is in it is
 * still worth reading. NULL when there is none at all. */
static const json_t *choose(const json_t *all, size_t *ret_index, struct json_problems *problems)
{
	const json_t *chosen = NULL;
	size_t defaults = 0;
	size_t i;
	json_t *item;

	json_array_foreach (all, i, item) {
		const json_t *mark = json_object_get(item, "default");
		auto_free char *at = json_pointer_index("/configuration", i);

		if (!json_is_object(item)) {
			json_problem_add(problems, false, at, "expected an object, found %s",
				json_type_word(item));
		} else if (mark && !json_is_boolean(mark)) {
			strict_problem(problems, at, "default", "expected a boolean, found %s",
				json_type_word(mark));
		} else if (json_is_true(mark) && defaults++ == 0) {
			chosen = item;
			*ret_index = i;
		}
	}
	if (defaults != 1) {
		json_problem_add(problems, false, "/configuration",
			"%s configuration has \"default\": true",
			defaults ? "more than one" : "no");
	}
	if (!chosen) {
		*ret_index = 0;
		chosen = json_array_get(all, 0);
	}
	return json_is_object(chosen) ? chosen : NULL;
}

static void check_ids(
	const struct product *product, const char *pointer, struct json_problems *problems)
{
	auto_json json_t *ids = json_object();

	for (size_t i = 0; i < product->n_tasks; i++) {
		const char *id = product->tasks[i].id;
		size_t first = id ? json_first(ids, id, i) : i;

		if (first != i) {
			auto_free char *at = json_pointer_index(pointer, i);

			strict_problem(problems, at, "id", "'%.80s' is task %zu's, too", id, first);
		}
	}
}

static void read_tasks(const json_t *tasks, const char *pointer, struct product *ret)
{
	size_t i;
	json_t *item;

	ret->tasks = xcalloc(json_array_size(tasks), sizeof(*ret->tasks));
	json_array_foreach (tasks, i, item) {
		auto_free char *at = json_pointer_index(pointer, i);

		task_read(item, at, &ret->tasks[ret->n_tasks], &ret->problems);
		ret->tasks[ret->n_tasks++].pointer = steal_ptr(at);
	}
	check_ids(ret, pointer, &ret->problems);
}

/* all may be NULL. */
static bool has_tasks(const json_t *all)
{
	size_t i;
	json_t *item;

	json_array_foreach (all, i, item) {
		if (json_array_size(json_object_get(item, "task"))) {
			return true;
		}
	}
	return false;
}

/* Nothing to run, unless another configuration has tasks: then this one was left unfinished. */
static void say_content_only(struct product *ret, const json_t *all, const char *pointer)
{
	if (has_tasks(all)) {
		json_problem_add(&ret->problems, false, pointer,
			"the default configuration has no task, but another one has");
		return;
	}
	ret->content_only = true;
	json_problem_add(
		&ret->problems, true, pointer, "no task: read as a product that is content only");
}

/* A configuration that nobody chose is not relied upon: what is wrong in it is a warning. */
static void read_other(const json_t *value, size_t index, struct json_problems *problems)
{
	size_t i;
	json_t *item;

	json_array_foreach (json_object_get(value, "task"), i, item) {
		auto_free char *at = xasprintf("/configuration/%zu/task/%zu", index, i);
		struct task task = {0};
		size_t from = problems->n;

		task_read(item, at, &task, problems);
		task_release(&task);
		for (; from < problems->n; from++) {
			problems->v[from].warning = true;
		}
	}
}

void configuration_read(const json_t *value, struct product *ret)
{
	auto_free char *at = NULL;
	const json_t *chosen;
	const json_t *tasks;
	size_t index;

	if (!value || json_is_null(value) || (json_is_array(value) && !json_array_size(value))) {
		say_content_only(ret, NULL, "/configuration");
		return;
	}
	if (!json_is_array(value)) {
		json_problem_add(&ret->problems, false, "/configuration",
			"expected an array, found %s", json_type_word(value));
		return;
	}
	chosen = choose(value, &index, &ret->problems);
	at = xasprintf("/configuration/%zu/task", index);
	tasks = json_object_get(chosen, "task");
	if (!chosen) {
		return; /* said above */
	}
	if (!tasks || json_is_null(tasks) || (json_is_array(tasks) && !json_array_size(tasks))) {
		say_content_only(ret, value, at);
	} else if (!json_is_array(tasks)) {
		json_problem_add(&ret->problems, false, at, "expected an array, found %s",
			json_type_word(tasks));
	} else {
		read_tasks(tasks, at, ret);
	}
	for (size_t i = 0; i < json_array_size(value); i++) {
		if (i != index) {
			read_other(json_array_get(value, i), i, &ret->problems);
		}
	}
}
