/* image_open(): which of several manifests, and what the entries that lead to them have to say. */
#include "image_kit.h"

#include "base/alloc.h"
#include "base/str.h"

#include <criterion/criterion.h>
#include <string.h>

#define OCI "application/vnd.oci.image."
#define DOCKER "application/vnd.docker.distribution.manifest."
#define MANIFEST_TYPE OCI "manifest.v1+json"
#define INDEX_TYPE OCI "index.v1+json"

static struct image *opened(const struct kit *kit, const char *platform)
{
	struct image *image = NULL;
	struct err err = {0};

	cr_assert_eq(kit_open(kit, "", ".", platform, &image, &err), 0, "%s", err.msg);
	return image;
}

/* An entry of this type; more is the rest of it, from a comma on. The caller frees. */
static char *entry_of(const struct kit_ref *ref, const char *type, const char *more)
{
	return xasprintf("{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu%s}", type,
		ref->digest, ref->size, more);
}

/* An index with these entries, and members before them, as a blob. */
static void put_index(
	const struct kit *kit, const char *members, const char *entries, struct kit_ref *ret)
{
	auto_free char *text =
		xasprintf("{\"schemaVersion\":2%s,\"manifests\":[%s]}", members, entries);

	kit_blob(kit, text, strlen(text), ret);
}

/* Images for linux, each named after its platform, listed by index.json itself or by one index. */
static void several(struct kit *kit, const char *const *platforms, size_t n, bool nested)
{
	AUTO(strv) struct strv entries = {0};
	auto_free char *all = NULL;
	struct kit_image made;
	struct kit_ref ref;

	kit_init(kit);
	for (size_t i = 0; i < n; i++) {
		size_t len = strcspn(platforms[i], "/");
		auto_free char *architecture = xstrndup(platforms[i], len);
		auto_free char *variant =
			platforms[i][len] ? xasprintf(",\"variant\":\"%s\"", platforms[i] + len + 1)
					  : xstrdup("");
		auto_free char *more =
			xasprintf(",\"platform\":{\"os\":\"linux\",\"architecture\":\"%s\"%s}",
				architecture, variant);
		auto_free char *command = xasprintf("%zu", i);

		kit_image(kit, "linux", architecture, command, &made);
		strv_take(&entries, entry_of(&made.manifest, MANIFEST_TYPE, more));
	}
	all = strv_join(&entries, ",");
	if (nested) {
		put_index(kit, "", all, &ref);
		free(all);
		all = entry_of(&ref, INDEX_TYPE, "");
	}
	kit_index(kit, all);
}

Test(image_select, variants)
{
	static const struct {
		const char *there[3];
		const char *asked;
		bool nested;
		const char *chosen; /* its place in the index; NULL: refused */
		bool warned;
	} rows[] = {
		/* none is the base; a variant that was not asked for is second choice */
		{{"amd64/v3", "amd64", NULL}, NULL, true, "1", false},
		{{"amd64/v3", "amd64", NULL}, "linux/amd64", false, "1", false},
		{{"amd64/v3", "amd64/v1", NULL}, "linux/amd64", true, "1", false},
		{{"amd64/v3", "amd64", NULL}, "linux/amd64/v3", true, "0", false},
		{{"amd64/v3", NULL, NULL}, NULL, true, "0", false},
		{{"amd64/v3", NULL, NULL}, "linux/amd64", true, "0", false},
		{{"arm64/v8", "arm64/v9", NULL}, "linux/arm64", true, "0", false},
		/* the first of one index; never the first of a layout */
		{{"amd64", "arm64", "amd64"}, NULL, true, "0", true},
		{{"arm/v7", "arm/v6", NULL}, "linux/arm", true, "0", true},
		{{"arm/v7", "arm/v6", NULL}, "linux/arm/v6", true, "1", false},
		{{"amd64", "arm64", "amd64"}, NULL, false, NULL, false},
		{{"arm/v7", "arm/v6", NULL}, "linux/arm", false, NULL, false},
		{{"arm/v7", "arm/v6", NULL}, "linux/arm/v5", true, NULL, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kit kit;
		AUTO_PTR(image) struct image *image = NULL;
		size_t n = 0;

		while (n < ARRAY_SIZE(rows[i].there) && rows[i].there[n]) {
			n++;
		}
		several(&kit, rows[i].there, n, rows[i].nested);
		image = opened(&kit, rows[i].asked);
		cr_expect_eq(image->config != NULL, rows[i].chosen != NULL, "row %zu", i);
		if (image->config && rows[i].chosen) {
			cr_expect_str_eq(image->config->cmd.v[0], rows[i].chosen, "row %zu", i);
		}
		cr_expect_eq(kit_failures(image), rows[i].chosen ? 0 : 1, "row %zu", i);
		cr_expect_eq(image->violations.n, !rows[i].chosen || rows[i].warned, "row %zu", i);
		kit_release(&kit);
	}
}

/* Beside an image an index that is an artifact: by its own word, or by that of its entry. */
Test(image_select, an_index_may_be_an_artifact)
{
	static const struct {
		const char *members;
		const char *more;
		bool artifact;
	} rows[] = {
		{",\"artifactType\":\"application/vnd.example\"", "", true},
		{"", ",\"artifactType\":\"application/vnd.example\"", true},
		{",\"artifactType\":\"" OCI "config.v1+json\"", "", false},
		{"", "", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kit kit;
		struct kit_image one;
		struct kit_image two;
		struct kit_ref ref;
		AUTO_PTR(image) struct image *image = NULL;
		auto_free char *a = NULL;
		auto_free char *b = NULL;
		auto_free char *c = NULL;
		auto_free char *all = NULL;

		kit_init(&kit);
		kit_image(&kit, "linux", "amd64", "one", &one);
		kit_image(&kit, "linux", "amd64", "two", &two);
		a = kit_entry(&one.manifest, "");
		b = kit_entry(&two.manifest, "");
		put_index(&kit, rows[i].members, b, &ref);
		c = entry_of(&ref, INDEX_TYPE, rows[i].more);
		all = xasprintf("%s,%s", a, c);
		kit_index(&kit, all);
		image = opened(&kit, NULL);
		cr_assert_eq(image->n_candidates, 2);
		cr_expect_eq(image->config != NULL, rows[i].artifact, "row %zu", i);
		cr_expect_str_eq(
			image->candidates[1].kind, rows[i].artifact ? "artifact" : "image");
		if (rows[i].artifact) {
			cr_expect_str_eq(image->config->cmd.v[0], "one");
			cr_expect_str_eq(
				image->candidates[1].artifact_type, "application/vnd.example");
			cr_expect_eq(image->violations.n, 0);
		}
		kit_release(&kit);
	}
}

/* Docker's documents have to say what they are (manifest-v2-2.md), OCI's need not; and index.json is
 * an OCI index whatever it lists. */
Test(image_select, media_types_of_documents)
{
	static const struct {
		const char *of_entry;
		const char *own; /* NULL: none */
		const char *pointer; /* of the one failure; NULL: none */
	} rows[] = {
		{INDEX_TYPE, NULL, NULL},
		{INDEX_TYPE, INDEX_TYPE, NULL},
		{INDEX_TYPE, DOCKER "list.v2+json", "/mediaType"},
		{DOCKER "list.v2+json", DOCKER "list.v2+json", NULL},
		{DOCKER "list.v2+json", NULL, "/mediaType"},
		{DOCKER "list.v2+json", INDEX_TYPE, "/mediaType"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kit kit;
		struct kit_image made;
		struct kit_ref ref;
		AUTO_PTR(image) struct image *image = NULL;
		auto_free char *own =
			rows[i].own ? xasprintf(",\"mediaType\":\"%s\"", rows[i].own) : xstrdup("");
		auto_free char *entry = NULL;
		auto_free char *top = NULL;
		auto_free char *file = NULL;

		kit_init(&kit);
		kit_image(&kit, "linux", "amd64", "run", &made);
		entry = kit_entry(&made.manifest, "");
		put_index(&kit, own, entry, &ref);
		top = entry_of(&ref, rows[i].of_entry, "");
		kit_index(&kit, top);
		image = opened(&kit, NULL);
		cr_assert_not_null(image->config);
		cr_expect_eq(image->violations.n, rows[i].pointer ? 1 : 0, "row %zu", i);
		file = xasprintf("blobs/sha256/%s", ref.digest + strlen("sha256:"));
		if (rows[i].pointer) {
			cr_expect(kit_violation(image, file, rows[i].pointer, NULL), "row %zu", i);
		}
		kit_release(&kit);
	}
}

Test(image_select, index_json_is_of_oci)
{
	struct kit kit;
	struct kit_image made;
	AUTO_PTR(image) struct image *image = NULL;
	auto_free char *entry = NULL;
	auto_free char *text = NULL;

	kit_init(&kit);
	kit_image(&kit, "linux", "amd64", "run", &made);
	entry = kit_entry(&made.manifest, "");
	kit_index(&kit, entry);
	text = xasprintf("{\"schemaVersion\":2,\"mediaType\":\"" DOCKER
			 "list.v2+json\",\"manifests\":[%s]}",
		entry);
	kit_put(&kit, "index.json", text);
	image = opened(&kit, NULL);
	cr_expect_eq(kit_failures(image), 1);
	cr_expect(kit_violation(image, "index.json", "/mediaType", "OCI image index"));
	kit_release(&kit);
}

/* descriptor.md and the distribution specification name two values; anything else is odd. */
Test(image_select, artifact_type_of_an_entry)
{
	static const char manifest[] =
		"{\"schemaVersion\":2,\"artifactType\":\"application/vnd.example\",\"config\":{"
		"\"mediaType\":\"application/vnd.example.config\",\"size\":0,\"digest\":\"sha256:"
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"},\"layers\":[{"
		"\"mediaType\":\"text/plain\",\"size\":0,\"digest\":\"sha256:"
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}]}";
	static const struct {
		const char *said;
		bool odd;
	} rows[] = {{"application/vnd.example", false}, {"application/vnd.example.config", false},
		{"application/other", true}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kit kit;
		struct kit_image made;
		struct kit_ref ref;
		AUTO_PTR(image) struct image *image = NULL;
		auto_free char *more = xasprintf(",\"artifactType\":\"%s\"", rows[i].said);
		auto_free char *a = NULL;
		auto_free char *b = NULL;
		auto_free char *all = NULL;

		kit_init(&kit);
		kit_image(&kit, "linux", "amd64", "run", &made);
		kit_blob(&kit, manifest, strlen(manifest), &ref);
		a = kit_entry(&made.manifest, "");
		b = kit_entry(&ref, more);
		all = xasprintf("%s,%s", a, b);
		kit_index(&kit, all);
		image = opened(&kit, NULL);
		cr_assert_not_null(image->config);
		cr_expect_eq(kit_failures(image), 0);
		cr_expect_eq(image->violations.n, rows[i].odd, "%s", rows[i].said);
		if (rows[i].odd) {
			cr_expect(kit_violation(image, "index.json", "/manifests/1/artifactType",
				"'application/vnd.example'"));
		}
		kit_release(&kit);
	}
}
