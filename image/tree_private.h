/*
 * tree_private.h - the merged tree from inside: for tree*.c only.
 */
#ifndef IMAGE_TREE_PRIVATE_H
#define IMAGE_TREE_PRIVATE_H

#include "base/err.h"
#include "image/tree.h"

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

/* One allocation holds the node and its name. */
struct tnode {
	struct node n; /* first: a struct node of a tree is always one of these */
	struct tnode *prev;
	struct tnode *chain; /* next in the same bucket of the index */
	struct content *content;
	uint32_t hash;
	uint32_t mtime_ns;
	uint16_t seen; /* the last layer that has an entry here or below, plus one; 0: none yet */
	uint16_t lower; /* as seen: a lower layer has something of this name, too */
	uint16_t own; /* the last layer with an entry of exactly this name, plus one */
	char name[];
};

/* (parent, name) -> node. The hash is keyed at random, so that no image can choose collisions. */
struct tree_index {
	struct tnode **buckets;
	size_t n_buckets; /* a power of two */
	size_t n;
	uint64_t key[2];
};

void tree_index_init(struct tree_index *index);
void tree_index_release(struct tree_index *index);
struct tnode *tree_index_find(
	const struct tree_index *index, const struct node *parent, const char *name, size_t len);
void tree_index_add(struct tree_index *index, struct tnode *node);
void tree_index_remove(struct tree_index *index, struct tnode *node);

struct tree {
	struct tree_index index;
	struct tnode *root;
	size_t n_nodes;
	size_t text_bytes;
	size_t texts_dropped;
};

/* Attributes of a directory that nothing else says anything about. */
#define TREE_IMPLIED_MODE 0755

static inline struct tnode *tree_priv(struct node *node)
{
	return (struct tnode *)node;
}

/* A new child of parent, zeroed but for its name. ERR_MALFORMED for a name that no file system
 * takes, ERR_LIMIT past LIMIT_ENTRIES. */
struct tnode *tree_node_add(
	struct tree *tree, struct node *parent, const char *name, size_t len, struct err *err);

/* Remove everything below t, and t itself unless it is the root. */
void tree_node_remove(struct tree *tree, struct tnode *t);

/* The components of a path one after the other, symbolic links put in on the way. */
struct path_cursor {
	const char *at;
	char *owned; /* what at points into once a link was expanded */
	unsigned links;
};

/* The next component that is not empty and not "."; last tells that none follows but slashes. */
bool path_cursor_next(struct path_cursor *c, const char **name, size_t *len, bool *last);

/* Go on with target and what is left behind it; false when that is one link too many. */
bool path_cursor_expand(struct path_cursor *c, const char *target);
void path_cursor_release(struct path_cursor *c);

/* The node behind node when everything below top is visited parents first; NULL at the end. */
struct node *tree_next(const struct node *node, const struct node *top, bool descend);

#endif
