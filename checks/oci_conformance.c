/* Is the image what the OCI image specification says one is? The reading room has compared every
 * document and digest on the way; what did not hold is reported here, place by place. */
#include "checks/violations.h"

#include "base/alloc.h"
#include "base/cleanup.h"

/* A layer whose tar was not hashed to its end has no established diff_id. */
static size_t layers_unread(const struct image *image)
{
	size_t n = 0;

	for (size_t i = 0; i < image->n_layers; i++) {
		n += image->layers[i].diff_id_read == NULL;
	}
	return n;
}

/* layer.md, "Distributable Format": no path twice. A warning, since all readers take the last one,
 * and whoever inherits the layer cannot mend it. */
static void report_duplicates(const struct image *image, struct outcome *out)
{
	for (size_t i = 0; i < image->n_layers; i++) {
		const struct layer *layer = &image->layers[i];
		auto_free char *subject = xasprintf("layer %zu", i);

		if (layer->duplicates) {
			outcome_warn(out, subject, layer_evidence(image, i),
				"%zu entr%s of a path that the layer had before", layer->duplicates,
				layer->duplicates == 1 ? "y is" : "ies are");
		}
	}
}

static void verified(const struct image *image, struct outcome *out)
{
	outcome_evidence(out,
		json_pack("{s:o,s:o,s:o,s:I}", "verified",
			json_text("required members, types, media types, sizes, digests, diff_ids, "
				  "history against layers"),
			"manifest", json_text(image->digest), "config",
			json_text(image->config_digest), "layers", (json_int_t)image->n_layers));
	for (size_t i = 0; i < image->n_layers; i++) {
		outcome_evidence(out, layer_evidence(image, i));
	}
}

static int run(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	const struct image *image = ctx->image;
	size_t unread;

	(void)err;
	violations_report(image, VIOLATION_CONFORMANCE, out);
	report_duplicates(image, out);
	if (!image->config) {
		outcome_not_tested(out, "choose an image: see single-image for what there is",
			"no image could be chosen, so its config and layers were not looked at");
		return 0;
	}
	unread = layers_unread(image);
	if (!ctx->tree || unread > 0) {
		outcome_not_tested(out, "see layers-unpack for what is wrong with them",
			"%zu of %zu layers could not be read to the end, so their diff_ids were "
			"not verified",
			ctx->tree ? unread : image->n_layers, image->n_layers);
		return 0;
	}
	verified(image, out);
	return 0;
}

const struct check check_oci_conformance = {
	.id = "oci-conformance",
	.requirement = "R01",
	.title = "layout, index, manifest and config are valid, every digest and size is right",
	.reason = "a registry or engine may refuse what another one lets pass; a digest that does "
		  "not match means that the content is not what was published",
	.remedy = "build and export the image again with a current tool (buildah, docker buildx, "
		  "umoci); do not edit a layout by hand. Each finding names the file and the JSON "
		  "pointer",
	.stage = STAGE_STATIC,
	.run = run,
};
