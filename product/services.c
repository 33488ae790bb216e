/* Which services a task is tested with. */
#include "base/alloc.h"
#include "base/str.h"
#include "product/product.h"

#include <string.h>

bool service_is_name(const char *s)
{
	size_t len = strlen(s);

	return len && len <= 63 && s[0] != '-' && s[0] != '.' && s[len - 1] != '-' &&
	       s[len - 1] != '.' && !strstr(s, "..") &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
		       len;
}

/* Put one in, in the place of an earlier one of its name: the names are host names, whose case does
 * not matter. */
static void put(const struct service **list, size_t *n, const struct service *service)
{
	for (size_t i = 0; i < *n; i++) {
		if (strcasecmp(list[i]->name, service->name) == 0) {
			list[i] = service;
			return;
		}
	}
	list[(*n)++] = service;
}

static void put_all(const struct service **list, size_t *n, const struct extension *x)
{
	for (size_t i = 0; i < x->services.n; i++) {
		if (x->services.v[i].name) {
			put(list, n, &x->services.v[i]);
		}
	}
}

const struct service **product_services(
	const struct product *product, const struct task *task, size_t *ret_n)
{
	size_t most = (product ? product->extension.services.n : 0) +
		      (task ? task->extension.services.n : 0);
	const struct service **list = most ? xcalloc(most, sizeof(const struct service *)) : NULL;

	*ret_n = 0;
	if (product) {
		put_all(list, ret_n, &product->extension);
	}
	if (task) {
		put_all(list, ret_n, &task->extension);
	}
	return list;
}
