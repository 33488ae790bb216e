/*
 * user.h - config.User against the image's passwd and group, as Docker resolves it.
 *
 * "user", "uid", "user:group", "uid:gid", "user:gid", "uid:group"; empty is root.
 */
#ifndef IMAGE_USER_H
#define IMAGE_USER_H

#include "base/err.h"
#include "image/tree.h"

#include <stddef.h>
#include <stdint.h>

struct user {
	uint32_t uid;
	uint32_t gid;
	uint32_t groups
		[64]; /* supplementary, from the group file, for a user known by name or uid */
	size_t n_groups;
	char name[64]; /* "" when it has no passwd entry */
	char home[256]; /* "/" when it has no passwd entry */
};

/* Pure over the texts of etc/passwd and etc/group (NULL: no such file). ERR_MALFORMED when a name
 * does not resolve; the message names it. */
int user_resolve(
	const char *spec, const char *passwd, const char *group, struct user *ret, struct err *err);

/* The same with the texts of the tree. */
int user_resolve_in(const char *spec, const struct tree *tree, struct user *ret, struct err *err);

#endif
