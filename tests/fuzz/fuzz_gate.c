/* The static gate as a whole. Fields: the image's config, the product file; the rest is the tar of
 * its one layer. All checks run, and one of the reports is written, chosen by the input's size. */
#include "tests/fuzz/kit.h"
#include "tests/fuzz/scan_kit.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "checks/engine.h"
#include "image/packages.h"
#include "product/edition.h"
#include "reports/report.h"

#include <stdlib.h>
#include <string.h>

static size_t tar_at(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};

	free(fuzz_field(&in));
	free(fuzz_field(&in));
	return size - in.left;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	size_t at = tar_at(data, size);

	if (seed % 2 && size > at) {
		return at + fuzz_mutate_tar(data + at, size - at, max_size - at, seed / 2);
	}
	return LLVMFuzzerMutate(data, size, max_size);
}

/* format: of the report to write; each costs as much as all the checks. */
static void judge(struct image *image, const struct product *product, size_t format)
{
	struct selection selection = {.stage_static = true};
	AUTO_PTR(engine) struct engine *engine = engine_new(&selection);
	const struct entry_sink sink = engine_sink(engine);
	AUTO_PTR(tree) struct tree *tree = fuzz_scan(image, &sink, 1);
	AUTO_PTR(packages) struct packages *packages = tree ? packages_read(tree) : NULL;
	struct policy policy;
	struct result result = {0};
	const struct check_context ctx = {.image = image,
		.tree = tree,
		.packages = packages,
		.product = product,
		.policy = &policy,
		.edition = edition_default()};

	policy_init(&policy);
	if (tree) {
		engine_run(engine, &ctx, NULL, NULL, &result);
		MUST(result.n_checks && result.n_requirements);
		fuzz_report(&result, format);
		result_release(&result);
	}
	policy_release(&policy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	auto_free char *config = fuzz_field(&in);
	auto_free char *text = fuzz_field(&in);
	AUTO_PTR(product)
	struct product *product =
		*text ? product_parse("marketplace.json", text, strlen(text)) : NULL;
	const struct fuzz_blob layer = {in.at, in.left};
	AUTO_PTR(image) struct image *image = fuzz_image(&layer, 1);

	image->config = xcalloc(1, sizeof(*image->config));
	if (image_config_parse(config, strlen(config), image->config, NULL, NULL) == 0) {
		image->reference.text = xstrdup("image");
		image->digest = xstrdup(image->layers[0].digest);
		image->config_digest = xstrdup(image->layers[0].digest);
		judge(image, product, size % n_report_formats);
	}
	return 0;
}
