/* The tables of the image documents. What a table cannot say stands in oci_rules.c. */
#include "image/oci.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "image/limits.h"
#include "image/oci_rules.h"

#include <inttypes.h>
#include <string.h>

#define FIELD(type, name, kind, member, presence, table)                                           \
	{                                                                                          \
		name, kind, offsetof(struct type, member), presence, table                         \
	}
#define TABLE(fields, size)                                                                        \
	{                                                                                          \
		fields, ARRAY_SIZE(fields), size, 0                                                \
	}

struct layout {
	char *version;
};
static const struct json_field layout_fields[] = {
	FIELD(layout, "imageLayoutVersion", JF_STR, version, JF_REQUIRED, NULL),
};
static const struct json_table layout_table = TABLE(layout_fields, sizeof(struct layout));

static const struct json_field platform_fields[] = {
	FIELD(platform, "os", JF_STR, os, JF_REQUIRED, NULL),
	FIELD(platform, "architecture", JF_STR, architecture, JF_REQUIRED, NULL),
	FIELD(platform, "variant", JF_STR, variant, JF_OPTIONAL, NULL),
	FIELD(platform, "os.version", JF_STR, os_version, JF_OPTIONAL, NULL),
	FIELD(platform, "os.features", JF_STRV, os_features, JF_OPTIONAL, NULL),
};
static const struct json_table platform_table = TABLE(platform_fields, sizeof(struct platform));

static const struct json_field descriptor_fields[] = {
	FIELD(descriptor, "mediaType", JF_STR, media_type, JF_REQUIRED, NULL),
	FIELD(descriptor, "digest", JF_STR, digest, JF_REQUIRED, NULL),
	FIELD(descriptor, "size", JF_U64, size, JF_REQUIRED, NULL),
	FIELD(descriptor, "platform", JF_OBJ, platform, JF_OPTIONAL, &platform_table),
	FIELD(descriptor, "artifactType", JF_STR, artifact_type, JF_OPTIONAL, NULL),
	FIELD(descriptor, "annotations", JF_PAIRS, annotations, JF_OPTIONAL, NULL),
	FIELD(descriptor, "urls", JF_STRV, urls, JF_OPTIONAL, NULL),
	FIELD(descriptor, "data", JF_STR, data, JF_OPTIONAL, NULL),
};
static const struct json_table descriptor_table = {descriptor_fields, ARRAY_SIZE(descriptor_fields),
	sizeof(struct descriptor), offsetof(struct descriptor, present)};

static const struct json_field index_fields[] = {
	FIELD(index, "schemaVersion", JF_U64, schema_version, JF_REQUIRED, NULL),
	FIELD(index, "mediaType", JF_STR, media_type, JF_OPTIONAL, NULL),
	FIELD(index, "artifactType", JF_STR, artifact_type, JF_OPTIONAL, NULL),
	FIELD(index, "manifests", JF_ARRAY, manifests, JF_REQUIRED, &descriptor_table),
	FIELD(index, "subject", JF_OBJ, subject, JF_OPTIONAL, &descriptor_table),
	FIELD(index, "annotations", JF_PAIRS, annotations, JF_OPTIONAL, NULL),
};
static const struct json_table index_table = TABLE(index_fields, sizeof(struct index));

static const struct json_field manifest_fields[] = {
	FIELD(manifest, "schemaVersion", JF_U64, schema_version, JF_REQUIRED, NULL),
	FIELD(manifest, "mediaType", JF_STR, media_type, JF_OPTIONAL, NULL),
	FIELD(manifest, "artifactType", JF_STR, artifact_type, JF_OPTIONAL, NULL),
	FIELD(manifest, "config", JF_OBJ, config, JF_REQUIRED, &descriptor_table),
	FIELD(manifest, "layers", JF_ARRAY, layers, JF_REQUIRED, &descriptor_table),
	FIELD(manifest, "subject", JF_OBJ, subject, JF_OPTIONAL, &descriptor_table),
	FIELD(manifest, "annotations", JF_PAIRS, annotations, JF_OPTIONAL, NULL),
};
static const struct json_table manifest_table = TABLE(manifest_fields, sizeof(struct manifest));

static const struct json_field history_fields[] = {
	FIELD(history, "created", JF_STR, created, JF_OPTIONAL, NULL),
	FIELD(history, "author", JF_STR, author, JF_OPTIONAL, NULL),
	FIELD(history, "created_by", JF_STR, created_by, JF_OPTIONAL, NULL),
	FIELD(history, "comment", JF_STR, comment, JF_OPTIONAL, NULL),
	FIELD(history, "empty_layer", JF_BOOL, empty_layer, JF_OPTIONAL, NULL),
};
static const struct json_table history_table = TABLE(history_fields, sizeof(struct history));

static const struct json_field healthcheck_fields[] = {
	FIELD(healthcheck, "Test", JF_STRV, test, JF_OPTIONAL, NULL),
	FIELD(healthcheck, "Interval", JF_U64, interval_ns, JF_OPTIONAL, NULL),
	FIELD(healthcheck, "Timeout", JF_U64, timeout_ns, JF_OPTIONAL, NULL),
	FIELD(healthcheck, "StartPeriod", JF_U64, start_period_ns, JF_OPTIONAL, NULL),
	FIELD(healthcheck, "Retries", JF_U64, retries, JF_OPTIONAL, NULL),
};
static const struct json_table healthcheck_table = {healthcheck_fields,
	ARRAY_SIZE(healthcheck_fields), sizeof(struct healthcheck),
	offsetof(struct healthcheck, present)};

/* The members of "config" and of "rootfs" go into the record of the whole document: a table of size
 * 0 at offset 0, so that releasing it leaves the rest alone. */
static const struct json_field runtime_fields[] = {
	FIELD(image_config, "User", JF_STR, user, JF_OPTIONAL, NULL),
	FIELD(image_config, "ExposedPorts", JF_KEYS, exposed_ports, JF_OPTIONAL, NULL),
	FIELD(image_config, "Env", JF_STRV, env, JF_OPTIONAL, NULL),
	FIELD(image_config, "Entrypoint", JF_STRV, entrypoint, JF_OPTIONAL, NULL),
	FIELD(image_config, "Cmd", JF_STRV, cmd, JF_OPTIONAL, NULL),
	FIELD(image_config, "Volumes", JF_KEYS, volumes, JF_OPTIONAL, NULL),
	FIELD(image_config, "WorkingDir", JF_STR, working_dir, JF_OPTIONAL, NULL),
	FIELD(image_config, "StopSignal", JF_STR, stop_signal, JF_OPTIONAL, NULL),
	FIELD(image_config, "Labels", JF_PAIRS, labels, JF_OPTIONAL, NULL),
	FIELD(image_config, "Shell", JF_STRV, shell, JF_OPTIONAL, NULL),
	FIELD(image_config, "Healthcheck", JF_OBJ, healthcheck, JF_OPTIONAL, &healthcheck_table),
	FIELD(image_config, "OnBuild", JF_STRV, on_build, JF_OPTIONAL, NULL),
	FIELD(image_config, "ArgsEscaped", JF_BOOL, args_escaped, JF_OPTIONAL, NULL),
	FIELD(image_config, "Memory", JF_NUM, resources[0], JF_OPTIONAL, NULL),
	FIELD(image_config, "MemorySwap", JF_NUM, resources[1], JF_OPTIONAL, NULL),
	FIELD(image_config, "CpuShares", JF_NUM, resources[2], JF_OPTIONAL, NULL),
};
static const struct json_table runtime_table = TABLE(runtime_fields, 0);

static const struct json_field rootfs_fields[] = {
	FIELD(image_config, "type", JF_STR, rootfs_type, JF_REQUIRED, NULL),
	FIELD(image_config, "diff_ids", JF_STRV, diff_ids, JF_REQUIRED, NULL),
};
static const struct json_table rootfs_table = TABLE(rootfs_fields, 0);

static const struct json_field config_fields[] = {
	FIELD(image_config, "os", JF_STR, platform.os, JF_REQUIRED, NULL),
	FIELD(image_config, "architecture", JF_STR, platform.architecture, JF_REQUIRED, NULL),
	FIELD(image_config, "variant", JF_STR, platform.variant, JF_OPTIONAL, NULL),
	FIELD(image_config, "os.version", JF_STR, platform.os_version, JF_OPTIONAL, NULL),
	FIELD(image_config, "os.features", JF_STRV, platform.os_features, JF_OPTIONAL, NULL),
	FIELD(image_config, "created", JF_STR, created, JF_OPTIONAL, NULL),
	FIELD(image_config, "author", JF_STR, author, JF_OPTIONAL, NULL),
	{"config", JF_OBJ, 0, JF_OPTIONAL, &runtime_table},
	{"rootfs", JF_OBJ, 0, JF_REQUIRED, &rootfs_table},
	FIELD(image_config, "history", JF_ARRAY, history, JF_OPTIONAL, &history_table),
};
static const struct json_table config_table = TABLE(config_fields, sizeof(struct image_config));

static const struct json_field docker_fields[] = {
	FIELD(docker_image, "Config", JF_STR, config, JF_REQUIRED, NULL),
	FIELD(docker_image, "RepoTags", JF_STRV, repo_tags, JF_OPTIONAL, NULL),
	FIELD(docker_image, "Layers", JF_STRV, layers, JF_REQUIRED, NULL),
};
static const struct json_table docker_table = TABLE(docker_fields, sizeof(struct docker_image));

/* The named array may not be longer than max: its records would be many times its text. */
static int array_within(const json_t *top, const char *name, size_t max, struct err *err)
{
	size_t n = json_array_size(json_object_get(top, name));

	return n <= max ? 0
			: err_set(err, ERR_LIMIT, "%zu items in '%s', more than the limit of %zu",
				  n, name, max);
}

static int parse_object(const char *text, size_t len, const struct json_table *table,
	struct json_problems *problems, json_t **ret, struct err *err)
{
	auto_json json_t *top = NULL;

	if (json_parse_open(text, len, table, problems, &top, err)) {
		return -1;
	}
	if (!json_is_object(top)) {
		return err_set(
			err, ERR_MALFORMED, "expected an object, found %s", json_type_word(top));
	}
	*ret = steal_ptr(top);
	return 0;
}

/* Optional members that are null. Everyone reads them as absent, but config.md alone allows it. What
 * holds for annotations has a rule of its own. */
static void warn_of_nulls(const struct json_table *table, const json_t *value, const char *pointer,
	struct json_problems *problems)
{
	for (size_t i = 0; i < table->n; i++) {
		const struct json_field *field = &table->fields[i];
		const json_t *member = json_object_get(value, field->name);
		auto_free char *at = json_pointer_add(pointer, field->name);

		if (json_is_null(member) && field->presence == JF_OPTIONAL &&
			field->kind != JF_PAIRS) {
			json_problem_add(problems, true, at,
				"null, which is no value of it: it should be left out");
		}
		if (field->kind == JF_OBJ) {
			warn_of_nulls(field->table, member, at, problems);
		}
		for (size_t j = 0; field->kind == JF_ARRAY && j < json_array_size(member); j++) {
			auto_free char *item = json_pointer_index(at, j);

			warn_of_nulls(field->table, json_array_get(member, j), item, problems);
		}
	}
}

int layout_parse(const char *text, size_t len, struct json_problems *problems, struct err *err)
{
	auto_json json_t *top = NULL;
	struct layout layout = {0};

	if (parse_object(text, len, &layout_table, problems, &top, err)) {
		return -1;
	}
	json_table_read(&layout_table, top, "", &layout, problems);
	json_table_case(&layout_table, top, "", problems);
	rules_layout(layout.version, problems);
	json_table_release(&layout_table, &layout);
	return 0;
}

int index_parse(const char *text, size_t len, struct index *ret, struct json_problems *problems,
	struct err *err)
{
	auto_json json_t *top = NULL;

	*ret = (struct index){0};
	if (parse_object(text, len, &index_table, problems, &top, err) ||
		array_within(top, "manifests", image_limits.manifests, err)) {
		return -1;
	}
	json_table_read(&index_table, top, "", ret, problems);
	json_table_case(&index_table, top, "", problems);
	warn_of_nulls(&index_table, top, "", problems);
	rules_index(top, ret, problems);
	return 0;
}

int manifest_parse(const char *text, size_t len, struct manifest *ret,
	struct json_problems *problems, struct err *err)
{
	auto_json json_t *top = NULL;

	*ret = (struct manifest){0};
	if (parse_object(text, len, &manifest_table, problems, &top, err) ||
		array_within(top, "layers", LIMIT_LAYERS, err)) {
		return -1;
	}
	json_table_read(&manifest_table, top, "", ret, problems);
	json_table_case(&manifest_table, top, "", problems);
	warn_of_nulls(&manifest_table, top, "", problems);
	rules_manifest(top, ret, problems);
	return 0;
}

int image_config_parse(const char *text, size_t len, struct image_config *ret,
	struct json_problems *problems, struct err *err)
{
	auto_json json_t *top = NULL;

	*ret = (struct image_config){0};
	if (parse_object(text, len, &config_table, problems, &top, err) ||
		array_within(top, "history", LIMIT_HISTORY, err)) {
		return -1;
	}
	json_table_read(&config_table, top, "", ret, problems);
	json_table_case(&config_table, top, "", problems);
	rules_config(top, ret, problems);
	return 0;
}

int docker_manifest_parse(const char *text, size_t len, struct docker_manifest *ret,
	struct json_problems *problems, struct err *err)
{
	auto_json json_t *top = NULL;
	size_t i;
	json_t *item;

	*ret = (struct docker_manifest){0};
	if (json_parse_open(text, len, &docker_table, problems, &top, err)) {
		return -1;
	}
	if (!json_is_array(top)) {
		return err_set(
			err, ERR_MALFORMED, "expected an array, found %s", json_type_word(top));
	}
	if (json_array_size(top) > image_limits.manifests) {
		return err_set(err, ERR_LIMIT,
			"%zu images, more than the limit of %" PRIu64 " (policy: 'manifests')",
			json_array_size(top), image_limits.manifests);
	}
	ret->images.n = json_array_size(top);
	ret->images.v = xcalloc(ret->images.n, sizeof(*ret->images.v));
	json_array_foreach (top, i, item) {
		auto_free char *at = json_pointer_index("", i);

		json_table_read(&docker_table, item, at, &ret->images.v[i], problems);
		json_table_case(&docker_table, item, at, problems);
	}
	return 0;
}

void index_release(struct index *index)
{
	json_table_release(&index_table, index);
}

void manifest_release(struct manifest *manifest)
{
	json_table_release(&manifest_table, manifest);
}

void image_config_release(struct image_config *config)
{
	json_table_release(&config_table, config);
}

void docker_manifest_release(struct docker_manifest *manifest)
{
	for (size_t i = 0; i < manifest->images.n; i++) {
		json_table_release(&docker_table, &manifest->images.v[i]);
	}
	free(manifest->images.v);
	*manifest = (struct docker_manifest){0};
}

void platform_release(struct platform *p)
{
	json_table_release(&platform_table, p);
}

struct platform platform_copy(const struct platform *p)
{
	struct platform copy = {
		.os = xstrdup(p->os),
		.architecture = xstrdup(p->architecture),
		.variant = xstrdup(p->variant),
		.os_version = xstrdup(p->os_version),
	};

	strv_add_all(&copy.os_features, &p->os_features);
	return copy;
}

char *platform_text(const struct platform *p)
{
	return xasprintf("%s/%s%s%s", p->os ? p->os : "?", p->architecture ? p->architecture : "?",
		p->variant && *p->variant ? "/" : "", p->variant && *p->variant ? p->variant : "");
}
