/*
 * tree_build.h - the writing side of the merged tree: tar entries of one layer after the other.
 *
 *	struct tree *tree = tree_new();
 *	struct entry e = {.layer = 0, .path = "etc/passwd", .type = NODE_FILE, .mode = 0644};
 *	tree_apply(tree, &e, NULL, &place, err)
 *	tree_set_text(tree, place.node, text, len)
 *	tree_seal(tree)
 *
 * Where an entry goes when its path runs through symbolic links: each layer is applied as overlay
 * drivers do it (containerd's overlayfs snapshotter, Docker's overlay2), that is, onto an empty
 * directory of its own that is then laid over the lower ones.
 *  - A link of the same layer on the way is followed inside the root, at most 40.
 *  - A link (or file) of a lower layer on the way is hidden by a new directory. Unpackers that work
 *    on the merged root would follow it, so such an entry is odd: place.over_link.
 *  - A file of the same layer on the way is an error.
 *  - Directories that no entry has made get the attributes of the lower directory of the same path,
 *    else 0755 and root.
 *  - A hard link to what only a lower layer has: overlay drivers cannot unpack it, others can. It
 *    becomes a copy: place.link_layer differs from the entry's.
 * A whiteout or opaque mark hides lower layers only, wherever in its layer it stands.
 */
#ifndef IMAGE_TREE_BUILD_H
#define IMAGE_TREE_BUILD_H

#include "base/err.h"
#include "image/limits.h"
#include "image/scan.h"
#include "image/tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Told about each directory that the layer lacks an entry for (so far) and needs, parents first. */
struct tree_hook {
	void (*implied)(const struct node *dir, const char *path, uint32_t mtime_ns, void *arg);
	void *arg;
};

/* Where an entry has gone. */
struct tree_place {
	struct node *node; /* NULL for whiteouts of files; valid until the next tree_apply */
	char path[LIMIT_PATH]; /* resolved: no symbolic link on the way */
	char link[LIMIT_PATH]; /* hard link: resolved path of what it is a name of */
	uint32_t link_layer; /* hard link: the layer that has that content */
	bool duplicate; /* this layer had an entry of this name before */
	bool again; /* it replaces something that this layer has, be it a directory without an entry */
	bool idle; /* a whiteout of nothing */
	bool hides; /* it removes or replaces something of a lower layer */
	bool over_link; /* a lower layer's symbolic link on the way was replaced */
};

/* A layer begins, which may turn out empty: tells the hook of the root. */
void tree_begin(struct tree *tree, size_t layer, const struct tree_hook *hook);

/* Apply entry, whose path is normalised but not resolved, target as written. Layers must come in
 * order. hook may be NULL. ERR_MALFORMED for a bad entry (the tree goes on without it), ERR_LIMIT
 * past LIMIT_ENTRIES nodes, those included that later entries have removed. */
int tree_apply(struct tree *tree, const struct entry *entry, const struct tree_hook *hook,
	struct tree_place *ret, struct err *err);

/* Attach content to a node of type NODE_FILE, for all names of its inode. tree_set_text takes text
 * (heap, NUL behind it); false when it was dropped because of LIMIT_KEEP_ALL. tree_set_elf takes
 * elf; ERR_LIMIT past LIMIT_ELF_ALL. */
bool tree_set_text(struct tree *tree, struct node *node, char *text, size_t len);
int tree_set_elf(struct tree *tree, struct node *node, struct elf *elf, struct err *err);

/* Sort the siblings: the tree is complete, and nothing can be applied to it any more. */
void tree_seal(struct tree *tree);

#endif
