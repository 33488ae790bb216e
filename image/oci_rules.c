#include "image/oci_rules.h"

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/str.h"

#include <ctype.h>
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

enum media_kind media_kind(const char *media_type)
{
	for (size_t i = 0; media_type && i < ARRAY_SIZE(media_types); i++) {
		if (strcmp(media_type, media_types[i].media_type) == 0) {
			return media_types[i].kind;
		}
	}
	return MEDIA_OTHER;
}

/* RFC 6838, section 4.2: type and subtype are restricted names of at most 127 characters. */
static bool restricted_name(const char *s, size_t len)
{
	if (len == 0 || len > 127 || !isalnum((unsigned char)*s)) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)s[i]) && !strchr("!#$&-^_.+", s[i])) {
			return false;
		}
	}
	return true;
}

static bool media_type_valid(const char *s)
{
	const char *slash = strchr(s, '/');

	return slash && restricted_name(s, (size_t)(slash - s)) &&
	       restricted_name(slash + 1, strlen(slash + 1));
}

static void rule_media_type(const char *media_type, const char *pointer, const char *member,
	struct json_problems *problems)
{
	auto_free char *at = json_pointer_add(pointer, member);

	if (media_type && !media_type_valid(media_type)) {
		json_problem_add(problems, false, at,
			"expected a media type (RFC 6838), found '%.80s'", media_type);
	}
}

static void rule_digest(const char *digest, const char *at, struct json_problems *problems)
{
	enum digest_algorithm algorithm;
	struct err err = {0};

	if (!digest || digest_parse(digest, &algorithm, &err) == 0) {
		return;
	}
	if (err.code == ERR_UNSUPPORTED) {
		json_problem_add(problems, true, at,
			"'%.80s' is of an algorithm that cannot be verified here", digest);
	} else {
		json_problem_add(problems, false, at,
			"expected a digest such as 'sha256:<64 lower-case hex digits>', "
			"found '%.80s'",
			digest);
	}
}

static void rule_descriptor(
	const struct descriptor *d, const char *pointer, struct json_problems *problems)
{
	auto_free char *at = json_pointer_add(pointer, "digest");

	rule_media_type(d->media_type, pointer, "mediaType", problems);
	rule_media_type(d->artifact_type, pointer, "artifactType", problems);
	rule_digest(d->digest, at, problems);
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

void rules_layout(const json_t *top, struct json_problems *problems)
{
	static const char at[] = "/imageLayoutVersion";
	const json_t *version = json_object_get(top, "imageLayoutVersion");

	if (!version) {
		json_problem_add(problems, false, at, "required member is missing");
	} else if (!json_is_string(version)) {
		json_problem_add(problems, false, at, "expected a string, found %s",
			json_type_word(version));
	} else if (strcmp(json_string_value(version), "1.0.0") != 0) {
		json_problem_add(problems, false, at, "expected '1.0.0', found '%.80s'",
			json_string_value(version));
	}
}

void rules_index(const json_t *top, const struct index *index, struct json_problems *problems)
{
	rule_schema_version(top, index->schema_version, problems);
	rule_own_type(index->media_type, MEDIA_INDEX, "image index", problems);
	rule_media_type(index->artifact_type, "", "artifactType", problems);
	for (size_t i = 0; i < index->manifests.n; i++) {
		auto_free char *at = json_pointer_index("/manifests", i);

		rule_descriptor(&index->manifests.v[i], at, problems);
	}
}

/* Of an image, every layer has to be of a kind that can be unpacked; what an artifact carries is
 * its own affair. */
static void rule_layer(const struct descriptor *layer, bool is_image, const char *pointer,
	struct json_problems *problems)
{
	auto_free char *at = json_pointer_add(pointer, "mediaType");

	rule_descriptor(layer, pointer, problems);
	if (is_image && layer->media_type && media_kind(layer->media_type) != MEDIA_LAYER) {
		json_problem_add(problems, false, at,
			"expected the media type of a layer, found '%.80s'", layer->media_type);
	}
}

void rules_manifest(
	const json_t *top, const struct manifest *manifest, struct json_problems *problems)
{
	enum media_kind config = media_kind(manifest->config.media_type);
	const json_t *subject = json_object_get(top, "subject");

	rule_schema_version(top, manifest->schema_version, problems);
	rule_own_type(manifest->media_type, MEDIA_MANIFEST, "image manifest", problems);
	rule_media_type(manifest->artifact_type, "", "artifactType", problems);
	rule_descriptor(&manifest->config, "/config", problems);
	if (config == MEDIA_EMPTY && !manifest->artifact_type) {
		json_problem_add(problems, false, "/artifactType",
			"required member is missing: the config is the empty descriptor");
	}
	if (subject && !json_is_object(subject) && !json_is_null(subject)) {
		json_problem_add(problems, false, "/subject", "expected an object, found %s",
			json_type_word(subject));
	}
	for (size_t i = 0; i < manifest->layers.n; i++) {
		auto_free char *at = json_pointer_index("/layers", i);

		rule_layer(&manifest->layers.v[i], config == MEDIA_CONFIG, at, problems);
	}
}

static const char *digits(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!isdigit((unsigned char)s[i])) {
			return NULL;
		}
	}
	return s + n;
}

/* Follows a pattern in which '0' stands for a digit and anything else for itself. */
static const char *shape(const char *s, const char *pattern)
{
	for (; *pattern; pattern++, s++) {
		bool good = *pattern == '0' ? digits(s, 1) != NULL
					    : toupper((unsigned char)*s) == *pattern;

		if (!good) {
			return NULL;
		}
	}
	return s;
}

/* RFC 3339, section 5.6, date-time. Ranges of the numbers are not looked at. */
static bool date_time_valid(const char *s)
{
	s = shape(s, "0000-00-00T00:00:00");
	if (s && *s == '.') {
		size_t fraction = strspn(s + 1, "0123456789");

		s = fraction ? s + 1 + fraction : NULL;
	}
	if (!s) {
		return false;
	}
	if (*s == '+' || *s == '-') {
		s = shape(s + 1, "00:00");
		return s && !*s;
	}
	return toupper((unsigned char)*s) == 'Z' && !s[1];
}

/* "port", "port/tcp" or "port/udp" (docker also knows sctp). */
static bool port_valid(const char *s)
{
	size_t len = strcspn(s, "/");
	auto_free char *number = strndup(s, len);
	static const char *const protocols[] = {"", "/tcp", "/udp", "/sctp", NULL};
	uint64_t port;

	return number && parse_u64(number, 65535, &port, NULL) == 0 && port > 0 &&
	       str_in(s + len, protocols);
}

/* Sets are written as objects with empty objects as values. */
static void rule_set(const json_t *top, const char *name, struct json_problems *problems)
{
	auto_free char *pointer = json_pointer_add("/config", name);
	const json_t *set = json_pointer_get(top, pointer);
	const char *key;
	json_t *value;

	if (!json_is_object(set)) {
		return;
	}
	/* jansson declares the iteration without const but does not change the object */
	json_object_foreach ((json_t *)(uintptr_t)set, key, value) {
		auto_free char *at = json_pointer_add(pointer, key);

		if (!json_is_object(value) && !json_is_null(value)) {
			json_problem_add(problems, false, at, "expected an empty object, found %s",
				json_type_word(value));
		}
	}
}

static void rule_ports(const struct image_config *config, struct json_problems *problems)
{
	for (size_t i = 0; i < config->exposed_ports.n; i++) {
		const char *port = config->exposed_ports.v[i];
		auto_free char *at = json_pointer_add("/config/ExposedPorts", port);

		if (!port_valid(port)) {
			json_problem_add(problems, true, at,
				"expected a port such as '8080/tcp', found '%.80s'", port);
		}
	}
}

void rules_config(
	const json_t *top, const struct image_config *config, struct json_problems *problems)
{
	if (config->rootfs_type && strcmp(config->rootfs_type, "layers") != 0) {
		json_problem_add(problems, false, "/rootfs/type",
			"expected 'layers', found '%.80s'", config->rootfs_type);
	}
	for (size_t i = 0; i < config->diff_ids.n; i++) {
		auto_free char *at = json_pointer_index("/rootfs/diff_ids", i);

		rule_digest(config->diff_ids.v[i], at, problems);
	}
	if (config->created && !date_time_valid(config->created)) {
		json_problem_add(problems, false, "/created",
			"expected a date and time as of RFC 3339, found '%.80s'", config->created);
	}
	rule_set(top, "ExposedPorts", problems);
	rule_set(top, "Volumes", problems);
	rule_ports(config, problems);
}

void rules_layer_count(
	const struct image_config *config, size_t n_layers, struct json_problems *problems)
{
	size_t full = 0;

	for (size_t i = 0; i < config->history.n; i++) {
		full += !config->history.v[i].empty_layer;
	}
	if (config->diff_ids.n != n_layers) {
		json_problem_add(problems, false, "/rootfs/diff_ids",
			"expected %zu items, one for each layer, found %zu", n_layers,
			config->diff_ids.n);
	}
	if (config->history.n && full != n_layers) {
		json_problem_add(problems, false, "/history",
			"expected %zu items that are not empty_layer, one for each layer, found %zu",
			n_layers, full);
	}
}
