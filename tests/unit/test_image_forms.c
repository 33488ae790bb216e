/* Archives with an index.json and a manifest.json that lead to the same image, and to others. */
#include "image_kit.h"

#include "base/alloc.h"
#include "base/str.h"
#include "base/sys_file.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>

#define NAMED                                                                                      \
	",\"annotations\":{\"io.containerd.image.name\":\"docker.io/library/x:1\","                \
	"\"org.opencontainers.image.ref.name\":\"1\"}"
#define AMD64 "\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\""

/* An entry of manifest.json; the caller frees. */
static char *docker_entry(const struct kit_image *made, const char *tag)
{
	return xasprintf("{\"Config\":\"blobs/sha256/%s\",\"RepoTags\":[\"%s\"],\"Layers\":"
			 "[\"blobs/sha256/%s\"]}",
		made->config.digest + 7, tag, made->layer.digest + 7);
}

static void put_docker(const struct kit *kit, const struct kit_image *made, const char *tag,
	const struct kit_image *second)
{
	auto_free char *first = docker_entry(made, tag);
	auto_free char *other = second ? docker_entry(second, "y:1") : NULL;
	auto_free char *text = xasprintf("[%s%s%s]", first, other ? "," : "", other ? other : "");

	kit_put(kit, "manifest.json", text);
}

static void put_index(const struct kit *kit, const struct kit_ref *manifest)
{
	auto_free char *entry = kit_entry(manifest, NAMED);

	kit_index(kit, entry);
}

/* A failure of this kind at this place for each way to name the archive; what NULL: none. */
static void expect(const struct kit *kit, const char *const *references, enum violation_kind kind,
	const char *file, const char *what)
{
	kit_pack(kit, "a.tar", KIT_PLAIN, "");
	for (size_t i = 0; references[i]; i++) {
		AUTO_PTR(image) struct image *image = NULL;
		const struct violation *v;
		struct err err = {0};
		const char *colon = strchr(references[i], ':');
		auto_free char *scheme =
			colon ? xstrndup(references[i], (size_t)(colon + 1 - references[i]))
			      : xstrdup("");
		auto_free char *name = xasprintf("a.tar%s", colon ? colon + 1 : "");

		cr_assert_eq(kit_open(kit, scheme, name, NULL, &image, &err), 0, "%s: %s",
			references[i], err.msg);
		cr_assert_not_null(image->config, "%s", references[i]);
		cr_expect_eq(kit_failures(image), what != NULL, "%s, %s", references[i], what);
		if (what) {
			v = kit_violation(image, file, NULL, what);
			cr_assert_not_null(v, "%s: no '%s'", references[i], what);
			cr_expect_eq(v->kind, kind);
			cr_expect_not(v->warning);
		}
	}
}

static const char *const every_way[] = {"",
	"docker-archive:", "oci-archive:", "docker-archive::x:1", "oci-archive::1",
	"oci-archive::x:1", "oci-archive::docker.io/library/x:1", NULL};
static const char *const as_oci[] = {"", "oci-archive:", "oci-archive::x:1", NULL};
static const char *const as_docker[] = {"docker-archive:", "docker-archive::x:1", NULL};

Test(image_forms, the_same_image)
{
	struct kit kit;
	struct kit_image good;

	kit_init(&kit);
	kit_image(&kit, "linux", "amd64", "run", &good);
	put_index(&kit, &good.manifest);
	put_docker(&kit, &good, "x:1", NULL);
	expect(&kit, every_way, VIOLATION_SELECTION, NULL, NULL);
	/* what docker cannot load is no other image */
	kit_put(&kit, "manifest.json", "{\"name\":\"of a web page\"}");
	expect(&kit, as_oci, VIOLATION_SELECTION, NULL, NULL);
	kit_put(&kit, "manifest.json", "[{\"Config\":\"absent.json\",\"Layers\":[]}]");
	expect(&kit, as_oci, VIOLATION_SELECTION, NULL, NULL);
	kit_release(&kit);
}

Test(image_forms, another_image)
{
	struct kit kit;
	struct kit_image good;
	struct kit_image evil;

	kit_init(&kit);
	kit_image(&kit, "linux", "amd64", "run", &good);
	kit_image(&kit, "linux", "amd64", "evil", &evil);
	put_index(&kit, &good.manifest);
	put_docker(&kit, &evil, "x:1", NULL);
	expect(&kit, every_way, VIOLATION_SELECTION, "manifest.json",
		"that index.json does not lead to");
	put_docker(&kit, &good, "x:1", &evil);
	expect(&kit, as_oci, VIOLATION_SELECTION, "manifest.json",
		"that index.json does not lead to");
	kit_release(&kit);
}

/* Of two that the index has, the one form leads to the first and the other to the second. */
Test(image_forms, another_one_of_the_index)
{
	struct kit kit;
	struct kit_image good;
	struct kit_image evil;
	struct kit_ref nested;
	auto_free char *first = NULL;
	auto_free char *second = NULL;
	auto_free char *index = NULL;
	auto_free char *entry = NULL;

	kit_init(&kit);
	kit_image(&kit, "linux", "amd64", "run", &good);
	kit_image(&kit, "linux", "amd64", "evil", &evil);
	first = kit_entry(&good.manifest, "," AMD64 "}");
	second = kit_entry(&evil.manifest, "," AMD64 ",\"variant\":\"v3\"}");
	index = xasprintf("{\"schemaVersion\":2,\"mediaType\":"
			  "\"application/vnd.oci.image.index.v1+json\",\"manifests\":[%s,%s]}",
		first, second);
	kit_blob(&kit, index, strlen(index), &nested);
	entry = xasprintf("{\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"digest\":"
			  "\"%s\",\"size\":%zu" NAMED "}",
		nested.digest, nested.size);
	kit_index(&kit, entry);
	put_docker(&kit, &good, "x:1", NULL);
	expect(&kit, every_way, VIOLATION_SELECTION, NULL, NULL);
	put_docker(&kit, &evil, "x:1", NULL);
	expect(&kit, as_oci, VIOLATION_SELECTION, "manifest.json",
		"another image than index.json leads to");
	expect(&kit, as_docker, VIOLATION_SELECTION, "blobs/sha256/",
		"another image than manifest.json leads to");
	kit_release(&kit);
}

/* Our reader is stricter than those of the engines: what it refuses is not nothing to them. */
Test(image_forms, what_cannot_be_read)
{
	struct kit kit;
	struct kit_image good;

	kit_init(&kit);
	kit_image(&kit, "linux", "amd64", "run", &good);
	put_index(&kit, &good.manifest);
	kit_put(&kit, "manifest.json", "[{\"x\":\"\\u0000\",\"Config\":\"c\",\"Layers\":[]}]");
	expect(&kit, as_oci, VIOLATION_SELECTION, "manifest.json", "other readers may go by it");
	kit_put(&kit, "blobs/sha256/odd", "{\"x\":\"\\u0000\"}");
	kit_put(&kit, "manifest.json", "[{\"Config\":\"blobs/sha256/odd\",\"Layers\":[]}]");
	expect(&kit, as_oci, VIOLATION_SELECTION, "manifest.json", "may take this image");

	put_docker(&kit, &good, "x:1", NULL);
	kit_put(&kit, "index.json", "{\"x\":\"\\u0000\",\"schemaVersion\":2,\"manifests\":[]}");
	expect(&kit, (const char *const[]){"", NULL}, VIOLATION_CONFORMANCE, "index.json",
		"so manifest.json counts: 'index.json': not JSON");
	expect(&kit, as_docker, VIOLATION_SELECTION, "index.json", "other readers may go by it");
	kit_release(&kit);
}

Test(image_forms, a_config_by_another_algorithm)
{
	struct kit kit;
	struct kit_image good;
	struct kit_image evil;
	struct kit_ref manifest;
	AUTO(buf) struct buf config = {0};
	char digest[DIGEST_TEXT_MAX];
	auto_free char *from = NULL;
	auto_free char *to = NULL;
	auto_free char *text = NULL;

	kit_init(&kit);
	kit_image(&kit, "linux", "amd64", "run", &good);
	kit_image(&kit, "linux", "amd64", "evil", &evil);
	to = xasprintf("blobs/sha256/%s", good.config.digest + 7);
	from = kit_path(&kit, to);
	buf_init(&config, 1 << 16);
	cr_assert_eq(file_read(AT_FDCWD, from, &config, NULL), 0);
	digest_of(DIGEST_SHA512, config.data, config.len, digest);
	free(steal_ptr(to));
	to = xasprintf("blobs/sha512/%s", digest + 7);
	kit_put_bytes(&kit, to, config.data, config.len);
	text = xasprintf(
		"{\"schemaVersion\":2,\"config\":{\"mediaType\":"
		"\"application/vnd.oci.image.config.v1+json\",\"digest\":\"%s\",\"size\":%zu},"
		"\"layers\":[{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\","
		"\"digest\":\"%s\",\"size\":%zu}]}",
		digest, config.len, good.layer.digest, good.layer.size);
	kit_blob(&kit, text, strlen(text), &manifest);
	put_index(&kit, &manifest);
	for (int i = 0; i < 2; i++) {
		AUTO_PTR(image) struct image *image = NULL;

		put_docker(&kit, i ? &evil : &good, "x:1", NULL);
		cr_assert_eq(kit_open(&kit, "", ".", NULL, &image, NULL), 0);
		cr_expect_eq(kit_failures(image), i);
		cr_expect_eq(i, kit_violation(image, "manifest.json", "/0", "config") != NULL);
	}
	kit_release(&kit);
}

Test(image_forms, docker_before_version_10)
{
	const struct kit_member members[] = {{.name = "1f/layer.tar", .text = "x"},
		{.name = "1f/json", .text = "{}"}, {.name = "repositories", .text = "{}"}};
	struct image *image = NULL;
	struct kit kit;

	kit_init(&kit);
	for (int i = 0; i < 2; i++) {
		struct err err = {0};

		kit_tar(&kit, "a.tar", KIT_PLAIN, members, ARRAY_SIZE(members));
		cr_expect_eq(
			kit_open(&kit, i ? "docker-archive:" : "", "a.tar", NULL, &image, &err),
			-1);
		cr_expect(strstr(err.msg, "before Docker 1.10"), "%s", err.msg);
	}
	kit_release(&kit);
}
