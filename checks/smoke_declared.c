/* Is there a smoke suite for what the product says it provides? Suites come with the product file
 * (x-assay.smoke); what a suite exercises is its "standard". */
#include "checks/check.h"

#include "base/str.h"

/* All extensions of the product: its own and its tasks'. */
struct extensions {
	const struct product *product;
	size_t next;
};

static const struct extension *extension_next(struct extensions *all)
{
	size_t i = all->next++;

	if (i == 0) {
		return &all->product->extension;
	}
	return i <= all->product->n_tasks ? &all->product->tasks[i - 1].extension : NULL;
}

/* How many suites there are; *ret_named: how many say that they exercise uri. */
static size_t count_suites(const struct product *product, const char *uri, size_t *ret_named)
{
	struct extensions all = {product, 0};
	const struct extension *x;
	size_t n = 0;

	*ret_named = 0;
	while ((x = extension_next(&all))) {
		n += x->smoke.n;
		for (size_t i = 0; i < x->smoke.n; i++) {
			*ret_named += uri && str_eq(x->smoke.v[i].standard, uri);
		}
	}
	return n;
}

static void judge(
	const struct product *product, const struct interface *provided, struct outcome *out)
{
	/* product-file says what is missing where neither is there */
	const char *uri = provided->uri    ? provided->uri
			  : provided->name ? provided->name
					   : "an interface of no name";
	size_t named;
	size_t suites = count_suites(product, provided->uri, &named);
	json_t *evidence = json_pack("{s:o, s:o, s:i, s:i}", "name", json_text(provided->name),
		"uri", json_text(provided->uri), "suites", (int)suites, "suites_of_this_standard",
		(int)named);

	if (!suites) {
		outcome_fail(out, uri, evidence,
			"the product says it provides '%s' but has no smoke suite", uri);
	} else if (!named) {
		outcome_warn(out, uri, evidence,
			"no smoke suite says that it exercises '%s', which the product provides",
			uri);
	} else {
		outcome_evidence(out, evidence);
	}
}

static int run(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	struct extensions all = {ctx->product, 0};
	const struct extension *x;
	size_t provided = 0;
	size_t named;
	size_t suites = count_suites(ctx->product, NULL, &named);

	(void)err;
	while ((x = extension_next(&all))) {
		provided += x->provides.n;
		for (size_t i = 0; i < x->provides.n; i++) {
			judge(ctx->product, &x->provides.v[i], out);
		}
	}
	if (!provided && !suites) {
		outcome_not_applicable(out, "the product declares no interface that it provides");
	} else if (!provided) {
		outcome_evidence(out, json_pack("{s:i}", "suites", (int)suites));
		outcome_summary(out, "no interface is declared; %zu smoke suite%s all the same",
			suites, suites == 1 ? "" : "s");
	}
	return 0;
}

const struct check check_smoke_declared = {
	.id = "smoke-declared",
	.requirement = "R04",
	.title = "every interface that the product provides has a smoke suite",
	.reason = "a declared capability that nothing exercises is a promise that nobody can test",
	.remedy =
		"add a suite to x-assay.smoke of the product file whose \"standard\" is the URI of "
		"the interface; docs/product-file.md has an example",
	.stage = STAGE_STATIC,
	.needs = NEEDS_PRODUCT | NEEDS_EXECUTABLE,
	.run = run,
};
