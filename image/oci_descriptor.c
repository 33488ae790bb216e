/* descriptor.md and annotations.md: what holds for every descriptor and every map of annotations. */
#include "image/oci_rules.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/str.h"
#include "image/oci_grammar.h"

#include <string.h>

#define OCI_KEY "org.opencontainers."
#define IMAGE_KEY OCI_KEY "image."

/* annotations.md, "Pre-Defined Annotation Keys", and conversion.md, which adds those of a config. */
static const char *const image_keys[] = {"architecture", "author", "authors", "base.digest",
	"base.name", "created", "description", "documentation", "exposedPorts", "licenses", "os",
	"os.features", "os.version", "ref.name", "referrer.convert", "referrer.subject", "revision",
	"source", "stopSignal", "title", "url", "variant", "vendor", "version", NULL};

/* Of the distribution specification (spec.md, "Listing Referrers"), and of image-spec 1.1's first
 * release candidates, which tools still write. */
static const char *const other_keys[] = {
	"artifact.created", "artifact.description", "referrers.filtersApplied", NULL};

static bool digest_valid(const char *s)
{
	enum digest_algorithm algorithm;
	struct err err = {0};

	return digest_parse(s, &algorithm, &err) == 0 || err.code == ERR_UNSUPPORTED;
}

static const struct value_rule {
	const char *key;
	bool (*valid)(const char *s);
	const char *expected;
} value_rules[] = {
	{IMAGE_KEY "created", date_time_valid, "a date and time as of RFC 3339"},
	{IMAGE_KEY "ref.name", ref_name_valid, "a reference name"},
	{IMAGE_KEY "base.digest", digest_valid, "a digest"},
};

static bool key_defined(const char *key)
{
	return str_starts(key, IMAGE_KEY) ? str_in(key + strlen(IMAGE_KEY), image_keys)
					  : str_in(key + strlen(OCI_KEY), other_keys);
}

static void rule_annotation(const char *key, const json_t *value, const char *at, bool label,
	struct json_problems *problems)
{
	const char *text = json_string_value(value);

	if (str_starts(key, OCI_KEY) && !key_defined(key)) {
		json_problem_add(problems, true, at,
			"no specification has this key, and '" OCI_KEY "' is reserved for them");
	} else if (!label && !strchr(key, '.')) {
		json_problem_add(problems, true, at,
			"expected a name in reverse domain notation, found '%.80s'", key);
	}
	for (size_t i = 0; text && i < ARRAY_SIZE(value_rules); i++) {
		const struct value_rule *rule = &value_rules[i];

		if (strcmp(key, rule->key) == 0 && !rule->valid(text)) {
			json_problem_add(problems, true, at, "expected %s, found '%.80s'",
				rule->expected, text);
		}
	}
}

void rule_annotations(
	const json_t *map, const char *pointer, bool labels, struct json_problems *problems)
{
	const char *key;
	json_t *value;

	if (json_is_null(map) && !labels) { /* config.md alone takes null for absent */
		json_problem_add(problems, false, pointer, "expected no member or an empty object");
	}
	/* jansson declares the iteration without const but does not change the object */
	json_object_foreach ((json_t *)(uintptr_t)map, key, value) {
		auto_free char *at = json_pointer_add(pointer, key);

		rule_annotation(key, value, at, labels, problems);
	}
}

void rule_media_type(const char *media_type, const char *pointer, const char *member,
	struct json_problems *problems)
{
	auto_free char *at = json_pointer_add(pointer, member);

	if (media_type && !media_type_valid(media_type)) {
		json_problem_add(problems, false, at,
			"expected a media type (RFC 6838), found '%.80s'", media_type);
	}
}

void rule_digest(const char *digest, const char *at, struct json_problems *problems)
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

static void rule_urls(
	const struct descriptor *d, const char *pointer, struct json_problems *problems)
{
	auto_free char *list = json_pointer_add(pointer, "urls");

	for (size_t i = 0; i < d->urls.n; i++) {
		const char *url = d->urls.v[i];
		auto_free char *at = json_pointer_index(list, i);

		if (!uri_valid(url)) {
			json_problem_add(problems, false, at,
				"expected a URI (RFC 3986), found '%.80s'", url);
		} else if (strncasecmp(url, "https:", 6) != 0 &&
			   strncasecmp(url, "http:", 5) != 0) {
			json_problem_add(problems, true, at,
				"expected the scheme http or https, found '%.80s'", url);
		}
	}
}

/* The content that a descriptor carries along is the content that it describes. */
static void rule_data(
	const struct descriptor *d, const char *pointer, struct json_problems *problems)
{
	auto_free char *at = json_pointer_add(pointer, "data");
	auto_free unsigned char *bytes = NULL;
	enum digest_algorithm algorithm;
	char found[DIGEST_TEXT_MAX];
	size_t len;

	if (!d->data) {
		return;
	}
	bytes = base64_decode(d->data, &len);
	if (!bytes) {
		json_problem_add(problems, false, at, "expected base64 (RFC 4648, section 4)");
		return;
	}
	if (len != d->size) {
		json_problem_add(problems, false, at,
			"expected %llu bytes as 'size' says, found %zu",
			(unsigned long long)d->size, len);
		return;
	}
	if (d->digest && digest_parse(d->digest, &algorithm, NULL) == 0) {
		digest_of(algorithm, bytes, len, found);
		if (strcmp(found, d->digest) != 0) {
			json_problem_add(problems, false, at,
				"expected content with the digest %s, found %s", d->digest, found);
		}
	}
}

/* manifest.md, "Guidance for an Empty Descriptor": the content of this media type is "{}". */
static void rule_empty(
	const struct descriptor *d, const char *pointer, struct json_problems *problems)
{
	auto_free char *size = json_pointer_add(pointer, "size");
	auto_free char *digest = json_pointer_add(pointer, "digest");
	enum digest_algorithm algorithm;
	char wanted[DIGEST_TEXT_MAX];

	if (media_kind(d->media_type) != MEDIA_EMPTY || !d->digest ||
		digest_parse(d->digest, &algorithm, NULL)) {
		return;
	}
	digest_of(algorithm, "{}", 2, wanted);
	if (d->size != 2) {
		json_problem_add(problems, false, size,
			"expected 2, the size of the empty descriptor's '{}', found %llu",
			(unsigned long long)d->size);
	}
	if (strcmp(d->digest, wanted) != 0) {
		json_problem_add(problems, false, digest,
			"expected %s, the digest of the empty descriptor's '{}', found %s", wanted,
			d->digest);
	}
}

void rule_descriptor(const json_t *value, const struct descriptor *d, const char *pointer,
	struct json_problems *problems)
{
	auto_free char *digest = json_pointer_add(pointer, "digest");
	auto_free char *annotations = json_pointer_add(pointer, "annotations");

	rule_media_type(d->media_type, pointer, "mediaType", problems);
	rule_media_type(d->artifact_type, pointer, "artifactType", problems);
	rule_digest(d->digest, digest, problems);
	rule_urls(d, pointer, problems);
	rule_data(d, pointer, problems);
	rule_empty(d, pointer, problems);
	rule_annotations(json_object_get(value, "annotations"), annotations, false, problems);
}

static void rule_known(const char *value, bool (*known)(const char *s), const char *variable,
	const char *pointer, const char *member, struct json_problems *problems)
{
	auto_free char *at = json_pointer_add(pointer, member);

	if (value && !known(value)) {
		json_problem_add(problems, true, at, "expected a value of Go's %s, found '%.80s'",
			variable, value);
	}
}

/* image-index.md, "Platform Variants", has v6 to v8; what it has not is the implementation's, and
 * all of those are written like it: v5, v9, v8.2, and v1 to v4 of amd64. */
static void rule_variant(
	const struct platform *p, const char *pointer, struct json_problems *problems)
{
	static const char *const numbered[] = {"amd64", "arm", "arm64", NULL};
	auto_free char *at = json_pointer_add(pointer, "variant");

	if (p->variant && *p->variant && p->architecture && str_in(p->architecture, numbered) &&
		!variant_valid(p->variant)) {
		json_problem_add(problems, true, at,
			"expected a variant such as 'v8', found '%.80s'", p->variant);
	}
}

void rule_platform(const struct platform *p, const char *pointer, struct json_problems *problems)
{
	if (str_eq(p->os, "unknown") && str_eq(p->architecture, "unknown")) {
		return; /* how BuildKit marks an attestation */
	}
	rule_variant(p, pointer, problems);
	rule_known(p->os, goos_known, "GOOS", pointer, "os", problems);
	rule_known(p->architecture, goarch_known, "GOARCH", pointer, "architecture", problems);
}

static void rule_subject(
	const json_t *top, const struct descriptor *subject, struct json_problems *problems)
{
	enum media_kind kind = media_kind(subject->media_type);

	if (!subject->present) {
		return;
	}
	rule_descriptor(json_object_get(top, "subject"), subject, "/subject", problems);
	if (subject->media_type && kind != MEDIA_MANIFEST && kind != MEDIA_INDEX) {
		json_problem_add(problems, true, "/subject/mediaType",
			"expected the media type of a manifest, found '%.80s'",
			subject->media_type);
	}
}

void rule_document(const json_t *top, const char *artifact_type, const struct descriptor *subject,
	struct json_problems *problems)
{
	rule_media_type(artifact_type, "", "artifactType", problems);
	rule_annotations(json_object_get(top, "annotations"), "/annotations", false, problems);
	rule_subject(top, subject, problems);
}
