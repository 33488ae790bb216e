#include "image/tree.h"

#include "base/alloc.h"
#include "image/limits.h"
#include "image/tree_private.h"

#include <string.h>

/* As the kernel: MAXSYMLINKS. Forty targets of a thousand ".." each are nobody's, and would be walked for
 * each path that begins with the first: LIMIT_PATH is for all of them. */
#define MAX_LINKS 40

const struct node *tree_root(const struct tree *tree)
{
	return tree->root;
}

size_t tree_count(const struct tree *tree)
{
	return tree->n_nodes;
}

size_t tree_texts_dropped(const struct tree *tree)
{
	return tree->texts_dropped;
}

const char *node_target(const struct node *node)
{
	return node->type == NODE_SYMLINK ? node->has.target : NULL;
}

static const struct content *content_of(const struct node *node)
{
	return node->type == NODE_FILE ? node->has.content : NULL;
}

const struct elf *node_elf(const struct node *node)
{
	const struct content *content = content_of(node);

	return content ? content->elf : NULL;
}

const char *node_text(const struct node *node)
{
	const struct content *content = content_of(node);

	return content ? content->text : NULL;
}

size_t node_text_len(const struct node *node)
{
	const struct content *content = content_of(node);

	return content ? content->text_len : 0;
}

bool path_cursor_next(struct path_cursor *c, const char **name, size_t *len, bool *last)
{
	for (;;) {
		c->at += strspn(c->at, "/");
		*len = strcspn(c->at, "/");
		if (!*len) {
			return false;
		}
		*name = c->at;
		c->at += *len;
		if (*len != 1 || **name != '.') {
			break;
		}
	}
	*last = c->at[strspn(c->at, "/")] == '\0';
	return true;
}

bool path_cursor_expand(struct path_cursor *c, const char *target)
{
	char *text;

	c->targets += strlen(target);
	if (++c->links > MAX_LINKS || c->targets > LIMIT_PATH) {
		return false;
	}
	text = xasprintf("%s%s", target, c->at); /* at is empty or begins with a slash */
	free(c->owned);
	c->owned = text;
	c->at = text;
	return true;
}

void path_cursor_release(struct path_cursor *c)
{
	free(c->owned);
	*c = (struct path_cursor){0};
}

static bool is_dot_dot(const char *name, size_t len)
{
	return len == 2 && name[0] == '.' && name[1] == '.';
}

const struct node *tree_lookup_within(const struct tree *tree, const struct node *dir,
	const char *path, bool follow, size_t *left)
{
	AUTO(path_cursor) struct path_cursor c = {.at = path};
	const struct node *at = *path == '/' ? tree_root(tree) : dir;
	const char *name;
	size_t len;
	bool last;

	while (path_cursor_next(&c, &name, &len, &last)) {
		const struct node *t;

		if (at->type != NODE_DIR || !*left) {
			return NULL;
		}
		--*left;
		if (is_dot_dot(name, len)) {
			at = at->parent ? at->parent : at;
			continue;
		}
		t = tree_index_find(tree, at, name, len);
		if (!t) {
			return NULL;
		}
		if (t->type != NODE_SYMLINK || (last && !follow && !*c.at)) {
			at = t;
			continue;
		}
		if (!path_cursor_expand(&c, node_target(t))) {
			return NULL;
		}
		at = *c.at == '/' ? tree_root(tree) : at;
	}
	if (at->type != NODE_DIR && c.at > (c.owned ? c.owned : path) && c.at[-1] == '/') {
		return NULL; /* "file/" */
	}
	return at;
}

const struct node *tree_lookup_at(
	const struct tree *tree, const struct node *dir, const char *path, bool follow)
{
	size_t left = SIZE_MAX;

	return tree_lookup_within(tree, dir, path, follow, &left);
}

const struct node *tree_lookup(const struct tree *tree, const char *path, bool follow)
{
	return tree_lookup_at(tree, tree_root(tree), path, follow);
}

const struct node *tree_child(
	const struct tree *tree, const struct node *dir, const char *name, size_t len)
{
	return tree_index_find(tree, dir, name, len);
}

char *node_path(const struct node *node)
{
	size_t len = 0;
	char *path;

	for (const struct node *n = node; n->parent; n = n->parent) {
		len += strlen(n->name) + 1;
	}
	path = xcalloc(len + 1, 1);
	if (len) {
		path[--len] = '\0'; /* no slash behind the last name */
	}
	for (const struct node *n = node; n->parent; n = n->parent) {
		size_t name = strlen(n->name);

		len -= name;
		memcpy(path + len, n->name, name);
		if (len) {
			path[--len] = '/';
		}
	}
	return path;
}

struct node *tree_next(const struct node *node, const struct node *top, bool descend)
{
	if (descend && node->first_child) {
		return node->first_child;
	}
	while (node != top && !node->next) {
		node = node->parent;
	}
	return node == top ? NULL : node->next;
}

int tree_walk(const struct node *node, int (*visit)(const struct node *, void *), void *arg)
{
	int stop = 0;

	for (const struct node *n = node; n && !stop; n = tree_next(n, node, true)) {
		stop = visit(n, arg);
	}
	return stop;
}
