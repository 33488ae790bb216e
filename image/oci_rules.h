/*
 * oci_rules.h - what the OCI image specification demands of a document beyond the types and presence
 * of its members, which the tables of oci.c already say.
 *
 * Pure. Every breach is a json_problem with the pointer of its place, what was expected and what
 * was found. Private to image/.
 */
#ifndef IMAGE_OCI_RULES_H
#define IMAGE_OCI_RULES_H

#include "base/json.h"
#include "image/oci.h"

/* --- oci_descriptor.c: what the others share; pointer is the value's own place --- */

/* value is the descriptor's JSON. */
void rule_descriptor(const json_t *value, const struct descriptor *d, const char *pointer,
	struct json_problems *problems);
void rule_digest(const char *digest, const char *at, struct json_problems *problems);
void rule_media_type(const char *media_type, const char *pointer, const char *member,
	struct json_problems *problems);
void rule_platform(const struct platform *p, const char *pointer, struct json_problems *problems);

/* annotations.md. labels: of a config, whose keys are often plain words. */
void rule_annotations(
	const json_t *map, const char *pointer, bool labels, struct json_problems *problems);

/* What an index and a manifest have in common. */
void rule_document(const json_t *top, const char *artifact_type, const struct descriptor *subject,
	struct json_problems *problems);

/* --- oci_rules.c, oci_config.c: whole documents --- */

/* image-layout.md: the file "oci-layout". version: NULL when it has none, which was said. */
void rules_layout(const char *version, struct json_problems *problems);

/* image-index.md, and Docker's manifest list. */
void rules_index(const json_t *top, const struct index *index, struct json_problems *problems);

/* manifest.md, and Docker's manifest version 2, schema 2. */
void rules_manifest(
	const json_t *top, const struct manifest *manifest, struct json_problems *problems);

/* config.md. */
void rules_config(
	const json_t *top, const struct image_config *config, struct json_problems *problems);

/* config.md against the manifest that names it: one diff_id, and one history item that is not
 * empty_layer, for each layer. */
void rules_layer_count(
	const struct image_config *config, size_t n_layers, struct json_problems *problems);

#endif
