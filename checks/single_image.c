/* Does the reference lead to exactly one image for the platform asked for? */
#include "checks/violations.h"

#include "base/alloc.h"
#include "base/str.h"

/* An index may offer a great many; the message of the finding counts them all. */
#define MAX_LISTED 50

static json_t *candidate_evidence(const struct image *image, const struct candidate *c)
{
	return json_pack("{s:o,s:o,s:o,s:o,s:b}", "kind", json_text(c->kind), "name",
		json_text(c->name), "platform", json_text(c->platform), "digest",
		json_text(c->digest), "chosen",
		image->config && image->digest && str_eq(image->digest, c->digest));
}

static int run(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	const struct image *image = ctx->image;
	size_t found = violations_report(image, VIOLATION_SELECTION, out);
	auto_free char *platform = image->config ? platform_text(&image->config->platform) : NULL;

	if (!image->config && found == 0) {
		return err_set(err, ERR_INTERNAL, "no image was chosen, and nothing says why");
	}
	for (size_t i = 0; i < image->n_candidates && i < MAX_LISTED; i++) {
		outcome_evidence(out, candidate_evidence(image, &image->candidates[i]));
	}
	if (image->config) {
		outcome_evidence(out,
			json_pack("{s:o,s:o,s:I}", "digest", json_text(image->digest), "platform",
				json_text(platform), "offered", (json_int_t)image->n_candidates));
	}
	if (found == 0) {
		outcome_summary(out, "%s, %s", platform,
			image->n_candidates > 1 ? "chosen among several" : "the only one");
	}
	return 0;
}

const struct check check_single_image = {
	.id = "single-image",
	.requirement = "R01",
	.title = "the reference leads to one image for the platform asked for",
	.reason = "a product is one image; which of several would be started must never be guessed",
	.remedy = "name the image by its tag (oci:DIR:TAG, docker-archive:FILE:REF), export one "
		  "image only, or ask with --platform for one that is there",
	.stage = STAGE_STATIC,
	.run = run,
};
