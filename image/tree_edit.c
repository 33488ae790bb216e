#include "image/tree_build.h"

#include "base/alloc.h"
#include "image/tree_private.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

static struct tnode *node_new(const char *name, size_t len)
{
	struct tnode *t = xcalloc(1, sizeof(*t) + len + 1);

	memcpy(t->name, name, len);
	t->n.name = t->name;
	return t;
}

static void content_unref(struct tree *tree, struct content *content)
{
	if (content && --content->refs == 0) {
		tree->text_bytes -= content->text_len;
		elf_free(content->elf);
		free(content->text);
		free(content);
	}
}

static void target_free(struct node *node)
{
	union {
		const char *in;
		char *out;
	} u = {.in = node->target};

	free(u.out); /* ours; const only for readers */
	node->target = NULL;
}

static void node_free(struct tree *tree, struct tnode *t)
{
	content_unref(tree, t->content);
	target_free(&t->n);
	free(t);
}

struct tree *tree_new(void)
{
	struct tree *tree = xcalloc(1, sizeof(*tree));

	tree_index_init(&tree->index);
	tree->root = node_new("", 0);
	tree->root->n.type = NODE_DIR;
	tree->root->n.mode = TREE_IMPLIED_MODE;
	tree->n_nodes = 1;
	return tree;
}

static void remove_leaf(struct tree *tree, struct tnode *t)
{
	if (t->prev) {
		t->prev->n.next = t->n.next;
	} else {
		t->n.parent->first_child = t->n.next;
	}
	if (t->n.next) {
		tree_priv(t->n.next)->prev = t->prev;
	}
	tree_index_remove(&tree->index, t);
	tree->n_nodes--;
	node_free(tree, t);
}

/* Children before parents: what is removed is always a leaf. */
void tree_node_remove(struct tree *tree, struct tnode *top)
{
	struct node *at = &top->n;

	for (;;) {
		struct node *parent = at->parent;

		if (at->first_child) {
			at = at->first_child;
			continue;
		}
		if (at == &top->n) {
			break;
		}
		remove_leaf(tree, tree_priv(at));
		at = parent;
	}
	if (top != tree->root) {
		remove_leaf(tree, top);
	}
}

void tree_free(struct tree *tree)
{
	if (tree) {
		tree_node_remove(tree, tree->root);
		node_free(tree, tree->root);
		tree_index_release(&tree->index);
		free(tree);
	}
}

struct tnode *tree_node_add(
	struct tree *tree, struct node *parent, const char *name, size_t len, struct err *err)
{
	struct tnode *t;

	if (len > NAME_MAX) {
		(void)err_set(err, ERR_MALFORMED, "name of %zu bytes, more than %d", len, NAME_MAX);
		return NULL;
	}
	if (tree->n_nodes >= LIMIT_ENTRIES) {
		(void)err_set(err, ERR_LIMIT, "more than %d files in the image", LIMIT_ENTRIES);
		return NULL;
	}
	t = node_new(name, len);
	t->n.parent = parent;
	t->n.next = parent->first_child;
	if (t->n.next) {
		tree_priv(t->n.next)->prev = t;
	}
	parent->first_child = &t->n;
	tree_index_add(&tree->index, t);
	tree->n_nodes++;
	return t;
}

static struct content *content_of(struct tnode *t)
{
	if (!t->content) {
		t->content = xcalloc(1, sizeof(*t->content));
		t->content->refs = 1;
	}
	return t->content;
}

bool tree_set_text(struct tree *tree, struct node *node, char *text, size_t len)
{
	struct content *content = content_of(tree_priv(node));

	if (len > LIMIT_KEEP_ALL - tree->text_bytes) {
		tree->texts_dropped++;
		free(text);
		return false;
	}
	assert(!content->text);
	content->text = text;
	content->text_len = len;
	tree->text_bytes += len;
	node->text = text;
	node->text_len = (uint32_t)len; /* at most LIMIT_KEEP_DB */
	return true;
}

void tree_set_elf(struct tree *tree, struct node *node, struct elf *elf)
{
	struct content *content = content_of(tree_priv(node));

	(void)tree;
	assert(!content->elf);
	content->elf = elf;
	node->elf = elf;
}

static int by_name(const void *a, const void *b)
{
	const struct node *const *x = a;
	const struct node *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* list is room for all children of dir. */
static void sort_children(struct node *dir, struct node **list, size_t n)
{
	struct tnode *prev = NULL;

	qsort(list, n, sizeof(struct node *), by_name);
	for (size_t i = 0; i < n; i++) {
		list[i]->next = i + 1 < n ? list[i + 1] : NULL;
		tree_priv(list[i])->prev = prev;
		prev = tree_priv(list[i]);
	}
	dir->first_child = list[0];
}

void tree_seal(struct tree *tree)
{
	struct {
		struct node **v;
		size_t n, cap;
	} list = {0};

	for (struct node *dir = &tree->root->n; dir; dir = tree_next(dir, &tree->root->n, true)) {
		list.n = 0;
		for (struct node *n = dir->first_child; n; n = n->next) {
			*ARRAY_PUSH(&list) = n;
		}
		if (list.n > 1) {
			sort_children(dir, list.v, list.n);
		}
	}
	free(list.v);
}
