/* The JSON report; docs/report.schema.json says what is in it. */
#include "base/alloc.h"
#include "reports/parts.h"

#include <stdlib.h>
#include <string.h>

#define SCHEMA "urn:assay:report:1"

/* Enough for any number that we put in; 17 would print 0.1 as 0.10000000000000001. */
#define DUMP_FLAGS (JSON_INDENT(2) | JSON_REAL_PRECISION(12))

static json_t *layers_json(const struct image *image)
{
	json_t *layers = json_array();

	for (size_t i = 0; i < image->n_layers; i++) {
		const struct layer *layer = &image->layers[i];

		json_array_append_new(layers,
			json_pack("{s:o, s:o, s:I, s:o, s:o}", "digest", json_text(layer->digest),
				"diff_id", json_text(layer->diff_id), "size",
				(json_int_t)layer->size, "media_type", json_text(layer->media_type),
				"created_by", json_text(layer->created_by)));
	}
	return layers;
}

static json_t *image_json(const struct image *image)
{
	auto_free char *platform = image_platform_text(image);

	if (!image) {
		return json_null();
	}
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "reference", json_text(image->reference.text),
		"digest", json_text(image->digest), "config_digest",
		json_text(image->config_digest), "platform", json_text(platform), "layers",
		layers_json(image));
}

static json_t *task_json(const struct task *task)
{
	return json_pack("{s:o, s:o}", "id", json_text(task->id), "label", json_text(task->label));
}

static json_t *product_json(const struct result *result)
{
	const struct product *product = result->product;
	json_t *tasks;

	if (!product) {
		return json_null();
	}
	tasks = json_array();
	for (size_t i = 0; i < product->n_tasks; i++) {
		json_array_append_new(tasks, task_json(&product->tasks[i]));
	}
	return json_pack("{s:o, s:o, s:o, s:o, s:b, s:o, s:o}", "digest",
		json_text(*product->digest ? product->digest : NULL), "name",
		json_text(product->name), "uuid", json_text(product->uuid), "image",
		json_text(product->image), "content_only", product->content_only, "task",
		result->only_task ? json_text(result->only_task->id) : json_null(), "tasks", tasks);
}

static json_t *waiver_json(const struct waiver *waiver)
{
	if (!waiver) {
		return json_null();
	}
	return json_pack("{s:o, s:o, s:o}", "who", json_text(waiver->who), "why",
		json_text(waiver->why), "until", json_text(waiver->until));
}

static json_t *finding_json(const struct finding *f)
{
	json_t *evidence = f->evidence ? json_incref(f->evidence) : json_object();

	return json_pack("{s:o, s:s, s:o, s:s, s:o, s:o}", "message", json_text(f->message),
		"severity", f->warning ? "warn" : "fail", "subject", json_text(f->subject),
		"fingerprint", f->fingerprint, "waiver", waiver_json(f->waiver), "evidence",
		evidence);
}

static json_t *check_json(const struct check_result *r)
{
	json_t *findings = json_array();
	bool good = r->verdict == VERDICT_PASS || r->verdict == VERDICT_NOT_APPLICABLE;

	for (size_t i = 0; i < r->findings.n; i++) {
		json_array_append_new(findings, finding_json(&r->findings.v[i]));
	}
	return json_pack("{s:s, s:o, s:s, s:s, s:s, s:b, s:o, s:o, s:o, s:O}", "id", r->check->id,
		"task", r->task ? json_text(r->task->id) : json_null(), "stage",
		r->check->stage == STAGE_STATIC ? "static" : "dynamic", "title", r->check->title,
		"verdict", verdict_name(r->verdict), "complete", !r->incomplete, "summary",
		json_text(r->summary), "remedy", good ? json_null() : json_text(remedy_of(r)),
		"findings", findings, "evidence", r->evidence);
}

static json_t *requirement_json(const struct requirement_result *part)
{
	const struct requirement *requirement = part->requirement;
	json_t *all = json_array();

	for (size_t i = 0; i < part->n_checks; i++) {
		json_array_append_new(all, check_json(&part->checks[i]));
	}
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "id", requirement->id, "level",
		level_name(requirement->level), "title", requirement->title, "verdict",
		verdict_name(part->verdict), "left_to_human", json_text(requirement->left_to_human),
		"checks", all);
}

static json_t *requirements_json(const struct result *result)
{
	json_t *all = json_array();

	for (size_t i = 0; i < result->n_requirements; i++) {
		json_array_append_new(all, requirement_json(&result->requirements[i]));
	}
	return all;
}

/* Requirements that no check of this run says anything about. */
static json_t *not_checked_json(const struct result *result)
{
	json_t *ids = json_array();

	for (size_t i = 0; i < n_requirements; i++) {
		if (!requirement_part(result, &requirements[i])) {
			json_array_append_new(ids, json_string(requirements[i].id));
		}
	}
	return ids;
}

static json_t *document(const struct result *result)
{
	return json_pack(
		"{s:s, s:{s:s, s:s}, s:o, s:s, s:s, s:b, s:s, s:o, s:o, s:o, s:o, s:o, s:o, "
		"s:o}",
		"schema", SCHEMA, "tool", "name", "assay", "version", ASSAY_VERSION, "edition",
		json_text(result->edition ? result->edition->name : NULL), "scope", result->scope,
		"verdict", run_verdict_name(result->verdict), "complete", result->complete,
		"evaluated_at", result->evaluated_at, "image", image_json(result->image), "product",
		product_json(result), "limits",
		result->policy ? limits_json(&result->policy->limits) : json_null(), "requirements",
		requirements_json(result), "not_checked", not_checked_json(result), "left_out",
		json_strv(&result->left_out), "experiments", experiments_json(result->observation));
}

struct sink {
	struct buf *out;
	struct err *err;
};

static int sink_add(const char *bytes, size_t len, void *arg)
{
	struct sink *sink = arg;

	return buf_add(sink->out, bytes, len, sink->err);
}

int report_json(const struct result *result, const struct report_options *options, struct buf *out,
	struct err *err)
{
	auto_json json_t *json = document(result);
	struct sink sink = {out, err};

	(void)options;
	if (!json) {
		return err_set(err, ERR_INTERNAL, "the report could not be made");
	}
	if (json_dump_callback(json, sink_add, &sink, DUMP_FLAGS)) {
		return -1;
	}
	return buf_add(out, "\n", 1, err);
}
