/* The documents of an image against the OCI image specification 1.1: what is right has no problem,
 * and each thing that is wrong has exactly its own, at its own place. */
#include "image/oci.h"
#include "image/oci_rules.h"

#include "base/buf.h"
#include "base/cleanup.h"

#include <criterion/criterion.h>
#include <string.h>

#define DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define DESCRIPTOR(type) "{\"mediaType\":\"" type "\",\"digest\":\"" DIGEST "\",\"size\":0}"
#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
#define CONFIG_TYPE "application/vnd.oci.image.config.v1+json"
#define LAYER_TYPE "application/vnd.oci.image.layer.v1.tar+gzip"
#define EMPTY_TYPE "application/vnd.oci.empty.v1+json"

enum document { INDEX, MANIFEST, CONFIG, LAYOUT };

/* The problems of a document that can be read. */
static void read_document(enum document kind, const char *text, struct json_problems *problems)
{
	struct err err = {0};
	size_t len = strlen(text);
	struct index index = {0};
	struct manifest manifest = {0};
	struct image_config config = {0};
	int rc = 0;

	switch (kind) {
	case INDEX:
		rc = index_parse(text, len, &index, problems, &err);
		break;
	case MANIFEST:
		rc = manifest_parse(text, len, &manifest, problems, &err);
		break;
	case CONFIG:
		rc = image_config_parse(text, len, &config, problems, &err);
		break;
	case LAYOUT:
		rc = layout_parse(text, len, problems, &err);
		break;
	}
	cr_assert_eq(rc, 0, "%s: %s", text, err.msg);
	index_release(&index);
	manifest_release(&manifest);
	image_config_release(&config);
}

static const struct {
	enum document kind;
	const char *text;
} right[] = {
	{LAYOUT, "{\"imageLayoutVersion\":\"1.0.0\"}"},
	{LAYOUT, "{\"imageLayoutVersion\":\"1.0.0\",\"other\":[]}"},
	{INDEX, "{\"schemaVersion\":2,\"manifests\":[]}"},
	{INDEX, "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
		"\"manifests\":[" DESCRIPTOR(MANIFEST_TYPE) "]}"},
	{INDEX, "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.docker.distribution.manifest."
		"list.v2+json\",\"manifests\":[]}"},
	{MANIFEST, "{\"schemaVersion\":2,\"config\":" DESCRIPTOR(
			   CONFIG_TYPE) ",\"layers\":[" DESCRIPTOR(LAYER_TYPE) "]}"},
	{MANIFEST, "{\"schemaVersion\":2,\"artifactType\":\"application/x\",\"config\":" DESCRIPTOR(
			   EMPTY_TYPE) ",\"layers\":[" DESCRIPTOR("text/plain") "]}"},
	{CONFIG, "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\","
		 "\"diff_ids\":[\"" DIGEST "\"]}}"},
	{CONFIG, "{\"os\":\"linux\",\"architecture\":\"amd64\",\"created\":"
		 "\"2025-01-26T22:54:00.500849935+01:00\",\"config\":{\"Volumes\":null,"
		 "\"ExposedPorts\":{\"80\":{},\"53/udp\":{},\"80/tcp\":{}},\"Entrypoint\":null},"
		 "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}"},
};

Test(image_oci, what_is_right_has_no_problem)
{
	for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
		struct json_problems problems = {0};

		read_document(right[i].kind, right[i].text, &problems);
		cr_expect_eq(problems.n, 0, "%s: %s: %s", right[i].text,
			problems.n ? problems.v[0].pointer : "",
			problems.n ? problems.v[0].message : "");
		json_problems_release(&problems);
	}
}

static const struct {
	enum document kind;
	const char *text;
	const char *pointer;
	const char *message; /* a part of it */
} wrong[] = {
	{LAYOUT, "{}", "/imageLayoutVersion", "missing"},
	{LAYOUT, "{\"imageLayoutVersion\":1}", "/imageLayoutVersion", "found a number"},
	{LAYOUT, "{\"imageLayoutVersion\":\"2.0.0\"}", "/imageLayoutVersion", "'2.0.0'"},
	{INDEX, "{\"manifests\":[]}", "/schemaVersion", "missing"},
	{INDEX, "{\"schemaVersion\":1,\"manifests\":[]}", "/schemaVersion", "expected 2, found 1"},
	{INDEX, "{\"schemaVersion\":\"2\",\"manifests\":[]}", "/schemaVersion", "found a string"},
	{INDEX, "{\"schemaVersion\":2}", "/manifests", "missing"},
	{INDEX, "{\"schemaVersion\":2,\"manifests\":null}", "/manifests", "missing"},
	{INDEX, "{\"schemaVersion\":2,\"manifests\":{}}", "/manifests", "found an object"},
	{INDEX, "{\"schemaVersion\":2,\"schemaVersion\":2,\"manifests\":[]}", "", "schemaVersion"},
	{INDEX, "{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST_TYPE "\",\"manifests\":[]}",
		"/mediaType", "image index"},
	{INDEX, "{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"" DIGEST "\",\"size\":0}]}",
		"/manifests/0/mediaType", "missing"},
	{INDEX, "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"a/b\",\"size\":0}]}",
		"/manifests/0/digest", "missing"},
	{INDEX,
		"{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"a/b\",\"digest\":\"" DIGEST
		"\"}]}",
		"/manifests/0/size", "missing"},
	{INDEX,
		"{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"a/b\",\"digest\":\"" DIGEST
		"\",\"size\":-1}]}",
		"/manifests/0/size", "negative"},
	{INDEX,
		"{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"a/b\",\"digest\":\"" DIGEST
		"\",\"size\":1.5}]}",
		"/manifests/0/size", "a whole number"},
	{INDEX,
		"{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"ab\",\"digest\":\"" DIGEST
		"\",\"size\":0}]}",
		"/manifests/0/mediaType", "'ab'"},
	{INDEX,
		"{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"a/b\",\"digest\":"
		"\"sha256:E3B0\",\"size\":0}]}",
		"/manifests/0/digest", "sha256:E3B0"},
	{INDEX,
		"{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"a/b\",\"digest\":"
		"\"sha256:../../x\",\"size\":0}]}",
		"/manifests/0/digest", "../../x"},
	{INDEX,
		"{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"a/b\",\"digest\":\"" DIGEST
		"\",\"size\":0,\"platform\":{\"os\":\"linux\"}}]}",
		"/manifests/0/platform/architecture", "missing"},
	{INDEX,
		"{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"a/b\",\"digest\":\"" DIGEST
		"\",\"size\":0,\"annotations\":{\"a/b\":1}}]}",
		"/manifests/0/annotations/a~1b", "found a number"},
	{MANIFEST, "{\"schemaVersion\":2,\"layers\":[]}", "/config", "missing"},
	{MANIFEST, "{\"schemaVersion\":2,\"config\":" DESCRIPTOR(CONFIG_TYPE) "}", "/layers",
		"missing"},
	{MANIFEST,
		"{\"schemaVersion\":2,\"config\":" DESCRIPTOR(
			CONFIG_TYPE) ",\"layers\":[" DESCRIPTOR("text/plain") "]}",
		"/layers/0/mediaType", "'text/plain'"},
	{MANIFEST, "{\"schemaVersion\":2,\"config\":" DESCRIPTOR(EMPTY_TYPE) ",\"layers\":[]}",
		"/artifactType", "missing"},
	{CONFIG, "{\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}",
		"/os", "missing"},
	{CONFIG, "{\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}",
		"/architecture", "missing"},
	{CONFIG, "{\"os\":\"linux\",\"architecture\":\"amd64\"}", "/rootfs", "missing"},
	{CONFIG,
		"{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"tar\","
		"\"diff_ids\":[]}}",
		"/rootfs/type", "'tar'"},
	{CONFIG,
		"{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\","
		"\"diff_ids\":[\"x\"]}}",
		"/rootfs/diff_ids/0", "'x'"},
	{CONFIG,
		"{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\","
		"\"diff_ids\":[]},\"created\":\"2025-01-26 22:54:00\"}",
		"/created", "RFC 3339"},
	{CONFIG,
		"{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\","
		"\"diff_ids\":[]},\"config\":{\"Env\":[\"A=b\",7]}}",
		"/config/Env/1", "found a number"},
	{CONFIG,
		"{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\","
		"\"diff_ids\":[]},\"config\":{\"Volumes\":{\"/a\":true}}}",
		"/config/Volumes/~1a", "found a boolean"},
	{CONFIG,
		"{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\","
		"\"diff_ids\":[]},\"config\":{\"ExposedPorts\":{\"99999\":{}}}}",
		"/config/ExposedPorts/99999", "'99999'"},
};

Test(image_oci, each_breach_is_one_problem_at_its_place)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct json_problems problems = {0};

		read_document(wrong[i].kind, wrong[i].text, &problems);
		cr_assert_eq(problems.n, 1, "%s: %zu problems", wrong[i].text, problems.n);
		cr_expect_str_eq(problems.v[0].pointer, wrong[i].pointer, "%s", wrong[i].text);
		cr_expect(strstr(problems.v[0].message, wrong[i].message), "%s: %s", wrong[i].text,
			problems.v[0].message);
		json_problems_release(&problems);
	}
}

Test(image_oci, what_is_no_document_is_an_error)
{
	static const char *const texts[] = {"", "[", "[]", "7", "\"x\"", "{\"a\":}", "\xff"};
	struct index index;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct err err = {0};

		cr_expect_eq(index_parse(texts[i], strlen(texts[i]), &index, NULL, &err), -1, "%s",
			texts[i]);
		cr_expect_eq(err.code, ERR_MALFORMED, "%s: %s", texts[i], err.msg);
		index_release(&index);
	}
}

Test(image_oci, a_config_in_full)
{
	static const char text[] =
		"{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":\"v8\",\"config\":{"
		"\"User\":\"1000:1000\",\"ExposedPorts\":{\"8080/tcp\":{},\"53/udp\":{}},"
		"\"Env\":[\"A=b\",\"C\"],\"Entrypoint\":[\"/bin/x\"],\"Cmd\":[\"-f\",\"\"],"
		"\"Volumes\":{\"/data\":{}},\"WorkingDir\":\"/srv\",\"StopSignal\":\"SIGQUIT\","
		"\"Labels\":{\"k\":\"v=w\"},\"Shell\":[\"/bin/bash\",\"-c\"],\"Healthcheck\":{"
		"\"Test\":[\"CMD\",\"true\"],\"Interval\":5000000000,\"Retries\":3}},"
		"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" DIGEST "\"]},"
		"\"history\":[{\"created_by\":\"one\"},{\"created_by\":\"two\",\"empty_layer\":true}]}";
	AUTO(image_config) struct image_config c = {0};
	struct json_problems problems = {0};
	auto_free char *platform = NULL;
	struct err err = {0};

	cr_assert_eq(image_config_parse(text, strlen(text), &c, &problems, &err), 0, "%s", err.msg);
	cr_expect_eq(problems.n, 0);
	platform = platform_text(&c.platform);
	cr_expect_str_eq(platform, "linux/arm64/v8");
	cr_expect_str_eq(c.user, "1000:1000");
	cr_assert_eq(c.exposed_ports.n, 2);
	cr_expect_str_eq(c.exposed_ports.v[1], "53/udp");
	cr_assert_eq(c.env.n, 2);
	cr_expect_str_eq(c.env.v[1], "C");
	cr_expect_str_eq(c.entrypoint.v[0], "/bin/x");
	cr_assert_eq(c.cmd.n, 2);
	cr_expect_str_eq(c.cmd.v[1], "");
	cr_expect_str_eq(c.volumes.v[0], "/data");
	cr_expect_str_eq(c.working_dir, "/srv");
	cr_expect_str_eq(c.stop_signal, "SIGQUIT");
	cr_expect_str_eq(c.labels.v[0], "k=v=w");
	cr_expect_str_eq(c.shell.v[0], "/bin/bash");
	cr_expect(c.healthcheck.present);
	cr_expect_str_eq(c.healthcheck.test.v[1], "true");
	cr_expect_eq(c.healthcheck.interval_ns, 5000000000u);
	cr_expect_eq(c.healthcheck.retries, 3);
	cr_expect_str_eq(c.diff_ids.v[0], DIGEST);
	cr_assert_eq(c.history.n, 2);
	cr_expect(c.history.v[1].empty_layer);
	rules_layer_count(&c, 1, &problems);
	cr_expect_eq(problems.n, 0);
	rules_layer_count(&c, 2, &problems);
	cr_assert_eq(problems.n, 2);
	cr_expect_str_eq(problems.v[0].pointer, "/rootfs/diff_ids");
	cr_expect_str_eq(problems.v[1].pointer, "/history");
	json_problems_release(&problems);
}

Test(image_oci, docker_manifest)
{
	static const char text[] = "[{\"Config\":\"a.json\",\"RepoTags\":[\"x:1\",\"x:2\"],"
				   "\"Layers\":[\"l/layer.tar\"],\"Parent\":\"sha256:1\"},"
				   "{\"RepoTags\":null,\"Layers\":[1]}]";
	struct docker_manifest m = {0};
	struct json_problems problems = {0};
	struct err err = {0};

	cr_assert_eq(
		docker_manifest_parse(text, strlen(text), &m, &problems, &err), 0, "%s", err.msg);
	cr_assert_eq(m.images.n, 2);
	cr_expect_str_eq(m.images.v[0].config, "a.json");
	cr_expect_str_eq(m.images.v[0].repo_tags.v[1], "x:2");
	cr_expect_str_eq(m.images.v[0].layers.v[0], "l/layer.tar");
	cr_assert_eq(problems.n, 2);
	cr_expect_str_eq(problems.v[0].pointer, "/1/Config");
	cr_expect_str_eq(problems.v[1].pointer, "/1/Layers/0");
	json_problems_release(&problems);
	docker_manifest_release(&m);
	cr_expect_eq(docker_manifest_parse("{}", 2, &m, NULL, &err), -1);
	cr_expect_eq(err.code, ERR_MALFORMED);
	docker_manifest_release(&m);
}

Test(image_oci, more_layers_than_the_limit)
{
	AUTO(buf) struct buf text = {0};
	AUTO(manifest) struct manifest m = {0};
	struct err err = {0};

	buf_init(&text, 1 << 20);
	cr_assert_eq(buf_addf(&text, NULL, "{\"layers\":["), 0);
	for (int i = 0; i < 501; i++) {
		cr_assert_eq(buf_addf(&text, NULL, "%s{}", i ? "," : ""), 0);
	}
	cr_assert_eq(buf_addf(&text, NULL, "]}"), 0);
	cr_expect_eq(manifest_parse(text.data, text.len, &m, NULL, &err), -1);
	cr_expect_eq(err.code, ERR_LIMIT);
}

Test(image_oci, media_kinds)
{
	cr_expect_eq(media_kind(NULL), MEDIA_OTHER);
	cr_expect_eq(media_kind("application/vnd.oci.image.layer.v1.tar+zstd"), MEDIA_LAYER);
	cr_expect_eq(
		media_kind("application/vnd.oci.image.layer.nondistributable.v1.tar"), MEDIA_LAYER);
	cr_expect_eq(media_kind("application/vnd.docker.image.rootfs.diff.tar.gzip"), MEDIA_LAYER);
	cr_expect_eq(media_kind("application/vnd.docker.container.image.v1+json"), MEDIA_CONFIG);
	cr_expect_eq(media_kind("application/vnd.oci.image.layer.v1.tar+lz4"), MEDIA_OTHER);
}
