/*
 * tree_private.h - the merged tree from inside: for tree*.c only.
 */
#ifndef IMAGE_TREE_PRIVATE_H
#define IMAGE_TREE_PRIVATE_H

#include "base/err.h"
#include "image/limits.h"
#include "image/tree.h"
#include "image/tree_arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the names of one inode share. */
struct content {
	size_t refs;
	struct elf *elf;
	char *text;
	size_t text_len;
};

/* (parent, name) -> node. The hash is keyed at random, so that no image can choose collisions. */
struct tree_index {
	uint32_t *buckets; /* references of the first node in each, linked by chain */
	size_t n_buckets; /* a power of two */
	size_t n;
	uint64_t key[2];
};

/* The directory that an entry of a layer went into: the next entry is of the same one nearly always. */
struct tree_last_dir {
	struct node *node; /* NULL: none, or something was removed since, be it on the way there */
	uint16_t mark;
	size_t len;
	char path[LIMIT_PATH];
};

struct tree {
	struct tree_arena arena;
	struct tree_index index;
	struct node *root;
	struct tree_last_dir last_dir;
	bool sealed;
	size_t n_nodes;
	size_t n_made; /* since the beginning; against LIMIT_ENTRIES */
	size_t text_bytes;
	size_t texts_dropped;
	size_t elf_bytes; /* against LIMIT_ELF_ALL */
};

void tree_index_init(struct tree_index *index);
void tree_index_release(struct tree_index *index);
struct node *tree_index_find(
	const struct tree *tree, const struct node *parent, const char *name, size_t len);
void tree_index_add(struct tree *tree, struct node *node, uint32_t reference);
void tree_index_remove(struct tree *tree, const struct node *node);

/* Attributes of a directory that nothing else says anything about. */
#define TREE_IMPLIED_MODE 0755

/* A new child of parent, zeroed but for its name. ERR_MALFORMED for a name that no file system
 * takes, ERR_LIMIT past LIMIT_ENTRIES. */
struct node *tree_node_add(
	struct tree *tree, struct node *parent, const char *name, size_t len, struct err *err);

/* A copy of text that lives as long as the tree; at most TREE_ARENA_MAX bytes. */
char *tree_keep(struct tree *tree, const char *text);

/* The record of t's inode, made when it has none. Not for symbolic links. */
struct content *tree_content(struct node *t);

/* Remove everything below t, and t itself unless it is the root. */
void tree_node_remove(struct tree *tree, struct node *t);

/* The components of a path one after the other, symbolic links put in on the way. */
struct path_cursor {
	const char *at;
	char *owned; /* what at points into once a link was expanded */
	unsigned links;
	size_t targets; /* bytes of them */
};

/* The next component that is not empty and not "."; last tells that none follows but slashes. */
bool path_cursor_next(struct path_cursor *c, const char **name, size_t *len, bool *last);

/* Go on with target and what is left behind it; false when that is one link, or more of links, than a
 * look-up may take. */
bool path_cursor_expand(struct path_cursor *c, const char *target);
void path_cursor_release(struct path_cursor *c);

/* The node behind node when everything below top is visited parents first; NULL at the end. */
struct node *tree_next(const struct node *node, const struct node *top, bool descend);

#endif
