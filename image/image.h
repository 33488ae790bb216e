/*
 * image.h - one image, chosen from whatever the reference leads to.
 *
 *	struct image *image;
 *	if (image_open(&options, &image, err)) ...	no image at all, or no readable config
 *	if (!image->config) ...				several to choose from, or not this platform
 *	image_scan(image, &sinks, &tree, err)		(scan.h) reads every layer once
 *
 * What breaks the image specification but can be read is a violation, never an error: the checks
 * oci-conformance, layers-unpack and single-image turn violations into findings.
 */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include "base/cleanup.h"
#include "base/err.h"
#include "image/oci.h"
#include "image/reference.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum violation_kind {
	VIOLATION_CONFORMANCE, /* oci-conformance: documents, digests, sizes, diff_ids */
	VIOLATION_LAYER, /* layers-unpack: a layer that cannot be read to its end, bad entries */
	VIOLATION_SELECTION, /* single-image: several images, or not the platform asked for */
};

struct violation {
	enum violation_kind kind;
	bool warning; /* odd but readable by everyone: evidence of a WARN, not a FAIL */
	char *file; /* "index.json", "blobs/sha256/ab..", "manifest.json", "layer 2" */
	char *pointer; /* JSON pointer, or entry name for a layer; "" when it is the whole file */
	char *message;
};
struct violations {
	struct violation *v;
	size_t n;
	size_t cap;
	size_t seen[3][2]; /* by kind and warning; what passes LIMIT_VIOLATIONS is only counted */
};

/* Add one; everything is copied. list may be NULL. Not thread-safe. */
void violation_add(struct violations *list, enum violation_kind kind, bool warning,
	const char *file, const char *pointer, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));

void violations_clear(struct violations *list);

enum layer_encoding { LAYER_PLAIN, LAYER_GZIP, LAYER_ZSTD };

/* One layer as the manifest and config declare it; lowest first. */
struct layer {
	char *digest; /* of the blob as stored; NULL in a docker-archive that names none */
	uint64_t size; /* as declared; in a docker-archive the member's size */
	char *media_type;
	char *diff_id; /* of the tar, from the config; NULL when the config has too few */
	char *created_by; /* history line, NULL when unknown */
	char *file; /* its name in the source: "blobs/sha256/ab..", "1f../layer.tar" */
	char *diff_id_read; /* set by image_scan: what the tar really hashes to */
	uint64_t tar_size; /* set by image_scan */
	size_t entries; /* set by image_scan */
	size_t duplicates; /* set by image_scan: entries of a name that the layer had before */
	size_t idle_whiteouts; /* set by image_scan: whiteouts of what is not there */
	bool unread; /* set by image_scan: not there, or entries of its tar could not be read */
};

/* An image or other manifest that the reference offers: for messages and `assay inspect`. */
struct candidate {
	char *name; /* tag, RepoTags[0], or NULL */
	char *digest;
	char *platform; /* "linux/amd64" */
	char *kind; /* "image", "attestation", "artifact"; "referrer": an artifact about another */
	char *artifact_type; /* media type of what it carries; NULL for an image */
	char *subject; /* digest of the manifest that it is about, or NULL */
};

struct image_options {
	const char *reference;
	const char *
		platform; /* "linux/amd64"; NULL: linux/amd64, or linux/386 where only that is there */
	/* For what is fetched through skopeo. */
	const char *authfile; /* credentials; NULL: where skopeo looks by itself */
	const char *tls_verify; /* "true", "false"; NULL: as skopeo is configured */
};

struct source; /* source.h: the blobs */
struct facts;

struct image {
	struct reference reference;
	struct source *source;
	char *digest; /* manifest digest; for a docker-archive the config's */
	char *config_digest;
	char *media_type; /* of the manifest; NULL in a docker-archive */
	struct strv annotations; /* of the manifest, "key=value" */
	struct image_config *config; /* NULL: no image could be chosen (see violations) */
	struct layer *layers;
	size_t n_layers;
	struct candidate *candidates;
	size_t n_candidates;
	struct violations violations;
	const struct facts
		*facts; /* for image_scan (facts.h); borrowed, NULL: every layer is read */
};

/* Where the bytes of a blob are: a range of an open file. */
struct blob {
	int fd; /* owned */
	uint64_t offset;
	uint64_t size;
};
void blob_release(struct blob *blob);

/* The stored (still encoded) bytes of a layer. ERR_IO when the blob is not there. */
int image_layer_blob(const struct image *image, size_t layer, struct blob *ret, struct err *err);

/* How many layers image_scan could not read to the end of their tar. */
size_t image_layers_unread(const struct image *image);

/* The ChainID of each layer (image-spec config.md), as declared; "" from the first one on whose
 * diff_id is not known. */
void image_chain_ids(const struct image *image, struct strv *ret);

/* Find, choose and read index, manifest and config; no layer is touched. ERR_USAGE for a malformed
 * reference or platform, ERR_IO when it is not there, ERR_MALFORMED when it is no image or has no
 * readable config. A platform that is not on offer, or several tags without a choice, is success
 * with config == NULL and violations that say what there is. */
int image_open(const struct image_options *options, struct image **ret, struct err *err);
void image_free(struct image *image);
DEFINE_AUTO_PTR(image)

#endif
