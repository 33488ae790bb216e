#include "checks/secret_value.h"

#include "base/digest.h"
#include "base/str.h"
#include "checks/connection.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const default_passwords[] = {"password", "passwd", "secret", "changeme",
	"changeit", "admin", "root", "postgres", "mysql", "guest", "test", "user", "default",
	"example", "letmein", "qwerty", "demo", "12345", "123456", "12345678", "pass", "redis",
	"rabbitmq", "mongo", "minio", "minioadmin", "welcome", "token", NULL};

static const char *const switches[] = {"true", "false", "yes", "no", "on", "off", "none", "null",
	"nil", "required", "optional", "disabled", "enabled", "auto", "always", "never", "unset",
	"prompt", "bearer", "basic", "plain", "md5", "scram-sha-256", NULL};

/* The last word of a name that says: the value is the secret itself. */
static const char *const secret_words[] = {"password", "passwd", "passphrase", "pass", "pwd",
	"secret", "token", "apikey", "credential", "credentials", "passcode", "requirepass",
	"masterauth", NULL};

/* nginx's "proxy_pass" and its relatives pass requests on. */
static const char *const passing_words[] = {
	"proxy", "fastcgi", "uwsgi", "scgi", "grpc", "memcached", "bypass", NULL};

/* Words that make a key of the name's last word "key" something to hide. */
static const char *const key_words[] = {"api", "secret", "access", "private", "auth", "encryption",
	"encrypt", "signing", "master", "app", "session", "jwt", "cookie", "account", "storage",
	"service", "license", "admin", "deploy", "base", NULL};

static bool in_list_fold(const char *s, size_t len, const char *const *list)
{
	for (; *list; list++) {
		if (strlen(*list) == len && strncasecmp(s, *list, len) == 0) {
			return true;
		}
	}
	return false;
}

bool value_is_reference(const char *value, size_t len)
{
	static const struct {
		const char *open;
		const char *close;
	} forms[] = {{"${", "}"}, {"$(", ")"}, {"{{", "}}"}, {"%{", "}"}, {"%(", ")"}, {"#{", "}"},
		{"<%", "%>"}, {"((", "))"}, {"@{", "}"}, {"!sub", ""}, {"arn:aws", ""},
		{"vault:", ""}, {"env:", ""}, {"file:", ""}, {"ENV[", "]"}, {"env(", ")"},
		{"getenv(", ")"}, {"os.environ", ""}, {"process.env", ""}, {"secretKeyRef", ""}};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const char *at = str_find(value, len, forms[i].open);

		if (at && str_find(at, len - (size_t)(at - value), forms[i].close)) {
			return true;
		}
	}
	if (len > 1 && value[0] == '$' && (isalpha((unsigned char)value[1]) || value[1] == '_')) {
		for (size_t i = 1; i < len; i++) {
			if (!isalnum((unsigned char)value[i]) && value[i] != '_') {
				return false;
			}
		}
		return true;
	}
	return len > 2 && (value[0] == '@' || value[0] == '%') && value[len - 1] == value[0];
}

/* "<your-password>", "YOUR_TOKEN_HERE", "your-api-key": the word "your", a separator, and something
 * that only the reader has. */
static bool says_your(const char *value, size_t len)
{
	static const char *const things[] = {"pass", "secret", "token", "key", "api", "domain",
		"host", "server", "user", "name", "email", "mail", "db", "database", "url",
		"project", "account", "org", "company", "ip", "site", "app", "access", "client",
		"smtp", "login", "id", "realm", "tenant", "cert", "license", NULL};
	const char *at = str_ifind(value, len, "your");
	size_t rest = at ? len - (size_t)(at - value) : 0;

	if (rest < 7 || (at[4] != '_' && at[4] != '-' && at[4] != ' ') ||
		(at[4] == ' ' && value[0] != '<') ||
		(at > value && isalnum((unsigned char)at[-1]))) {
		return false;
	}
	for (size_t i = 0; things[i]; i++) {
		size_t n = strlen(things[i]);

		if (rest - 5 >= n && strncasecmp(at + 5, things[i], n) == 0) {
			return true;
		}
	}
	return false;
}

bool value_is_placeholder(const char *value, size_t len)
{
	static const char *const words[] = {"changeme", "change_me", "change-me", "changethis",
		"replaceme", "replace_me", "replace-me", "replace_with_", "replace-with-", "_here>",
		"-here>", "to_be_changed", "tobechanged", NULL};

	for (size_t i = 0; words[i]; i++) {
		if (str_ifind(value, len, words[i])) {
			return true;
		}
	}
	return says_your(value, len);
}

/* "xxxx", "****", "....": nothing in place of something. */
static bool is_filler(const char *value, size_t len)
{
	size_t filler = 0;

	for (size_t i = 0; i < len; i++) {
		filler += strchr("xX*.-_", value[i]) != NULL && value[i];
	}
	return filler == len;
}

size_t value_variety(const char *value, size_t len)
{
	bool seen[256] = {false};
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		n += !seen[(unsigned char)value[i]];
		seen[(unsigned char)value[i]] = true;
	}
	return n;
}

bool value_is_random(const char *value, size_t len)
{
	static const char *const words[] = {"1234567", "abcdef", "xxxx", "example", "0000000",
		"aaaaaa", "dummy", "sample", "placeholder", "changeme", "redacted", "deadbeef",
		NULL};

	for (size_t i = 0; words[i]; i++) {
		if (str_ifind(value, len, words[i])) {
			return false;
		}
	}
	/* 16 hex digits of a generator show 10 different ones on average, never below 6. */
	return len >= 16 && value_variety(value, len) >= (len >= 32 ? 10u : 8u);
}

static bool is_des_crypt(const char *value, size_t len)
{
	if (len != 13) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)value[i]) && value[i] != '.' && value[i] != '/') {
			return false;
		}
	}
	return value_variety(value, len) >= 7;
}

const char *value_crypt_scheme(const char *value, size_t len)
{
	static const struct {
		const char *prefix;
		size_t least;
		const char *name;
	} schemes[] = {{"$1$", 20, "md5crypt"}, {"$apr1$", 20, "apr1 (md5)"},
		{"$2a$", 50, "bcrypt"}, {"$2b$", 50, "bcrypt"}, {"$2y$", 50, "bcrypt"},
		{"$5$", 40, "sha256crypt"}, {"$6$", 80, "sha512crypt"}, {"$y$", 40, "yescrypt"},
		{"$7$", 40, "scrypt"}, {"$gy$", 40, "gost-yescrypt"}, {"$argon2", 40, "argon2"},
		{"$sha1$", 30, "sha1crypt"}, {"{SSHA}", 30, "SSHA"}, {"{SHA}", 30, "SHA"}};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t n = strlen(schemes[i].prefix);

		if (len >= schemes[i].least && strncmp(value, schemes[i].prefix, n) == 0) {
			return schemes[i].name;
		}
	}
	return is_des_crypt(value, len) ? "DES crypt" : NULL;
}

bool value_url_password(const char *text, size_t len, struct url_password *ret)
{
	const char *end = text + len;

	for (const char *at = text; (at = str_find(at, (size_t)(end - at), "://")); at += 3) {
		const char *user = at + 3;
		const char *colon = NULL;
		const char *p = user;

		/* RFC 3986: userinfo ends at the first "@" before "/", "?" or "#". */
		while (p < end && !isspace((unsigned char)*p) && !strchr("@/?#\"'<>,", *p)) {
			colon = !colon && *p == ':' ? p : colon;
			p++;
		}
		if (p >= end || *p != '@' || !colon || p == colon + 1) {
			continue;
		}
		if (value_is_reference(user, (size_t)(p - user)) || colon[1] == '$' ||
			colon[1] == '%' || colon[1] == '{') {
			continue;
		}
		*ret = (struct url_password){colon + 1, (size_t)(p - colon - 1)};
		return true;
	}
	return false;
}

/* A word of a name: "DB_PASSWORD", "db.password", "dbPassword" all end in "password". */
static size_t last_word(const char *name, size_t end)
{
	size_t at = end;

	while (at > 0 && isalnum((unsigned char)name[at - 1])) {
		at--;
		if (at > 0 && isupper((unsigned char)name[at]) &&
			islower((unsigned char)name[at - 1])) {
			break;
		}
	}
	return at;
}

enum name_class { NAME_PLAIN, NAME_KEY, NAME_SECRET };

static enum name_class classify_name(const char *name)
{
	/* Rails: SECRET_KEY_BASE */
	size_t base = strlen(name) > 9 && strcasecmp(name + strlen(name) - 9, "_key_base") == 0
			      ? strlen("_base")
			      : 0;
	size_t end = strlen(name) - base;
	size_t at = last_word(name, end);
	size_t before = at > 0 && !isalnum((unsigned char)name[at - 1]) ? at - 1 : at;
	size_t previous = last_word(name, before);
	const char *word = name + previous;

	if (in_list_fold(name + at, end - at, secret_words)) {
		/* PWD is where a shell stands. */
		return in_list_fold(word, before - previous, passing_words) ||
				       strcasecmp(name, "pwd") == 0 ||
				       strcasecmp(name, "oldpwd") == 0
			       ? NAME_PLAIN
			       : NAME_SECRET;
	}
	if (end - at != 3 || strncasecmp(name + at, "key", 3) != 0) {
		return NAME_PLAIN;
	}
	return in_list_fold(word, before - previous, key_words) ? NAME_KEY : NAME_PLAIN;
}

/* Paths, URLs without a password, versions, numbers, durations, host:port: not secrets whatever
 * the name says. */
static bool is_other_thing(const char *value, size_t len)
{
	size_t digits = 0;

	if (len == 0 || value[0] == '/' || (len > 1 && value[0] == '.' && value[1] == '/') ||
		str_find(value, len, "://") || memchr(value, ' ', len) ||
		memchr(value, '\t', len) || in_list_fold(value, len, switches)) {
		return true;
	}
	for (size_t i = 0; i < len; i++) {
		digits += isdigit((unsigned char)value[i]) || value[i] == '.';
	}
	return digits == len && len < 12;
}

static bool has_digit_and_letter(const char *value, size_t len)
{
	bool digit = false;
	bool letter = false;

	for (size_t i = 0; i < len; i++) {
		digit |= isdigit((unsigned char)value[i]) != 0;
		letter |= isalpha((unsigned char)value[i]) != 0;
	}
	return digit && letter;
}

/* Of something that is a password. */
static enum secret_value judge_password(const char *value, size_t len)
{
	return value_is_placeholder(value, len) || in_list_fold(value, len, default_passwords) ||
			       len < 8 || !has_digit_and_letter(value, len)
		       ? VALUE_WEAK
		       : VALUE_SECRET;
}

enum secret_value secret_judge(const char *name, const char *value, size_t len)
{
	enum name_class class = classify_name(name);
	struct url_password password;
	struct line option;

	if (value_crypt_scheme(value, len) && value[0] == '$') {
		return VALUE_SECRET;
	}
	if (value_url_password(value, len, &password)) {
		return value_is_placeholder(password.s, password.len) ||
				       in_list_fold(password.s, password.len, default_passwords)
			       ? VALUE_WEAK
			       : VALUE_SECRET;
	}
	if (connection_password(value, len, &option) && !is_other_thing(option.s, option.len) &&
		!value_is_reference(option.s, option.len) && !is_filler(option.s, option.len)) {
		return judge_password(option.s, option.len);
	}
	if (class == NAME_PLAIN || is_other_thing(value, len) || value_is_reference(value, len) ||
		is_filler(value, len)) {
		return VALUE_PLAIN;
	}
	if (class == NAME_KEY) {
		return has_digit_and_letter(value, len) && value_is_random(value, len)
			       ? VALUE_SECRET
			       : VALUE_PLAIN;
	}
	return judge_password(value, len);
}

void secret_redact(const char *secret, size_t len, char out[SECRET_EXCERPT_MAX])
{
	char digest[DIGEST_TEXT_MAX];
	size_t shown = len / 4 < 4 ? len / 4 : 4;
	char head[5] = {0};

	for (size_t i = 0; i < shown; i++) {
		head[i] = secret[i] > ' ' && secret[i] < 0x7f ? secret[i] : '?';
	}
	digest_of(DIGEST_SHA256, secret, len, digest);
	snprintf(out, SECRET_EXCERPT_MAX, "%s... (%zu characters, sha256 %.8s)", head, len,
		digest + strlen("sha256:"));
}
