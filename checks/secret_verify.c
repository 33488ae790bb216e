#include "checks/secret_verify.h"

#include "base/str.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The longest that are issued have some 170 characters; of a longer one, that much is looked at. */
#define OPENAI_MOST 512

/* What a PEM file with a key has at least. */
#define PEM_LEAST 100

bool token_has(enum token_class class, char c)
{
	if (c >= '0' && c <= '9') {
		return true;
	}
	switch (class) {
	case TOKEN_UPPER:
		return c >= 'A' && c <= 'Z';
	case TOKEN_ALNUM:
		return isalpha((unsigned char)c) != 0;
	case TOKEN_WORD:
		return isalpha((unsigned char)c) || c == '_';
	case TOKEN_DASH:
		return isalpha((unsigned char)c) || c == '_' || c == '-';
	case TOKEN_BASE64:
		return isalpha((unsigned char)c) || c == '+' || c == '/' || c == '=';
	}
	return false;
}

size_t token_run(enum token_class class, const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && token_has(class, s[n])) {
		n++;
	}
	return n;
}

size_t secret_verify_putty(const struct secret_text *in, size_t at, struct secret_match *match)
{
	static const char head[] = "PuTTY-User-Key-File-";
	const char *s = in->s + at;
	size_t rest = in->len - at;
	const char *private;
	size_t len;

	if (rest < sizeof(head) || strncmp(s, head, sizeof(head) - 1) != 0) {
		return 0;
	}
	rest = rest < 16384 ? rest : 16384;
	private = str_find(s, rest, "Private-Lines: ");
	if (!private) {
		return 0;
	}
	len = (size_t)(private - s);
	secret_redact(s, rest, match->excerpt);
	return len;
}

static const char jwk_mark[] = "\"kty\"";

static bool stands_at(const struct secret_text *in, size_t at, const char *word)
{
	size_t n = strlen(word);

	return in->len - at >= n && memcmp(in->s + at, word, n) == 0;
}

/* A member "name": "value" of the JSON object in s[0..len) whose value is a run of at least this
 * many base64url characters. */
static const char *member(const char *s, size_t len, const char *quoted, size_t least, size_t *ret)
{
	const char *end = s + len;

	for (const char *at = s; (at = str_find(at, (size_t)(end - at), quoted)); at++) {
		const char *p = at + strlen(quoted);
		size_t run;

		while (p < end && (isspace((unsigned char)*p) || *p == ':')) {
			p++;
		}
		if (p >= end || *p != '"') {
			continue;
		}
		run = token_run(TOKEN_DASH, p + 1, (size_t)(end - p - 1));
		if (run >= least) {
			*ret = run;
			return p + 1;
		}
	}
	return NULL;
}

size_t secret_verify_jwk(const struct secret_text *in, size_t at, struct secret_match *match)
{
	size_t start = at;
	size_t end = at;
	const char *value;
	size_t run;

	if (!stands_at(in, at, jwk_mark)) {
		return 0;
	}
	/* A key is a flat object of at most some KiB (RSA 4096: 3.2 KiB). What lies behind another
	 * "kty" is looked at from there. */
	while (start > 0 && in->s[start] != '{' && at - start < 8192 &&
		(start == at || !stands_at(in, start, jwk_mark))) {
		start--;
	}
	while (end < in->len && in->s[end] != '}' && end - at < 8192 &&
		(end == at || !stands_at(in, end, jwk_mark))) {
		end++;
	}
	value = member(in->s + start, end - start, "\"d\"", 40, &run);
	if (!value) {
		value = member(in->s + start, end - start, "\"k\"", 22, &run);
	}
	if (!value || !value_is_random(value, run)) {
		return 0;
	}
	secret_redact(value, run, match->excerpt);
	return end - at;
}

/* A secret access key: exactly 40 characters of base64 alphabet with upper and lower case and
 * digits in it. */
static const char *aws_secret(const char *s, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t run = token_run(TOKEN_BASE64, s + i, len - i);
		const char *t = s + i;
		bool upper = false;
		bool lower = false;
		bool digit = false;

		/* "key=VALUE" is one run, as "=" belongs to base64. */
		for (const char *eq; run > 40 && (eq = memchr(t, '=', run)) && eq < t + run - 1;) {
			run -= (size_t)(eq + 1 - t);
			t = eq + 1;
		}
		for (size_t k = 0; run == 40 && k < 40; k++) {
			upper |= isupper((unsigned char)t[k]) != 0;
			lower |= islower((unsigned char)t[k]) != 0;
			digit |= isdigit((unsigned char)t[k]) != 0;
		}
		if (upper && lower && digit && value_is_random(t, 40)) {
			return t;
		}
		i = (size_t)(t - s) + run + 1;
	}
	return NULL;
}

size_t secret_verify_aws(const struct secret_text *in, size_t at, struct secret_match *match)
{
	const char *id = in->s + at;
	size_t run = token_run(TOKEN_UPPER, id, in->len - at);
	size_t from = at > 512 ? at - 512 : 0;
	size_t to = in->len - at > 1024 ? at + 1024 : in->len;
	const char *secret;

	if (run != 20 || (at > 0 && token_has(TOKEN_WORD, id[-1])) ||
		(at + run < in->len && token_has(TOKEN_WORD, id[run])) ||
		str_find(id, run, "EXAMPLE")) {
		return 0;
	}
	secret = aws_secret(in->s + from, to - from);
	if (!secret) {
		return 0;
	}
	secret_redact(secret, 40, match->excerpt);
	return run;
}

size_t secret_verify_openai(const struct secret_text *in, size_t at, struct secret_match *match)
{
	size_t start = at;
	size_t run;

	while (start > 0 && at - start < 200 && token_has(TOKEN_DASH, in->s[start - 1])) {
		start--;
	}
	if (in->len - at < 28 || strncmp(in->s + at, "T3BlbkFJ", 8) != 0 ||
		strncmp(in->s + start, "sk-", 3) != 0 || at - start < 20) {
		return 0;
	}
	run = in->len - start;
	run = token_run(TOKEN_DASH, in->s + start, run < OPENAI_MOST ? run : OPENAI_MOST);
	if (start + run < at + 28 || !value_is_random(in->s + start, run)) {
		return 0;
	}
	secret_redact(in->s + start, run, match->excerpt);
	return start + run - at;
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z') {
		return c - 'A';
	}
	if (c >= 'a' && c <= 'z') {
		return c - 'a' + 26;
	}
	if (c >= '0' && c <= '9') {
		return c - '0' + 52;
	}
	return c == '-' || c == '+' ? 62 : 63;
}

/* Decode base64url without padding into out, NUL-terminated, as far as it has room. */
static size_t base64url_decode(const char *s, size_t len, char *out, size_t room)
{
	uint32_t bits = 0;
	unsigned held = 0;
	size_t n = 0;

	for (size_t i = 0; i < len && n + 1 < room; i++) {
		bits = bits << 6 | (uint32_t)base64_value(s[i]);
		held += 6;
		if (held >= 8) {
			held -= 8;
			out[n++] = (char)(bits >> held & 0xff);
		}
	}
	out[n] = '\0';
	return n;
}

size_t secret_verify_pem64(const struct secret_text *in, size_t at, struct secret_match *match)
{
	const char *s = in->s + at;
	size_t run = token_run(TOKEN_BASE64, s, in->len - at);
	char head[64];
	const char *key;

	if (run < 4 * PEM_LEAST / 3 || (at > 0 && token_has(TOKEN_WORD, s[-1]))) {
		return 0;
	}
	base64url_decode(s, run, head, sizeof(head));
	key = strstr(head, "PRIVATE KEY-----");
	if (!key || strncmp(head, "-----BEGIN ", 11) != 0 ||
		value_variety(s, run < 256 ? run : 256) < 20) {
		return 0;
	}
	secret_redact(s, run, match->excerpt);
	return run;
}

/* A claim's whole number, 0 when it is not there. */
static uint64_t claim(const char *json, const char *quoted)
{
	const char *at = strstr(json, quoted);
	uint64_t value = 0;

	if (!at) {
		return 0;
	}
	for (at += strlen(quoted); *at == ':' || isspace((unsigned char)*at); at++) {
	}
	for (; isdigit((unsigned char)*at) && value < UINT64_C(1) << 50; at++) {
		value = value * 10 + (uint64_t)(*at - '0');
	}
	return value;
}

size_t secret_verify_jwt(const struct secret_text *in, size_t at, struct secret_match *match)
{
	static const uint64_t long_life_s = UINT64_C(90) * 86400;
	const char *s = in->s + at;
	size_t rest = in->len - at;
	size_t part[3] = {0};
	char header[512];
	char payload[2048];
	uint64_t exp;

	if (at > 0 && token_has(TOKEN_DASH, s[-1])) {
		return 0;
	}
	for (size_t i = 0, used = 0; i < 3; i++) {
		part[i] = token_run(TOKEN_DASH, s + used, rest - used);
		used += part[i] + 1;
		if (i < 2 && (used >= rest || s[used - 1] != '.')) {
			return 0;
		}
	}
	if (part[0] < 16 || part[1] < 16 || part[2] < 20) {
		return 0;
	}
	base64url_decode(s, part[0], header, sizeof(header));
	base64url_decode(s + part[0] + 1, part[1], payload, sizeof(payload));
	if (header[0] != '{' || !strstr(header, "\"alg\"") || payload[0] != '{' ||
		strstr(payload, "\"1234567890\"")) {
		return 0;
	}
	exp = claim(payload, "\"exp\"");
	if (exp && exp < claim(payload, "\"iat\"") + long_life_s) {
		return 0;
	}
	secret_redact(s, part[0] + part[1] + part[2] + 2, match->excerpt);
	return part[0] + part[1] + part[2] + 2;
}
