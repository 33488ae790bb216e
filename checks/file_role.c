#include "checks/file_role.h"

#include "base/cleanup.h"
#include "base/str.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

struct name_role {
	const char *name;
	unsigned role;
};

static const struct name_role dirs[] = {
	{"doc", ROLE_DOCUMENTATION},
	{"docs", ROLE_DOCUMENTATION},
	{"documentation", ROLE_DOCUMENTATION},
	{"javadoc", ROLE_DOCUMENTATION},
	{"gtk-doc", ROLE_DOCUMENTATION},
	{"test", ROLE_TEST},
	{"tests", ROLE_TEST},
	{"__tests__", ROLE_TEST},
	{"testing", ROLE_TEST},
	{"testdata", ROLE_TEST},
	{"test-data", ROLE_TEST},
	{"test_data", ROLE_TEST},
	{"testsuite", ROLE_TEST},
	{"unittests", ROLE_TEST},
	{"spec", ROLE_TEST},
	{"specs", ROLE_TEST},
	{"fixtures", ROLE_TEST},
	{"__fixtures__", ROLE_TEST},
	{"__mocks__", ROLE_TEST},
	{"example", ROLE_SAMPLE},
	{"examples", ROLE_SAMPLE},
	{"sample", ROLE_SAMPLE},
	{"samples", ROLE_SAMPLE},
	{"demo", ROLE_SAMPLE},
	{"demos", ROLE_SAMPLE},
	{"node_modules", ROLE_LIBRARY},
	{"bower_components", ROLE_LIBRARY},
	{"site-packages", ROLE_LIBRARY},
	{"dist-packages", ROLE_LIBRARY},
	{"gems", ROLE_LIBRARY},
	{".cargo", ROLE_LIBRARY},
	{"third_party", ROLE_LIBRARY},
	{"vendor", ROLE_LIBRARY},
	{"vendored", ROLE_LIBRARY},
};

static const struct name_role prefixes[] = {
	{"usr/share/man/", ROLE_DOCUMENTATION},
	{"usr/share/info/", ROLE_DOCUMENTATION},
	{"usr/share/help/", ROLE_DOCUMENTATION},
	{"usr/local/share/man/", ROLE_DOCUMENTATION},
	{"usr/lib/python", ROLE_LIBRARY},
	{"usr/local/lib/python", ROLE_LIBRARY},
	{"usr/local/lib/ruby/", ROLE_LIBRARY},
	{"usr/local/lib/perl", ROLE_LIBRARY},
	{"usr/local/lib/php/", ROLE_LIBRARY},
	{"usr/local/include/", ROLE_LIBRARY},
	{"usr/local/go/", ROLE_LIBRARY},
	{"usr/local/rustup/", ROLE_LIBRARY},
	{"go/pkg/mod/", ROLE_LIBRARY},
	{"root/go/pkg/mod/", ROLE_LIBRARY},
	{"opt/java/", ROLE_LIBRARY},
	{"opt/conda/", ROLE_LIBRARY},
	{"usr/lib/jvm/", ROLE_LIBRARY},
	{"proc/", ROLE_OS},
	{"sys/", ROLE_OS},
	{"var/lib/dpkg/", ROLE_OS},
	{"var/lib/apt/", ROLE_OS},
	{"var/lib/rpm/", ROLE_OS},
	{"var/lib/ucf/", ROLE_OS},
	{"var/lib/systemd/", ROLE_OS},
	{"var/lib/pam/", ROLE_OS},
	{"var/cache/", ROLE_OS},
	{"lib/apk/", ROLE_OS},
	{"etc/apk/", ROLE_OS},
	{"etc/alternatives/", ROLE_OS},
	{"etc/ld.so.conf", ROLE_OS},
	{"etc/pam.d/", ROLE_OS},
	{"etc/apt/", ROLE_OS},
	{"etc/yum.repos.d/", ROLE_OS},
	{"etc/ca-certificates", ROLE_OS},
	{"usr/share/ca-certificates/", ROLE_OS},
};

static const struct name_role suffixes[] = {
	{".md", ROLE_DOCUMENTATION},
	{".markdown", ROLE_DOCUMENTATION},
	{".rst", ROLE_DOCUMENTATION},
	{".adoc", ROLE_DOCUMENTATION},
	{".pod", ROLE_DOCUMENTATION},
	{".sample", ROLE_SAMPLE},
	{".samples", ROLE_SAMPLE},
	{".example", ROLE_SAMPLE},
	{".dist", ROLE_SAMPLE},
	{".default", ROLE_SAMPLE},
	{".template", ROLE_SAMPLE},
	{".tmpl", ROLE_SAMPLE},
	{".tpl", ROLE_SAMPLE},
	{".j2", ROLE_SAMPLE},
	{".erb", ROLE_SAMPLE},
	{".in", ROLE_SAMPLE},
	{".orig", ROLE_SAMPLE},
	{".dpkg-dist", ROLE_SAMPLE},
	{".dpkg-new", ROLE_SAMPLE},
	{".ucf-dist", ROLE_SAMPLE},
	{".rpmnew", ROLE_SAMPLE},
	{".apk-new", ROLE_SAMPLE},
	{".test.js", ROLE_TEST},
	{".spec.js", ROLE_TEST},
	{".test.ts", ROLE_TEST},
	{".spec.ts", ROLE_TEST},
	{"_test.go", ROLE_TEST},
	{"_test.py", ROLE_TEST},
	{"_spec.rb", ROLE_TEST},
};

/* Inside a file's name: "config.example.yml", "sample-app.ini". */
static const struct name_role infixes[] = {
	{".example.", ROLE_SAMPLE},
	{".sample.", ROLE_SAMPLE},
	{"-example.", ROLE_SAMPLE},
	{"-sample.", ROLE_SAMPLE},
	{"_example.", ROLE_SAMPLE},
	{"_sample.", ROLE_SAMPLE},
	{".template.", ROLE_SAMPLE},
};

static const char *const os_files[] = {"etc/passwd", "etc/passwd-", "etc/group", "etc/group-",
	"etc/shadow", "etc/shadow-", "etc/gshadow", "etc/gshadow-", "etc/hosts", "etc/hostname",
	"etc/resolv.conf", "etc/nsswitch.conf", "etc/os-release", "usr/lib/os-release",
	"etc/debconf.conf", "etc/adduser.conf", "etc/deluser.conf", "etc/host.conf",
	"etc/login.defs", "etc/ld.so.cache", "etc/services", "etc/protocols", NULL};

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool path_has_dir(const char *path, const char *name)
{
	size_t len = strlen(name);

	for (const char *slash; (slash = strchr(path, '/')); path = slash + 1) {
		if ((size_t)(slash - path) == len && strncmp(path, name, len) == 0) {
			return true;
		}
	}
	return false;
}

static unsigned role_of_base(const char *base)
{
	static const char *const documents[] = {"README", "CHANGELOG", "CHANGES", "LICENSE",
		"LICENCE", "COPYING", "NEWS", "HISTORY", "CONTRIBUTING", "SECURITY", NULL};
	unsigned roles = 0;

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		roles |= str_ends(base, suffixes[i].name) ? suffixes[i].role : 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(infixes); i++) {
		roles |= strstr(base, infixes[i].name) ? infixes[i].role : 0;
	}
	for (size_t i = 0; documents[i]; i++) {
		size_t len = strlen(documents[i]);

		if (strncasecmp(base, documents[i], len) == 0 && strchr(".-", base[len])) {
			roles |= ROLE_DOCUMENTATION;
		}
	}
	if (str_starts(base, "sample-") || str_starts(base, "example-")) {
		roles |= ROLE_SAMPLE;
	}
	if (str_starts(base, "test_") && str_ends(base, ".py")) {
		roles |= ROLE_TEST;
	}
	return roles;
}

unsigned file_role(const char *path)
{
	unsigned roles = role_of_base(path_base(path));

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		roles |= str_starts(path, prefixes[i].name) ? prefixes[i].role : 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		roles |= path_has_dir(path, dirs[i].name) ? dirs[i].role : 0;
	}
	if (str_in(path, os_files)) {
		roles |= ROLE_OS;
	}
	return roles;
}

const char *file_role_word(unsigned roles)
{
	static const struct name_role words[] = {
		{"documentation", ROLE_DOCUMENTATION},
		{"test", ROLE_TEST},
		{"sample", ROLE_SAMPLE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (roles & words[i].role) {
			return words[i].name;
		}
	}
	return NULL;
}
