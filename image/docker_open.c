/* What a docker-archive's manifest.json offers. */
#include "image/opening.h"

#include "base/alloc.h"
#include "base/str.h"
#include "image/limits.h"

#include <string.h>

/* Without what goes without saying, but for the tag. */
static char *familiar(const char *name)
{
	static const char *const defaults[] = {"docker.io/", "index.docker.io/", "library/"};
	const char *last;

	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
		if (str_starts(name, defaults[i])) {
			name += strlen(defaults[i]);
		}
	}
	last = strrchr(name, '/');
	return xasprintf("%s%s", name, strchr(last ? last : name, ':') ? "" : ":latest");
}

bool same_image_name(const char *a, const char *b)
{
	auto_free char *one = familiar(a);
	auto_free char *other = familiar(b);

	return strcmp(one, other) == 0;
}

static bool has_tag(const struct docker_image *image, const char *tag)
{
	for (size_t i = 0; i < image->repo_tags.n; i++) {
		if (same_image_name(tag, image->repo_tags.v[i])) {
			return true;
		}
	}
	return false;
}

/* "@0" is the first image of the archive, as skopeo has it; other tags are names. */
static bool is_asked_for(const struct docker_image *image, size_t index, const char *tag)
{
	uint64_t wanted;

	if (*tag == '@') {
		return parse_u64(tag + 1, image_limits.manifests, &wanted, NULL) == 0 &&
		       wanted == index;
	}
	return has_tag(image, tag);
}

int docker_collect(struct opening *o, struct err *err)
{
	const char *tag = o->image->reference.tag;

	for (size_t i = 0; i < o->docker.images.n; i++) {
		const struct docker_image *image = &o->docker.images.v[i];
		struct choice *choice = ARRAY_PUSH(&o->choices);
		struct err why = {0};

		choice->name = image->repo_tags.n ? xstrdup(image->repo_tags.v[0]) : NULL;
		choice->root = xstrdup(image->config);
		choice->listed = !tag || is_asked_for(image, i, tag);
		choice->file = xstrdup("manifest.json");
		choice->pointer = json_pointer_index("", i);
		choice->docker = image;
		choice->read = true;
		if (choice_config(o, choice, &why) == 0) {
			choice->digest = xstrdup(choice->config_digest);
			choice->platform = platform_copy(&choice->config->platform);
		} else if (why.code == ERR_LIMIT || source_err_is_ours(&why)) {
			*err = why;
			return -1;
		} else {
			choice->trouble = why;
		}
	}
	return 0;
}
