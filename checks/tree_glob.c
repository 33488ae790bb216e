#include "checks/reach.h"

#include "base/alloc.h"
#include "base/cleanup.h"

#include <fnmatch.h>
#include <string.h>

struct glob {
	const struct tree *tree;
	void (*found)(const struct node *node, void *arg);
	void *arg;
	unsigned left; /* of what one pattern may match */
};

static void match_below(struct glob *g, const struct node *dir, const char *pattern);

static void step(struct glob *g, const struct node *dir, const char *name, const char *rest)
{
	const struct node *node = tree_lookup_at(g->tree, dir, name, true);

	if (!node || !g->left) {
		return;
	}
	if (*rest) {
		match_below(g, node, rest);
	} else {
		g->left--;
		g->found(node, g->arg);
	}
}

/* pattern: components below dir. Recursion ends with the pattern, which is at most a path long. */
static void match_below(struct glob *g, const struct node *dir, const char *pattern)
{
	auto_free char *component = NULL;
	const char *rest;
	size_t len;

	pattern += strspn(pattern, "/");
	len = strcspn(pattern, "/");
	rest = pattern + len + strspn(pattern + len, "/");
	component = xstrndup(pattern, len);
	if (dir->type != NODE_DIR || !len) {
		return;
	}
	if (!strpbrk(component, "*?[")) {
		step(g, dir, component, rest);
		return;
	}
	for (const struct node *child = dir->first_child; child; child = child->next) {
		if (fnmatch(component, child->name, FNM_PERIOD) == 0) {
			step(g, dir, child->name, rest);
		}
	}
}

void tree_glob(const struct tree *tree, const char *pattern,
	void (*found)(const struct node *node, void *arg), void *arg)
{
	struct glob g = {tree, found, arg, 500};

	if (strlen(pattern) < 4096) {
		match_below(&g, tree_root(tree), pattern);
	}
}
