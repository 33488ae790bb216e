#include "checks/secret_verify.h"

#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* PKCS #8 Ed25519, the shortest of all, has 64 characters of base64; documentation's stubs have
 * fewer, or dots in them. */
#define PEM_LEAST 60
/* RSA 16384 has 12,500; a PGP block with many keys 60,000. */
#define PEM_MOST 65536

static const char begin[] = "-----BEGIN ";
#define BEGIN_LEN (sizeof(begin) - 1)

static bool is_noise(const char *p, const char *end, size_t *ret_skip)
{
	*ret_skip = 1;
	if (isspace((unsigned char)*p) || (*p && strchr("\"',#*>|()", *p))) {
		return true;
	}
	if (*p == '\\' && end - p > 1 && strchr("nrt\"\\\n", p[1])) {
		*ret_skip = 2;
		return true;
	}
	return false;
}

/* "Proc-Type: 4,ENCRYPTED" and the like: the end of a line that has a colon, else NULL. A line that
 * begins another key is none: no body reaches into the next one. */
static const char *header_end(const char *p, const char *end)
{
	bool colon = false;

	for (size_t i = 0; i < 100 && p < end; i++, p++) {
		colon |= *p == ':';
		if (*p == '-' && (size_t)(end - p) >= BEGIN_LEN &&
			memcmp(p, begin, BEGIN_LEN) == 0) {
			return NULL;
		}
		if (*p == '\n' || (*p == '\\' && end - p > 1 && p[1] == 'n')) {
			return colon ? p : NULL;
		}
	}
	return NULL;
}

/* The base64 of a body, up to its END line or the end of the data; 0 when it cannot be a key. */
static size_t body_length(const char *p, const char *end, const char **ret_end)
{
	char sample[256];
	size_t n = 0;
	bool line_start = true;

	while (p < end && n < PEM_MOST) {
		const char *header = line_start ? header_end(p, end) : NULL;
		size_t skip;

		if (header) {
			p = header;
		}
		if (is_noise(p, end, &skip)) {
			line_start = *p == '\n' || (skip == 2 && p[1] == 'n');
			p += skip;
			continue;
		}
		line_start = false;
		if (!token_has(TOKEN_BASE64, *p)) {
			break;
		}
		if (n < sizeof(sample)) {
			sample[n] = *p;
		}
		n++;
		p++;
	}
	*ret_end = p;
	if (p < end && n < PEM_MOST && *p != '-') {
		return 0;
	}
	if (n < PEM_LEAST || value_variety(sample, n < sizeof(sample) ? n : sizeof(sample)) < 20) {
		return 0;
	}
	return n;
}

size_t secret_verify_pem(const struct secret_text *in, size_t at, struct secret_match *match)
{
	const char *s = in->s + at;
	const char *end = in->s + in->len;
	const char *label = s + BEGIN_LEN;
	char redacted[SECRET_EXCERPT_MAX];
	const char *dashes;
	const char *body_end;
	size_t length;

	if (in->len - at < 64 || strncmp(s, begin, BEGIN_LEN) != 0) {
		return 0;
	}
	dashes = str_find(label, 40, "-----");
	if (!dashes || !str_find(label, (size_t)(dashes - label), "PRIVATE KEY")) {
		return 0;
	}
	length = body_length(dashes + 5, end, &body_end);
	if (!length) {
		return 0;
	}
	secret_redact(dashes + 5, (size_t)(body_end - dashes - 5), redacted);
	snprintf(match->excerpt, sizeof(match->excerpt), "%.*s %s", (int)(dashes + 5 - s), s,
		strchr(redacted, '('));
	return (size_t)(body_end - s);
}
