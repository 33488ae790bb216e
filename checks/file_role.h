/*
 * file_role.h - what a file is there for, as far as its path tells: documentation, test material,
 * a sample, a part of a language package or runtime.
 *
 * Checks that read contents use it to keep a library's sample key or a README's example from being
 * taken for the product's own. Pure, thread-safe.
 */
#ifndef CHECKS_FILE_ROLE_H
#define CHECKS_FILE_ROLE_H

#include <stdbool.h>

enum file_role {
	ROLE_DOCUMENTATION = 1 << 0,
	ROLE_TEST = 1 << 1,
	ROLE_SAMPLE =
		1 << 2, /* *.example, *.dist, templates: made into the real file by somebody */
	ROLE_LIBRARY =
		1 << 3, /* below node_modules, site-packages, a language's own library, ... */
	ROLE_OS = 1 << 4, /* the system's own tables and databases: etc/passwd, var/lib/dpkg */
};

/* The set of roles of a path without leading slash; 0 for an ordinary file. */
unsigned file_role(const char *path);

/* Words for a message: "documentation", "test", "sample"; NULL for none of these. */
const char *file_role_word(unsigned roles);

/* The last component of a path. */
const char *path_base(const char *path);

/* Whether one component of path (not the last) is this name. */
bool path_has_dir(const char *path, const char *name);

#endif
