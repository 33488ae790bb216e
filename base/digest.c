#include "base/digest.h"

#include "base/alloc.h"
#include "base/str.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct digest {
	EVP_MD_CTX *ctx;
	enum digest_algorithm algorithm;
};

static const struct {
	const char *name;
	size_t hex;
	const EVP_MD *(*md)(void);
} algorithms[] = {
	[DIGEST_SHA256] = {"sha256", 64, EVP_sha256},
	[DIGEST_SHA512] = {"sha512", 128, EVP_sha512},
};

static void must(int ok)
{
	if (ok != 1) {
		abort(); /* libcrypto without SHA-2, or out of memory */
	}
}

struct digest *digest_new(enum digest_algorithm algorithm)
{
	struct digest *d = xcalloc(1, sizeof(*d));

	d->ctx = EVP_MD_CTX_new();
	d->algorithm = algorithm;
	must(d->ctx != NULL);
	must(EVP_DigestInit_ex(d->ctx, algorithms[algorithm].md(), NULL));
	return d;
}

void digest_free(struct digest *d)
{
	if (d) {
		EVP_MD_CTX_free(d->ctx);
		free(d);
	}
}

void digest_add(struct digest *d, const void *bytes, size_t len)
{
	must(EVP_DigestUpdate(d->ctx, bytes, len));
}

void digest_end(struct digest *d, char text[DIGEST_TEXT_MAX])
{
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	char *at = text;

	must(EVP_DigestFinal_ex(d->ctx, raw, &len));
	at += snprintf(at, DIGEST_TEXT_MAX, "%s:", algorithms[d->algorithm].name);
	for (unsigned i = 0; i < len; i++) {
		*at++ = "0123456789abcdef"[raw[i] >> 4];
		*at++ = "0123456789abcdef"[raw[i] & 15];
	}
	*at = '\0';
	must(EVP_DigestInit_ex(d->ctx, algorithms[d->algorithm].md(), NULL));
}

void digest_of(
	enum digest_algorithm algorithm, const void *bytes, size_t len, char text[DIGEST_TEXT_MAX])
{
	AUTO_PTR(digest) struct digest *d = digest_new(algorithm);

	digest_add(d, bytes, len);
	digest_end(d, text);
}

/* algorithm ::= component (separator component)*; component ::= [a-z0-9]+; separator ::= [+._-] */
static bool algorithm_valid(const char *s, size_t len)
{
	bool after_separator = true;

	for (size_t i = 0; i < len; i++) {
		bool letter = islower((unsigned char)s[i]) || isdigit((unsigned char)s[i]);

		if (!letter && (after_separator || !strchr("+._-", s[i]))) {
			return false;
		}
		after_separator = !letter;
	}
	return !after_separator;
}

int digest_parse(const char *text, enum digest_algorithm *ret, struct err *err)
{
	const char *colon = strchr(text, ':');
	size_t name_len;
	size_t encoded;

	if (!colon || !algorithm_valid(text, (size_t)(colon - text)) || !colon[1] ||
		colon[1 + strspn(colon + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					    "0123456789=_-")]) {
		return err_set(err, ERR_MALFORMED, "'%.80s' is not a digest", text);
	}
	name_len = (size_t)(colon - text);
	encoded = strlen(colon + 1);
	for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
		if (strlen(algorithms[i].name) != name_len ||
			memcmp(algorithms[i].name, text, name_len) != 0) {
			continue;
		}
		if (encoded != algorithms[i].hex ||
			strspn(colon + 1, "0123456789abcdef") != encoded) {
			return err_set(err, ERR_MALFORMED,
				"'%.80s' is not %zu lower-case hex digits", text,
				algorithms[i].hex);
		}
		*ret = (enum digest_algorithm)i;
		return 0;
	}
	return err_set(err, ERR_UNSUPPORTED, "digest algorithm of '%.80s'", text);
}
