/*
 * opening.h - the state of one image_open(): what the documents offer, and what is chosen of it.
 *
 * oci_open.c and docker_open.c fill the choices, select.c picks one, forms.c looks whether others pick
 * it, too, load.c reads it into the image.
 * Private to image/.
 */
#ifndef IMAGE_OPENING_H
#define IMAGE_OPENING_H

#include "base/buf.h"
#include "base/err.h"
#include "image/image.h"
#include "image/oci.h"
#include "image/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How blobs are named in the source. */
enum form {
	FORM_OCI, /* blobs/<algorithm>/<hex>, index.json */
	FORM_DOCKER, /* any names, given in manifest.json */
	FORM_SKOPEO_DIR, /* <hex>, and manifest.json is the one manifest */
};

enum choice_kind { CHOICE_IMAGE, CHOICE_ATTESTATION, CHOICE_ARTIFACT };

/* A manifest that the reference leads to. */
struct choice {
	enum choice_kind kind;
	char *name; /* tag or full name; NULL when it has none */
	char *root; /* digest of the top-level entry that leads here */
	char *digest; /* of the manifest; of the config in a docker-archive */
	struct platform platform; /* what the index says; what the config says where it is silent */
	bool platform_declared; /* the index says it */
	bool listed; /* has the tag that was asked for, or none was */
	char *file; /* document that names it: "index.json" */
	char *pointer; /* and the place there: "/manifests/0" */
	char *document; /* the manifest's name in the source; NULL in a docker-archive */
	bool read; /* manifest or docker is filled */
	struct manifest manifest;
	const struct docker_image *docker; /* borrowed from the opening */
	char *artifact_type; /* what it says it is; NULL in a docker-archive */
	char *subject; /* digest of the manifest that it is about, NULL when none */
	char *config_file; /* its name in the source */
	char *config_digest;
	struct image_config *config; /* NULL until needed; all three are set together */
	struct err trouble; /* why the manifest cannot be read */
};

struct opening {
	struct image *image;
	struct platform wanted; /* os == NULL: none was asked for */
	enum form form;
	struct docker_manifest docker;
	uint64_t bytes_read; /* of documents; against LIMIT_DOCUMENTS */
	struct err trouble; /* the first document on the way that could not be read */
	struct {
		struct choice *v;
		size_t n;
		size_t cap;
	} choices;
};

/* Where the expectations of a document are written. */
struct expected {
	const struct descriptor *descriptor;
	const char *file;
	const char *pointer;
};

/* --- documents.c --- */

/* A whole document into *ret (initialised here, released by the caller); expected (may be NULL) is
 * held against it, mismatches go to violations (may be NULL). ERR_IO with ENOENT when it is not
 * there, ERR_LIMIT, ERR_MALFORMED when it is cut short. */
int document_read(struct opening *o, const char *name, const struct expected *expected,
	struct violations *violations, struct buf *ret, struct err *err);

/* The problems of a document as violations of the image; the problems are released. */
void document_report(
	struct violations *violations, const char *file, struct json_problems *problems);

/* The name of a blob in the source, NULL for a digest that is none; the caller frees. */
char *blob_name(const struct opening *o, const char *digest);

/* Which list a choice's violations go to: none when its tag was not asked for. */
struct violations *choice_violations(struct opening *o, const struct choice *choice);

/* --- open.c --- */

/* All that the documents of the source offer, by the form that the reference allows. */
int opening_collect(struct opening *o, struct err *err);

/* Frees all but the image. */
void opening_clear(struct opening *o);

/* --- oci_open.c, docker_open.c: -1 only for limits, and where there is but one document --- */
int oci_collect(struct opening *o, const struct index *index, struct err *err);
int dir_collect(struct opening *o, struct buf *text, struct err *err);
int docker_collect(struct opening *o, struct err *err);

/* As docker names images: docker.io/library/ and :latest go without saying. */
bool same_image_name(const char *a, const char *b);

/* --- select.c --- */

/* "os/arch[/variant]"; ERR_USAGE. The caller releases. */
int platform_parse(const char *text, struct platform *ret, struct err *err);

/* The one choice that is meant, or NULL and a violation that says what there is. */
struct choice *choose(struct opening *o);

/* --- forms.c --- */

/* In an archive with an index.json and a manifest.json: a violation when they do not lead to the same
 * image. -1 when that could not be told. */
int forms_agree(struct opening *o, const struct choice *chosen, struct err *err);

/* --- load.c --- */

/* Read the config of a choice; nothing is done when it is there already. */
int choice_config(struct opening *o, struct choice *choice, struct err *err);

/* Fill the image from the choice. */
int choice_load(struct opening *o, struct choice *choice, struct err *err);

#endif
