/*
 * oci.h - the JSON documents of an image, read by field tables: index, manifest, config and the
 * docker-archive's manifest.json. Pure: text in, records and problems out.
 *
 * OCI image-spec 1.1 (descriptor.md, image-index.md, manifest.md, config.md) and the Docker forms
 * (manifest v2 schema 2, manifest list). Members that are not read here are not kept.
 */
#ifndef IMAGE_OCI_H
#define IMAGE_OCI_H

#include "base/json.h"

#include <stdbool.h>
#include <stdint.h>

struct platform {
	char *os;
	char *architecture; /* GOARCH: "amd64", "386", "arm64" */
	char *variant; /* "v8", NULL when none */
	char *os_version;
	struct strv os_features;
};

struct descriptor {
	char *media_type;
	char *digest;
	uint64_t size;
	struct platform platform; /* only inside an index */
	char *artifact_type;
	struct strv annotations; /* "key=value" */
	struct strv urls;
	char *data; /* the content itself, in base64 */
	bool present; /* not first: a json_table cannot mark offset 0 */
};

struct index {
	uint64_t schema_version;
	char *media_type;
	char *artifact_type;
	JF_ARRAY_OF(struct descriptor) manifests;
	struct descriptor subject; /* what this one refers to */
	struct strv annotations;
};

struct manifest {
	uint64_t schema_version;
	char *media_type;
	char *artifact_type;
	struct descriptor config;
	JF_ARRAY_OF(struct descriptor) layers;
	struct descriptor subject; /* what this one refers to */
	struct strv annotations;
};

struct history {
	char *created;
	char *author;
	char *created_by;
	char *comment;
	bool empty_layer;
};

/* Docker's HEALTHCHECK. */
struct healthcheck {
	struct strv test; /* {"NONE"}, {"CMD", ...}, {"CMD-SHELL", line} */
	uint64_t interval_ns; /* 0: the default, 30 s */
	uint64_t timeout_ns;
	uint64_t start_period_ns;
	uint64_t retries;
	bool present; /* not first: a json_table cannot mark offset 0 */
};

struct image_config {
	struct platform platform;
	char *created;
	char *author;
	char *user;
	struct strv exposed_ports; /* "8080/tcp" */
	struct strv env; /* as written: an item may lack its '=' */
	struct strv entrypoint;
	struct strv cmd;
	struct strv volumes; /* paths */
	char *working_dir;
	char *stop_signal;
	struct strv labels; /* "key=value" */
	struct strv shell;
	struct healthcheck healthcheck;
	char *rootfs_type;
	struct strv diff_ids;
	JF_ARRAY_OF(struct history) history;
	/* Read for their types only. */
	struct strv on_build;
	double resources[3];
	bool args_escaped;
};

/* One image of a docker-archive's manifest.json. */
struct docker_image {
	char *config; /* path in the archive */
	struct strv repo_tags;
	struct strv layers; /* paths in the archive, lowest first */
};
struct docker_manifest {
	JF_ARRAY_OF(struct docker_image) images;
};

/* The kinds of media type that a descriptor or document of an image may have. */
enum media_kind {
	MEDIA_OTHER,
	MEDIA_INDEX,
	MEDIA_MANIFEST,
	MEDIA_CONFIG,
	MEDIA_EMPTY,
	MEDIA_LAYER
};
enum media_kind media_kind(const char *media_type); /* NULL gives MEDIA_OTHER */

/* Whether it is one of Docker's; false for NULL. */
bool media_docker(const char *media_type);

/* Whether the manifest is an image's: that of an artifact has a config of another type, or carries
 * signatures, attestations or lists of parts and nothing else. */
bool manifest_is_image(const struct manifest *m);

/* Each reads text into *ret (initialised here) and adds what breaks the specification to problems;
 * -1 only when the text is no JSON, its top is of the wrong type (ERR_MALFORMED), or an array is
 * over its limit (ERR_LIMIT). Release in every case. */
int layout_parse(const char *text, size_t len, struct json_problems *problems, struct err *err);
int index_parse(const char *text, size_t len, struct index *ret, struct json_problems *problems,
	struct err *err);
int manifest_parse(const char *text, size_t len, struct manifest *ret,
	struct json_problems *problems, struct err *err);
int image_config_parse(const char *text, size_t len, struct image_config *ret,
	struct json_problems *problems, struct err *err);
int docker_manifest_parse(const char *text, size_t len, struct docker_manifest *ret,
	struct json_problems *problems, struct err *err);
void index_release(struct index *index);
void manifest_release(struct manifest *manifest);
void image_config_release(struct image_config *config);
void docker_manifest_release(struct docker_manifest *manifest);

void platform_release(struct platform *p);

/* A copy that is released by itself. */
struct platform platform_copy(const struct platform *p);

/* "linux/arm64/v8", "?" for a part that is not there; the caller frees. */
char *platform_text(const struct platform *p);

#endif
