/*
 * secret_patterns.h - finds secrets in bytes by what they are: private keys and tokens whose form
 * their issuers publish.
 *
 *	secret_scan(path, data, len, found, arg)
 *
 * Sees every byte of every file's head, so one pass with a small table looks for the few anchors,
 * and only there is looked closely. Binary data is passed over, except key stores and DER keys,
 * which are told by their structure. Pure, thread-safe, no allocation.
 */
#ifndef CHECKS_SECRET_PATTERNS_H
#define CHECKS_SECRET_PATTERNS_H

#include "checks/secret_value.h"

#include <stddef.h>
#include <stdint.h>

enum secret_kind {
	SECRET_PRIVATE_KEY,
	SECRET_KEY_STORE,
	SECRET_JWK,
	SECRET_AWS,
	SECRET_GITHUB,
	SECRET_GITLAB,
	SECRET_SLACK,
	SECRET_GOOGLE_API,
	SECRET_NPM,
	SECRET_PYPI,
	SECRET_DOCKER_HUB,
	SECRET_STRIPE,
	SECRET_AZURE,
	SECRET_OPENAI,
	SECRET_ANTHROPIC,
	SECRET_VAULT,
	SECRET_JWT,
	/* by the file that they stand in: secret_files.h */
	SECRET_PASSWORD_HASH,
	SECRET_NO_PASSWORD,
	SECRET_DOCKER_AUTH,
	SECRET_NETRC,
	SECRET_PGPASS,
	SECRET_GIT_CREDENTIALS,
	SECRET_CREDENTIALS_FILE,
	SECRET_DOTENV,
	SECRET_DOTENV_DEFAULT,
	SECRET_SCRIPT,
	SECRET_KINDS,
};

/* "a private key": with an article, for messages. Static storage. */
const char *secret_kind_name(enum secret_kind kind);

/* Whether this kind may well be public by design, so that a human has to look. */
bool secret_kind_is_doubtful(enum secret_kind kind);

struct secret_match {
	enum secret_kind kind;
	unsigned line; /* 1-based; 0 in binary data */
	char excerpt[2 * SECRET_EXCERPT_MAX]; /* redacted */
};

/* At most this many matches of one file are told. */
#define SECRET_MATCHES_MAX 50

/* found is called for each match in the order of the file. */
void secret_scan(const uint8_t *data, size_t len,
	void (*found)(const struct secret_match *match, void *arg), void *arg);

/* The line (1-based) that offset lies in. */
unsigned secret_line(const uint8_t *data, size_t offset);

#endif
