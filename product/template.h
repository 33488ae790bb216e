/*
 * template.h - a first marketplace.json, from what an image declares of itself.
 *
 * What the image cannot say (the vendor, licence, support) is left empty for the vendor to fill in.
 * Reading the result gives warnings at most, no errors.
 */
#ifndef PRODUCT_TEMPLATE_H
#define PRODUCT_TEMPLATE_H

#include "base/json.h"
#include "base/str.h"

#include <stdint.h>

/* memory_maximum when nothing better is known: a guess, and to be called one. */
#define TEMPLATE_MEMORY_MIB 256

struct template_facts {
	const char *name; /* of the product; the UUIDs are made from it, too */
	const char *registry; /* NULL: empty */
	const char *image; /* "acme/server:1.2"; NULL: the name */
	const struct strv *exposed_ports; /* "8080/tcp", "53/udp"; NULL: none */
	const struct strv *env; /* "KEY=value" of the image's config; NULL: none */
	uint64_t memory_mib; /* 0: TEMPLATE_MEMORY_MIB */
	bool content; /* no task: the image starts no program */
};

/* The document; the caller owns it. The same facts give the same document. */
json_t *product_template(const struct template_facts *facts);

/* The same as indented text with a newline at its end; the caller frees. */
char *product_template_text(const struct template_facts *facts);

#endif
