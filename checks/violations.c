#include "checks/violations.h"

#include "base/alloc.h"

size_t violations_report(const struct image *image, enum violation_kind kind, struct outcome *out)
{
	size_t n = 0;

	for (size_t i = 0; i < image->violations.n; i++) {
		const struct violation *v = &image->violations.v[i];
		auto_free char *subject = NULL;
		json_t *evidence;

		if (v->kind != kind) {
			continue;
		}
		n++;
		subject = xasprintf("%s%s%s", v->file, *v->pointer ? "#" : "", v->pointer);
		evidence = json_pack(
			"{s:o,s:o}", "file", json_text(v->file), "pointer", json_text(v->pointer));
		if (v->warning) {
			outcome_warn(out, subject, evidence, "%s", v->message);
		} else {
			outcome_fail(out, subject, evidence, "%s", v->message);
		}
	}
	return n;
}

json_t *layer_evidence(const struct image *image, size_t i)
{
	const struct layer *l = &image->layers[i];

	return json_pack("{s:I,s:o,s:I,s:o,s:o,s:I,s:I}", "index", (json_int_t)i, "digest",
		json_text(l->digest), "size", (json_int_t)l->size, "media_type",
		json_text(l->media_type), "diff_id", json_text(l->diff_id_read), "tar_size",
		(json_int_t)l->tar_size, "entries", (json_int_t)l->entries);
}
