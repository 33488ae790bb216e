/* Archives of both forms: readers go by index.json or by manifest.json (docker's store of old takes the
 * one, containerd's and podman the other), so that the two have to lead to the same image. */
#include "image/opening.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "base/str.h"

#include <string.h>

/* What a reader of the other form finds in the same source, asked the same. */
struct other {
	struct opening opening;
	struct image image;
};

static void other_release(struct other *other)
{
	opening_clear(&other->opening);
	violations_clear(&other->image.violations);
}

static void open_other(const struct opening *o, struct other *other)
{
	other->image = (struct image){
		.reference = o->image->reference, .source = o->image->source}; /* borrowed */
	other->image.reference.kind =
		o->form == FORM_OCI ? REFERENCE_DOCKER_ARCHIVE : REFERENCE_OCI;
	other->opening =
		(struct opening){.image = &other->image, .wanted = platform_copy(&o->wanted)};
}

static bool is_image(const struct choice *c)
{
	return c->kind == CHOICE_IMAGE && c->read && (!c->docker || c->config_digest);
}

/* The config of a manifest.json is its content, that of a manifest what its descriptor says, which is
 * verified when it is chosen. */
static bool same_config(struct opening *docker, const struct choice *listed, const struct choice *c)
{
	const char *wanted = c->manifest.config.digest;
	enum digest_algorithm algorithm;
	AUTO(buf) struct buf text = {0};
	char digest[DIGEST_TEXT_MAX];

	if (!wanted || digest_parse(wanted, &algorithm, NULL)) {
		return false;
	}
	if (algorithm == DIGEST_SHA256) {
		return strcmp(wanted, listed->config_digest) == 0;
	}
	if (document_read(docker, listed->docker->config, NULL, NULL, &text, NULL)) {
		return false;
	}
	digest_of(algorithm, buf_str(&text), text.len, digest);
	return strcmp(wanted, digest) == 0;
}

/* What we cannot read may well be read by others, who are not as strict. What is not there is nobody's. */
static bool all_readable(const struct opening *other, struct violations *violations)
{
	bool all = true;

	for (size_t i = 0; i < other->choices.n; i++) {
		const struct choice *c = &other->choices.v[i];

		if (c->kind == CHOICE_IMAGE && c->trouble.code && c->trouble.sys != ENOENT) {
			all = false;
			violation_add(violations, VIOLATION_SELECTION, false, c->file, c->pointer,
				"%s: other readers may take this image", c->trouble.msg);
		}
	}
	return all;
}

/* Every image of manifest.json has to be one of the index, or docker loads what was not looked at. */
static bool all_known(
	struct opening *docker, const struct opening *oci, struct violations *violations)
{
	bool all = true;

	for (size_t i = 0; i < docker->choices.n; i++) {
		const struct choice *listed = &docker->choices.v[i];
		bool known = !is_image(listed);

		for (size_t j = 0; j < oci->choices.n && !known; j++) {
			const struct choice *c = &oci->choices.v[j];

			known = is_image(c) && same_config(docker, listed, c);
		}
		if (!known) {
			all = false;
			violation_add(violations, VIOLATION_SELECTION, false, listed->file,
				listed->pointer,
				"an image (config %.19s) that index.json does not lead to: readers take "
				"the one or the other",
				listed->config_digest);
		}
	}
	return all;
}

static bool any_image(const struct opening *o)
{
	for (size_t i = 0; i < o->choices.n; i++) {
		if (is_image(&o->choices.v[i])) {
			return true;
		}
	}
	return false;
}

static void compare(struct opening *o, const struct choice *chosen, struct opening *other)
{
	struct opening *docker = o->form == FORM_DOCKER ? o : other;
	const struct opening *oci = o->form == FORM_OCI ? o : other;
	struct violations *violations = &o->image->violations;
	const struct choice *theirs;

	if (!all_readable(other, violations) || !any_image(other) ||
		!all_known(docker, oci, violations)) {
		return;
	}
	theirs = choose(other);
	if (theirs && is_image(theirs) && is_image(chosen) &&
		!same_config(docker, chosen->docker ? chosen : theirs,
			chosen->docker ? theirs : chosen)) {
		violation_add(violations, VIOLATION_SELECTION, false, theirs->file, theirs->pointer,
			"another image than %s leads to: readers take the one or the other",
			o->form == FORM_OCI ? "index.json" : "manifest.json");
	}
}

int forms_agree(struct opening *o, const struct choice *chosen, struct err *err)
{
	const char *file = o->form == FORM_OCI ? "manifest.json" : "index.json";
	__attribute__((cleanup(other_release))) struct other other = {0};
	struct err why = {0};

	/* without docker-archive: an index.json that leads to something was taken */
	if (o->form == FORM_SKOPEO_DIR || source_find(o->image->source, file, NULL, NULL, NULL) ||
		(o->form == FORM_DOCKER && o->image->reference.kind != REFERENCE_DOCKER_ARCHIVE)) {
		return 0;
	}
	open_other(o, &other);
	if (opening_collect(&other.opening, &why) == 0) {
		if (other.opening.form != FORM_SKOPEO_DIR) {
			compare(o, chosen, &other.opening);
		}
		return 0;
	}
	if (why.code == ERR_LIMIT || source_err_is_ours(&why)) {
		*err = why;
		return -1;
	}
	violation_add(&o->image->violations, VIOLATION_SELECTION, false, file, "",
		"%s: other readers may go by it", why.msg);
	return 0;
}
