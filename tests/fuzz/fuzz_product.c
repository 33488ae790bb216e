/* marketplace.json: read, merged for each task, its canonical form. */
#include "tests/fuzz/kit.h"

#include "base/cleanup.h"
#include "base/str.h"
#include "product/canonical.h"
#include "product/product.h"

#include <stdlib.h>
#include <string.h>

static void check_pairs(const struct strv *pairs)
{
	for (size_t i = 0; i < pairs->n; i++) {
		const char *equals = strchr(pairs->v[i], '=');

		MUST(equals);
		for (size_t k = 0; k < i; k++) {
			MUST(strncmp(pairs->v[i], pairs->v[k], (size_t)(equals - pairs->v[i]) + 1));
		}
	}
}

static void merge(const struct product *p, const struct task *task)
{
	struct strv values = {0};
	struct strv missing = {0};
	size_t n;
	const struct smoke_suite **suites = product_smoke(p, task, &n);

	MUST(!n == !suites);
	free(suites);
	MUST(product_readiness(p, task));
	product_environment(p, task, &values, &missing);
	check_pairs(&values);
	strv_release(&values);
	strv_release(&missing);
}

/* The canonical form is JSON, and its own canonical form. */
static void canonical(const char *text, size_t len)
{
	auto_json json_t *value = NULL;
	auto_json json_t *again = NULL;
	AUTO(buf) struct buf one;
	AUTO(buf) struct buf two;

	buf_init(&one, SIZE_MAX / 2);
	buf_init(&two, SIZE_MAX / 2);
	if (json_parse(text, len, NULL, &value, NULL)) {
		return;
	}
	MUST(canonical_write(value, &one, NULL) == 0);
	/* it prints 1e20 with all its digits, which jansson takes for an integer too large */
	again = json_loadb(buf_str(&one), one.len, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL);
	MUST(again);
	MUST(canonical_write(again, &two, NULL) == 0);
	MUST(str_eq(buf_str(&one), buf_str(&two)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	size_t len;
	auto_free char *text = fuzz_rest(&in, &len);
	AUTO_PTR(product) struct product *p = product_parse("marketplace.json", text, len);

	MUST(p);
	for (size_t i = 0; i < p->problems.n; i++) {
		const char *pointer = p->problems.v[i].pointer;

		MUST(pointer && (!*pointer || *pointer == '/') && *p->problems.v[i].message);
	}
	for (size_t i = 0; i < p->n_tasks; i++) {
		merge(p, &p->tasks[i]);
	}
	merge(p, NULL);
	MUST(!product_task(p, "no such task"));
	canonical(text, len);
	return 0;
}
