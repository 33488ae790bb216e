/* Is the product file valid where this tool relies on it? Reading it found the problems
 * (product/product.h); this check only reports them. */
#include "checks/check.h"

static int run(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	const struct product *product = ctx->product;

	(void)err;
	for (size_t i = 0; i < product->problems.n; i++) {
		const struct json_problem *p = &product->problems.v[i];
		const char *place = *p->pointer ? p->pointer : "the whole document";
		json_t *evidence = json_pack("{s:o}", "pointer", json_text(p->pointer));

		if (p->warning) {
			outcome_warn(out, p->pointer, evidence, "%s: %s", place, p->message);
		} else {
			outcome_fail(out, p->pointer, evidence, "%s: %s", place, p->message);
		}
	}
	outcome_evidence(out, json_pack("{s:o, s:s, s:i, s:b}", "file", json_text(product->file),
				      "digest", product->digest, "tasks", (int)product->n_tasks,
				      "content_only", product->content_only));
	return 0;
}

const struct check check_product_file = {
	.id = "product-file",
	.requirement = "R05",
	.title = "the product file is valid where it is relied upon",
	.reason = "a platform scales, limits and configures a product by what its configuration "
		  "profile says; a profile that cannot be read leaves nothing to go by",
	.remedy =
		"correct the members that are named; 'assay product lint FILE' checks again in an "
		"instant, docs/product-file.md describes every member",
	.stage = STAGE_STATIC,
	.needs = NEEDS_PRODUCT,
	.run = run,
};
