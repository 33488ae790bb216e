/*
 * secret_verify.h - the close look at a place where an anchor of secret_patterns.c stands: the
 * inside of the scanner.
 *
 * Each takes the bytes and where the secret would begin, and returns how many bytes it takes, 0
 * when it is none; the match's excerpt is set when it is. Pure.
 */
#ifndef CHECKS_SECRET_VERIFY_H
#define CHECKS_SECRET_VERIFY_H

#include "checks/secret_patterns.h"

#include <stdbool.h>
#include <stddef.h>

struct secret_text {
	const char *s;
	size_t len;
};

typedef size_t secret_verify_fn(
	const struct secret_text *in, size_t at, struct secret_match *match);

/* RFC 7468 and its relatives: "-----BEGIN ... PRIVATE KEY-----" with a body that can be one, also
 * inside a string with \n for the newlines. */
secret_verify_fn secret_verify_pem;
/* The same in base64, as Kubernetes keeps it: "LS0tLS1CRUdJTi...". */
secret_verify_fn secret_verify_pem64;
/* "PuTTY-User-Key-File-N:" with private lines. */
secret_verify_fn secret_verify_putty;
/* RFC 7517: an object with "kty" and a private member; at: the quote before kty. */
secret_verify_fn secret_verify_jwk;
/* An access key id with a secret access key near it. */
secret_verify_fn secret_verify_aws;
/* RFC 7519: signed, and without an end or good for 90 days and more. */
secret_verify_fn secret_verify_jwt;
/* "sk-...T3BlbkFJ..."; at: the T. */
secret_verify_fn secret_verify_openai;

/* The characters that a token is made of. */
enum token_class { TOKEN_ALNUM, TOKEN_WORD, TOKEN_DASH, TOKEN_BASE64, TOKEN_UPPER };
bool token_has(enum token_class class, char c);
/* Length of the run of such characters at s. */
size_t token_run(enum token_class class, const char *s, size_t len);

/* Whether the whole data is a key store or DER key with a private key in it: JKS, JCEKS, PKCS #12,
 * PKCS #1, PKCS #8, SEC 1. what: its name for the excerpt. */
bool secret_is_binary_key(const uint8_t *data, size_t len, const char **ret_what);

#endif
