/* The chosen manifest and its config, made into the image. */
#include "image/opening.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "base/str.h"
#include "image/limits.h"
#include "image/oci_rules.h"

#include <string.h>

/* In a docker-archive the config's name is its digest: "<hex>.json", "sha256:<hex>" (kaniko) or
 * "blobs/sha256/<hex>". Other names promise nothing. */
static void compare_name(
	struct opening *o, const struct choice *choice, const char *name, const char *digest)
{
	const char *slash = strrchr(name, '/');
	const char *hex = slash ? slash + 1 : name;
	size_t len;

	hex += str_starts(hex, "sha256:") ? strlen("sha256:") : 0;
	len = strspn(hex, "0123456789abcdef");
	if (len == 64 && (!hex[len] || strcmp(hex + len, ".json") == 0) &&
		strncmp(hex, digest + strlen("sha256:"), len) != 0) {
		auto_free char *at = json_pointer_add(choice->pointer, "Config");

		violation_add(choice_violations(o, choice), VIOLATION_CONFORMANCE, false,
			choice->file, at,
			"expected content with the digest in its name, found %s in '%s'", digest,
			name);
	}
}

static int read_config(struct opening *o, struct choice *choice, const char *name, struct buf *text,
	struct err *err)
{
	struct violations *violations = choice_violations(o, choice);
	char digest[DIGEST_TEXT_MAX];

	if (choice->docker) {
		if (document_read(o, name, NULL, violations, text, err)) {
			return -1;
		}
		digest_of(DIGEST_SHA256, buf_str(text), text->len, digest);
		compare_name(o, choice, name, digest);
		choice->config_digest = xstrdup(digest);
	} else {
		const struct expected expected = {
			&choice->manifest.config, choice->document, "/config"};

		if (document_read(o, name, &expected, violations, text, err)) {
			return -1;
		}
		choice->config_digest = xstrdup(choice->manifest.config.digest);
	}
	return 0;
}

static char *config_name(const struct opening *o, const struct choice *choice)
{
	return choice->docker ? xstrdup(choice->docker->config)
			      : blob_name(o, choice->manifest.config.digest);
}

int choice_config(struct opening *o, struct choice *choice, struct err *err)
{
	auto_free struct image_config *config = NULL;
	auto_free char *name = NULL;
	struct json_problems problems = {0};
	AUTO(buf) struct buf text = {0};
	int rc;

	if (choice->config) {
		return 0;
	}
	if (!choice->read) {
		*err = choice->trouble;
		return -1;
	}
	name = config_name(o, choice);
	if (!name) {
		return err_set(err, ERR_MALFORMED, "'%.200s' names no config",
			choice->document ? choice->document : choice->file);
	}
	if (read_config(o, choice, name, &text, err)) {
		return err_wrap(err, "config");
	}
	config = xcalloc(1, sizeof(*config));
	rc = image_config_parse(buf_str(&text), text.len, config, &problems, err);
	document_report(choice_violations(o, choice), name, &problems);
	if (rc) {
		image_config_release(config);
		free(choice->config_digest);
		choice->config_digest = NULL;
		return err_wrap(err, "config '%.200s'", name);
	}
	choice->config = steal_ptr(config);
	choice->config_file = steal_ptr(name);
	return 0;
}

/* What the index says of one part of the platform is what a registry's client decides by. */
static void compare_part(struct opening *o, const struct choice *choice, const char *member,
	const char *in_index, const char *in_config)
{
	auto_free char *at = xasprintf("%s/platform/%s", choice->pointer, member);

	/* an empty text says nothing */
	if (in_index && in_config && *in_index && *in_config && strcmp(in_index, in_config) != 0) {
		violation_add(&o->image->violations, VIOLATION_CONFORMANCE, false, choice->file, at,
			"expected '%.80s' as the config '%s' says, found '%.80s'", in_config,
			choice->config_file, in_index);
	}
}

static void compare_platform(struct opening *o, const struct choice *choice)
{
	const struct platform *a = &choice->platform;
	const struct platform *b = &choice->config->platform;

	if (choice->platform_declared) {
		compare_part(o, choice, "os", a->os, b->os);
		compare_part(o, choice, "architecture", a->architecture, b->architecture);
		compare_part(o, choice, "variant", a->variant, b->variant);
		compare_part(o, choice, "os.version", a->os_version, b->os_version);
	}
}

/* The lines of history that made a layer, in order. */
static const char *next_history(const struct image_config *config, size_t *at)
{
	while (*at < config->history.n && config->history.v[*at].empty_layer) {
		(*at)++;
	}
	return *at < config->history.n ? config->history.v[(*at)++].created_by : NULL;
}

static void fill_oci_layer(const struct opening *o, const struct descriptor *d, struct layer *layer)
{
	layer->digest = xstrdup(d->digest);
	layer->size = d->size;
	layer->media_type = xstrdup(d->media_type);
	layer->file = blob_name(o, d->digest);
}

/* Docker from version 25 on stores layers under their digests, before under names of no meaning. */
static void fill_docker_layer(const struct opening *o, const char *name, struct layer *layer)
{
	static const char blobs[] = "blobs/sha256/";
	enum digest_algorithm algorithm;
	auto_free char *digest = NULL;

	layer->file = xstrdup(name);
	if (source_find(o->image->source, name, NULL, &layer->size, NULL)) {
		layer->size = 0; /* it is missing, which reading the layers will find */
	}
	if (str_starts(name, blobs)) {
		digest = xasprintf("sha256:%s", name + strlen(blobs));
		if (digest_parse(digest, &algorithm, NULL) == 0) {
			layer->digest = steal_ptr(digest);
		}
	}
}

static void fill_layers(struct opening *o, const struct choice *choice, size_t n)
{
	struct image *image = o->image;
	const struct image_config *config = choice->config;
	size_t at = 0;

	image->layers = xcalloc(n, sizeof(*image->layers));
	image->n_layers = n;
	for (size_t i = 0; i < n; i++) {
		struct layer *layer = &image->layers[i];

		if (choice->docker) {
			fill_docker_layer(o, choice->docker->layers.v[i], layer);
		} else {
			fill_oci_layer(o, &choice->manifest.layers.v[i], layer);
		}
		if (i < config->diff_ids.n) {
			layer->diff_id = xstrdup(config->diff_ids.v[i]);
		}
		layer->created_by = xstrdup(next_history(config, &at));
	}
}

int choice_load(struct opening *o, struct choice *choice, struct err *err)
{
	struct json_problems problems = {0};
	struct image *image = o->image;
	size_t n;

	if (choice_config(o, choice, err)) {
		if (err && err->sys == ENOENT) {
			err->code = ERR_MALFORMED; /* the image is there, a part of it is not */
		}
		return -1;
	}
	n = choice->docker ? choice->docker->layers.n : choice->manifest.layers.n;
	if (n > LIMIT_LAYERS) {
		return err_set(
			err, ERR_LIMIT, "%zu layers, more than the limit of %d", n, LIMIT_LAYERS);
	}
	rules_layer_count(choice->config, n, &problems);
	document_report(&image->violations, choice->config_file, &problems);
	compare_platform(o, choice);
	fill_layers(o, choice, n);
	image->digest = xstrdup(choice->digest);
	image->media_type = xstrdup(choice->manifest.media_type);
	strv_add_all(&image->annotations, &choice->manifest.annotations);
	image->config_digest = xstrdup(choice->config_digest);
	image->config = steal_ptr(choice->config);
	return 0;
}
