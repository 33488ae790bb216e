/*
 * tree.h - the merged file tree of an image: what a container would see, without unpacking.
 *
 * Built by image_scan() (from a test: tree_build.h); whiteouts and opaque directories are applied
 * (OCI image-spec layer.md). Paths have no leading slash: "etc/passwd"; "" is the root. Names are
 * bytes, not text.
 * A node lives as long as its tree. Reading is thread-safe once the scan is over.
 */
#ifndef IMAGE_TREE_H
#define IMAGE_TREE_H

#include "base/cleanup.h"
#include "image/elf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum node_type {
	NODE_FILE,
	NODE_DIR,
	NODE_SYMLINK,
	NODE_CHAR,
	NODE_BLOCK,
	NODE_FIFO
} __attribute__((packed)); /* a byte: an image has millions of nodes */

struct content;

struct node {
	struct node *parent; /* NULL for the root */
	struct node *first_child;
	struct node *next; /* next sibling */
	union {
		const char *target;
		struct content *content;
	} has; /* read by node_target(), node_text(), node_elf() */
	uint64_t size;
	int64_t mtime;
	uint32_t mtime_ns;
	uint32_t uid;
	uint32_t gid;
	/* for tree*.c: references to other nodes (tree_arena.h) and what finds this one */
	uint32_t prev;
	uint32_t chain; /* next in the same bucket of the index */
	uint32_t hash; /* keyed, of place and name; never changes */
	/* for tree*.c: layers plus one, 0: none yet */
	uint16_t seen; /* the last one that has an entry here or below */
	uint16_t lower; /* as seen: a lower layer has something of this name, too */
	uint16_t own; /* the last one with an entry of exactly this name */
	uint16_t mode; /* permission bits with setuid, setgid, sticky */
	uint16_t layer; /* index of the layer that this content comes from */
	enum node_type type;
	bool has_capability; /* security.capability xattr */
	char name[]; /* "" for the root */
};

/* Of a symbolic link, as written; NULL for everything else. */
const char *node_target(const struct node *node);

/* Of a regular file, for all names of its inode: what the ELF header and its tables say, NULL when
 * it is none; content that was kept (keep.h), NUL-terminated, NULL when none was, and its length,
 * below size when only the beginning was kept: a long script. */
const struct elf *node_elf(const struct node *node);
const char *node_text(const struct node *node);
size_t node_text_len(const struct node *node);

struct tree;

struct tree *tree_new(void);
void tree_free(struct tree *tree);
DEFINE_AUTO_PTR(tree)

const struct node *tree_root(const struct tree *tree);
size_t tree_count(const struct tree *tree); /* nodes, the root included */

/* Files that keep.h wanted and whose text was not kept, because LIMIT_KEEP_ALL was reached: what
 * reads texts has not seen everything then. */
size_t tree_texts_dropped(const struct tree *tree);

/* The node at path (leading slashes, "." and ".." are understood). Symbolic links on the way are
 * followed inside the root, at most 40 and 4096 bytes of targets; the last one only with follow. NULL
 * when there is none. */
const struct node *tree_lookup(const struct tree *tree, const char *path, bool follow);

/* The same, starting at a directory node for relative paths. */
const struct node *tree_lookup_at(
	const struct tree *tree, const struct node *dir, const char *path, bool follow);

/* The same; each component on the way, those of links included, takes one of *left. NULL when nothing
 * is left, too. */
const struct node *tree_lookup_within(const struct tree *tree, const struct node *dir,
	const char *path, bool follow, size_t *left);

/* What a directory has under a name of so many bytes, links not followed; NULL when nothing. */
const struct node *tree_child(
	const struct tree *tree, const struct node *dir, const char *name, size_t len);

/* "usr/bin/env" without leading slash; the caller frees. */
char *node_path(const struct node *node);

/* Every node below (and with) node, parents first, siblings by name; stops when visit returns
 * non-zero and returns that. Not recursive in the depth of the tree. */
int tree_walk(const struct node *node, int (*visit)(const struct node *, void *), void *arg);

#endif
