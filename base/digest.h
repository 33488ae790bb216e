/*
 * digest.h - content digests as the OCI descriptor writes them ("sha256:<64 hex>"), by libcrypto.
 *
 *	struct digest *d = digest_new(DIGEST_SHA256);
 *	digest_add(d, bytes, len);
 *	digest_end(d, text);			text: char[DIGEST_TEXT_MAX]
 *
 * OCI image-spec 1.1, descriptor.md, "Digests". It stands in base, not in image/, because product
 * files and findings are identified by digests, too.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/cleanup.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum digest_algorithm { DIGEST_SHA256, DIGEST_SHA512 };

/* "sha512:" + 128 hex digits + NUL */
#define DIGEST_TEXT_MAX 136

struct digest;

struct digest *digest_new(enum digest_algorithm algorithm); /* aborts when memory is out */
void digest_free(struct digest *d);
DEFINE_AUTO_PTR(digest)

void digest_add(struct digest *d, const void *bytes, size_t len);

/* "algorithm:hex" of all that was added; starts afresh. */
void digest_end(struct digest *d, char text[DIGEST_TEXT_MAX]);

/* Both in one step. */
void digest_of(
	enum digest_algorithm algorithm, const void *bytes, size_t len, char text[DIGEST_TEXT_MAX]);

/* The algorithm of "sha256:<64 lower-case hex>" or its sha512 form. ERR_MALFORMED when it breaks
 * the grammar, ERR_UNSUPPORTED for a well-formed digest of another algorithm. */
int digest_parse(const char *text, enum digest_algorithm *ret, struct err *err);

#endif
