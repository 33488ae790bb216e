#include "image/keep.h"

#include "base/cleanup.h"
#include "base/str.h"
#include "image/limits.h"

#include <fnmatch.h>
#include <string.h>

/* Tables and databases that say something about other files. */
static const char *const databases[] = {
	"etc/passwd",
	"etc/group",
	"etc/shadow",
	"etc/os-release",
	"usr/lib/os-release",
	"etc/ld.so.conf",
	"etc/ld.so.conf.d/*",
	"etc/ld-musl-*.path",
	"var/lib/dpkg/status",
	"var/lib/dpkg/diversions",
	"var/lib/dpkg/status.d/*",
	"var/lib/dpkg/info/*.list",
	"var/lib/dpkg/info/*.conffiles",
	"var/lib/dpkg/info/*.md5sums",
	"var/lib/dpkg/info/*.postinst",
	"var/lib/ucf/registry",
	"var/lib/ucf/hashfile",
	"lib/apk/db/installed",
	"usr/lib/apk/db/installed",
};

/* Directories full of what looks like configuration and is part of a library or a manual. */
static const char *const library_dirs[] = {
	"node_modules",
	"bower_components",
	"site-packages",
	"dist-packages",
	"usr/share/doc",
	"usr/share/man",
	"usr/share/info",
	"usr/share/locale",
	"usr/share/i18n",
	"usr/share/zoneinfo",
	"usr/share/icons",
	"usr/share/mime",
	"usr/share/fonts",
	"usr/share/perl",
	"usr/share/perl5",
	"usr/share/bash-completion",
	"usr/share/gcc",
	"usr/share/gdb",
	"usr/include",
	"usr/src",
	"var/lib/dpkg",
	"var/lib/apt",
	"var/cache",
	"proc",
	"sys",
};
static const char *const library_patterns[] = {
	"usr/lib/python*/*",
	"usr/local/lib/python*/*",
	"usr/lib/perl*/*",
	"usr/local/lib/perl*/*",
	"usr/lib/ruby/*",
	"usr/local/lib/ruby/*",
	"usr/lib/*/perl*/*",
};

static const char *const endings[] = {"conf", "cfg", "cnf", "ini", "env", "properties", "yaml",
	"yml", "json", "toml", "xml", "config", "sh", NULL};

static const char *const names[] = {"Caddyfile", "Corefile", "Procfile", "my.cnf", ".env", ".npmrc",
	".netrc", ".pgpass", ".htpasswd", "config", "credentials", "gunicorn.conf.py",
	"gunicorn_conf.py", "gunicorn_config.py", "puma.rb", "unicorn.rb", "wp-config.php", NULL};

/* Some bytes say it for the whole: a text has no NUL, and no other control characters to speak
 * of. Looking at more would cost and change nothing. */
#define TEXT_LOOK 4096

static bool is_text(const struct entry *entry)
{
	size_t n = entry->data_len < TEXT_LOOK ? entry->data_len : TEXT_LOOK;

	return !n || !memchr(entry->data, '\0', n);
}

/* What stands before the first wildcard decides nearly always, and fnmatch(3) converts both texts to
 * wide characters first, for every file of an image. */
static bool matches(const char *pattern, const char *path, int flags)
{
	for (size_t i = 0; !strchr("*?[\\", pattern[i]); i++) { /* to its NUL, too */
		if (pattern[i] != path[i]) {
			return false;
		}
	}
	return fnmatch(pattern, path, flags) == 0;
}

static bool is_database(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(databases); i++) {
		if (matches(databases[i], path, FNM_PATHNAME)) {
			return true;
		}
	}
	return false;
}

static bool is_script(const struct entry *entry)
{
	return entry->data_len >= 2 && memcmp(entry->data, "#!", 2) == 0;
}

/* Whether the whole components of dir stand somewhere in path, at its beginning when dir has a
 * slash. */
static bool below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	for (const char *at = path; at; at = strchr(at, '/') ? strchr(at, '/') + 1 : NULL) {
		if (strncmp(at, dir, len) == 0 && at[len] == '/') {
			return true;
		}
		if (strchr(dir, '/')) {
			return false;
		}
	}
	return false;
}

static bool in_library(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(library_dirs); i++) {
		if (below(path, library_dirs[i])) {
			return true;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(library_patterns); i++) {
		if (matches(library_patterns[i], path, 0)) {
			return true;
		}
	}
	return false;
}

static bool looks_like_configuration(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const char *dot = strrchr(name, '.');

	return str_starts(path, "etc/") || strstr(path, "/etc/") || str_in(name, names) ||
	       str_starts(name, ".env") || (dot && str_in(dot + 1, endings));
}

bool keep_wanted(const struct entry *entry)
{
	if (entry->type != NODE_FILE || entry->hardlink || entry->whiteout != WHITEOUT_NONE) {
		return false;
	}
	if (is_database(entry->path)) {
		return true;
	}
	if ((entry->mode & 0111) && is_script(entry)) {
		return true;
	}
	return entry->size <= LIMIT_KEEP_FILE && looks_like_configuration(entry->path) &&
	       !in_library(entry->path) && is_text(entry);
}

size_t keep_len(const struct entry *entry)
{
	uint64_t limit = is_database(entry->path) ? LIMIT_KEEP_DB : LIMIT_KEEP_FILE;

	return (size_t)(entry->size < limit ? entry->size : limit);
}
