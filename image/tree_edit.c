#include "image/tree_build.h"

#include "base/alloc.h"
#include "image/tree_private.h"

#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

static struct node *node_new(
	struct tree *tree, const char *name, size_t len, uint32_t *ret_reference)
{
	size_t size = offsetof(struct node, name) + len + 1;
	struct node *t = tree_arena_take(&tree->arena, size, ret_reference);

	memcpy(t->name, name, len);
	tree->n_nodes++;
	tree->n_made++;
	return t;
}

static void content_unref(struct tree *tree, struct node *t)
{
	struct content *content = t->type == NODE_SYMLINK ? NULL : t->has.content;

	t->has.content = NULL;
	if (content && --content->refs == 0) {
		tree->text_bytes -= content->text_len;
		tree->elf_bytes -= elf_size(content->elf);
		elf_free(content->elf);
		free(content->text);
		free(content);
	}
}

struct tree *tree_new(void)
{
	struct tree *tree = xcalloc(1, sizeof(*tree));
	uint32_t reference;

	tree_index_init(&tree->index);
	tree->root = node_new(tree, "", 0, &reference);
	tree->root->type = NODE_DIR;
	tree->root->mode = TREE_IMPLIED_MODE;
	return tree;
}

static void remove_leaf(struct tree *tree, struct node *t)
{
	struct node *prev = tree_arena_at(&tree->arena, t->prev);

	if (prev) {
		prev->next = t->next;
	} else {
		t->parent->first_child = t->next;
	}
	if (t->next) {
		t->next->prev = t->prev;
	}
	tree_index_remove(tree, t);
	content_unref(tree, t);
	tree->n_nodes--;
}

/* Children before parents: what is removed is always a leaf. */
void tree_node_remove(struct tree *tree, struct node *top)
{
	struct node *at = top;

	tree->last_dir.node = NULL;
	for (;;) {
		struct node *parent = at->parent;

		if (at->first_child) {
			at = at->first_child;
			continue;
		}
		if (at == top) {
			break;
		}
		remove_leaf(tree, at);
		at = parent;
	}
	if (top != tree->root) {
		remove_leaf(tree, top);
	}
}

void tree_free(struct tree *tree)
{
	if (tree) {
		for (struct node *n = tree->root; n; n = tree_next(n, tree->root, true)) {
			content_unref(tree, n);
		}
		tree_index_release(&tree->index);
		tree_arena_release(&tree->arena);
		free(tree);
	}
}

struct node *tree_node_add(
	struct tree *tree, struct node *parent, const char *name, size_t len, struct err *err)
{
	struct node *t;
	uint32_t reference;

	if (len > NAME_MAX) {
		(void)err_set(err, ERR_MALFORMED, "name of %zu bytes, more than %d", len, NAME_MAX);
		return NULL;
	}
	if (tree->n_made >= image_limits.entries) {
		(void)err_set(err, ERR_LIMIT,
			"more than %" PRIu64 " files in the image (policy: 'entries')",
			image_limits.entries);
		return NULL;
	}
	t = node_new(tree, name, len, &reference);
	t->parent = parent;
	t->next = parent->first_child;
	if (t->next) {
		t->next->prev = reference;
	}
	parent->first_child = t;
	tree_index_add(tree, t, reference);
	return t;
}

char *tree_keep(struct tree *tree, const char *text)
{
	size_t size = strlen(text) + 1;
	uint32_t reference;

	return memcpy(tree_arena_take(&tree->arena, size, &reference), text, size);
}

struct content *tree_content(struct node *t)
{
	assert(t->type != NODE_SYMLINK);
	if (!t->has.content) {
		t->has.content = xcalloc(1, sizeof(*t->has.content));
		t->has.content->refs = 1;
	}
	return t->has.content;
}

bool tree_set_text(struct tree *tree, struct node *node, char *text, size_t len)
{
	struct content *content = tree_content(node);

	if (len > image_limits.keep_all - tree->text_bytes) {
		tree->texts_dropped++;
		free(text);
		return false;
	}
	assert(!content->text);
	content->text = text;
	content->text_len = len;
	tree->text_bytes += len;
	return true;
}

int tree_set_elf(struct tree *tree, struct node *node, struct elf *elf, struct err *err)
{
	struct content *content = tree_content(node);
	size_t size = elf_size(elf);

	assert(!content->elf);
	if (size > LIMIT_ELF_ALL - tree->elf_bytes) {
		elf_free(elf);
		return err_set(err, ERR_LIMIT, "facts of ELF files take more than %d MiB",
			(int)(LIMIT_ELF_ALL / MIB));
	}
	tree->elf_bytes += size;
	content->elf = elf;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct node *const *x = a;
	const struct node *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* list has all children of dir. What is sorted is complete: prev is of no use any more. */
static void sort_children(struct node *dir, struct node **list, size_t n)
{
	qsort(list, n, sizeof(struct node *), by_name);
	for (size_t i = 0; i < n; i++) {
		list[i]->next = i + 1 < n ? list[i + 1] : NULL;
	}
	dir->first_child = list[0];
}

void tree_seal(struct tree *tree)
{
	struct {
		struct node **v;
		size_t n, cap;
	} list = {0};

	tree->sealed = true;
	for (struct node *dir = tree->root; dir; dir = tree_next(dir, tree->root, true)) {
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
