#include "checks/log_target.h"

#include "base/alloc.h"
#include "base/str.h"

#include <stdbool.h>
#include <string.h>

#define MAX_LINKS 40

static enum log_target classify(const struct tree *tree, const char *path)
{
	static const char *const streams[] = {"/dev/stdout", "/dev/stderr", "/dev/fd/1",
		"/dev/fd/2", "/proc/self/fd/1", "/proc/self/fd/2", "/proc/1/fd/1", "/proc/1/fd/2",
		NULL};
	const struct node *node;

	if (str_in(path, streams)) {
		return LOG_TARGET_STDIO;
	}
	if (strcmp(path, "/dev/null") == 0) {
		return LOG_TARGET_NULL;
	}
	node = tree_lookup(tree, path, false);
	return node && node->type == NODE_FIFO ? LOG_TARGET_PIPE : LOG_TARGET_FILE;
}

/* Take the last component off. */
static void up(char *path)
{
	char *slash = strrchr(path, '/');

	*(slash ? slash : path) = '\0';
}

/* One pass over the components of path: the first link is replaced by its target; true when there
 * was one. done holds what is resolved, "" for the root. */
static bool replace_link(const struct tree *tree, char **path)
{
	auto_free char *done = xstrdup("");
	const char *rest = *path;

	for (;;) {
		size_t len;
		const struct node *node;
		auto_free char *next = NULL;

		rest += strspn(rest, "/");
		len = strcspn(rest, "/");
		if (!len) {
			break;
		}
		if (len == 1 && *rest == '.') {
			rest += len;
			continue;
		}
		if (len == 2 && strncmp(rest, "..", 2) == 0) {
			up(done);
			rest += len;
			continue;
		}
		next = xasprintf("%s/%.*s", done, (int)len, rest);
		rest += len;
		/* The streams are not looked into: an image may ship its own /dev/stdout. */
		node = classify(tree, next) == LOG_TARGET_STDIO ? NULL
								: tree_lookup(tree, next, false);
		if (node && node->type == NODE_SYMLINK && node_target(node)) {
			char *spliced =
				*node_target(node) == '/'
					? xasprintf("%s%s", node_target(node), rest)
					: xasprintf("%s/%s%s", done, node_target(node), rest);

			free(*path);
			*path = spliced;
			return true;
		}
		free(done);
		done = steal_ptr(next);
	}
	free(*path);
	*path = *done ? steal_ptr(done) : xstrdup("/");
	return false;
}

enum log_target log_target_of(const struct tree *tree, const char *path, char **ret_final)
{
	auto_free char *now = xstrdup(path);
	enum log_target target;

	for (unsigned i = 0; i < MAX_LINKS && strlen(now) < 8192; i++) {
		if (!replace_link(tree, &now)) {
			break;
		}
	}
	target = classify(tree, now);
	if (ret_final) {
		*ret_final = steal_ptr(now);
	}
	return target;
}
