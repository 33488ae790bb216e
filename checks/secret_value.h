/*
 * secret_value.h - is this value a secret? Names and values of variables and settings, judged by
 * content.
 *
 *	secret_judge("DB_PASSWORD", "s3cr3t-Xy9", 10)		VALUE_SECRET
 *	secret_judge("DB_PASSWORD", "postgres", 8)		VALUE_WEAK
 *	secret_judge("PASSWORD_FILE", "/run/secrets/db", 15)	VALUE_PLAIN
 *
 * A name alone is never enough: GPG_KEY with a fingerprint, KEYCLOAK_URL and *_SHA256 are plain.
 * Pure, thread-safe.
 */
#ifndef CHECKS_SECRET_VALUE_H
#define CHECKS_SECRET_VALUE_H

#include <stdbool.h>
#include <stddef.h>

enum secret_value {
	VALUE_PLAIN,
	VALUE_WEAK, /* a password, but one of those that documentation uses: "changeme" */
	VALUE_SECRET, /* it has the content of a secret */
};
enum secret_value secret_judge(const char *name, const char *value, size_t len);

/* Filled in by somebody else later: ${X}, {{ x }}, %(x)s, @x@, <%= x %>. */
bool value_is_reference(const char *value, size_t len);

/* Left for a human to fill in: CHANGEME, <your-...>, your_password_here. */
bool value_is_placeholder(const char *value, size_t len);

/* Characters that came from a generator rather than from a keyboard: many different ones, no runs
 * such as "1234567890", none of the words that examples are made of. For 16 characters and more. */
bool value_is_random(const char *value, size_t len);

/* How many different bytes there are. */
size_t value_variety(const char *value, size_t len);

/* What crypt(3) makes ("$6$...", "$2y$...", "$argon2id$...", 13 characters of DES): the name of the
 * scheme, or NULL. Static storage. */
const char *value_crypt_scheme(const char *value, size_t len);

/* The password in "scheme://user:password@host/", anywhere in text; false when there is none or it
 * is a reference or empty. */
struct url_password {
	const char *s;
	size_t len;
};
bool value_url_password(const char *text, size_t len, struct url_password *ret);

/* "ghp_... (40 characters, sha256 1a2b3c4d)": at most the first four characters, and never more
 * than a quarter of it. */
#define SECRET_EXCERPT_MAX 64
void secret_redact(const char *secret, size_t len, char out[SECRET_EXCERPT_MAX]);

#endif
