#include "checks/reach.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/effort.h"

#include <fnmatch.h>
#include <string.h>

struct glob {
	const struct tree *tree;
	void (*found)(const struct node *node, void *arg);
	void *arg;
	unsigned matches; /* that one pattern may still have */
	size_t *left; /* effort.h */
	unsigned passed; /* names that were no match at their first letters */
};

static void match_below(struct glob *g, const struct node *dir, const char *pattern);

static void step(struct glob *g, const struct node *dir, const char *name, const char *rest)
{
	const struct node *node = tree_lookup_within(g->tree, dir, name, true, g->left);

	if (!node || !g->matches) {
		return;
	}
	if (*rest) {
		match_below(g, node, rest);
	} else {
		g->matches--;
		g->found(node, g->arg);
	}
}

/* As fnmatch(3), asked where the letters in front of the first wildcard do not say no. */
static bool matches(struct glob *g, const char *pattern, const char *name)
{
	for (size_t i = 0; !strchr("*?[\\", pattern[i]); i++) { /* to its NUL, too */
		if (pattern[i] != name[i]) {
			if (++g->passed % 4 == 0) {
				effort_spend(g->left, 1);
			}
			return false;
		}
	}
	return effort_spend(g->left, 4 + strlen(pattern) * strlen(name) / 16) &&
	       fnmatch(pattern, name, FNM_PERIOD) == 0;
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
	for (const struct node *child = dir->first_child; child && g->matches && *g->left;
		child = child->next) {
		if (matches(g, component, child->name)) {
			step(g, dir, child->name, rest);
		}
	}
}

void tree_glob(const struct tree *tree, const char *pattern, size_t *left,
	void (*found)(const struct node *node, void *arg), void *arg)
{
	struct glob g = {tree, found, arg, 500, left, 0};

	if (strlen(pattern) < 4096) {
		match_below(&g, tree_root(tree), pattern);
	}
}
