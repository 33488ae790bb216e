/* Which values a task is started with. */
#include "base/alloc.h"
#include "base/str.h"
#include "product/product.h"

#include <stdlib.h>
#include <string.h>

/* Put "key=value" in, in the place of an earlier value of the same key. Takes pair. */
static void put(struct strv *values, char *pair)
{
	size_t len = strcspn(pair, "=") + 1;

	for (size_t i = 0; i < values->n; i++) {
		if (strncmp(values->v[i], pair, len) == 0) {
			free(values->v[i]);
			values->v[i] = pair;
			return;
		}
	}
	strv_take(values, pair);
}

static void put_all(struct strv *values, const struct strv *pairs)
{
	for (size_t i = 0; i < pairs->n; i++) {
		put(values, xstrdup(pairs->v[i]));
	}
}

static bool has_value(const struct strv *values, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < values->n; i++) {
		if (strncmp(values->v[i], key, len) == 0 && values->v[i][len] == '=') {
			return true;
		}
	}
	return false;
}

void product_environment(const struct product *product, const struct task *task,
	struct strv *ret_values, struct strv *ret_missing)
{
	for (size_t i = 0; task && i < task->environment.n; i++) {
		const struct env_var *var = &task->environment.v[i];

		if (var->key && var->default_value) {
			put(ret_values, xasprintf("%s=%s", var->key, var->default_value));
		}
	}
	if (product) {
		put_all(ret_values, &product->extension.environment);
	}
	if (task) {
		put_all(ret_values, &task->extension.environment);
	}
	for (size_t i = 0; task && i < task->environment.n; i++) {
		const struct env_var *var = &task->environment.v[i];

		if (var->key && var->required && !has_value(ret_values, var->key) &&
			!strv_has(ret_missing, var->key)) {
			strv_add(ret_missing, var->key);
		}
	}
}
