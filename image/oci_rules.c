#include "image/oci_rules.h"

#include "base/cleanup.h"
#include "base/str.h"

#include <string.h>

#define OCI_TYPE "application/vnd.oci.image."
#define OCI_LAYER OCI_TYPE "layer."
#define DOCKER_TYPE "application/vnd.docker."
#define DOCKER_LAYER DOCKER_TYPE "image.rootfs."

static const struct {
	const char *media_type;
	enum media_kind kind;
} media_types[] = {
	{OCI_TYPE "index.v1+json", MEDIA_INDEX},
	{OCI_TYPE "manifest.v1+json", MEDIA_MANIFEST},
	{OCI_TYPE "config.v1+json", MEDIA_CONFIG},
	{"application/vnd.oci.empty.v1+json", MEDIA_EMPTY},
	{OCI_LAYER "v1.tar", MEDIA_LAYER},
	{OCI_LAYER "v1.tar+gzip", MEDIA_LAYER},
	{OCI_LAYER "v1.tar+zstd", MEDIA_LAYER},
	{OCI_LAYER "nondistributable.v1.tar", MEDIA_LAYER},
	{OCI_LAYER "nondistributable.v1.tar+gzip", MEDIA_LAYER},
	{OCI_LAYER "nondistributable.v1.tar+zstd", MEDIA_LAYER},
	{DOCKER_TYPE "distribution.manifest.list.v2+json", MEDIA_INDEX},
	{DOCKER_TYPE "distribution.manifest.v2+json", MEDIA_MANIFEST},
	{DOCKER_TYPE "container.image.v1+json", MEDIA_CONFIG},
	{DOCKER_LAYER "diff.tar", MEDIA_LAYER},
	{DOCKER_LAYER "diff.tar.gzip", MEDIA_LAYER},
	{DOCKER_LAYER "diff.tar.zstd", MEDIA_LAYER},
	{DOCKER_LAYER "foreign.diff.tar", MEDIA_LAYER},
	{DOCKER_LAYER "foreign.diff.tar.gzip", MEDIA_LAYER},
};

bool media_docker(const char *media_type)
{
	return media_type && str_starts(media_type, DOCKER_TYPE);
}

enum media_kind media_kind(const char *media_type)
{
	for (size_t i = 0; media_type && i < ARRAY_SIZE(media_types); i++) {
		if (strcmp(media_type, media_types[i].media_type) == 0) {
			return media_types[i].kind;
		}
	}
	return MEDIA_OTHER;
}

/* What was pushed with an image's config before artifacts had types of their own, by cosign first. */
static bool is_evidence(const char *media_type)
{
	static const char *const prefixes[] = {
		"application/vnd.dev.cosign.",
		"application/vnd.dsse.envelope.",
		"application/vnd.in-toto+",
		"application/vnd.cyclonedx+",
		"application/vnd.syft+",
		"application/spdx+",
		"text/spdx",
		"spdx+",
	};

	for (size_t i = 0; media_type && i < ARRAY_SIZE(prefixes); i++) {
		if (str_starts(media_type, prefixes[i])) {
			return true;
		}
	}
	return false;
}

bool manifest_is_image(const struct manifest *m)
{
	size_t found = 0;

	if (m->config.media_type && media_kind(m->config.media_type) != MEDIA_CONFIG) {
		return false;
	}
	for (size_t i = 0; i < m->layers.n; i++) {
		found += is_evidence(m->layers.v[i].media_type);
	}
	return !found || found < m->layers.n;
}

static void rule_schema_version(const json_t *top, uint64_t version, struct json_problems *problems)
{
	/* what is absent or of the wrong type was said by the table */
	if (version != 2 && json_is_integer(json_object_get(top, "schemaVersion"))) {
		json_problem_add(problems, false, "/schemaVersion", "expected 2, found %llu",
			(unsigned long long)version);
	}
}

static void rule_own_type(const char *media_type, enum media_kind wanted, const char *what,
	struct json_problems *problems)
{
	if (media_type && media_kind(media_type) != wanted) {
		json_problem_add(problems, false, "/mediaType",
			"expected the media type of an %s, found '%.80s'", what, media_type);
	}
}

void rules_layout(const char *version, struct json_problems *problems)
{
	if (version && strcmp(version, "1.0.0") != 0) {
		json_problem_add(problems, false, "/imageLayoutVersion",
			"expected '1.0.0', found '%.80s'", version);
	}
}

/* A document that can be taken for an index and for a manifest means something else to each reader
 * (CVE-2021-41190). */
static void rule_not_both(
	const json_t *top, const char *member, const char *what, struct json_problems *problems)
{
	auto_free char *at = json_pointer_add("", member);

	if (json_object_get(top, member)) {
		json_problem_add(problems, false, at,
			"a member of %s: readers may take the document for one", what);
	}
}

void rules_index(const json_t *top, const struct index *index, struct json_problems *problems)
{
	const json_t *manifests = json_object_get(top, "manifests");

	rule_schema_version(top, index->schema_version, problems);
	rule_own_type(index->media_type, MEDIA_INDEX, "image index", problems);
	rule_not_both(top, "config", "an image manifest", problems);
	rule_not_both(top, "layers", "an image manifest", problems);
	rule_not_both(top, "fsLayers", "a manifest of schema 1", problems);
	rule_document(top, index->artifact_type, &index->subject, problems);
	for (size_t i = 0; i < index->manifests.n; i++) {
		const struct descriptor *d = &index->manifests.v[i];
		auto_free char *at = json_pointer_index("/manifests", i);
		auto_free char *platform = json_pointer_add(at, "platform");

		rule_descriptor(json_array_get(manifests, i), d, at, problems);
		rule_platform(&d->platform, platform, problems);
	}
}

/* Of an image, every layer has to be of a kind that can be unpacked; what an artifact carries is
 * its own affair. */
static void rule_layer(const json_t *value, const struct descriptor *layer, bool is_image,
	const char *pointer, struct json_problems *problems)
{
	auto_free char *at = json_pointer_add(pointer, "mediaType");

	rule_descriptor(value, layer, pointer, problems);
	if (is_image && layer->media_type && media_kind(layer->media_type) != MEDIA_LAYER) {
		json_problem_add(problems, false, at,
			"expected the media type of a layer, found '%.80s'", layer->media_type);
	}
	if (layer->media_type && str_starts(layer->media_type, OCI_LAYER "nondistributable.")) {
		json_problem_add(problems, true, at, "layers of this media type are deprecated");
	}
}

void rules_manifest(
	const json_t *top, const struct manifest *manifest, struct json_problems *problems)
{
	enum media_kind config = media_kind(manifest->config.media_type);
	const json_t *layers = json_object_get(top, "layers");
	bool is_image = config == MEDIA_CONFIG && manifest_is_image(manifest);

	rule_schema_version(top, manifest->schema_version, problems);
	rule_own_type(manifest->media_type, MEDIA_MANIFEST, "image manifest", problems);
	rule_not_both(top, "manifests", "an image index", problems);
	rule_not_both(top, "fsLayers", "a manifest of schema 1", problems);
	rule_document(top, manifest->artifact_type, &manifest->subject, problems);
	rule_descriptor(json_object_get(top, "config"), &manifest->config, "/config", problems);
	if (config == MEDIA_EMPTY && !manifest->artifact_type) {
		json_problem_add(problems, false, "/artifactType",
			"required member is missing: the config is the empty descriptor");
	}
	if (json_is_array(layers) && manifest->layers.n == 0) {
		json_problem_add(problems, true, "/layers", "expected at least one layer");
	}
	for (size_t i = 0; i < manifest->layers.n; i++) {
		auto_free char *at = json_pointer_index("/layers", i);

		rule_layer(
			json_array_get(layers, i), &manifest->layers.v[i], is_image, at, problems);
	}
}
