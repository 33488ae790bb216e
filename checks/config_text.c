#include "checks/config_text.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "checks/file_role.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *suffix;
	enum config_comments comments;
	bool hint; /* data as often as configuration: name or directory has to say so, too */
} formats[] = {
	{".conf.py", COMMENTS_HASH, false},
	{".conf", COMMENTS_HASH, false},
	{".cnf", COMMENTS_INI, false},
	{".cfg", COMMENTS_HASH, false},
	{".ini", COMMENTS_INI, false},
	{".yml", COMMENTS_HASH, false},
	{".yaml", COMMENTS_HASH, false},
	{".json", COMMENTS_NONE, true},
	{".json5", COMMENTS_C, true},
	{".properties", COMMENTS_PROPS, false},
	{".toml", COMMENTS_HASH, false},
	{".xml", COMMENTS_XML, true},
	{".env", COMMENTS_HASH, false},
	{".config", COMMENTS_XML, false},
	{".hocon", COMMENTS_C, false},
	{".php", COMMENTS_C, true},
	{".py", COMMENTS_HASH, true},
	{".rb", COMMENTS_HASH, true},
	{".js", COMMENTS_C, true},
	{".cjs", COMMENTS_C, true},
	{".mjs", COMMENTS_C, true},
};

/* What build tools, editors and registries read: nothing that a running product does. */
static const char *const build_files[] = {"package.json", "package-lock.json",
	"npm-shrinkwrap.json", "composer.json", "composer.lock", "bower.json", "tsconfig.json",
	"jsconfig.json", "pom.xml", "build.xml", "ivy.xml", "pnpm-lock.yaml", "pyproject.toml",
	"setup.cfg", "Cargo.toml", "tox.ini", "mypy.ini", "pytest.ini", ".travis.yml",
	".gitlab-ci.yml", ".pre-commit-config.yaml", ".readthedocs.yml", ".readthedocs.yaml",
	"mkdocs.yml", "docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml",
	"appveyor.yml", "codecov.yml", ".codecov.yml", "renovate.json", "lerna.json",
	"angular.json", "manifest.json", "openapi.json", "openapi.yaml", "swagger.json",
	"swagger.yaml", "webpack.config.js", "rollup.config.js", "babel.config.js",
	"jest.config.js", "vite.config.js", "postcss.config.js", "tailwind.config.js",
	"eslint.config.js", "config.guess", "config.sub", NULL};

/* Directories whose files are data, other people's business, or the system's own. */
static const char *const other_dirs[] = {"node_modules", "site-packages", "dist-packages", "gems",
	"locale", "locales", "i18n", "lang", "translations", "schemas", "schema", "migrations",
	"init.d", "profile.d", "bash_completion.d", "completions", "logrotate.d", "cron.d",
	"cron.daily", "cron.weekly", "terminfo", "fonts", "pki", "certs", "skel", "security",
	"update-motd.d", "X11", "xdg", "dpkg", "systemd", "udev", "kernel", "modprobe.d",
	"sysctl.d", "tmpfiles.d", "sysusers.d", "mime", "icons", "applications", ".github", ".git",
	"METADATA", "META-INF", "include", "cmake", "pkgconfig", "terraform", NULL};

static const char *const config_words[] = {"config", "conf", "settings", "setting", "secret",
	"credential", "default", "production", "development", "staging", "logback", "log4j",
	"logging", "log4net", "nlog", "server", "web.xml", "context.xml", "persistence", "database",
	"datasource", "hibernate", "puma", "unicorn", "keycloak", "realm", "local", NULL};

/* Programs that are configuration. */
static const char *const source_words[] = {
	"config", "settings", "secret", "credential", "puma", "unicorn", "database", NULL};

static const char *const config_dirs[] = {"etc", "conf", "config", "conf.d", "configuration",
	"settings", "config.d", "sites-enabled", "conf-enabled", "environments", NULL};

static bool in_any_dir(const char *path, const char *const *list)
{
	for (; *list; list++) {
		if (path_has_dir(path, *list)) {
			return true;
		}
	}
	return false;
}

/* The row of formats for this name, or -1. */
static int format_of(const char *base)
{
	if (strcmp(base, ".env") == 0 || str_starts(base, ".env.")) {
		base = "x.env";
	}
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (str_ends(base, formats[i].suffix)) {
			return (int)i;
		}
	}
	return -1;
}

static bool is_source(const char *base)
{
	return str_ends(base, ".php") || str_ends(base, ".py") || str_ends(base, ".rb") ||
	       str_ends(base, "js");
}

bool config_is_program(const char *path)
{
	return is_source(path);
}

static bool name_hints(const char *base)
{
	const char *const *words = is_source(base) ? source_words : config_words;

	for (size_t i = 0; words[i]; i++) {
		if (str_ifind(base, strlen(base), words[i])) {
			return true;
		}
	}
	return false;
}

/* Whether name and place are those of configuration, whoever it may belong to. */
static bool looks_like_configuration(const char *path, const char *base)
{
	int format = format_of(base);

	if (format >= 0) {
		return !formats[format].hint || name_hints(base) ||
		       (!is_source(base) && in_any_dir(path, config_dirs)) ||
		       path_has_dir(path, "environments");
	}
	/* etc/default/memcached, etc/caddy/Caddyfile, usr/local/etc/...: without any extension. */
	return (str_starts(path, "etc/") || str_starts(path, "usr/local/etc/")) &&
	       !strchr(base, '.');
}

bool config_is(const char *path)
{
	const char *base = path_base(path);

	return looks_like_configuration(path, base) && !str_in(base, build_files) &&
	       !file_role(path) && !in_any_dir(path, other_dirs);
}

enum config_comments config_comments_of(const char *path)
{
	int format = format_of(path_base(path));

	return format < 0 ? COMMENTS_HASH : formats[format].comments;
}

static void blank(char *from, const char *to)
{
	for (; from < to; from++) {
		*from = *from == '\n' ? '\n' : ' ';
	}
}

/* Blank what lies between open and close, over lines. */
static void strip_blocks(char *text, size_t len, const char *open, const char *close)
{
	char *end = text + len;

	for (char *at = text; (at = memmem(at, (size_t)(end - at), open, strlen(open)));) {
		char *stop = memmem(at, (size_t)(end - at), close, strlen(close));

		stop = stop ? stop + strlen(close) : end;
		blank(at, stop);
		at = stop;
	}
}

/* Whether a comment to the end of the line begins at s[at]. */
static bool opens_comment(
	const char *s, size_t len, size_t at, size_t first, enum config_comments how)
{
	bool free_standing = at == first || isspace((unsigned char)s[at - 1]);

	switch (how) {
	case COMMENTS_HASH:
		/* php-fpm's pools are .conf with ";"; no format in use begins a statement so. */
		return (s[at] == '#' && free_standing) || (s[at] == ';' && at == first);
	case COMMENTS_INI:
		return at == first ? s[at] == '#' || s[at] == ';' : s[at] == '#' && free_standing;
	case COMMENTS_PROPS:
		return at == first && (s[at] == '#' || s[at] == '!');
	case COMMENTS_C:
		return (s[at] == '#' && at == first) ||
		       (s[at] == '/' && at + 1 < len && s[at + 1] == '/' && free_standing);
	case COMMENTS_NONE:
	case COMMENTS_XML:
		return false;
	}
	return false;
}

static void strip_line(char *s, size_t len, enum config_comments how)
{
	size_t first = 0;
	char quote = 0;

	while (first < len && isspace((unsigned char)s[first])) {
		first++;
	}
	for (size_t i = first; i < len; i++) {
		if (quote) {
			quote = s[i] == quote ? 0 : quote;
		} else if (opens_comment(s, len, i, first, how)) {
			blank(s + i, s + len);
			return;
		} else if ((s[i] == '"' || s[i] == '\'') &&
			   (i == first || !isalnum((unsigned char)s[i - 1]))) {
			quote = s[i];
		}
	}
}

char *config_strip(const char *path, const char *text, size_t len)
{
	enum config_comments how = config_comments_of(path);
	char *plain = xstrndup(text, len);

	if (how == COMMENTS_XML) {
		strip_blocks(plain, len, "<!--", "-->");
	} else if (how == COMMENTS_C) {
		strip_blocks(plain, len, "/*", "*/");
	}
	for (char *s = plain; s < plain + len;) {
		char *newline = memchr(s, '\n', (size_t)(plain + len - s));
		char *stop = newline ? newline : plain + len;

		strip_line(s, (size_t)(stop - s), how);
		s = stop + 1;
	}
	return plain;
}

const char *config_marks(const char *path, const char *text, size_t len)
{
	static const char *const blocks[] = {"http {", "http{", "server {", "server{", NULL};
	enum config_comments how = config_comments_of(path);

	if (str_ends(path, ".json")) {
		return ",{}[]";
	}
	if (str_ends(path, ".yml") || str_ends(path, ".yaml")) {
		return "";
	}
	for (size_t i = 0; how == COMMENTS_HASH && blocks[i]; i++) {
		if (str_find(text, len, blocks[i])) {
			return ";{}";
		}
	}
	return how == COMMENTS_HASH && strstr(path, "nginx") ? ";{}" : "";
}

/* Where the "}" of a "${" at s[at] is; at when none is near. */
static size_t brace_end(const char *s, size_t len, size_t at)
{
	for (size_t i = at; i < len && i < at + 256 && s[i] != '\n'; i++) {
		if (s[i] == '}') {
			return i;
		}
	}
	return at;
}

size_t config_piece(const char *s, size_t len, const char *marks)
{
	const char *newline = *marks ? NULL : memchr(s, '\n', len);
	char quote = 0;
	size_t i;

	if (!*marks) {
		return newline ? (size_t)(newline - s) : len;
	}
	/* No further than the piece: a text in one line has many of them. */
	for (i = 0; i < len && s[i] != '\n'; i++) {
		if (quote) {
			quote = s[i] == quote && s[i - 1] != '\\' ? 0 : quote;
		} else if (s[i] == '"' || (s[i] == '\'' && *marks == ';')) {
			quote = s[i];
		} else if (s[i] == '$' && i + 1 < len && s[i + 1] == '{') {
			i = brace_end(s, len, i);
		} else if (s[i] && strchr(marks, s[i])) {
			break;
		}
	}
	return i;
}

static void trim(struct line *l, const char *also)
{
	while (l->len && (isspace((unsigned char)*l->s) || (*l->s && strchr(also, *l->s)))) {
		l->s++;
		l->len--;
	}
	while (l->len && (isspace((unsigned char)l->s[l->len - 1]) ||
				 (l->s[l->len - 1] && strchr(also, l->s[l->len - 1])))) {
		l->len--;
	}
}

/* The value of an attribute of the tag in s, quotes off. */
static bool attribute(const char *s, size_t len, const char *name, struct line *ret)
{
	const char *end = s + len;
	const char *open;
	const char *close;

	for (const char *at = s; (at = str_ifind(at, (size_t)(end - at), name)); at++) {
		open = at + strlen(name);
		if (open >= end || (*open != '"' && *open != '\'') || at == s ||
			!isspace((unsigned char)at[-1])) {
			continue;
		}
		close = memchr(open + 1, *open, (size_t)(end - open - 1));
		if (close) {
			*ret = (struct line){open + 1, (size_t)(close - open - 1)};
			return true;
		}
	}
	return false;
}

/* <add key="a" value="b"/>, <property name="a">b</property>, <a>b</a> */
static bool xml_setting(const char *s, size_t len, struct config_setting *ret)
{
	const char *close = memchr(s, '>', len);
	size_t tag = close ? (size_t)(close - s) : len;
	const char *next;
	size_t name = 1;

	while (name < tag && !isspace((unsigned char)s[name]) && s[name] != '/') {
		name++;
	}
	ret->name = (struct line){s + 1, name - 1};
	if (!attribute(s, tag, "name=", &ret->name)) {
		attribute(s, tag, "key=", &ret->name);
	}
	if (attribute(s, tag, "value=", &ret->value)) {
		return true;
	}
	if (!close || close + 1 >= s + len) {
		return false;
	}
	next = memchr(close, '<', len - tag);
	ret->value = (struct line){close + 1, (next ? (size_t)(next - close) : len - tag) - 1};
	trim(&ret->value, "");
	return ret->value.len > 0 && ret->name.len > 0;
}

bool config_setting(const char *s, size_t len, struct config_setting *ret)
{
	struct line l = {s, len};
	bool quoted;
	size_t name;

	trim(&l, ",;");
	if (l.len > 2 && l.s[0] == '<' && (isalpha((unsigned char)l.s[1]))) {
		return xml_setting(l.s, l.len, ret);
	}
	while (l.len > 1 && l.s[0] == '-' && l.s[1] == ' ') {
		l.s += 2;
		l.len -= 2;
		trim(&l, "");
	}
	if (l.len > 7 && strncmp(l.s, "define(", 7) == 0) { /* PHP: define('NAME', 'value'); */
		l.s += 7;
		l.len -= 7;
		trim(&l, ")");
	}
	quoted = l.len && (*l.s == '"' || *l.s == '\'');
	for (name = quoted; name < l.len; name++) {
		if (quoted ? l.s[name] == *l.s
			   : strchr("=: \t,", l.s[name]) != NULL || l.s[name] == '\0') {
			break;
		}
	}
	if (name == 0 || name >= l.len) {
		return false;
	}
	ret->name = (struct line){l.s, name};
	ret->value = (struct line){l.s + name + quoted, l.len - name - quoted};
	trim(&ret->name, "\"'$[]");
	trim(&ret->value, "");
	if (ret->value.len && strchr("=:,", *ret->value.s)) {
		ret->value.s++;
		ret->value.len--;
		if (ret->value.len && *ret->value.s == '>') {
			ret->value.s++;
			ret->value.len--;
		}
	}
	trim(&ret->value, "\"',;");
	return ret->name.len > 0 && ret->value.len > 0;
}
