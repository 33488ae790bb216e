/* The JSON documents of an image. The first byte says which: l(ayout), i(ndex), m(anifest),
 * c(onfig), d(ocker's manifest.json). */
#include "tests/fuzz/kit.h"

#include "base/cleanup.h"
#include "image/limits.h"
#include "image/oci.h"
#include "image/oci_rules.h"

#include <stdlib.h>
#include <string.h>

static void check(struct json_problems *problems, int rc, const struct err *err)
{
	MUST(rc == 0 || err->code == ERR_MALFORMED || err->code == ERR_LIMIT);
	MUST(rc == 0 || *err->msg);
	for (size_t i = 0; i < problems->n; i++) {
		const char *pointer = problems->v[i].pointer;

		MUST(!*pointer || *pointer == '/');
		MUST(*problems->v[i].message);
	}
	json_problems_release(problems);
}

static int config(const char *text, size_t len, struct json_problems *problems, struct err *err)
{
	struct image_config config;
	int rc = image_config_parse(text, len, &config, problems, err);
	auto_free char *platform = platform_text(&config.platform);

	MUST(*platform);
	rules_layer_count(&config, 1, problems);
	image_config_release(&config);
	return rc;
}

static int read_one(
	char kind, const char *text, size_t len, struct json_problems *problems, struct err *err)
{
	struct index index;
	struct manifest manifest;
	struct docker_manifest docker;
	int rc;

	switch (kind) {
	case 'i':
		rc = index_parse(text, len, &index, problems, err);
		MUST(rc || !index.manifests.n || index.manifests.v);
		index_release(&index);
		return rc;
	case 'm':
		rc = manifest_parse(text, len, &manifest, problems, err);
		manifest_release(&manifest);
		return rc;
	case 'd':
		rc = docker_manifest_parse(text, len, &docker, problems, err);
		docker_manifest_release(&docker);
		return rc;
	case 'c':
		return config(text, len, problems, err);
	default:
		return layout_parse(text, len, problems, err);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	char kind = (char)fuzz_byte(&in);
	size_t len;
	auto_free char *text = fuzz_rest(&in, &len);
	struct json_problems problems = {0};
	struct err err = {0};

	check(&problems, read_one(kind, text, len, &problems, &err), &err);
	return 0;
}
