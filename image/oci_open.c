/* What an OCI index leads to, nested indexes included. */
#include "image/opening.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "base/str.h"
#include "image/limits.h"

#include <inttypes.h>
#include <string.h>

/* An entry of an index, and what it has from the entries that lead to it. */
struct visit {
	const struct descriptor *descriptor;
	const char *file;
	const char *pointer;
	const char *name;
	const char *root;
	bool listed;
	int depth;
};

static const char *annotation(const struct strv *annotations, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < annotations->n; i++) {
		if (strncmp(annotations->v[i], key, len) == 0 && annotations->v[i][len] == '=') {
			return annotations->v[i] + len + 1;
		}
	}
	return NULL;
}

/* containerd (and docker with it) keeps the whole name beside the tag. */
static const char *full_name(const struct descriptor *d)
{
	return annotation(&d->annotations, "io.containerd.image.name");
}

static const char *ref_name(const struct descriptor *d)
{
	return annotation(&d->annotations, "org.opencontainers.image.ref.name");
}

/* An attestation's manifest looks like an image's: it is known by how the index speaks of it. */
static bool is_attestation(const struct descriptor *d)
{
	return annotation(&d->annotations, "vnd.docker.reference.type") ||
	       (str_eq(d->platform.os, "unknown") && str_eq(d->platform.architecture, "unknown"));
}

static enum choice_kind manifest_kind(const struct manifest *m)
{
	return manifest_is_image(m) ? CHOICE_IMAGE : CHOICE_ARTIFACT;
}

static void keep_trouble(struct opening *o, const struct err *why)
{
	if (o->trouble.code == ERR_NONE) {
		o->trouble = *why;
	}
}

/* A child that is not there is no violation: "the blobs directory may be missing referenced blobs"
 * (image-layout.md), as when one platform of an index was saved. */
static int not_read(
	struct opening *o, const struct visit *v, const char *name, const struct err *why)
{
	if (why->code == ERR_LIMIT || source_err_is_ours(why)) {
		return -1;
	}
	if (v->listed && why->sys != ENOENT) {
		violation_add(&o->image->violations, VIOLATION_CONFORMANCE, false, name, "", "%s",
			why->msg);
	}
	return 0;
}

/* Fills choice->manifest. -1 for limits only; else choice->trouble says why it could not be read. */
static int read_manifest(
	struct opening *o, const struct visit *v, struct choice *choice, struct err *err)
{
	const struct expected expected = {v->descriptor, v->file, v->pointer};
	struct violations *violations = choice_violations(o, choice);
	struct json_problems problems = {0};
	AUTO(buf) struct buf text = {0};

	if (!choice->document) {
		err_set(&choice->trouble, ERR_MALFORMED, "%.100s%.100s: the digest names no blob",
			v->file, v->pointer);
		return 0;
	}
	if (document_read(o, choice->document, &expected, violations, &text, &choice->trouble)) {
		goto trouble;
	}
	if (choice->kind == CHOICE_ATTESTATION) {
		return 0;
	}
	choice->read = manifest_parse(buf_str(&text), text.len, &choice->manifest, &problems,
			       &choice->trouble) == 0;
	document_report(violations, choice->document, &problems);
	if (choice->read) {
		choice->kind = manifest_kind(&choice->manifest);
		return 0;
	}
	err_wrap(&choice->trouble, "'%.200s'", choice->document);
trouble:
	if (not_read(o, v, choice->document, &choice->trouble)) {
		*err = choice->trouble;
		return -1;
	}
	return 0;
}

/* The index and the document say what the document is; both have to say the same. A document that
 * leaves it out breaks a SHOULD of 1.1 that umoci's and older tools' images do not meet; every
 * reader goes by the descriptor then, so a vendor could do nothing with a warning. */
static void compare_type(
	struct opening *o, const struct visit *v, const char *document, const char *media_type)
{
	const char *said = v->descriptor->media_type;

	if (v->listed && !media_type && media_docker(said)) {
		/* manifest-v2-2.md: the member is no choice, and registries refuse it without */
		violation_add(&o->image->violations, VIOLATION_CONFORMANCE, false, document,
			"/mediaType", "required member is missing from a document of type '%.80s'",
			said);
	}
	if (v->listed && media_type && said && strcmp(media_type, said) != 0) {
		violation_add(&o->image->violations, VIOLATION_CONFORMANCE, false, document,
			"/mediaType", "expected '%.80s' as %s%s/mediaType says, found '%.80s'",
			said, v->file, v->pointer, media_type);
	}
}

/* descriptor.md: the artifactType of a descriptor is the config's media type. By the distribution
 * specification, and in descriptor.md's own example, it is the manifest's where that has one. */
static void compare_artifact(
	struct opening *o, const struct visit *v, const struct manifest *manifest)
{
	const char *said = v->descriptor->artifact_type;
	const char *config = manifest->config.media_type;
	const char *is = manifest->artifact_type ? manifest->artifact_type : config;

	if (v->listed && said && is && strcmp(said, is) != 0 && !str_eq(said, config)) {
		auto_free char *at = json_pointer_add(v->pointer, "artifactType");

		violation_add(&o->image->violations, VIOLATION_CONFORMANCE, true, v->file, at,
			"expected '%.80s' as the manifest says, found '%.80s'", is, said);
	}
}

/* What it is, for whoever looks for the image among what is there. */
static void describe(struct choice *choice)
{
	const struct manifest *m = &choice->manifest;
	const char *type = m->artifact_type ? m->artifact_type : m->config.media_type;

	if (choice->kind == CHOICE_ARTIFACT && m->layers.n && media_kind(type) == MEDIA_CONFIG) {
		type = m->layers.v[0].media_type; /* with an image's config, which says nothing */
	}
	choice->artifact_type = xstrdup(type);
	choice->subject = xstrdup(m->subject.digest);
}

static bool is_artifact(const char *artifact_type)
{
	return artifact_type && media_kind(artifact_type) != MEDIA_CONFIG;
}

static struct choice *add_choice(struct opening *o, const struct visit *v, struct err *err)
{
	const struct descriptor *d = v->descriptor;
	struct choice *choice;

	if (o->choices.n >= image_limits.manifests) {
		err_set(err, ERR_LIMIT, "more than %" PRIu64 " manifests (policy: 'manifests')",
			image_limits.manifests);
		return NULL;
	}
	choice = ARRAY_PUSH(&o->choices);
	choice->name = xstrdup(v->name);
	choice->root = xstrdup(v->root);
	choice->digest = xstrdup(d->digest);
	choice->listed = v->listed;
	choice->file = xstrdup(v->file);
	choice->pointer = xstrdup(v->pointer);
	choice->document = blob_name(o, d->digest);
	choice->platform_declared = d->platform.os && d->platform.architecture;
	if (choice->platform_declared) {
		choice->platform = platform_copy(&d->platform);
	}
	if (is_attestation(d)) {
		choice->kind = CHOICE_ATTESTATION;
		choice->subject =
			xstrdup(annotation(&d->annotations, "vnd.docker.reference.digest"));
	} else if (is_artifact(d->artifact_type)) {
		choice->kind = CHOICE_ARTIFACT;
	}
	return choice;
}

/* The platform of an image whose index entry is silent about it. */
static int find_platform(struct opening *o, struct choice *choice, struct err *err)
{
	struct err why = {0};

	if (choice->kind != CHOICE_IMAGE || choice->platform_declared || !choice->read) {
		return 0;
	}
	if (choice_config(o, choice, &why)) {
		if (why.code == ERR_LIMIT || source_err_is_ours(&why)) {
			*err = why;
			return -1;
		}
		choice->trouble = why;
		return 0;
	}
	choice->platform = platform_copy(&choice->config->platform);
	return 0;
}

static const struct choice *seen_before(const struct opening *o, const struct choice *choice)
{
	for (const struct choice *c = o->choices.v; c < choice; c++) {
		if (choice->digest && str_eq(c->digest, choice->digest) &&
			c->listed >= choice->listed) {
			return c;
		}
	}
	return NULL;
}

static int visit_manifest(struct opening *o, const struct visit *v, struct err *err)
{
	struct choice *choice = add_choice(o, v, err);
	const struct choice *twin;

	if (!choice) {
		return -1;
	}
	twin = seen_before(o, choice);
	if (twin) { /* a second tag: never chosen in the first one's stead, so only its looks count */
		choice->kind = twin->kind;
		choice->artifact_type = xstrdup(twin->artifact_type);
		choice->subject = xstrdup(twin->subject);
		if (!choice->platform_declared) {
			choice->platform = platform_copy(&twin->platform);
		}
		return 0;
	}
	if (read_manifest(o, v, choice, err)) {
		return -1;
	}
	if (choice->read) {
		compare_type(o, v, choice->document, choice->manifest.media_type);
		compare_artifact(o, v, &choice->manifest);
		describe(choice);
	}
	return find_platform(o, choice, err);
}

static int visit_entry(struct opening *o, const struct visit *v, struct err *err);

static int visit_entries(struct opening *o, const struct visit *parent, const struct index *index,
	const char *file, struct err *err)
{
	for (size_t i = 0; i < index->manifests.n; i++) {
		auto_free char *pointer = json_pointer_index("/manifests", i);
		struct visit v = *parent;

		v.descriptor = &index->manifests.v[i];
		v.file = file;
		v.pointer = pointer;
		v.depth++;
		if (visit_entry(o, &v, err)) {
			return -1;
		}
	}
	return 0;
}

/* image-index.md: with an artifactType the index is an artifact, and what it lists are its parts. */
static int add_artifact_index(
	struct opening *o, const struct visit *v, const struct index *index, struct err *err)
{
	const char *type = v->descriptor->artifact_type;
	struct choice *choice = add_choice(o, v, err);

	if (!choice) {
		return -1;
	}
	choice->kind = choice->kind == CHOICE_IMAGE ? CHOICE_ARTIFACT : choice->kind;
	choice->artifact_type = xstrdup(index->artifact_type ? index->artifact_type : type);
	if (!choice->subject) {
		choice->subject = xstrdup(index->subject.digest);
	}
	return 0;
}

static int visit_index(struct opening *o, const struct visit *v, struct err *err)
{
	const struct expected expected = {v->descriptor, v->file, v->pointer};
	struct violations *violations = v->listed ? &o->image->violations : NULL;
	auto_free char *name = blob_name(o, v->descriptor->digest);
	struct json_problems problems = {0};
	AUTO(buf) struct buf text = {0};
	AUTO(index) struct index index = {0};
	struct err why = {0};
	int rc;

	if (v->depth >= LIMIT_INDEX_DEPTH) {
		return err_set(err, ERR_LIMIT, "%s%s: indexes nested deeper than %d", v->file,
			v->pointer, LIMIT_INDEX_DEPTH);
	}
	if (!name) {
		keep_trouble(o, &(struct err){.code = ERR_MALFORMED,
					.msg = "the digest of an index names no blob"});
		return 0;
	}
	rc = document_read(o, name, &expected, violations, &text, &why);
	if (!rc) {
		rc = index_parse(buf_str(&text), text.len, &index, &problems, &why);
		document_report(violations, name, &problems);
		if (rc) {
			err_wrap(&why, "'%.200s'", name);
		}
	}
	if (rc) {
		keep_trouble(o, &why);
		rc = not_read(o, v, name, &why);
		if (rc) {
			*err = why;
		}
		return rc;
	}
	compare_type(o, v, name, index.media_type);
	return is_artifact(v->descriptor->artifact_type) || is_artifact(index.artifact_type)
		       ? add_artifact_index(o, v, &index, err)
		       : visit_entries(o, v, &index, name, err);
}

static int visit_entry(struct opening *o, const struct visit *v, struct err *err)
{
	struct choice *choice;

	switch (media_kind(v->descriptor->media_type)) {
	case MEDIA_INDEX:
		return visit_index(o, v, err);
	case MEDIA_MANIFEST:
		return visit_manifest(o, v, err);
	case MEDIA_OTHER:
		if (!v->descriptor->media_type) { /* required, and its absence was said */
			return visit_manifest(o, v, err);
		}
		break;
	case MEDIA_CONFIG:
	case MEDIA_EMPTY:
	case MEDIA_LAYER:
		break;
	}
	/* image-index.md: what is of an unknown media type must be ignored */
	choice = add_choice(o, v, err);
	if (!choice) {
		return -1;
	}
	choice->kind = choice->kind == CHOICE_IMAGE ? CHOICE_ARTIFACT : choice->kind;
	choice->artifact_type = xstrdup(v->descriptor->artifact_type ? v->descriptor->artifact_type
								     : v->descriptor->media_type);
	return 0;
}

int oci_collect(struct opening *o, const struct index *index, struct err *err)
{
	const char *tag = o->image->reference.tag;

	for (size_t i = 0; i < index->manifests.n; i++) {
		const struct descriptor *d = &index->manifests.v[i];
		auto_free char *pointer = json_pointer_index("/manifests", i);
		struct visit v = {.descriptor = d, .file = "index.json", .pointer = pointer};

		v.name = full_name(d) ? full_name(d) : ref_name(d);
		v.root = d->digest;
		v.listed = !tag || str_eq(tag, ref_name(d)) ||
			   (full_name(d) && same_image_name(tag, full_name(d)));
		if (visit_entry(o, &v, err)) {
			return -1;
		}
	}
	return 0;
}

int dir_collect(struct opening *o, struct buf *text, struct err *err)
{
	struct json_problems problems = {0};
	char digest[DIGEST_TEXT_MAX];
	struct choice *choice = ARRAY_PUSH(&o->choices);

	digest_of(DIGEST_SHA256, buf_str(text), text->len, digest);
	choice->listed = true;
	choice->digest = xstrdup(digest);
	choice->root = xstrdup(digest);
	choice->file = xstrdup("manifest.json");
	choice->pointer = xstrdup("");
	choice->document = xstrdup("manifest.json");
	if (manifest_parse(buf_str(text), text->len, &choice->manifest, &problems, err)) {
		json_problems_release(&problems);
		return err_wrap(err, "'manifest.json'");
	}
	choice->read = true;
	choice->kind = manifest_kind(&choice->manifest);
	describe(choice);
	document_report(&o->image->violations, "manifest.json", &problems);
	return find_platform(o, choice, err);
}
