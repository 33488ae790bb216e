/* The documents of an image against the OCI image specification 1.1: what is right has no problem,
 * and each thing that is wrong has exactly its own, at its own place. */
#include "image/oci.h"
#include "image/oci_grammar.h"
#include "image/oci_rules.h"

#include "base/buf.h"
#include "base/cleanup.h"

#include <criterion/criterion.h>
#include <string.h>

#define HEX64 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define DIGEST "sha256:" HEX64
#define DESCRIPTOR(type) "{\"mediaType\":\"" type "\",\"digest\":\"" DIGEST "\",\"size\":0}"
#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
#define CONFIG_TYPE "application/vnd.oci.image.config.v1+json"
#define LAYER_TYPE "application/vnd.oci.image.layer.v1.tar+gzip"
#define EMPTY_TYPE "application/vnd.oci.empty.v1+json"
/* manifest.md, "Guidance for an Empty Descriptor", has this one in full. */
#define EMPTY_DIGEST "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
#define EMPTY(more)                                                                                \
	"{\"mediaType\":\"" EMPTY_TYPE "\",\"digest\":\"" EMPTY_DIGEST "\",\"size\":2" more "}"
#define INDEX_OF(descriptor) "{\"schemaVersion\":2,\"manifests\":[" descriptor "]}"
#define WITH(more) "{\"mediaType\":\"a/b\",\"digest\":\"" DIGEST "\",\"size\":0," more "}"
#define IMAGE_WITH(more)                                                                           \
	"{\"schemaVersion\":2,\"config\":" DESCRIPTOR(CONFIG_TYPE) ",\"layers\":[" DESCRIPTOR(     \
		LAYER_TYPE) "]," more "}"
#define CONFIG_WITH(more)                                                                          \
	"{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\","            \
	"\"diff_ids\":[]}," more "}"

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
	{MANIFEST, "{\"schemaVersion\":2,\"artifactType\":\"application/x\",\"config\":" EMPTY(
			   "") ",\"layers\":[" DESCRIPTOR("text/plain") "]}"},
	{CONFIG, "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\","
		 "\"diff_ids\":[\"" DIGEST "\"]}}"},
	/* descriptor.md: 128 digits of sha512; RFC 3986, 3.1: schemes are without case */
	{INDEX, INDEX_OF("{\"mediaType\":\"a/b\",\"digest\":\"sha512:" HEX64 HEX64
			 "\",\"size\":0}")},
	{INDEX, INDEX_OF(WITH("\"urls\":[\"HTTPS://example.com/a\",\"http://[::1]/b?c#d\"]"))},
	{INDEX, INDEX_OF(WITH("\"data\":\"\""))},
	/* considerations.md: what is not known is no error, whatever it is */
	{INDEX, INDEX_OF(WITH(
			"\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":"
			"\"v8.2\",\"features\":[\"sse4\"]},\"x\":1e300,\"y\":[null]"))},
	{INDEX, INDEX_OF(WITH("\"platform\":{\"os\":\"linux\",\"architecture\":\"arm\",\"variant\":"
			      "\"v5\"}"))},
	{INDEX, INDEX_OF(WITH("\"platform\":{\"os\":\"linux\",\"architecture\":\"ppc64le\","
			      "\"variant\":\"power9\"}"))},
	{INDEX, "{\"schemaVersion\":2,\"artifactType\":\"application/vnd.example+type\",\"manifests\":[],"
		"\"subject\":" DESCRIPTOR(MANIFEST_TYPE) ",\"annotations\":{}}"},
	{MANIFEST,
		IMAGE_WITH("\"annotations\":{\"org.opencontainers.image.base.digest\":\"" DIGEST
			   "\",\"org.opencontainers.referrers.filtersApplied\":\"artifactType\"}")},
	{MANIFEST, "{\"schemaVersion\":2,\"artifactType\":\"a/b\",\"config\":" EMPTY(
			   ",\"data\":\"e30=\"") ",\"layers\":[" EMPTY("") "]}"},
	{CONFIG, CONFIG_WITH("\"created\":null,\"history\":null,\"variant\":null,\"config\":null")},
	{CONFIG, CONFIG_WITH("\"config\":{\"Labels\":null,\"User\":null,\"MemorySwap\":-1},"
			     "\"docker_version\":{\"a\":[1,2]}")},
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
	{INDEX, "{\"schemaVersion\":2,\"schemaVersion\":2,\"manifests\":[]}", "/schemaVersion",
		"more than once"},
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
		"\",\"size\":0,\"annotations\":{\"a.b/c\":1}}]}",
		"/manifests/0/annotations/a.b~1c", "found a number"},
	{MANIFEST, "{\"schemaVersion\":2,\"layers\":[" DESCRIPTOR(LAYER_TYPE) "]}", "/config",
		"missing"},
	{MANIFEST, "{\"schemaVersion\":2,\"config\":" DESCRIPTOR(CONFIG_TYPE) "}", "/layers",
		"missing"},
	{MANIFEST,
		"{\"schemaVersion\":2,\"config\":" DESCRIPTOR(
			CONFIG_TYPE) ",\"layers\":[" DESCRIPTOR("text/plain") "]}",
		"/layers/0/mediaType", "'text/plain'"},
	{MANIFEST,
		"{\"schemaVersion\":2,\"config\":" EMPTY("") ",\"layers\":[" DESCRIPTOR(
			"text/plain") "]}",
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
	{INDEX,
		INDEX_OF("{\"mediaType\":\"a/b\",\"digest\":\"" DIGEST "\",\"size\":"
			 "9223372036854775808}"),
		"/manifests/0/size", "64 bits"},
	{INDEX,
		INDEX_OF("{\"mediaType\":\"a/b\",\"digest\":\"" DIGEST "\",\"size\":0,"
			 "\"d\\u0069gest\":\"" DIGEST "\"}"),
		"/manifests/0/digest", "more than once"},
	{INDEX, INDEX_OF(WITH("\"Digest\":\"\"")), "/manifests/0/Digest", "beside 'digest'"},
	{INDEX,
		"{\"schemaVersion\":2,\"\xc5\xbf"
		"chemaVersion\":1,\"manifests\":[]}",
		"/\xc5\xbf"
		"chemaVersion",
		"beside 'schemaVersion'"},
	{INDEX, "{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}", "/layers",
		"image manifest"},
	{INDEX, "{\"schemaVersion\":2,\"manifests\":[],\"artifactType\":\"x\"}", "/artifactType",
		"'x'"},
	{INDEX, "{\"schemaVersion\":2,\"manifests\":[],\"annotations\":[]}", "/annotations",
		"found an array"},
	{INDEX,
		"{\"schemaVersion\":2,\"manifests\":[],\"subject\":{\"mediaType\":\"" MANIFEST_TYPE
		"\",\"digest\":\"" DIGEST "\"}}",
		"/subject/size", "missing"},
	{INDEX, INDEX_OF(WITH("\"data\":\"e30=\"")), "/manifests/0/data", "expected 0 bytes"},
	{INDEX, INDEX_OF(WITH("\"data\":\"e30\"")), "/manifests/0/data", "base64"},
	{INDEX, INDEX_OF(WITH("\"data\":\"e31=\"")), "/manifests/0/data", "base64"},
	{INDEX,
		INDEX_OF("{\"mediaType\":\"a/b\",\"digest\":\"" DIGEST "\",\"size\":2,"
			 "\"data\":\"e30=\"}"),
		"/manifests/0/data", EMPTY_DIGEST},
	{INDEX, INDEX_OF(WITH("\"data\":7")), "/manifests/0/data", "found a number"},
	{INDEX, INDEX_OF(WITH("\"urls\":\"https://x\"")), "/manifests/0/urls", "found a string"},
	{INDEX, INDEX_OF(WITH("\"urls\":[\"no uri\"]")), "/manifests/0/urls/0", "RFC 3986"},
	{INDEX, INDEX_OF(WITH("\"urls\":[\"http://x/%zz\"]")), "/manifests/0/urls/0", "RFC 3986"},
	{INDEX, INDEX_OF(WITH("\"artifactType\":\"a b/c\"")), "/manifests/0/artifactType",
		"RFC 6838"},
	{INDEX,
		INDEX_OF(WITH("\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\","
			      "\"os.features\":\"x\"}")),
		"/manifests/0/platform/os.features", "found a string"},
	{INDEX,
		INDEX_OF(WITH("\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\","
			      "\"os.version\":1}")),
		"/manifests/0/platform/os.version", "found a number"},
	{INDEX, INDEX_OF("{\"mediaType\":\"a/b\",\"digest\":\"sha512:" HEX64 "\",\"size\":0}"),
		"/manifests/0/digest", "sha512"},
	{INDEX, INDEX_OF(WITH("\"annotations\":null")), "/manifests/0/annotations", "empty object"},
	{INDEX, "{\"schemaVersion\":2,\"manifests\":[],\"fsLayers\":[]}", "/fsLayers", "schema 1"},
	{INDEX, INDEX_OF(WITH("\"annotations\":{\"a.b\":\"\",\"a.b\":\"\"}")),
		"/manifests/0/annotations/a.b", "more than once"},
	{MANIFEST, IMAGE_WITH("\"fsLayers\":null"), "/fsLayers", "schema 1"},
	{MANIFEST, IMAGE_WITH("\"artifactType\":\"\""), "/artifactType", "RFC 6838"},
	{CONFIG, CONFIG_WITH("\"config\":{\"Memory\":1.5}"), "/config/Memory", "whole number"},
	{CONFIG, CONFIG_WITH("\"history\":[null]"), "/history/0", "found null"},
	{LAYOUT, "{\"imageLayoutVersion\":\"1.0.0\",\"ImageLayoutVersion\":\"1\"}",
		"/ImageLayoutVersion", "beside"},
	{MANIFEST, IMAGE_WITH("\"subject\":7"), "/subject", "found a number"},
	{MANIFEST, IMAGE_WITH("\"manifests\":[]"), "/manifests", "image index"},
	{MANIFEST, IMAGE_WITH("\"Layers\":[]"), "/Layers", "beside 'layers'"},
	{MANIFEST,
		"{\"schemaVersion\":2,\"artifactType\":\"a/b\",\"config\":{\"mediaType\":\"" EMPTY_TYPE
		"\",\"digest\":\"" EMPTY_DIGEST "\",\"size\":3},\"layers\":[" EMPTY("") "]}",
		"/config/size", "expected 2"},
	{MANIFEST,
		"{\"schemaVersion\":2,\"artifactType\":\"a/b\",\"config\":{\"mediaType\":\"" EMPTY_TYPE
		"\",\"digest\":\"" DIGEST "\",\"size\":2},\"layers\":[" EMPTY("") "]}",
		"/config/digest", EMPTY_DIGEST},
	{CONFIG, CONFIG_WITH("\"author\":[]"), "/author", "found an array"},
	{CONFIG, CONFIG_WITH("\"os.features\":[1]"), "/os.features/0", "found a number"},
	{CONFIG, CONFIG_WITH("\"created\":\"2023-02-29T00:00:00Z\""), "/created", "RFC 3339"},
	{CONFIG, CONFIG_WITH("\"created\":\"2024-13-01T00:00:00Z\""), "/created", "RFC 3339"},
	{CONFIG, CONFIG_WITH("\"created\":\"2024-01-01T24:00:00Z\""), "/created", "RFC 3339"},
	{CONFIG, CONFIG_WITH("\"created\":\"2024-01-01T00:00:00\""), "/created", "RFC 3339"},
	{CONFIG, CONFIG_WITH("\"created\":\"2024-01-01T00:00:00.Z\""), "/created", "RFC 3339"},
	{CONFIG, CONFIG_WITH("\"history\":[{},{\"created\":\"today\"}]"), "/history/1/created",
		"'today'"},
	{CONFIG, CONFIG_WITH("\"history\":[{\"empty_layer\":1}]"), "/history/0/empty_layer",
		"found a number"},
	{CONFIG, CONFIG_WITH("\"config\":{\"Labels\":{\"a.b\":1}}"), "/config/Labels/a.b",
		"found a number"},
	{CONFIG, CONFIG_WITH("\"config\":{\"Labels\":[]}"), "/config/Labels", "found an array"},
	{CONFIG, CONFIG_WITH("\"config\":{\"ArgsEscaped\":\"no\"}"), "/config/ArgsEscaped",
		"found a string"},
	{CONFIG, CONFIG_WITH("\"config\":{\"Memory\":\"1g\"}"), "/config/Memory", "found a string"},
	{CONFIG, CONFIG_WITH("\"config\":{\"OnBuild\":\"x\"}"), "/config/OnBuild",
		"found a string"},
	{CONFIG, CONFIG_WITH("\"config\":{\"Cmd\":\"x\"}"), "/config/Cmd", "found a string"},
	{CONFIG, CONFIG_WITH("\"config\":{\"User\":0}"), "/config/User", "found a number"},
	{CONFIG, CONFIG_WITH("\"config\":{\"env\":[],\"Env\":[]}"), "/config/env", "beside 'Env'"},
	{CONFIG, CONFIG_WITH("\"Rootfs\":{}"), "/Rootfs", "beside 'rootfs'"},
};

Test(image_oci, each_breach_is_one_problem_at_its_place)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct json_problems problems = {0};

		read_document(wrong[i].kind, wrong[i].text, &problems);
		cr_assert_eq(problems.n, 1, "%s: %zu problems", wrong[i].text, problems.n);
		cr_expect_not(problems.v[0].warning, "%s", wrong[i].text);
		cr_expect_str_eq(problems.v[0].pointer, wrong[i].pointer, "%s", wrong[i].text);
		cr_expect(strstr(problems.v[0].message, wrong[i].message), "%s: %s", wrong[i].text,
			problems.v[0].message);
		json_problems_release(&problems);
	}
}

/* What the specification wants (SHOULD), or what everyone reads in one way. */
static const struct {
	enum document kind;
	const char *text;
	const char *pointer;
	const char *message;
} odd[] = {
	{INDEX, INDEX_OF(WITH("\"urls\":null")), "/manifests/0/urls", "left out"},
	{MANIFEST, IMAGE_WITH("\"subject\":null"), "/subject", "left out"},
	/* members of nobody's: what readers would do with them is nobody's concern */
	{INDEX, INDEX_OF(WITH("\"x\":{\"y\":1,\"y\":2}")), "/manifests/0/x/y", "more than once"},
	{MANIFEST, IMAGE_WITH("\"x\":99999999999999999999"), "/x", "64 bits"},
	{MANIFEST, IMAGE_WITH("\"x\":[-1e400]"), "/x/0", "1e400"},
	{CONFIG, CONFIG_WITH("\"config\":{\"Volumes\":{\"/a\":{\"b\":1,\"b\":1}}}"),
		"/config/Volumes/~1a/b", "more than once"},
	{INDEX,
		INDEX_OF(WITH(
			"\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":"
			"\"armv8\"}")),
		"/manifests/0/platform/variant", "'armv8'"},
	{CONFIG, CONFIG_WITH("\"variant\":\"v\""), "/variant", "'v'"},
	{CONFIG, CONFIG_WITH("\"variant\":\"v3.\""), "/variant", "'v3.'"},
	{INDEX, INDEX_OF(WITH("\"annotations\":{\"org.opencontainers.mine\":\"\"}")),
		"/manifests/0/annotations/org.opencontainers.mine", "reserved"},
	{INDEX,
		INDEX_OF(
			WITH("\"annotations\":{\"org.opencontainers.image.base.digest\":\"abc\"}")),
		"/manifests/0/annotations/org.opencontainers.image.base.digest", "a digest"},
	{INDEX, INDEX_OF(WITH("\"annotations\":{\"note\":\"\"}")), "/manifests/0/annotations/note",
		"reverse domain"},
	{INDEX, INDEX_OF(WITH("\"annotations\":{\"org.opencontainers.image.ref.name\":\"a b\"}")),
		"/manifests/0/annotations/org.opencontainers.image.ref.name", "'a b'"},
	{INDEX, INDEX_OF(WITH("\"annotations\":{\"org.opencontainers.image.ref.name\":\"-a\"}")),
		"/manifests/0/annotations/org.opencontainers.image.ref.name", "'-a'"},
	{INDEX, INDEX_OF(WITH("\"annotations\":{\"org.opencontainers.image.ref.name\":\"a-\"}")),
		"/manifests/0/annotations/org.opencontainers.image.ref.name", "'a-'"},
	{INDEX, INDEX_OF(WITH("\"annotations\":{\"org.opencontainers.image.ref.name\":\"a---b\"}")),
		"/manifests/0/annotations/org.opencontainers.image.ref.name", "'a---b'"},
	{INDEX, INDEX_OF(WITH("\"annotations\":{\"org.opencontainers.image.ref.name\":\"a/\"}")),
		"/manifests/0/annotations/org.opencontainers.image.ref.name", "'a/'"},
	{INDEX, INDEX_OF(WITH("\"annotations\":{\"org.opencontainers.image.ref.name\":\"a//b\"}")),
		"/manifests/0/annotations/org.opencontainers.image.ref.name", "'a//b'"},
	{INDEX, INDEX_OF(WITH("\"annotations\":{\"org.opencontainers.image.ref.name\":\"\"}")),
		"/manifests/0/annotations/org.opencontainers.image.ref.name", "''"},
	{INDEX, INDEX_OF(WITH("\"urls\":[\"ftp://example.com/x\"]")), "/manifests/0/urls/0",
		"http or https"},
	{INDEX, INDEX_OF("{\"mediaType\":\"a/b\",\"digest\":\"blake3:abc\",\"size\":0}"),
		"/manifests/0/digest", "cannot be verified"},
	{INDEX, INDEX_OF(WITH("\"platform\":{\"os\":\"Linux\",\"architecture\":\"amd64\"}")),
		"/manifests/0/platform/os", "GOOS"},
	{INDEX, INDEX_OF(WITH("\"Data\":\"\"")), "/manifests/0/Data", "is not 'data'"},
	{MANIFEST, IMAGE_WITH("\"annotations\":{\"org.opencontainers.image.mine\":\"x\"}"),
		"/annotations/org.opencontainers.image.mine", "reserved"},
	{MANIFEST, IMAGE_WITH("\"annotations\":{\"org.opencontainers.image.created\":\"x\"}"),
		"/annotations/org.opencontainers.image.created", "RFC 3339"},
	{MANIFEST, IMAGE_WITH("\"subject\":" DESCRIPTOR("a/b")), "/subject/mediaType", "'a/b'"},
	{MANIFEST, "{\"schemaVersion\":2,\"config\":" DESCRIPTOR(CONFIG_TYPE) ",\"layers\":[]}",
		"/layers", "at least one"},
	{MANIFEST,
		"{\"schemaVersion\":2,\"config\":" DESCRIPTOR(CONFIG_TYPE) ",\"layers\":[" DESCRIPTOR(
			"application/vnd.oci.image.layer.nondistributable.v1.tar") "]}",
		"/layers/0/mediaType", "deprecated"},
	{CONFIG,
		"{\"os\":\"linux\",\"architecture\":\"x86_64\",\"rootfs\":{\"type\":\"layers\","
		"\"diff_ids\":[]}}",
		"/architecture", "GOARCH"},
	{CONFIG, CONFIG_WITH("\"config\":{\"ExposedPorts\":{\"99999\":{}}}"),
		"/config/ExposedPorts/99999", "'99999'"},
	{CONFIG, CONFIG_WITH("\"config\":{\"ExposedPorts\":{\"80/icmp\":{}}}"),
		"/config/ExposedPorts/80~1icmp", "'80/icmp'"},
	{CONFIG, CONFIG_WITH("\"config\":{\"Env\":[\"A=b\",\"C\"]}"), "/config/Env/1", "'C'"},
	{CONFIG, CONFIG_WITH("\"config\":{\"Env\":[\"=b\"]}"), "/config/Env/0", "'=...'"},
	{CONFIG, CONFIG_WITH("\"config\":{\"Volumes\":{\"data\":{}}}"), "/config/Volumes/data",
		"absolute"},
	{CONFIG, CONFIG_WITH("\"config\":{\"Labels\":{\"org.opencontainers.image.x\":\"\"}}"),
		"/config/Labels/org.opencontainers.image.x", "reserved"},
	{CONFIG, CONFIG_WITH("\"config\":{\"entryPoint\":[]}"), "/config/entryPoint",
		"is not 'Entrypoint'"},
};

Test(image_oci, what_should_not_be_is_a_warning_at_its_place)
{
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		struct json_problems problems = {0};

		read_document(odd[i].kind, odd[i].text, &problems);
		cr_assert_eq(problems.n, 1, "%s: %zu problems", odd[i].text, problems.n);
		cr_expect(problems.v[0].warning, "%s", odd[i].text);
		cr_expect_str_eq(problems.v[0].pointer, odd[i].pointer, "%s", odd[i].text);
		cr_expect(strstr(problems.v[0].message, odd[i].message), "%s: %s", odd[i].text,
			problems.v[0].message);
		json_problems_release(&problems);
	}
}

/* RFC 4648, section 10. */
Test(image_oci, base64)
{
	static const struct {
		const char *text;
		const char *bytes; /* NULL: no base64 */
	} rows[] = {{"", ""}, {"Zg==", "f"}, {"Zm8=", "fo"}, {"Zm9v", "foo"}, {"Zm9vYg==", "foob"},
		{"Zm9vYmE=", "fooba"}, {"Zm9vYmFy", "foobar"}, {"Zg=", NULL}, {"Z===", NULL},
		{"====", NULL}, {"Zm9v\n", NULL}, {"Zh==", NULL}, {"Zm-_", NULL}, {"=Zg=", NULL}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t len = 0;
		auto_free unsigned char *bytes = base64_decode(rows[i].text, &len);

		cr_assert_eq(bytes != NULL, rows[i].bytes != NULL, "%s", rows[i].text);
		if (bytes) {
			cr_expect_eq(len, strlen(rows[i].bytes), "%s", rows[i].text);
			cr_expect_eq(memcmp(bytes, rows[i].bytes, len), 0, "%s", rows[i].text);
		}
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
	cr_expect_eq(problems.n, 1); /* "C" is no NAME=VALUE */
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
	cr_expect_eq(problems.n, 1);
	rules_layer_count(&c, 2, &problems);
	cr_assert_eq(problems.n, 3);
	cr_expect_str_eq(problems.v[1].pointer, "/rootfs/diff_ids");
	cr_expect_str_eq(problems.v[2].pointer, "/history");
	cr_expect(problems.v[2].warning, "fewer lines than layers");
	rules_layer_count(&c, 0, &problems);
	cr_assert_eq(problems.n, 5);
	cr_expect_str_eq(problems.v[4].pointer, "/history");
	cr_expect_not(problems.v[4].warning, "a line without its layer");
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
