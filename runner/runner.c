#include "runner/runner.h"

#include "runner/loop.h"
#include "runner/task.h"

#include <string.h>

/* What keeps every task from being started; false: nothing does. */
static bool is_hopeless(
	const struct runner_options *o, const char **ret_why, const char **ret_remedy)
{
	if (o->product && o->product->content_only) {
		*ret_why = "the product file declares no task to start";
		*ret_remedy = "declare the task in the default configuration, if there is one";
		return true;
	}
	if (!o->tree || !o->layers || o->layers->n < o->image->n_layers) {
		*ret_why = "the image's layers could not all be unpacked";
		*ret_remedy = "mend what oci-conformance and layers-unpack say of the image";
		return true;
	}
	return false;
}

static void observe_one(
	const struct runner_options *options, const struct task *task, struct observation *ret)
{
	struct task_observation *obs = observation_add(ret, task);
	const char *why;
	const char *remedy;

	if (is_hopeless(options, &why, &remedy)) {
		task_not_started(obs, remedy, "%s", why);
	} else {
		task_observe(options, ret->n, obs);
	}
}

/* How many tasks are asked for; one without a task when there is no product file. */
static size_t count_tasks(const struct runner_options *o)
{
	return o->product && !o->only_task && o->product->n_tasks ? o->product->n_tasks : 1;
}

static const struct task *task_at(const struct runner_options *o, size_t i)
{
	return o->product && !o->only_task && o->product->n_tasks ? &o->product->tasks[i]
								  : o->only_task;
}

int runner_observe(const struct runner_options *options, struct observation *ret, struct err *err)
{
	/* Every failure so far is one task's; the signature keeps room for those that are not. */
	(void)err;
	for (size_t i = 0; i < count_tasks(options) && !loop_interrupted(); i++) {
		observe_one(options, task_at(options, i), ret);
	}
	return 0;
}

void runner_unavailable(const struct runner_options *options, const char *why, const char *remedy,
	struct observation *ret)
{
	for (size_t i = 0; i < count_tasks(options); i++) {
		task_not_started(observation_add(ret, task_at(options, i)), remedy, "%s", why);
	}
}
