/* image_open() over layouts and archives that the tests write. */
#include "image_kit.h"

#include "base/alloc.h"
#include "base/str.h"
#include "base/sys_file.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define INDEX_TYPE "application/vnd.oci.image.index.v1+json"
#define REF_NAME "org.opencontainers.image.ref.name"
#define PLATFORM(os, arch) ",\"platform\":{\"os\":\"" os "\",\"architecture\":\"" arch "\"}"
#define TAG(name) ",\"annotations\":{\"" REF_NAME "\":\"" name "\"}"

/* A layout with one linux/amd64 image. */
static void one_image(struct kit *kit, struct kit_image *image)
{
	auto_free char *entry = NULL;

	kit_init(kit);
	kit_image(kit, "linux", "amd64", "run", image);
	entry = kit_entry(&image->manifest, "");
	kit_index(kit, entry);
}

/* Opens and says why when it cannot be. */
static struct image *opened(
	const struct kit *kit, const char *scheme, const char *name, const char *platform)
{
	struct image *image = NULL;
	struct err err = {0};

	cr_assert_eq(kit_open(kit, scheme, name, platform, &image, &err), 0, "%s", err.msg);
	return image;
}

static void refused(const struct kit *kit, const char *scheme, const char *name, enum err_code code,
	const char *message)
{
	struct image *image = NULL;
	struct err err = {0};

	cr_assert_eq(kit_open(kit, scheme, name, NULL, &image, &err), -1, "%s%s", scheme, name);
	cr_expect_eq(err.code, code, "%s%s: %s", scheme, name, err.msg);
	cr_expect(strstr(err.msg, message), "%s%s: %s", scheme, name, err.msg);
	cr_expect_null(image);
}

/* Nothing chosen, for one reason, which names all these. */
static void expect_selection(const struct image *image, const char *a, const char *b)
{
	cr_assert_null(image->config);
	cr_assert_eq(kit_failures(image), 1);
	cr_expect_eq(image->violations.v[0].kind, VIOLATION_SELECTION);
	cr_expect(strstr(image->violations.v[0].message, a), "%s", image->violations.v[0].message);
	cr_expect(strstr(image->violations.v[0].message, b), "%s", image->violations.v[0].message);
}

static void expect_command(const struct image *image, const char *command)
{
	cr_assert_not_null(
		image->config, "%s", image->violations.n ? image->violations.v[0].message : "");
	cr_expect_str_eq(image->config->cmd.v[0], command);
}

static void expect_layer(const struct image *image, const char *text)
{
	AUTO(blob) struct blob blob = {.fd = -1};
	struct err err = {0};
	char found[256] = "";

	cr_assert_eq(image->n_layers, 1);
	cr_assert_eq(image_layer_blob(image, 0, &blob, &err), 0, "%s", err.msg);
	cr_assert_eq(blob.size, strlen(text));
	cr_assert_eq(image->layers[0].size, strlen(text));
	cr_assert_eq(file_read_at(blob.fd, found, blob.size, blob.offset, &err), 0, "%s", err.msg);
	cr_expect_str_eq(found, text);
}

Test(image_open, a_layout)
{
	struct kit kit;
	struct kit_image made;
	AUTO_PTR(image) struct image *image = NULL;

	one_image(&kit, &made);
	image = opened(&kit, "", ".", NULL);
	expect_command(image, "run");
	expect_layer(image, "not quite a tar, for run");
	cr_expect_eq(image->violations.n, 0);
	cr_expect_str_eq(image->digest, made.manifest.digest);
	cr_expect_str_eq(image->config_digest, made.config.digest);
	cr_expect_str_eq(image->layers[0].digest, made.layer.digest);
	cr_expect_str_eq(image->layers[0].diff_id, made.layer.digest);
	cr_expect_str_eq(image->layers[0].created_by, "COPY a");
	cr_expect_str_eq(image->layers[0].media_type, "application/vnd.oci.image.layer.v1.tar");
	cr_assert_eq(image->n_candidates, 1);
	cr_expect_str_eq(image->candidates[0].platform, "linux/amd64");
	cr_expect_str_eq(image->candidates[0].kind, "image");
	kit_release(&kit);
}

Test(image_open, archives_of_every_kind)
{
	static const struct {
		const char *name;
		enum kit_filter filter;
		const char *prefix;
	} archives[] = {{"a.tar", KIT_PLAIN, ""}, {"b.tar", KIT_PLAIN, "./"},
		{"c.tgz", KIT_GZIP, ""}, {"d:e.tar.zst", KIT_ZSTD, "./"}};
	struct kit kit;
	struct kit_image made;

	one_image(&kit, &made);
	for (size_t i = 0; i < ARRAY_SIZE(archives); i++) {
		AUTO_PTR(image) struct image *bare = NULL;
		AUTO_PTR(image) struct image *named = NULL;

		kit_pack(&kit, archives[i].name, archives[i].filter, archives[i].prefix);
		bare = opened(&kit, "", archives[i].name, NULL);
		expect_command(bare, "run");
		expect_layer(bare, "not quite a tar, for run");
		cr_expect_eq(bare->violations.n, 0, "%s", archives[i].name);
		named = opened(&kit, "oci-archive:", archives[i].name, "linux/amd64");
		expect_layer(named, "not quite a tar, for run");
	}
	kit_release(&kit);
}

Test(image_open, a_plain_archive_is_read_in_place)
{
	struct kit kit;
	struct kit_image made;
	AUTO_PTR(image) struct image *image = NULL;
	AUTO(blob) struct blob blob = {.fd = -1};
	auto_free char *path = NULL;
	struct stat file;
	struct stat read_from;

	one_image(&kit, &made);
	kit_pack(&kit, "a.tar", KIT_PLAIN, "");
	path = kit_path(&kit, "a.tar");
	image = opened(&kit, "", "a.tar", NULL);
	cr_assert_eq(image_layer_blob(image, 0, &blob, NULL), 0);
	cr_assert_eq(stat(path, &file), 0);
	cr_assert_eq(fstat(blob.fd, &read_from), 0);
	cr_expect_eq(file.st_ino, read_from.st_ino);
	kit_release(&kit);
}

static void from_stdin(const struct kit *kit, const char *name)
{
	static const struct image_options options = {.reference = "-"};
	auto_free char *path = kit_path(kit, name);
	AUTO_PTR(image) struct image *image = NULL;
	struct err err = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	cr_assert(fd >= 0 && dup2(fd, STDIN_FILENO) == STDIN_FILENO);
	close(fd);
	cr_assert_eq(image_open(&options, &image, &err), 0, "%s: %s", name, err.msg);
	expect_layer(image, "not quite a tar, for run");
}

Test(image_open, standard_input)
{
	struct kit kit;
	struct kit_image made;
	AUTO(buf) struct buf text = {0};
	auto_free char *path = NULL;
	AUTO_PTR(image) struct image *image = NULL;
	static const struct image_options options = {.reference = "-"};
	struct err err = {0};
	int ends[2];

	one_image(&kit, &made);
	kit_pack(&kit, "a.tar", KIT_PLAIN, "");
	kit_pack(&kit, "b.tar", KIT_GZIP, "");
	from_stdin(&kit, "a.tar");
	from_stdin(&kit, "b.tar");
	/* and where it cannot be sought in: the compressed archive fits into a pipe */
	path = kit_path(&kit, "b.tar");
	buf_init(&text, 1 << 16);
	cr_assert_eq(file_read(AT_FDCWD, path, &text, &err), 0, "%s", err.msg);
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	cr_assert_eq(file_write_fd(ends[1], text.data, text.len, &err), 0, "%s", err.msg);
	close(ends[1]);
	cr_assert_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	close(ends[0]);
	cr_assert_eq(image_open(&options, &image, &err), 0, "%s", err.msg);
	expect_layer(image, "not quite a tar, for run");
	kit_release(&kit);
}

/* Four platforms, an attestation and an artifact below a nested index. */
static void many_platforms(struct kit *kit, const char *const *platforms, size_t n)
{
	auto_free char *entries = xstrdup("");
	auto_free char *index = NULL;
	auto_free char *top = NULL;
	struct kit_ref nested;
	struct kit_image made;

	kit_init(kit);
	for (size_t i = 0; i < n; i++) {
		const char *slash = strchr(platforms[i], '/');
		auto_free char *os = xstrndup(platforms[i], (size_t)(slash - platforms[i]));
		auto_free char *platform = xasprintf(
			",\"platform\":{\"os\":\"%s\",\"architecture\":\"%s\"}", os, slash + 1);
		auto_free char *entry = NULL;
		char *longer;

		kit_image(kit, os, slash + 1, platforms[i], &made);
		entry = kit_entry(&made.manifest, platform);
		longer = xasprintf("%s%s,", entries, entry);
		free(entries);
		entries = longer;
	}
	kit_image(kit, "unknown", "unknown", "attestation", &made);
	top = kit_entry(&made.manifest, PLATFORM("unknown", "unknown"));
	index = xasprintf("{\"schemaVersion\":2,\"mediaType\":\"" INDEX_TYPE
			  "\",\"manifests\":[%s%s]}",
		entries, top);
	kit_blob(kit, index, strlen(index), &nested);
	free(top);
	top = xasprintf("{\"mediaType\":\"" INDEX_TYPE "\",\"digest\":\"%s\",\"size\":%zu}",
		nested.digest, nested.size);
	kit_index(kit, top);
}

Test(image_open, platforms)
{
	static const struct {
		const char *there[3];
		const char *asked;
		const char *chosen; /* NULL: refused */
	} rows[] = {
		{{"linux/arm64", "linux/amd64", "linux/386"}, NULL, "linux/amd64"},
		{{"linux/arm64", "linux/386", NULL}, NULL, "linux/386"},
		{{"linux/arm64", "linux/386", NULL}, "linux/amd64", NULL},
		{{"linux/arm64", "linux/386", NULL}, "linux/arm64", "linux/arm64"},
		{{"linux/arm64", "linux/386", NULL}, "linux/aarch64", "linux/arm64"},
		{{"linux/arm64", NULL, NULL}, NULL, "linux/arm64"},
		{{"linux/arm64", NULL, NULL}, "linux/amd64", NULL},
		{{"linux/arm64", "linux/s390x", NULL}, NULL, NULL},
		{{"windows/amd64", "linux/s390x", NULL}, NULL, NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kit kit;
		AUTO_PTR(image) struct image *image = NULL;
		size_t n = 0;

		while (n < ARRAY_SIZE(rows[i].there) && rows[i].there[n]) {
			n++;
		}
		many_platforms(&kit, rows[i].there, n);
		image = opened(&kit, "", ".", rows[i].asked);
		cr_assert_eq(image->n_candidates, n + 1);
		cr_expect_str_eq(image->candidates[n].kind, "attestation");
		if (rows[i].chosen) {
			expect_command(image, rows[i].chosen);
			cr_expect_eq(image->violations.n, 0, "row %zu: %s", i,
				image->violations.n ? image->violations.v[0].message : "");
		} else {
			expect_selection(image, rows[i].there[0], rows[i].there[n - 1]);
		}
		kit_release(&kit);
	}
}

Test(image_open, malformed_platforms_are_usage)
{
	static const char *const bad[] = {
		"", "linux", "linux/", "/amd64", "linux/amd64/", "linux/arm/v7/x", "linux/am d64"};
	struct kit kit;
	struct kit_image made;

	one_image(&kit, &made);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct image *image = NULL;
		struct err err = {0};

		cr_expect_eq(kit_open(&kit, "", ".", bad[i], &image, &err), -1, "%s", bad[i]);
		cr_expect_eq(err.code, ERR_USAGE, "'%s': %s", bad[i], err.msg);
	}
	kit_release(&kit);
}

Test(image_open, tags)
{
	struct kit kit;
	struct kit_image one;
	struct kit_image two;
	AUTO_PTR(image) struct image *any = NULL;
	AUTO_PTR(image) struct image *second = NULL;
	AUTO_PTR(image) struct image *again = NULL;
	AUTO_PTR(image) struct image *none = NULL;
	auto_free char *a = NULL;
	auto_free char *b = NULL;
	auto_free char *c = NULL;
	auto_free char *all = NULL;

	kit_init(&kit);
	kit_image(&kit, "linux", "amd64", "one", &one);
	kit_image(&kit, "linux", "amd64", "two", &two);
	a = kit_entry(&one.manifest, TAG("v1"));
	b = kit_entry(&two.manifest, TAG("v2"));
	c = kit_entry(&two.manifest, TAG("latest"));
	all = xasprintf("%s,%s,%s", a, b, c);
	kit_index(&kit, all);
	any = opened(&kit, "", ".", NULL);
	expect_selection(any, "v1", "latest");
	second = opened(&kit, "oci:", ".:v2", NULL);
	expect_command(second, "two");
	again = opened(&kit, "oci:", ".:latest", NULL);
	expect_command(again, "two");
	none = opened(&kit, "oci:", ".:v3", NULL);
	expect_selection(none, "'v3'", "v2");
	kit_release(&kit);
}

Test(image_open, one_image_under_two_tags_is_one_image)
{
	struct kit kit;
	struct kit_image one;
	AUTO_PTR(image) struct image *image = NULL;
	auto_free char *a = NULL;
	auto_free char *b = NULL;
	auto_free char *all = NULL;

	kit_init(&kit);
	kit_image(&kit, "linux", "amd64", "one", &one);
	a = kit_entry(&one.manifest, TAG("v1"));
	b = kit_entry(&one.manifest, TAG("latest"));
	all = xasprintf("%s,%s", a, b);
	kit_index(&kit, all);
	image = opened(&kit, "", ".", NULL);
	expect_command(image, "one");
	cr_expect_eq(image->violations.n, 0);
	cr_expect_eq(image->n_candidates, 2);
	kit_release(&kit);
}

Test(image_open, an_artifact_is_no_image)
{
	static const char manifest[] =
		"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
		"\"artifactType\":\"application/x\",\"config\":{\"mediaType\":"
		"\"application/vnd.oci.empty.v1+json\",\"size\":2,\"digest\":\"sha256:44136fa355b3"
		"678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\"},\"layers\":[{\"mediaType\":"
		"\"text/plain\",\"size\":0,\"digest\":\"sha256:e3b0c44298fc1c149afbf4c8996fb924"
		"27ae41e4649b934ca495991b7852b855\"}]}";
	struct kit kit;
	struct kit_ref ref;
	AUTO_PTR(image) struct image *image = NULL;
	auto_free char *entry = NULL;

	kit_init(&kit);
	kit_blob(&kit, manifest, strlen(manifest), &ref);
	entry = kit_entry(&ref, "");
	kit_index(&kit, entry);
	image = opened(&kit, "", ".", NULL);
	expect_selection(image, "no image", "artifact");
	kit_release(&kit);
}

Test(image_open, an_index_that_disagrees_with_the_config)
{
	struct kit kit;
	struct kit_image made;
	AUTO_PTR(image) struct image *image = NULL;
	AUTO_PTR(image) struct image *other = NULL;
	auto_free char *entry = NULL;

	kit_init(&kit);
	kit_image(&kit, "linux", "arm64", "run", &made);
	entry = kit_entry(&made.manifest, PLATFORM("linux", "amd64"));
	kit_index(&kit, entry);
	image = opened(&kit, "", ".", NULL);
	expect_command(image, "run");
	cr_assert_eq(kit_failures(image), 1);
	cr_expect(kit_violation(
		image, "index.json", "/manifests/0/platform/architecture", "expected 'arm64'"));
	other = opened(&kit, "", ".", "linux/arm64");
	expect_selection(other, "linux/arm64", "linux/amd64");
	kit_release(&kit);
}

Test(image_open, wrong_digests_and_sizes)
{
	struct kit kit;
	struct kit_image made;
	AUTO_PTR(image) struct image *image = NULL;
	AUTO(buf) struct buf text = {0};
	auto_free char *name = NULL;
	auto_free char *path = NULL;
	auto_free char *entry = NULL;
	struct err err = {0};

	one_image(&kit, &made);
	/* the config has one space more than its digest knows of */
	name = xasprintf("blobs/sha256/%s", made.config.digest + 7);
	path = kit_path(&kit, name);
	buf_init(&text, 1 << 16);
	cr_assert_eq(file_read(AT_FDCWD, path, &text, &err), 0, "%s", err.msg);
	cr_assert_eq(buf_add(&text, " ", 1, &err), 0);
	kit_put_bytes(&kit, name, text.data, text.len);
	made.manifest.size++;
	entry = kit_entry(&made.manifest, "");
	kit_index(&kit, entry);
	image = opened(&kit, "", ".", NULL);
	expect_command(image, "run");
	cr_assert_eq(kit_failures(image), 3);
	cr_expect(kit_violation(image, "index.json", "/manifests/0/size", "expected"));
	cr_expect(kit_violation(image, "blobs/sha256/", "/config/size", "expected"));
	cr_expect(kit_violation(image, "blobs/sha256/", "/config/digest", made.config.digest));
	kit_release(&kit);
}

Test(image_open, what_is_missing_or_broken)
{
	struct kit kit;
	struct kit_image made;
	auto_free char *config = NULL;
	auto_free char *path = NULL;
	AUTO_PTR(image) struct image *image = NULL;

	one_image(&kit, &made);
	path = kit_path(&kit, "oci-layout");
	cr_assert_eq(unlink(path), 0);
	image = opened(&kit, "", ".", NULL);
	cr_expect_eq(kit_failures(image), 1);
	cr_expect(kit_violation(image, "oci-layout", "", "missing"));
	config = xasprintf("blobs/sha256/%s", made.config.digest + 7);
	kit_put(&kit, config, "{");
	refused(&kit, "", ".", ERR_MALFORMED, "not JSON");
	free(path);
	path = kit_path(&kit, config);
	cr_assert_eq(unlink(path), 0);
	refused(&kit, "", ".", ERR_MALFORMED, "config");
	kit_index(&kit, "");
	refused(&kit, "", ".", ERR_MALFORMED, "lists none");
	kit_put(&kit, "index.json", "junk");
	refused(&kit, "", ".", ERR_MALFORMED, "'index.json'");
	kit_put(&kit, "x.tar", "junk that is no archive");
	refused(&kit, "", "x.tar", ERR_MALFORMED, "no image");
	refused(&kit, "oci:", "x.tar", ERR_MALFORMED, "not a directory");
	refused(&kit, "oci-archive:", ".", ERR_MALFORMED, "not an archive");
	kit_put(&kit, "empty.tar", "");
	refused(&kit, "", "empty.tar", ERR_MALFORMED, "no image");
	refused(&kit, "", "nothing.tar", ERR_IO, "No such file");
	kit_put(&kit, "dir/file", "");
	refused(&kit, "", "dir", ERR_MALFORMED, "neither an OCI layout nor a docker archive");
	kit_release(&kit);
}

Test(image_open, documents_and_nesting_have_limits)
{
	struct kit kit;
	struct kit_ref ref;
	auto_free char *big = xcalloc(9 << 20, 1);
	auto_free char *entry = NULL;

	kit_init(&kit);
	memset(big, ' ', 9 << 20);
	kit_put_bytes(&kit, "index.json", big, 9 << 20);
	refused(&kit, "", ".", ERR_LIMIT, "index.json");
	kit_blob(&kit, "{}", 2, &ref);
	for (int depth = 0; depth < 9; depth++) {
		auto_free char *index =
			xasprintf("{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":"
				  "\"" INDEX_TYPE "\",\"digest\":\"%s\",\"size\":%zu}]}",
				ref.digest, ref.size);

		kit_blob(&kit, index, strlen(index), &ref);
	}
	entry = xasprintf("{\"mediaType\":\"" INDEX_TYPE "\",\"digest\":\"%s\",\"size\":%zu}",
		ref.digest, ref.size);
	kit_index(&kit, entry);
	refused(&kit, "", ".", ERR_LIMIT, "nested deeper");
	kit_release(&kit);
}

Test(image_open, a_small_index_of_endless_paths)
{
	struct kit kit;
	struct kit_ref ref;

	kit_init(&kit);
	kit_blob(&kit, "{\"schemaVersion\":2,\"manifests\":[]}", 34, &ref);
	for (int depth = 0; depth < 7; depth++) {
		AUTO(buf) struct buf index = {0};

		buf_init(&index, 1 << 20);
		cr_assert_eq(buf_addf(&index, NULL, "{\"schemaVersion\":2,\"manifests\":["), 0);
		for (int i = 0; i < 900; i++) {
			cr_assert_eq(buf_addf(&index, NULL,
					     "%s{\"mediaType\":\"" INDEX_TYPE
					     "\",\"digest\":\"%s\",\"size\":%zu}",
					     i ? "," : "", ref.digest, ref.size),
				0);
		}
		cr_assert_eq(buf_addf(&index, NULL, "]}"), 0);
		kit_blob(&kit, index.data, index.len, &ref);
		if (depth == 6) {
			kit_put_bytes(&kit, "index.json", index.data, index.len);
		}
	}
	refused(&kit, "", ".", ERR_LIMIT, "documents of the image");
	kit_release(&kit);
}

Test(image_open, links_stay_within_the_layout)
{
	struct kit kit;
	struct kit_image made;
	auto_free char *blob = NULL;
	auto_free char *path = NULL;
	auto_free char *moved = NULL;
	AUTO_PTR(image) struct image *image = NULL;
	AUTO_PTR(image) struct image *outside = NULL;
	struct blob bytes;
	struct err err = {0};

	one_image(&kit, &made);
	blob = xasprintf("blobs/sha256/%s", made.layer.digest + 7);
	path = kit_path(&kit, blob);
	moved = kit_path(&kit, "elsewhere");
	cr_assert_eq(rename(path, moved), 0);
	cr_assert_eq(symlink("../../elsewhere", path), 0);
	image = opened(&kit, "", ".", NULL);
	expect_layer(image, "not quite a tar, for run");
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(symlink("/etc/passwd", path), 0);
	outside = opened(&kit, "", ".", NULL);
	cr_expect_eq(image_layer_blob(outside, 0, &bytes, &err), -1);
	cr_expect_eq(err.code, ERR_MALFORMED, "%s", err.msg);
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(mkfifo(path, 0600), 0); /* must not hang */
	cr_expect_eq(image_layer_blob(outside, 0, &bytes, &err), -1);
	cr_assert_eq(unlink(path), 0);
	cr_expect_eq(image_layer_blob(outside, 0, &bytes, &err), -1);
	cr_expect_eq(err.code, ERR_IO, "%s", err.msg);
	kit_release(&kit);
}
