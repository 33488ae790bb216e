#include "checks/secret_files.h"

#include "base/cleanup.h"
#include "base/str.h"
#include "checks/file_role.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* One line of such a file; true with *match (kind and excerpt) when it holds a secret. */
typedef bool line_fn(const char *s, size_t len, struct secret_match *match);

static bool same_word(const char *s, size_t len, const char *word)
{
	return strlen(word) == len && strncasecmp(s, word, len) == 0;
}

static void trim(const char **s, size_t *len)
{
	while (*len && isspace((unsigned char)**s)) {
		++*s;
		--*len;
	}
	while (*len && isspace((unsigned char)(*s)[*len - 1])) {
		--*len;
	}
}

static bool is_literal(const char *s, size_t len)
{
	return len > 0 && !value_is_reference(s, len) && !value_is_placeholder(s, len);
}

static bool tell(struct secret_match *match, enum secret_kind kind, const char *secret, size_t len)
{
	match->kind = kind;
	secret_redact(secret, len, match->excerpt);
	return true;
}

/* shadow(5), passwd(5), gshadow(5): the second field. What is no output of crypt(3) ("*", "!", "x",
 * "locked") matches no password; "!" in front of a hash locks the account and still tells it. */
static bool account_line(const char *s, size_t len, struct secret_match *match, bool group)
{
	const char *colon = memchr(s, ':', len);
	size_t name = colon ? (size_t)(colon - s) : 0;
	const char *field = colon ? colon + 1 : NULL;
	const char *end = field ? memchr(field, ':', len - name - 1) : NULL;
	const char *scheme;

	if (!name || !end || *s == '+' || *s == '-') { /* "+::::": an entry of the compat service */
		return false;
	}
	if (end == field) {
		match->kind = SECRET_NO_PASSWORD;
		snprintf(match->excerpt, sizeof(match->excerpt), "%.*s: empty password field",
			(int)(name < 32 ? name : 32), s);
		return !group;
	}
	while (field < end && *field == '!') {
		field++;
	}
	scheme = value_crypt_scheme(field, (size_t)(end - field));
	if (!scheme) {
		return false;
	}
	match->kind = SECRET_PASSWORD_HASH;
	snprintf(match->excerpt, sizeof(match->excerpt), "%.*s: %s hash",
		(int)(name < 32 ? name : 32), s, scheme);
	return true;
}

static bool shadow_line(const char *s, size_t len, struct secret_match *match)
{
	return account_line(s, len, match, false);
}

static bool gshadow_line(const char *s, size_t len, struct secret_match *match)
{
	return account_line(s, len, match, true);
}

static bool htpasswd_line(const char *s, size_t len, struct secret_match *match)
{
	const char *colon = memchr(s, ':', len);
	const char *scheme;

	if (!colon || colon == s || *s == '#') {
		return false;
	}
	scheme = value_crypt_scheme(colon + 1, len - (size_t)(colon + 1 - s));
	if (!scheme) {
		return false;
	}
	match->kind = SECRET_PASSWORD_HASH;
	snprintf(match->excerpt, sizeof(match->excerpt), "%.*s: %s hash",
		(int)(colon - s < 32 ? colon - s : 32), s, scheme);
	return true;
}

/* The word behind a word of the line: "machine x login y password z". */
static bool word_after(
	const char *s, size_t len, const char *word, const char **ret, size_t *ret_len)
{
	const char *end = s + len;
	bool next = false;

	while (s < end) {
		const char *start;

		while (s < end && isspace((unsigned char)*s)) {
			s++;
		}
		start = s;
		while (s < end && !isspace((unsigned char)*s)) {
			s++;
		}
		if (next && s > start) {
			*ret = start;
			*ret_len = (size_t)(s - start);
			return true;
		}
		next = same_word(start, (size_t)(s - start), word);
	}
	return false;
}

static bool netrc_line(const char *s, size_t len, struct secret_match *match)
{
	const char *value;
	size_t n;

	return *s != '#' && word_after(s, len, "password", &value, &n) && is_literal(value, n) &&
	       tell(match, SECRET_NETRC, value, n);
}

/* libpq: host:port:database:user:password. */
static bool pgpass_line(const char *s, size_t len, struct secret_match *match)
{
	const char *end = s + len;
	unsigned colons = 0;

	if (*s == '#') {
		return false;
	}
	while (s < end && colons < 4) {
		s += *s == '\\' && end - s > 1;
		colons += *s++ == ':';
	}
	return colons == 4 && is_literal(s, (size_t)(end - s)) &&
	       tell(match, SECRET_PGPASS, s, (size_t)(end - s));
}

static bool git_line(const char *s, size_t len, struct secret_match *match)
{
	struct url_password password;

	return value_url_password(s, len, &password) && is_literal(password.s, password.len) &&
	       tell(match, SECRET_GIT_CREDENTIALS, password.s, password.len);
}

struct setting {
	const char *name;
	size_t name_len;
	const char *value;
	size_t value_len;
};

/* "name = value", "name: value", "export NAME='value'". */
static bool split_setting(const char *s, size_t len, char separator, struct setting *ret)
{
	const char *at = memchr(s, separator, len);

	if (!at || *s == '#' || *s == ';') {
		return false;
	}
	*ret = (struct setting){s, (size_t)(at - s), at + 1, len - (size_t)(at + 1 - s)};
	if (ret->name_len > 7 && strncmp(s, "export ", 7) == 0) {
		ret->name += 7;
		ret->name_len -= 7;
	}
	trim(&ret->name, &ret->name_len);
	trim(&ret->value, &ret->value_len);
	if (ret->value_len >= 2 && strchr("\"'", ret->value[0]) &&
		ret->value[ret->value_len - 1] == ret->value[0]) {
		ret->value++;
		ret->value_len -= 2;
	}
	return ret->name_len > 0 && ret->value_len > 0;
}

/* npm: "//HOST/:_authToken=..." */
static bool npmrc_line(const char *s, size_t len, struct secret_match *match)
{
	static const char *const names[] = {"_authToken", "_auth", "_password", NULL};
	struct setting set;

	if (!split_setting(s, len, '=', &set)) {
		return false;
	}
	for (size_t i = 0; names[i]; i++) {
		size_t n = strlen(names[i]);

		if (set.name_len >= n && memcmp(set.name + set.name_len - n, names[i], n) == 0 &&
			is_literal(set.value, set.value_len)) {
			return tell(match, SECRET_NPM, set.value, set.value_len);
		}
	}
	return false;
}

/* Docker's and podman's login files: "auth": "base64 of user:password". */
static bool docker_line(const char *s, size_t len, struct secret_match *match)
{
	static const char *const names[] = {
		"\"auth\"", "\"identitytoken\"", "\"registrytoken\"", NULL};

	for (size_t i = 0; names[i]; i++) {
		const char *at = str_find(s, len, names[i]);
		const char *open = at ? memchr(at + strlen(names[i]), '"',
						len - (size_t)(at - s) - strlen(names[i]))
				      : NULL;
		const char *close =
			open ? memchr(open + 1, '"', len - (size_t)(open + 1 - s)) : NULL;

		if (close && close - open > 8) {
			return tell(
				match, SECRET_DOCKER_AUTH, open + 1, (size_t)(close - open - 1));
		}
	}
	return false;
}

static bool dotenv_line(const char *s, size_t len, struct secret_match *match)
{
	struct setting set;
	char name[128];
	enum secret_value judged;

	if (!split_setting(s, len, '=', &set) || set.name_len >= sizeof(name)) {
		return false;
	}
	memcpy(name, set.name, set.name_len);
	name[set.name_len] = '\0';
	judged = secret_judge(name, set.value, set.value_len);
	if (judged == VALUE_PLAIN) {
		return false;
	}
	match->kind = judged == VALUE_SECRET ? SECRET_DOTENV : SECRET_DOTENV_DEFAULT;
	secret_redact(set.value, set.value_len, match->excerpt);
	return true;
}

/* Files of logins in all: my.cnf, .pypirc, cargo's and gem's credentials. */
static bool credentials_line(const char *s, size_t len, struct secret_match *match)
{
	static const char *const names[] = {
		"password", "token", "secret", ":rubygems_api_key", "aws_secret_access_key", NULL};
	struct setting set;

	if (!split_setting(s, len, '=', &set) && !split_setting(s, len, ':', &set)) {
		if (!len || *s != ':' || !split_setting(s + 1, len - 1, ':', &set)) {
			return false;
		}
		set.name--;
		set.name_len++;
	}
	for (size_t i = 0; names[i]; i++) {
		if (same_word(set.name, set.name_len, names[i]) &&
			is_literal(set.value, set.value_len)) {
			return tell(match, SECRET_CREDENTIALS_FILE, set.value, set.value_len);
		}
	}
	return false;
}

static const char *skip(const char *p, const char *end, const char *these)
{
	while (p < end && *p && strchr(these, *p)) {
		p++;
	}
	return p;
}

/* "export DB_PASSWORD=x" of a shell script; not what it computes. */
static bool script_line(const char *s, size_t len, struct secret_match *match)
{
	if (len < 8 || strncmp(s, "export ", 7) != 0 || memchr(s, '$', len) ||
		memchr(s, '`', len) || !dotenv_line(s, len, match) ||
		match->kind != SECRET_DOTENV) {
		return false;
	}
	match->kind = SECRET_SCRIPT;
	return true;
}

/* Rails: what opens credentials.yml.enc is 16 bytes in hexadecimal. */
static bool rails_line(const char *s, size_t len, struct secret_match *match)
{
	for (size_t i = 0; i < len; i++) {
		if (!isxdigit((unsigned char)s[i])) {
			return false;
		}
	}
	return len == 32 && value_is_random(s, len) && tell(match, SECRET_CREDENTIALS_FILE, s, len);
}

static bool is_shell_script(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data;
	const uint8_t *newline = memchr(data, '\n', len < 128 ? len : 128);

	return len > 2 && strncmp(text, "#!", 2) == 0 && newline &&
	       str_find(text, (size_t)(newline - data), "sh");
}

/* The value behind a name, in whatever form: "token: x", "\"password\": \"x\"",
 * "<password>x</password>", <add key="ClearTextPassword" value="x"/>. */
static bool login_line(const char *s, size_t len, struct secret_match *match)
{
	static const char *const names[] = {"password", "token", "npmAuthToken", "client_secret",
		"refresh_token", "ClearTextPassword", "secret_key", NULL};
	const char *end = s + len;

	for (size_t i = 0; len && *s != '#' && names[i]; i++) {
		const char *at = str_ifind(s, len, names[i]);
		const char *p = at ? at + strlen(names[i]) : end;
		size_t n;

		if (!at || skip(p, end, " \"':=>") == p ||
			(at > s && (isalnum((unsigned char)at[-1]) || at[-1] == '_'))) {
			continue;
		}
		p = skip(p, end, " \"':=>");
		p += end - p > 6 && memcmp(p, "value=", 6) == 0 ? 6 : 0;
		p = skip(p, end, "\"'");
		for (n = 0;
			p + n < end && !isspace((unsigned char)p[n]) && !strchr("\"'<,", p[n]);) {
			n++;
		}
		/* Maven's {...} is encrypted. */
		if (p < end && n >= 6 && *p != '{' && is_literal(p, n)) {
			return tell(match, SECRET_CREDENTIALS_FILE, p, n);
		}
	}
	return false;
}

/* A file is one of these when its path ends so ("/" in front: from the start of a component); a
 * leading "=" means the whole path. */
#define NAMED(name, line)                                                                          \
	{                                                                                          \
		name, sizeof(name) - 1, line                                                       \
	}
static const struct {
	const char *name;
	size_t len;
	line_fn *line;
} files[] = {
	NAMED("=etc/shadow", shadow_line),
	NAMED("=etc/shadow-", shadow_line),
	NAMED("=etc/passwd", shadow_line),
	NAMED("=etc/passwd-", shadow_line),
	NAMED("=etc/gshadow", gshadow_line),
	NAMED("=etc/gshadow-", gshadow_line),
	NAMED("htpasswd", htpasswd_line),
	NAMED("/.netrc", netrc_line),
	NAMED("/_netrc", netrc_line),
	NAMED("/.pgpass", pgpass_line),
	NAMED("/.git-credentials", git_line),
	NAMED("/git/credentials", git_line),
	NAMED("/.npmrc", npmrc_line),
	NAMED("/npmrc", npmrc_line),
	NAMED("/.docker/config.json", docker_line),
	NAMED("/.dockercfg", docker_line),
	NAMED("/.dockerconfigjson", docker_line),
	NAMED("/containers/auth.json", docker_line),
	NAMED(".env", dotenv_line),
	NAMED("/.envrc", dotenv_line),
	NAMED("/gradle.properties", dotenv_line),
	NAMED("/pip.conf", git_line),
	NAMED("/.condarc", git_line),
	NAMED("/.git/config", git_line),
	NAMED("/.yarnrc.yml", login_line),
	NAMED("/.m2/settings.xml", login_line),
	NAMED("/.kube/config", login_line),
	NAMED("/.composer/auth.json", login_line),
	NAMED("/composer/auth.json", login_line),
	NAMED("/config/master.key", rails_line),
	NAMED("/config/credentials/production.key", rails_line),
	NAMED("/NuGet.Config", login_line),
	NAMED("/nuget.config", login_line),
	NAMED("/application_default_credentials.json", login_line),
	NAMED("/.s3cfg", login_line),
	NAMED("/.my.cnf", credentials_line),
	NAMED("/.pypirc", credentials_line),
	NAMED("/.cargo/credentials", credentials_line),
	NAMED("/.cargo/credentials.toml", credentials_line),
	NAMED("/.gem/credentials", credentials_line),
	NAMED("/.aws/credentials", credentials_line),
};

/* Asked for every file of an image: the last character decides nearly always. */
static bool is_named(const char *path, size_t len, size_t row)
{
	const char *name = files[row].name;
	size_t n = files[row].len;

	if (!len || path[len - 1] != name[n - 1]) {
		return false;
	}
	if (*name == '=') {
		return str_eq(path, name + 1);
	}
	return (len >= n && memcmp(path + len - n, name, n) == 0) ||
	       (*name == '/' && str_eq(path, name + 1));
}

static line_fn *line_reader(const char *path)
{
	const char *base = path_base(path);
	size_t len = strlen(path);

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		if (is_named(path, len, i)) {
			return files[i].line;
		}
	}
	/* .env.production, .env.local; samples of them (.env.example) are file_role's business. */
	return str_starts(base, ".env.") ? dotenv_line : NULL;
}

void secret_files_scan(const char *path, const uint8_t *data, size_t len,
	void (*found)(const struct secret_match *match, void *arg), void *arg)
{
	line_fn *by_path = line_reader(path);
	line_fn *reader = by_path ? by_path : is_shell_script(data, len) ? script_line : NULL;
	const char *at = (const char *)data;
	const char *end = at + len;
	unsigned told = 0;
	unsigned number = 0;
	struct line l;

	while (reader && told < SECRET_MATCHES_MAX && line_next(&at, end, &l)) {
		struct secret_match match = {0};
		const char *s = l.s;
		size_t n = l.len;

		number++;
		trim(&s, &n);
		if (n > 0 && reader(s, n, &match)) {
			match.line = number;
			found(&match, arg);
			told++;
		}
	}
}
