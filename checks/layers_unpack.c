/* Can every layer be unpacked by anyone? */
#include "checks/violations.h"

static int run(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	const struct image *image = ctx->image;
	size_t found = violations_report(image, VIOLATION_LAYER, out);
	size_t unread = image_layers_unread(image);
	size_t entries = 0;

	(void)err;
	if (!ctx->tree) {
		outcome_not_tested(out, "see oci-conformance for what is wrong with them",
			"the layers could not be read");
		return 0;
	}
	for (size_t i = 0; i < image->n_layers; i++) {
		entries += image->layers[i].entries;
		outcome_evidence(out, layer_evidence(image, i));
	}
	outcome_evidence(out, json_pack("{s:I,s:I,s:I}", "layers", (json_int_t)image->n_layers,
				      "entries", (json_int_t)entries, "files_in_the_merged_tree",
				      (json_int_t)tree_count(ctx->tree)));
	if (unread) {
		outcome_not_tested(out, "see oci-conformance for what is wrong with them",
			"%zu of %zu layers could not be read to the end", unread, image->n_layers);
	} else if (found == 0) {
		outcome_summary(out, "%zu layer%s, %zu entr%s", image->n_layers,
			image->n_layers == 1 ? "" : "s", entries, entries == 1 ? "y" : "ies");
	}
	return 0;
}

const struct check check_layers_unpack = {
	.id = "layers-unpack",
	.requirement = "R01",
	.title = "every layer reads to its end as a tar archive without bad entries",
	.reason = "an entry that escapes the root, or an archive that is cut short, unpacks "
		  "differently everywhere, or not at all",
	.remedy = "build the image again with a current tool; each finding names the layer, the "
		  "entry and what is wrong with it",
	.stage = STAGE_STATIC,
	.needs = NEEDS_CONFIG,
	.run = run,
};
