/* assay inspect: what the image is. */
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/escape.h"
#include "base/json.h"
#include "cmd/subject.h"
#include "cmd/verbs.h"

#include <stdio.h>

static json_t *layers_json(const struct image *image)
{
	json_t *list = json_array();

	for (size_t i = 0; i < image->n_layers; i++) {
		const struct layer *l = &image->layers[i];

		json_array_append_new(list,
			json_pack("{s:o,s:I,s:o,s:o,s:o,s:I,s:I,s:o}", "digest",
				json_text(l->digest), "size", (json_int_t)l->size, "media_type",
				json_text(l->media_type), "diff_id", json_text(l->diff_id),
				"diff_id_read", json_text(l->diff_id_read), "tar_size",
				(json_int_t)l->tar_size, "entries", (json_int_t)l->entries,
				"created_by", json_text(l->created_by)));
	}
	return list;
}

static json_t *violations_json(const struct image *image)
{
	json_t *list = json_array();

	for (size_t i = 0; i < image->violations.n; i++) {
		const struct violation *v = &image->violations.v[i];

		json_array_append_new(
			list, json_pack("{s:o,s:o,s:o,s:b}", "file", json_text(v->file), "pointer",
				      json_text(v->pointer), "message", json_text(v->message),
				      "warning", v->warning));
	}
	return list;
}

static json_t *candidates_json(const struct image *image)
{
	json_t *list = json_array();

	for (size_t i = 0; i < image->n_candidates; i++) {
		const struct candidate *c = &image->candidates[i];

		json_array_append_new(list,
			json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "name", json_text(c->name), "digest",
				json_text(c->digest), "platform", json_text(c->platform), "kind",
				json_text(c->kind), "artifact_type", json_text(c->artifact_type),
				"subject", json_text(c->subject)));
	}
	return list;
}

static json_t *history_json(const struct image_config *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->history.n; i++) {
		const struct history *h = &c->history.v[i];

		json_array_append_new(
			list, json_pack("{s:o,s:o,s:o,s:b}", "created", json_text(h->created),
				      "created_by", json_text(h->created_by), "comment",
				      json_text(h->comment), "empty_layer", h->empty_layer));
	}
	return list;
}

static json_t *config_json(const struct image_config *c)
{
	auto_free char *platform = platform_text(&c->platform);

	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "platform",
		json_text(platform), "created", json_text(c->created), "author",
		json_text(c->author), "history", history_json(c), "user", json_text(c->user),
		"entrypoint", json_strv(&c->entrypoint), "cmd", json_strv(&c->cmd), "env",
		json_strv(&c->env), "working_dir", json_text(c->working_dir), "stop_signal",
		json_text(c->stop_signal), "exposed_ports", json_strv(&c->exposed_ports), "volumes",
		json_strv(&c->volumes), "labels", json_strv(&c->labels));
}

static json_t *image_json(const struct subject *s)
{
	const struct image *image = s->image;
	json_t *root = json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "reference",
		json_text(image->reference.text), "digest", json_text(image->digest), "media_type",
		json_text(image->media_type), "annotations", json_strv(&image->annotations),
		"config_digest", json_text(image->config_digest), "layers", layers_json(image),
		"candidates", candidates_json(image), "violations", violations_json(image));

	if (image->config) {
		json_object_set_new(root, "config", config_json(image->config));
	}
	if (s->tree) {
		json_object_set_new(root, "files", json_integer((json_int_t)tree_count(s->tree)));
	}
	if (s->packages) {
		json_object_set_new(
			root, "packages", json_integer((json_int_t)packages_count(s->packages)));
	}
	return root;
}

static void print_value(const char *name, const char *value)
{
	auto_free char *text = escape_dup(ESCAPE_TERMINAL, value);

	(void)printf("%-14s %s\n", name, value ? text : "-");
}

static void print_list(const char *name, const struct strv *list)
{
	auto_free char *joined = strv_join(list, " ");

	print_value(name, list->n ? joined : NULL);
}

static void print_config(const struct image_config *c)
{
	auto_free char *platform = platform_text(&c->platform);

	print_value("platform", platform);
	print_value("user", c->user);
	print_list("entrypoint", &c->entrypoint);
	print_list("cmd", &c->cmd);
	for (size_t i = 0; i < c->env.n; i++) {
		print_value(i ? "" : "env", c->env.v[i]);
	}
	print_value("working dir", c->working_dir);
	print_value("stop signal", c->stop_signal);
	print_list("ports", &c->exposed_ports);
	print_list("volumes", &c->volumes);
}

/* "referrer application/spdx+json sha256:12.. of sha256:ab.. 1.0"; all of it is the image's. */
static void print_candidate(const struct candidate *c)
{
	const char *what = c->artifact_type ? c->artifact_type : c->platform;
	auto_free char *line = xasprintf("%s %s%s%s%s%s", what ? what : "-",
		c->digest ? c->digest : "-", c->subject ? " of " : "", c->subject ? c->subject : "",
		c->name ? " " : "", c->name ? c->name : "");

	print_value(c->kind, line);
}

static void print_text(const struct subject *s)
{
	const struct image *image = s->image;

	print_value("reference", image->reference.text);
	print_value("digest", image->digest);
	if (image->config) {
		print_config(image->config);
	}
	for (size_t i = 0; i < image->n_layers; i++) {
		const struct layer *l = &image->layers[i];

		(void)printf("layer %-8zu %s  %llu bytes, tar %llu bytes, %zu entries\n", i,
			l->diff_id_read ? l->diff_id_read : "unreadable",
			(unsigned long long)l->size, (unsigned long long)l->tar_size, l->entries);
		print_value("", l->created_by);
	}
	if (s->tree) {
		(void)printf(
			"%-14s %zu files and directories\n", "merged tree", tree_count(s->tree));
		(void)printf("%-14s %zu (%s)\n", "packages", packages_count(s->packages),
			packages_kind(s->packages));
	}
	for (size_t i = 0; i < image->n_candidates; i++) {
		const struct candidate *c = &image->candidates[i];

		print_candidate(c);
	}
	for (size_t i = 0; i < image->violations.n; i++) {
		const struct violation *v = &image->violations.v[i];
		auto_free char *text = escape_dup(ESCAPE_TERMINAL, v->message);

		(void)printf("%-14s %s %s: %s\n", v->warning ? "oddity" : "violation", v->file,
			v->pointer, text);
	}
}

int verb_inspect(const struct options *options)
{
	const char *format = options->reports.n ? options->reports.v[0] : "text";
	AUTO(policy) struct policy policy = {0};
	AUTO(subject) struct subject s = {0};
	struct err err = {0};

	if (options->operands.n != 1) {
		return fail_usage("inspect takes one IMAGE");
	}
	if (!str_eq(format, "text") && !str_eq(format, "json")) {
		return fail_usage("inspect can be written as text or json, not '%.40s'", format);
	}
	if (policy_read(options, &policy, &err) ||
		subject_open(options, options->operands.v[0], false, NULL, &s, &err)) {
		return fail_with(&err);
	}
	if (str_eq(format, "json")) {
		auto_json json_t *root = image_json(&s);
		auto_free char *text = json_dumps(root, JSON_INDENT(2));

		(void)puts(text);
	} else {
		print_text(&s);
	}
	return s.image->config ? 0 : EXIT_NON_COMPLIANT;
}
