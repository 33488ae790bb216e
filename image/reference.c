#include "image/reference.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/str.h"

#include <stdbool.h>
#include <string.h>

static const struct {
	const char *prefix;
	enum reference_kind kind;
} schemes[] = {
	{"oci:", REFERENCE_OCI},
	{"oci-archive:", REFERENCE_OCI_ARCHIVE},
	{"docker-archive:", REFERENCE_DOCKER_ARCHIVE},
	{"docker://", REFERENCE_SKOPEO},
	{"docker-daemon:", REFERENCE_SKOPEO},
	{"containers-storage:", REFERENCE_SKOPEO},
};

/* PATH[:TAG]. As skopeo does it, the first colon ends the path; image_open() looks whether a longer
 * path with colons in it exists. */
static int split_path(const char *text, const char *rest, struct reference *ret, struct err *err)
{
	const char *colon = strchr(rest, ':');
	size_t len = colon ? (size_t)(colon - rest) : strlen(rest);

	if (len == 0) {
		return err_set(err, ERR_USAGE, "image reference '%.200s' has no path", text);
	}
	if (colon && !colon[1]) {
		return err_set(err, ERR_USAGE,
			"image reference '%.200s' has nothing after its last ':'", text);
	}
	ret->path = xstrndup(rest, len);
	ret->tag = colon ? xstrdup(colon + 1) : NULL;
	return 0;
}

static int parse_scheme(const char *text, const char *rest, struct reference *ret, struct err *err)
{
	if (ret->kind != REFERENCE_SKOPEO) {
		return split_path(text, rest, ret, err);
	}
	if (!*rest) {
		return err_set(err, ERR_USAGE, "image reference '%.200s' names no image", text);
	}
	return 0;
}

int reference_parse(const char *text, struct reference *ret, struct err *err)
{
	struct reference ref = {.kind = REFERENCE_PATH};

	if (!text || !*text) {
		return err_set(err, ERR_USAGE, "the image reference is empty");
	}
	if (strcmp(text, "-") == 0) {
		ref.kind = REFERENCE_STDIN;
	}
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		if (str_starts(text, schemes[i].prefix)) {
			ref.kind = schemes[i].kind;
			if (parse_scheme(text, text + strlen(schemes[i].prefix), &ref, err)) {
				return -1;
			}
			break;
		}
	}
	if (ref.kind == REFERENCE_PATH) {
		ref.path = xstrdup(text);
	}
	ref.text = xstrdup(text);
	*ret = ref;
	return 0;
}

void reference_release(struct reference *ref)
{
	free(ref->text);
	free(ref->path);
	free(ref->tag);
	*ref = (struct reference){0};
}
