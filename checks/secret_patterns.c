#include "checks/secret_patterns.h"

#include "base/cleanup.h"
#include "checks/secret_verify.h"

#include <ctype.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Four bytes of a secret that are rare elsewhere, and what follows from them. A row with .verify
 * does its own look; the others are prefix plus a run of token characters. */
struct anchor {
	char window[5];
	unsigned char back; /* from the window to the secret's first byte */
	enum secret_kind kind;
	secret_verify_fn *verify;
	const char *prefix;
	enum token_class class;
	unsigned least; /* characters behind the prefix */
	unsigned most;
};

static const struct anchor anchors[] = {
	{"BEGI", 5, SECRET_PRIVATE_KEY, secret_verify_pem, NULL, 0, 0, 0},
	{"LS0t", 0, SECRET_PRIVATE_KEY, secret_verify_pem64, NULL, 0, 0, 0},
	{"PuTT", 0, SECRET_PRIVATE_KEY, secret_verify_putty, NULL, 0, 0, 0},
	{"AGE-", 0, SECRET_PRIVATE_KEY, NULL, "AGE-SECRET-KEY-1", TOKEN_UPPER, 58, 58},
	{"-dat", 10, SECRET_PRIVATE_KEY, NULL, "client-key-data: ", TOKEN_BASE64, 200, 20000},
	{"kty\"", 1, SECRET_JWK, secret_verify_jwk, NULL, 0, 0, 0},
	{"AKIA", 0, SECRET_AWS, secret_verify_aws, NULL, 0, 0, 0},
	{"ghp_", 0, SECRET_GITHUB, NULL, "ghp_", TOKEN_ALNUM, 36, 251},
	{"gho_", 0, SECRET_GITHUB, NULL, "gho_", TOKEN_ALNUM, 36, 251},
	{"ghu_", 0, SECRET_GITHUB, NULL, "ghu_", TOKEN_ALNUM, 36, 251},
	{"ghs_", 0, SECRET_GITHUB, NULL, "ghs_", TOKEN_ALNUM, 36, 251},
	{"ghr_", 0, SECRET_GITHUB, NULL, "ghr_", TOKEN_ALNUM, 36, 251},
	{"b_pa", 5, SECRET_GITHUB, NULL, "github_pat_", TOKEN_WORD, 80, 100},
	{"lpat", 1, SECRET_GITLAB, NULL, "glpat-", TOKEN_DASH, 20, 300},
	{"xoxb", 0, SECRET_SLACK, NULL, "xoxb-", TOKEN_DASH, 40, 250},
	{"xoxp", 0, SECRET_SLACK, NULL, "xoxp-", TOKEN_DASH, 40, 250},
	{"xoxa", 0, SECRET_SLACK, NULL, "xoxa-", TOKEN_DASH, 40, 250},
	{"xoxr", 0, SECRET_SLACK, NULL, "xoxr-", TOKEN_DASH, 40, 250},
	{"xoxs", 0, SECRET_SLACK, NULL, "xoxs-", TOKEN_DASH, 40, 250},
	{"oks.", 2, SECRET_SLACK, NULL, "hooks.slack.com/services/T", TOKEN_BASE64, 40, 60},
	{"AIza", 0, SECRET_GOOGLE_API, NULL, "AIza", TOKEN_DASH, 35, 35},
	{"npm_", 0, SECRET_NPM, NULL, "npm_", TOKEN_ALNUM, 36, 36},
	{"pypi", 0, SECRET_PYPI, NULL, "pypi-AgE", TOKEN_DASH, 60, 300},
	{"r_pa", 3, SECRET_DOCKER_HUB, NULL, "dckr_pat_", TOKEN_DASH, 27, 40},
	{"_liv", 2, SECRET_STRIPE, NULL, "sk_live_", TOKEN_ALNUM, 24, 250},
	{"_liv", 2, SECRET_STRIPE, NULL, "rk_live_", TOKEN_ALNUM, 24, 250},
	{"Key=", 7, SECRET_AZURE, NULL, "AccountKey=", TOKEN_BASE64, 88, 88},
	{"T3Bl", 0, SECRET_OPENAI, secret_verify_openai, NULL, 0, 0, 0},
	{"sk-a", 0, SECRET_ANTHROPIC, NULL, "sk-ant-", TOKEN_DASH, 80, 250},
	{"hvs.", 0, SECRET_VAULT, NULL, "hvs.", TOKEN_DASH, 24, 250},
	{"eyJh", 0, SECRET_JWT, secret_verify_jwt, NULL, 0, 0, 0},
	{"eyJ0", 0, SECRET_JWT, secret_verify_jwt, NULL, 0, 0, 0},
	{"eyJr", 0, SECRET_JWT, secret_verify_jwt, NULL, 0, 0, 0},
};

static const struct {
	const char *name;
	bool doubtful;
} kinds[SECRET_KINDS] = {
	[SECRET_PRIVATE_KEY] = {"a private key", false},
	[SECRET_KEY_STORE] = {"a key store with a private key", false},
	[SECRET_JWK] = {"a private JSON Web Key", false},
	[SECRET_AWS] = {"an AWS access key with its secret", false},
	[SECRET_GITHUB] = {"a GitHub token", false},
	[SECRET_GITLAB] = {"a GitLab token", false},
	[SECRET_SLACK] = {"a Slack token", false},
	/* Keys of browser maps and Firebase are made to be seen. */
	[SECRET_GOOGLE_API] = {"a Google API key", true},
	[SECRET_NPM] = {"an npm token", false},
	[SECRET_PYPI] = {"a PyPI token", false},
	[SECRET_DOCKER_HUB] = {"a Docker Hub token", false},
	[SECRET_STRIPE] = {"a Stripe live key", false},
	[SECRET_AZURE] = {"an Azure storage account key", false},
	[SECRET_OPENAI] = {"an OpenAI key", false},
	[SECRET_ANTHROPIC] = {"an Anthropic key", false},
	[SECRET_VAULT] = {"a Vault token", false},
	/* Whom it opens what to, only its issuer knows. */
	[SECRET_JWT] = {"a long-lived JSON Web Token", true},
	[SECRET_PASSWORD_HASH] = {"a password hash", false},
	/* It tells no secret; whether anything lets one log in is another matter. */
	[SECRET_NO_PASSWORD] = {"an account that needs no password", true},
	[SECRET_DOCKER_AUTH] = {"a registry login", false},
	[SECRET_NETRC] = {"a login of .netrc", false},
	[SECRET_PGPASS] = {"a password of .pgpass", false},
	[SECRET_GIT_CREDENTIALS] = {"a login of .git-credentials", false},
	[SECRET_CREDENTIALS_FILE] = {"a credential", false},
	[SECRET_DOTENV] = {"a secret value of an environment file", false},
	[SECRET_SCRIPT] = {"a secret value that a script exports", false},
	[SECRET_DOTENV_DEFAULT] = {"a default password of an environment file", true},
};

const char *secret_kind_name(enum secret_kind kind)
{
	return kinds[kind].name;
}

bool secret_kind_is_doubtful(enum secret_kind kind)
{
	return kinds[kind].doubtful;
}

/*
 * A window of four bytes has its first three or its last three at an even distance from wherever a
 * search began. So every second position is looked up, by a hash of three bytes, and no look-up
 * waits for the one before. What stands there of some window: nothing nearly always.
 */
enum { IS_HEAD = 1, IS_TAIL = 2, HASH_BITS = 14 };
static unsigned char known[1 << HASH_BITS];
static pthread_once_t known_once = PTHREAD_ONCE_INIT;

static uint32_t four_at(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Of the lower three bytes; the factor is 2^32 divided by the golden ratio. */
static unsigned hash_three(uint32_t v)
{
	return ((v << 8) * UINT32_C(2654435769)) >> (32 - HASH_BITS);
}

static void fill_known(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(anchors); i++) {
		uint32_t v = four_at(anchors[i].window);

		known[hash_three(v)] |= IS_HEAD;
		known[hash_three(v >> 8)] |= IS_TAIL;
	}
}

/* Four look-ups at once: whether none of the next four even places has anything. */
static bool all_unknown(const uint8_t *p)
{
	return !(known[hash_three(four_at(p))] | known[hash_three(four_at(p + 2))] |
		 known[hash_three(four_at(p + 4))] | known[hash_three(four_at(p + 6))]);
}

/* The first place from pos on where a window may stand; len when there is none. */
static size_t next_candidate(const uint8_t *data, size_t len, size_t pos)
{
	size_t p = pos;

	while (p + 4 <= len) {
		unsigned what;

		if (p + 10 <= len && all_unknown(data + p)) {
			p += 8;
			continue;
		}
		what = known[hash_three(four_at(data + p))];
		if (what & IS_TAIL && p > pos) {
			return p - 1;
		}
		if (what & IS_HEAD) {
			return p;
		}
		p += 2;
	}
	return p + 3 == len && p > pos ? p - 1 : len; /* four bytes at the very end are looked at */
}

unsigned secret_line(const uint8_t *data, size_t offset)
{
	unsigned line = 1;

	for (const uint8_t *p = data; (p = memchr(p, '\n', offset - (size_t)(p - data))); p++) {
		line++;
	}
	return line;
}

static size_t verify_token(
	const struct anchor *a, const struct secret_text *in, size_t at, struct secret_match *match)
{
	size_t prefix = strlen(a->prefix);
	const char *token = in->s + at;
	size_t run;

	if (in->len - at < prefix || memcmp(token, a->prefix, prefix) != 0 ||
		(at > 0 && (isalnum((unsigned char)token[-1]) || token[-1] == '_'))) {
		return 0;
	}
	/* One character over the most says that it is too long: prefixes in a row are one run. */
	run = in->len - at - prefix;
	run = token_run(a->class, token + prefix, run < a->most + 1 ? run : a->most + 1);
	if (run < a->least || run > a->most || !value_is_random(token + prefix, run)) {
		return 0;
	}
	/* The key of the storage emulator is the same everywhere, and documented. */
	if (a->kind == SECRET_AZURE && strncmp(token + prefix, "Eby8vdM02xNOcqFl", 16) == 0) {
		return 0;
	}
	secret_redact(token, prefix + run, match->excerpt);
	return prefix + run;
}

/* The secret at this window, if it is one; how many bytes from pos it reaches. */
static size_t look(const struct secret_text *in, size_t pos, struct secret_match *match)
{
	for (size_t i = 0; i < ARRAY_SIZE(anchors); i++) {
		const struct anchor *a = &anchors[i];
		size_t taken;
		size_t at;

		if (memcmp(in->s + pos, a->window, 4) != 0 || pos < a->back) {
			continue;
		}
		at = pos - a->back;
		match->kind = a->kind;
		taken = a->verify ? a->verify(in, at, match) : verify_token(a, in, at, match);
		if (taken) {
			return at + taken > pos + 1 ? at + taken - pos : 1;
		}
	}
	return 0;
}

static bool is_binary(const uint8_t *data, size_t len)
{
	return memchr(data, 0, len < 4096 ? len : 4096) != NULL;
}

static void scan_binary(const uint8_t *data, size_t len,
	void (*found)(const struct secret_match *, void *), void *arg)
{
	struct secret_match match = {.kind = SECRET_KEY_STORE};
	char redacted[SECRET_EXCERPT_MAX];
	const char *what;

	if (secret_is_binary_key(data, len, &what)) {
		secret_redact((const char *)data, len, redacted);
		snprintf(
			match.excerpt, sizeof(match.excerpt), "%s %s", what, strchr(redacted, '('));
		found(&match, arg);
	}
}

void secret_scan(const uint8_t *data, size_t len,
	void (*found)(const struct secret_match *match, void *arg), void *arg)
{
	struct secret_text in = {(const char *)data, len};
	struct secret_match match = {0};
	size_t counted = 0; /* newlines up to here are in line */
	unsigned line = 1;
	unsigned n = 0;

	if (len < 8) {
		return;
	}
	if (is_binary(data, len)) {
		scan_binary(data, len, found, arg);
		return;
	}
	pthread_once(&known_once, fill_known);
	for (size_t pos = 0; n < SECRET_MATCHES_MAX;) {
		size_t taken;

		pos = next_candidate(data, len, pos);
		if (pos == len) {
			break;
		}
		taken = look(&in, pos, &match);
		if (taken) {
			line += secret_line(data + counted, pos - counted) - 1;
			counted = pos;
			match.line = line;
			found(&match, arg);
			n++;
		}
		pos += taken ? taken : 1;
	}
}
