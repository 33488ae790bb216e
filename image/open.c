/* image_open(): from the reference to the image that it means. */
#include "image/opening.h"

#include "base/alloc.h"
#include "base/str.h"

#include <string.h>

static void choice_release(struct choice *c)
{
	free(c->name);
	free(c->root);
	free(c->digest);
	platform_release(&c->platform);
	free(c->file);
	free(c->pointer);
	free(c->document);
	manifest_release(&c->manifest);
	free(c->artifact_type);
	free(c->subject);
	free(c->config_file);
	free(c->config_digest);
	if (c->config) {
		image_config_release(c->config);
		free(c->config);
	}
}

void opening_clear(struct opening *o)
{
	for (size_t i = 0; i < o->choices.n; i++) {
		choice_release(&o->choices.v[i]);
	}
	free(o->choices.v);
	docker_manifest_release(&o->docker);
	platform_release(&o->wanted);
}

static void opening_release(struct opening *o)
{
	opening_clear(o);
	image_free(o->image);
}

/* An artifact that is about another manifest is a referrer of it (distribution-spec 1.1). */
static const char *kind_word(const struct choice *c)
{
	static const char *const kinds[] = {"image", "attestation", "artifact"};

	return c->kind == CHOICE_ARTIFACT && c->subject ? "referrer" : kinds[c->kind];
}

static void list_candidates(struct opening *o)
{
	struct image *image = o->image;

	image->candidates = xcalloc(o->choices.n, sizeof(*image->candidates));
	image->n_candidates = o->choices.n;
	for (size_t i = 0; i < o->choices.n; i++) {
		const struct choice *from = &o->choices.v[i];

		image->candidates[i] = (struct candidate){
			.name = xstrdup(from->name),
			.digest = xstrdup(from->digest),
			.platform = platform_text(&from->platform),
			.kind = xstrdup(kind_word(from)),
			.artifact_type =
				from->kind == CHOICE_IMAGE ? NULL : xstrdup(from->artifact_type),
			.subject = xstrdup(from->subject),
		};
	}
}

static bool has(const struct opening *o, const char *name)
{
	return source_find(o->image->source, name, NULL, NULL, NULL) == 0;
}

static int no_image(const struct opening *o, struct err *err)
{
	const char *damage = source_damage(o->image->source);

	if (has(o, "repositories") && !damage) {
		return err_set(err, ERR_UNSUPPORTED,
			"no image: a docker archive of before Docker 1.10, without a 'manifest.json'; "
			"save it with a newer Docker");
	}
	return err_set(err, ERR_MALFORMED,
		"no image: neither an OCI layout nor a docker archive%s%.200s", damage ? "; " : "",
		damage ? damage : "");
}

/* An index that leads to something. Docker wrote archives whose index has "manifests": null, or
 * names only what is not in the archive, beside a manifest.json that is good. */
static bool usable(const struct opening *o, const struct index *index)
{
	for (size_t i = 0; i < index->manifests.n; i++) {
		auto_free char *name = blob_name(o, index->manifests.v[i].digest);

		if (name && has(o, name)) {
			return true;
		}
	}
	return false;
}

static int read_layout_file(struct opening *o, struct err *err)
{
	struct violations *violations = &o->image->violations;
	struct json_problems problems = {0};
	AUTO(buf) struct buf text = {0};
	struct err why = {0};

	if (document_read(o, "oci-layout", NULL, NULL, &text, &why) ||
		layout_parse(buf_str(&text), text.len, &problems, &why)) {
		if (why.code == ERR_LIMIT || source_err_is_ours(&why)) {
			*err = why;
			return -1;
		}
		violation_add(violations, VIOLATION_CONFORMANCE, false, "oci-layout", "", "%s",
			why.sys == ENOENT ? "required file is missing" : why.msg);
	}
	document_report(violations, "oci-layout", &problems);
	return 0;
}

/* index.json and what it leads to. *used is false when there is none, or when there is something
 * better: then manifest.json is to be tried. */
static int try_oci(struct opening *o, bool fallback, bool *used, struct err *err)
{
	struct json_problems problems = {0};
	AUTO(buf) struct buf text = {0};
	AUTO(index) struct index index = {0};
	struct err why = {0};
	int rc = document_read(o, "index.json", NULL, NULL, &text, &why);

	*used = false;
	if (rc && why.sys == ENOENT) {
		return 0;
	}
	if (!rc) {
		rc = index_parse(buf_str(&text), text.len, &index, &problems, &why);
		if (rc) {
			err_wrap(&why, "'index.json'");
		}
	}
	if (fallback && (rc || !usable(o, &index))) {
		if (rc && (why.code == ERR_LIMIT || source_err_is_ours(&why))) {
			*err = why;
			return -1;
		}
		/* what we cannot read may be read by others */
		violation_add(&o->image->violations, VIOLATION_CONFORMANCE, !rc, "index.json", "",
			"leads to nothing that is here, so manifest.json counts%s%s",
			rc ? ": " : "", rc ? why.msg : "");
		json_problems_release(&problems);
		return 0;
	}
	document_report(&o->image->violations, "index.json", &problems);
	if (rc) {
		*err = why;
		return -1;
	}
	if (media_docker(index.media_type)) {
		violation_add(&o->image->violations, VIOLATION_CONFORMANCE, false, "index.json",
			"/mediaType",
			"expected the media type of an OCI image index, found '%.80s'",
			index.media_type);
	}
	*used = true;
	return read_layout_file(o, err) ? -1 : oci_collect(o, &index, err);
}

/* manifest.json: the list of a docker-archive, or the one manifest of skopeo's "dir" form. */
static int try_docker(struct opening *o, struct err *err)
{
	struct json_problems problems = {0};
	AUTO(buf) struct buf text = {0};
	struct err why = {0};
	const char *at;
	int rc;

	if (document_read(o, "manifest.json", NULL, NULL, &text, &why)) {
		if (why.sys == ENOENT) {
			return no_image(o, err);
		}
		*err = why;
		return -1;
	}
	at = buf_str(&text);
	at += strspn(at, " \t\r\n");
	if (*at == '{') {
		o->form = FORM_SKOPEO_DIR;
		return dir_collect(o, &text, err);
	}
	o->form = FORM_DOCKER;
	rc = docker_manifest_parse(buf_str(&text), text.len, &o->docker, &problems, err);
	document_report(&o->image->violations, "manifest.json", &problems);
	return rc ? err_wrap(err, "'manifest.json'") : docker_collect(o, err);
}

int opening_collect(struct opening *o, struct err *err)
{
	enum reference_kind kind = o->image->reference.kind;
	bool oci = kind != REFERENCE_DOCKER_ARCHIVE;
	bool docker = kind != REFERENCE_OCI && kind != REFERENCE_OCI_ARCHIVE;
	bool used = false;

	if (oci && try_oci(o, docker && has(o, "manifest.json"), &used, err)) {
		return -1;
	}
	if (used) {
		return 0;
	}
	if (!docker) {
		return err_set(err, ERR_MALFORMED, "no OCI layout: 'index.json' is missing");
	}
	return try_docker(o, err);
}

static int find_image(struct opening *o, struct err *err)
{
	struct choice *choice;

	if (opening_collect(o, err)) {
		return -1;
	}
	if (o->choices.n == 0 && o->trouble.code != ERR_NONE) {
		*err = o->trouble;
		err->code = err->sys == ENOENT ? ERR_MALFORMED : err->code;
		return -1;
	}
	if (o->choices.n == 0) {
		return err_set(err, ERR_MALFORMED, "no image: '%s' lists none",
			o->form == FORM_OCI ? "index.json" : "manifest.json");
	}
	list_candidates(o);
	choice = choose(o);
	if (!choice) {
		return 0;
	}
	return forms_agree(o, choice, err) ? -1 : choice_load(o, choice, err);
}

int image_open(const struct image_options *options, struct image **ret, struct err *err)
{
	__attribute__((cleanup(opening_release))) struct opening o = {0};
	auto_free char *platform = NULL;
	const char *ambiguous;
	const char *why;
	struct image *image = xcalloc(1, sizeof(*image));

	o.image = image;
	if (reference_parse(options->reference, &image->reference, err)) {
		return -1;
	}
	if (options->platform) {
		if (platform_parse(options->platform, &o.wanted, err)) {
			return -1;
		}
		platform = platform_text(&o.wanted);
	}
	if (source_open(&image->reference, platform, options, &image->source, err)) {
		return -1;
	}
	if (find_image(&o, err)) {
		return err_wrap(err, "'%.200s'", image->reference.text);
	}
	ambiguous = source_ambiguous(image->source, &why);
	if (ambiguous) {
		violation_add(
			&image->violations, VIOLATION_CONFORMANCE, false, ambiguous, "", "%s", why);
	}
	if (source_damage(image->source)) {
		/* what is missing is told by who needs it: the layer that is cut */
		violation_add(&image->violations, VIOLATION_CONFORMANCE, true,
			image->reference.text, "", "%s", source_damage(image->source));
	}
	*ret = steal_ptr(o.image);
	return 0;
}
