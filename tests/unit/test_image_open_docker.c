/* image_open() over docker-archives in the shapes that the field has, archives that are cut short,
 * and images that other tools made. */
#include "image_kit.h"

#include "base/alloc.h"
#include "base/str.h"
#include "base/sys_file.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define LAYER "a layer's bytes"

/* A config whose one layer is LAYER, and its digest's hex digits. */
static char *make_config(const char *command, char hex[65])
{
	char diff_id[DIGEST_TEXT_MAX];
	char digest[DIGEST_TEXT_MAX];
	char *config;

	digest_of(DIGEST_SHA256, LAYER, strlen(LAYER), diff_id);
	config = xasprintf("{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{\"Cmd\":"
			   "[\"%s\"]},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\"]}}",
		command, diff_id);
	digest_of(DIGEST_SHA256, config, strlen(config), digest);
	(void)snprintf(hex, 65, "%.64s", digest + strlen("sha256:"));
	return config;
}

static struct image *opened(const struct kit *kit, const char *scheme, const char *name)
{
	struct image *image = NULL;
	struct err err = {0};

	cr_assert_eq(kit_open(kit, scheme, name, NULL, &image, &err), 0, "%s%s: %s", scheme, name,
		err.msg);
	return image;
}

static void expect_layer(const struct image *image, size_t layer)
{
	AUTO(blob) struct blob blob = {.fd = -1};
	struct err err = {0};
	char found[64] = "";

	cr_assert(layer < image->n_layers);
	cr_assert_eq(image_layer_blob(image, layer, &blob, &err), 0, "%s", err.msg);
	cr_assert_eq(blob.size, strlen(LAYER));
	cr_expect_eq(image->layers[layer].size, strlen(LAYER));
	cr_assert_eq(file_read_at(blob.fd, found, blob.size, blob.offset, &err), 0, "%s", err.msg);
	cr_expect_str_eq(found, LAYER);
}

/* Docker's form before version 10 and the one of kaniko: the same but for names and links. */
Test(image_open_docker, names_and_links)
{
	static const struct {
		const char *config; /* %s: the digest */
		const char *layer;
		struct kit_member stored[2];
	} rows[] = {
		{"%s.json", "1f/layer.tar", {{.name = "1f/layer.tar", .text = LAYER}}},
		{"sha256:%s", "ab.tar.gz", {{.name = "ab.tar.gz", .text = LAYER}}},
		{"blobs/sha256/%s", "./l.tar", {{.name = "l.tar", .text = LAYER}}},
		{"%s.json", "2a/layer.tar",
			{{.name = "2a/layer.tar", .symlink = "../1f/layer.tar"},
				{.name = "1f/layer.tar", .text = LAYER}}},
		{"%s.json", "2a/layer.tar",
			{{.name = "1f/layer.tar", .text = LAYER},
				{.name = "2a/layer.tar", .hardlink = "1f/layer.tar"}}},
	};
	struct kit kit;

	kit_init(&kit);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char hex[65];
		auto_free char *config = make_config("run", hex);
		const char *rest = strstr(rows[i].config, "%s") + 2;
		auto_free char *name = xasprintf(
			"%.*s%s%s", (int)(rest - 2 - rows[i].config), rows[i].config, hex, rest);
		auto_free char *manifest = xasprintf(
			"[{\"Config\":\"%s\",\"RepoTags\":[\"a:1\"],\"Layers\":[\"%s\"]}]", name,
			rows[i].layer);
		const struct kit_member members[] = {rows[i].stored[0],
			{.name = name, .text = config}, {.name = "manifest.json", .text = manifest},
			rows[i].stored[1]};
		AUTO_PTR(image) struct image *image = NULL;

		kit_tar(&kit, "a.tar", KIT_PLAIN, members, rows[i].stored[1].name ? 4 : 3);
		image = opened(&kit, "", "a.tar");
		cr_assert_not_null(image->config);
		cr_expect_eq(image->violations.n, 0, "row %zu: %s", i,
			image->violations.n ? image->violations.v[0].message : "");
		cr_expect_str_eq(image->candidates[0].name, "a:1");
		cr_expect(str_ends(image->digest, hex));
		expect_layer(image, 0);
	}
	kit_release(&kit);
}

Test(image_open_docker, long_names_in_pax_headers)
{
	char hex[65];
	auto_free char *config = make_config("run", hex);
	auto_free char *layer = xasprintf("%0150d/%0120d/layer.tar", 1, 2);
	auto_free char *manifest =
		xasprintf("[{\"Config\":\"c.json\",\"Layers\":[\"%s\"]}]", layer);
	const struct kit_member members[] = {{.name = layer, .text = LAYER},
		{.name = "c.json", .text = config}, {.name = "manifest.json", .text = manifest}};
	AUTO_PTR(image) struct image *image = NULL;
	struct kit kit;

	kit_init(&kit);
	kit_tar(&kit, "a.tar", KIT_PLAIN, members, ARRAY_SIZE(members));
	image = opened(&kit, "docker-archive:", "a.tar");
	expect_layer(image, 0);
	kit_release(&kit);
}

Test(image_open_docker, names_that_lead_elsewhere_are_no_names)
{
	static const char *const layers[] = {
		"../l.tar", "x/../l.tar", "/etc/passwd", "loop", "out"};
	struct kit kit;

	kit_init(&kit);
	for (size_t i = 0; i < ARRAY_SIZE(layers); i++) {
		char hex[65];
		auto_free char *config = make_config("run", hex);
		auto_free char *manifest =
			xasprintf("[{\"Config\":\"c.json\",\"Layers\":[\"%s\"]}]", layers[i]);
		const struct kit_member members[] = {{.name = "../l.tar", .text = LAYER},
			{.name = "l.tar", .text = LAYER}, {.name = "loop", .symlink = "loop"},
			{.name = "out", .symlink = "../../etc/passwd"},
			{.name = "c.json", .text = config},
			{.name = "manifest.json", .text = manifest}};
		AUTO_PTR(image) struct image *image = NULL;
		struct blob blob;
		struct err err = {0};

		kit_tar(&kit, "a.tar", KIT_PLAIN, members, ARRAY_SIZE(members));
		image = opened(&kit, "", "a.tar");
		cr_expect_eq(image_layer_blob(image, 0, &blob, &err), -1, "%s", layers[i]);
	}
	kit_release(&kit);
}

/* podman takes the first of the members with one name, docker the last. */
Test(image_open_docker, names_that_are_there_twice)
{
	char hex[65];
	auto_free char *config = make_config("run", hex);
	const char *const manifest = "[{\"Config\":\"c.json\",\"Layers\":[\"l\"]}]";
	const struct {
		struct kit_member second;
		bool differs;
	} rows[] = {
		{{.name = "other"}, false},
		{{.name = "l", .text = LAYER}, false},
		{{.name = "./manifest.json", .text = manifest}, false},
		{{.name = "/manifest.json", .text = "[{\"Config\":\"c.json\",\"Layers\":[\"o\"]}]"},
			true},
		{{.name = "l", .text = "other bytes...."}, true},
		{{.name = "l", .text = "short"}, true},
		{{.name = "c.json", .symlink = "other"}, true},
	};
	struct kit kit;

	kit_init(&kit);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct kit_member members[] = {rows[i].second, {.name = "l", .text = LAYER},
			{.name = "c.json", .text = config},
			{.name = "manifest.json", .text = manifest}};
		AUTO_PTR(image) struct image *image = NULL;
		const char *name = rows[i].second.name + strspn(rows[i].second.name, "./");

		kit_tar(&kit, "a.tar", KIT_PLAIN, members, ARRAY_SIZE(members));
		image = opened(&kit, "", "a.tar");
		cr_expect_eq(kit_failures(image), rows[i].differs, "row %zu", i);
		cr_expect_eq(kit_violation(image, name, NULL, "more than once") != NULL,
			rows[i].differs, "row %zu", i);
		expect_layer(image, 0); /* of the last */
	}
	kit_release(&kit);
}

static void two_images(struct kit *kit)
{
	char one[65];
	char two[65];
	auto_free char *config_one = make_config("one", one);
	auto_free char *config_two = make_config("two", two);
	auto_free char *manifest =
		xasprintf("[{\"Config\":\"%s.json\",\"RepoTags\":[\"x:1\",\"x:latest\"],"
			  "\"Layers\":[\"l\"]},{\"Config\":\"%s.json\",\"RepoTags\":"
			  "[\"r.example/y:2\"],\"Layers\":[\"l\"]}]",
			one, two);
	auto_free char *name_one = xasprintf("%s.json", one);
	auto_free char *name_two = xasprintf("%s.json", two);
	const struct kit_member members[] = {{.name = "l", .text = LAYER},
		{.name = name_one, .text = config_one}, {.name = name_two, .text = config_two},
		{.name = "manifest.json", .text = manifest}};

	kit_init(kit);
	kit_tar(kit, "a.tar", KIT_ZSTD, members, ARRAY_SIZE(members));
}

Test(image_open_docker, repo_tags)
{
	static const struct {
		const char *name;
		const char *chosen; /* NULL: refused */
	} rows[] = {
		{"a.tar", NULL},
		{"a.tar:x:1", "one"},
		{"a.tar:x", "one"},
		{"a.tar:docker.io/library/x:latest", "one"},
		{"a.tar:r.example/y:2", "two"},
		{"a.tar:y:2", NULL},
		{"a.tar:x:3", NULL},
	};
	struct kit kit;

	two_images(&kit);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_PTR(image) struct image *image = opened(&kit, "docker-archive:", rows[i].name);

		cr_expect_eq(image->n_candidates, 2);
		if (rows[i].chosen) {
			cr_assert_not_null(image->config, "%s", rows[i].name);
			cr_expect_str_eq(image->config->cmd.v[0], rows[i].chosen);
			cr_expect_eq(image->violations.n, 0);
		} else {
			cr_assert_null(image->config, "%s", rows[i].name);
			cr_assert_eq(image->violations.n, 1);
			cr_expect_eq(image->violations.v[0].kind, VIOLATION_SELECTION);
			cr_expect(strstr(image->violations.v[0].message, "x:1 = x:latest linux"));
			cr_expect(strstr(image->violations.v[0].message, "r.example/y:2"));
		}
	}
	kit_release(&kit);
}

/* Docker 25 writes both; an index that leads to nothing gives way to manifest.json. */
Test(image_open_docker, both_forms_in_one_archive)
{
	struct kit kit;
	struct kit_image made;
	auto_free char *entry = NULL;
	auto_free char *manifest = NULL;
	AUTO_PTR(image) struct image *oci = NULL;
	AUTO_PTR(image) struct image *docker = NULL;
	AUTO_PTR(image) struct image *null = NULL;
	AUTO_PTR(image) struct image *absent = NULL;

	kit_init(&kit);
	kit_image(&kit, "linux", "amd64", "run", &made);
	entry = kit_entry(&made.manifest, ",\"annotations\":{\"io.containerd.image.name\":"
					  "\"docker.io/library/x:1\","
					  "\"org.opencontainers.image.ref.name\":\"1\"}");
	kit_index(&kit, entry);
	manifest = xasprintf("[{\"Config\":\"blobs/sha256/%s\",\"RepoTags\":[\"x:1\"],"
			     "\"Layers\":[\"blobs/sha256/%s\"]}]",
		made.config.digest + 7, made.layer.digest + 7);
	kit_put(&kit, "manifest.json", manifest);
	kit_pack(&kit, "a.tar", KIT_PLAIN, "");
	oci = opened(&kit, "", "a.tar");
	cr_expect_str_eq(oci->digest, made.manifest.digest);
	cr_expect_eq(oci->violations.n, 0);
	cr_expect_str_eq(oci->candidates[0].name, "docker.io/library/x:1");
	docker = opened(&kit, "docker-archive:", "a.tar:x:1");
	cr_expect_str_eq(docker->digest, made.config.digest);
	cr_expect_str_eq(docker->layers[0].digest, made.layer.digest);
	cr_expect_eq(docker->violations.n, 0);

	kit_put(&kit, "index.json", "{\"schemaVersion\":2,\"manifests\":null}");
	kit_pack(&kit, "a.tar", KIT_PLAIN, "");
	null = opened(&kit, "", "a.tar");
	cr_expect_str_eq(null->digest, made.config.digest);
	cr_expect_eq(kit_failures(null), 0);

	kit_put(&kit, "index.json",
		"{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":"
		"\"application/vnd.oci.image.manifest.v1+json\",\"size\":2,\"digest\":\"sha256:"
		"0000000000000000000000000000000000000000000000000000000000000000\"}]}");
	kit_pack(&kit, "a.tar", KIT_PLAIN, "");
	absent = opened(&kit, "", "a.tar");
	cr_expect_str_eq(absent->digest, made.config.digest);
	kit_release(&kit);
}

Test(image_open_docker, what_does_not_fit_together)
{
	static const char hex[] =
		"0123456789012345678901234567890123456789012345678901234567890123";
	char real[65];
	auto_free char *config = make_config("run", real);
	auto_free char *name = xasprintf("%s.json", hex);
	auto_free char *manifest =
		xasprintf("[{\"Config\":\"%s\",\"Layers\":[\"l\",\"l\"]}]", name);
	const struct kit_member members[] = {{.name = "l", .text = LAYER},
		{.name = name, .text = config}, {.name = "manifest.json", .text = manifest}};
	AUTO_PTR(image) struct image *image = NULL;
	struct kit kit;

	kit_init(&kit);
	kit_tar(&kit, "a.tar", KIT_PLAIN, members, ARRAY_SIZE(members));
	image = opened(&kit, "", "a.tar");
	cr_assert_not_null(image->config);
	cr_assert_eq(kit_failures(image), 2);
	cr_expect(kit_violation(image, "manifest.json", "/0/Config", real));
	cr_expect(kit_violation(image, name, "/rootfs/diff_ids", "expected 2 items"));
	cr_assert_eq(image->n_layers, 2);
	cr_expect_null(image->layers[1].diff_id);
	kit_release(&kit);
}

static size_t file_size(const char *path)
{
	struct stat st;

	cr_assert_eq(stat(path, &st), 0);
	return (size_t)st.st_size;
}

/* The config is there, the layer's end is not: both sizes are told. */
static void expect_cut_layer(const struct kit *kit, const char *name)
{
	AUTO_PTR(image) struct image *image = opened(kit, "", name);
	AUTO(blob) struct blob blob = {.fd = -1};
	struct err err = {0};

	cr_assert_not_null(image->config);
	cr_expect(kit_violation(image, name, "", "cut short"));
	cr_assert_eq(image_layer_blob(image, 0, &blob, &err), 0, "%s", err.msg);
	cr_expect_eq(image->layers[0].size, 300000);
	cr_expect(blob.size > 0 && blob.size < 300000, "%llu", (unsigned long long)blob.size);
}

Test(image_open_docker, archives_that_are_cut_short)
{
	char hex[65];
	auto_free char *config = make_config("run", hex);
	auto_free char *noise = xcalloc(300000, 1);
	uint32_t state = 1;
	static const char manifest[] = "[{\"Config\":\"c\",\"Layers\":[\"l\"]}]";
	const struct kit_member config_first[] = {{.name = "manifest.json", .text = manifest},
		{.name = "c", .text = config}, {.name = "l", .text = noise, .len = 300000}};
	const struct kit_member config_last[] = {config_first[2], config_first[0], config_first[1]};
	auto_free char *plain = NULL;
	auto_free char *packed = NULL;
	struct image *image = NULL;
	struct err err = {0};
	struct kit kit;

	for (size_t i = 0; i < 300000; i++) {
		state = state * 1664525 + 1013904223;
		noise[i] = (char)(state >> 24);
	}
	kit_init(&kit);
	plain = kit_path(&kit, "a.tar");
	packed = kit_path(&kit, "b.tgz");
	kit_tar(&kit, "a.tar", KIT_PLAIN, config_first, 3);
	kit_tar(&kit, "b.tgz", KIT_GZIP, config_first, 3);
	cr_assert_eq(truncate(plain, 150000), 0);
	cr_assert_eq(truncate(packed, (off_t)(file_size(packed) / 2)), 0);
	expect_cut_layer(&kit, "a.tar");
	expect_cut_layer(&kit, "b.tgz");

	kit_tar(&kit, "a.tar", KIT_PLAIN, config_last, 3);
	cr_assert_eq(truncate(plain, 150000), 0);
	cr_expect_eq(kit_open(&kit, "", "a.tar", NULL, &image, &err), -1);
	cr_expect_eq(err.code, ERR_MALFORMED, "%s", err.msg);
	cr_expect(strstr(err.msg, "cut short within 'l'"), "%s", err.msg);

	kit_tar(&kit, "a.tar", KIT_PLAIN, config_first, 2);
	cr_assert_eq(kit_open(&kit, "", "a.tar", NULL, &image, &err), 0, "%s", err.msg);
	cr_expect_eq(image_layer_blob(image, 0, &(struct blob){0}, &err), -1);
	cr_expect_eq(err.code, ERR_IO);
	image_free(image);
	kit_release(&kit);
}

/* --- images that no one here made --- */

static const char *cases(void)
{
	const char *dir = getenv("ASSAY_CASES");

	return dir && *dir ? dir : "../shared/cases/images";
}

static const struct {
	const char *file;
	const char *platform;
	const char *digest; /* by sha256sum of the manifest or config */
	size_t layers;
	const char *media_type;
} real[] = {
	{"alpine-310.docker.tar.gz", "linux/amd64",
		"sha256:af341ccd2df8b0e2d67cf8dd32e087bfda4e5756ebd1c76bbf3efa0dc246590e", 1, NULL},
	{"dive-busybox.docker.tar", "linux/amd64",
		"sha256:75ae28b8ebf89b203319069ddcbecdf5c3838503bbebc0d0d85e4b8589c5de3a", 14,
		NULL},
	{"dive-oci-estargz.tar", "linux/arm64",
		"sha256:2e75eb783d1a845ce3846d1a7da4453f825886aab5b3ad03afcec7730a208c4d", 1,
		"application/vnd.oci.image.layer.v1.tar+gzip"},
	{"dive-oci-gzip.tar", "linux/arm64",
		"sha256:7d255e9e3d216a9a92a5c1ce0563a5ddd92f28a34a9df025d3cf8dfa5ea08366", 1,
		"application/vnd.oci.image.layer.v1.tar+gzip"},
	{"dive-oci-uncompressed.tar", "linux/arm64",
		"sha256:5cec6b4ce61c35c3a83e09d72d81a335b49fdcef727beee160d12eeaf066f11b", 1,
		"application/vnd.oci.image.layer.v1.tar"},
	{"dive-oci-zstd.tar", "linux/arm64",
		"sha256:f5e3515f39a16543547c03d03ec34faf9276742e6ce7c7dd6e467a14e90b29fc", 1,
		"application/vnd.oci.image.layer.v1.tar+zstd"},
};

/* The bytes of a layer that is stored plain, against its diff_id. */
static void expect_plain_layer(const struct image *image, size_t layer)
{
	AUTO(blob) struct blob blob = {.fd = -1};
	auto_free char *bytes = NULL;
	char digest[DIGEST_TEXT_MAX];
	struct err err = {0};

	cr_assert_eq(image_layer_blob(image, layer, &blob, &err), 0, "%s", err.msg);
	cr_assert_eq(blob.size, image->layers[layer].size);
	bytes = xcalloc(blob.size, 1);
	cr_assert_eq(file_read_at(blob.fd, bytes, blob.size, blob.offset, &err), 0, "%s", err.msg);
	digest_of(DIGEST_SHA256, bytes, blob.size, digest);
	cr_expect_str_eq(digest, image->layers[layer].diff_id);
}

Test(image_open_docker, real_images)
{
	if (access(cases(), F_OK)) {
		cr_skip_test("no real images: set ASSAY_CASES to the directory that has them");
	}
	for (size_t i = 0; i < ARRAY_SIZE(real); i++) {
		auto_free char *path = xasprintf("%s/%s", cases(), real[i].file);
		const struct image_options options = {.reference = path};
		AUTO_PTR(image) struct image *image = NULL;
		auto_free char *platform = NULL;
		struct err err = {0};

		cr_assert_eq(image_open(&options, &image, &err), 0, "%s", err.msg);
		cr_assert_not_null(image->config, "%s", path);
		platform = platform_text(&image->config->platform);
		cr_expect_str_eq(platform, real[i].platform);
		cr_expect_str_eq(image->digest, real[i].digest);
		cr_expect_eq(image->n_layers, real[i].layers);
		cr_expect_eq(kit_failures(image), 0, "%s: %s", path,
			image->violations.n ? image->violations.v[0].message : "");
		cr_expect(str_eq(image->layers[0].media_type, real[i].media_type));
		for (size_t j = 0; j < image->n_layers && !real[i].media_type; j++) {
			expect_plain_layer(image, j);
		}
	}
}

/* What umoci, an independent tool, makes of nothing. */
Test(image_open_docker, a_layout_by_umoci)
{
	struct kit kit;
	auto_free char *make = NULL;
	AUTO_PTR(image) struct image *image = NULL;

	if (system("command -v umoci >/dev/null")) {
		cr_skip_test("umoci is not installed");
	}
	kit_init(&kit);
	make = xasprintf("cd %s && umoci init --layout u && umoci new --image u:a && "
			 "echo hi >f && umoci insert --image u:a f /f && "
			 "umoci config --image u:a --config.cmd /f --config.exposedports 80/tcp "
			 "--config.volume /data --config.label k=v --config.stopsignal SIGINT && "
			 "umoci tag --image u:a b",
		kit.dir);
	cr_assert_eq(system(make), 0);
	image = opened(&kit, "", "u");
	cr_assert_not_null(image->config);
	cr_expect_eq(image->violations.n, 0);
	cr_expect_eq(image->n_layers, 1);
	cr_expect_eq(image->n_candidates, 2);
	cr_expect_str_eq(image->config->cmd.v[0], "/f");
	cr_expect_str_eq(image->config->stop_signal, "SIGINT");
	cr_expect_str_eq(image->config->exposed_ports.v[0], "80/tcp");
	kit_release(&kit);
}

Test(image_open_docker, skopeo_that_is_not_there)
{
	const struct image_options options = {.reference = "docker://r.example/x"};
	struct image *image = NULL;
	struct err err = {0};

	cr_assert_eq(setenv("PATH", "/nonexistent", 1), 0);
	cr_expect_eq(image_open(&options, &image, &err), -1);
	cr_expect_eq(err.code, ERR_UNSUPPORTED, "%s", err.msg);
	cr_expect(strstr(err.msg, "package 'skopeo'"), "%s", err.msg);
}

/* skopeo replaced by a program that does as it would: its calls are the contract. */
Test(image_open_docker, an_image_through_skopeo)
{
	static const char fake[] =
		"#!/bin/sh\n"
		"for last; do :; done\n"
		"dir=${last#dir:}\n"
		"echo \"$*\" >>\"$KIT/calls\"\n"
		"case \"$*\" in\n"
		"*\" inspect --raw \"*) cat \"$KIT/index\"; exit;;\n"
		"*--override-arch=amd64*) echo 'time=\"x\" level=fatal msg=\"no such thing\"' >&2;"
		" exit 1;;\n"
		"esac\n"
		"cp \"$KIT\"/blobs/sha256/* \"$dir\" && cp \"$KIT/manifest\" \"$dir/manifest.json\"\n";
	const struct image_options options = {.reference = "docker://r.example/x:1"};
	const struct image_options asked = {
		.reference = "docker://r.example/x:1", .platform = "linux/amd64"};
	AUTO_PTR(image) struct image *image = NULL;
	AUTO_PTR(image) struct image *other = NULL;
	AUTO(blob) struct blob blob = {.fd = -1};
	AUTO(buf) struct buf text = {0};
	auto_free char *program = NULL;
	auto_free char *path = NULL;
	auto_free char *manifest = NULL;
	auto_free char *entry = NULL;
	auto_free char *index = NULL;
	struct kit_image made;
	struct kit kit;
	struct err err = {0};

	kit_init(&kit);
	kit_image(&kit, "linux", "386", "run", &made);
	entry = kit_entry(
		&made.manifest, ",\"platform\":{\"os\":\"linux\",\"architecture\":\"386\"}");
	index = xasprintf("{\"schemaVersion\":2,\"manifests\":[%s]}", entry);
	kit_put(&kit, "index", index);
	manifest = xasprintf("blobs/sha256/%s", made.manifest.digest + 7);
	path = kit_path(&kit, manifest);
	buf_init(&text, 1 << 16);
	cr_assert_eq(file_read(AT_FDCWD, path, &text, &err), 0);
	kit_put(&kit, "manifest", buf_str(&text));
	kit_put(&kit, "bin/skopeo", fake);
	kit_put(&kit, "tmp/x", "");
	program = kit_path(&kit, "bin/skopeo");
	cr_assert_eq(chmod(program, 0755), 0);
	free(path);
	path = xasprintf("%s/bin:%s", kit.dir, getenv("PATH"));
	cr_assert_eq(setenv("PATH", path, 1), 0);
	cr_assert_eq(setenv("KIT", kit.dir, 1), 0);
	free(path);
	path = kit_path(&kit, "tmp");
	cr_assert_eq(setenv("TMPDIR", path, 1), 0);

	/* nothing asked for: linux/386 is the next best */
	cr_assert_eq(image_open(&options, &image, &err), 0, "%s", err.msg);
	cr_assert_not_null(image->config);
	cr_expect_str_eq(image->digest, made.manifest.digest);
	cr_expect_eq(image->violations.n, 0, "%s",
		image->violations.n ? image->violations.v[0].message : "");
	cr_assert_eq(image_layer_blob(image, 0, &blob, &err), 0, "%s", err.msg);
	cr_expect_eq(blob.size, image->layers[0].size);
	/* linux/amd64 asked for: not replaced, and what there is is told */
	cr_assert_eq(image_open(&asked, &other, &err), 0, "%s", err.msg);
	cr_assert_null(other->config);
	cr_expect(kit_violation(other, "index.json", "", "linux/386"));
	/* an index with linux/amd64 that cannot be copied: an error with skopeo's words */
	free(index);
	index = xasprintf("{\"schemaVersion\":2,\"manifests\":[{\"platform\":{\"os\":\"linux\","
			  "\"architecture\":\"amd64\"}}]}");
	kit_put(&kit, "index", index);
	image_free(image);
	image = NULL;
	cr_expect_eq(image_open(&options, &image, &err), -1);
	cr_expect_eq(err.code, ERR_IO);
	cr_expect(strstr(err.msg, "no such thing"), "%s", err.msg);
	/* nothing is left of it */
	image_free(other);
	other = NULL;
	free(index);
	index = xasprintf("test \"$(ls %s)\" = x", path);
	cr_expect_eq(system(index), 0);
	kit_release(&kit);
}
