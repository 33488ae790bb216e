/*
 * store_unpack.h - one layer's entries written below one directory. Private to store*.c.
 *
 * Paths come resolved from the scan (tree_build.h), so that every directory on the way is a real
 * one: each is opened by openat2(2) with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS, and no symbolic
 * link is ever followed. Errors are the system's alone.
 */
#ifndef IMAGE_STORE_UNPACK_H
#define IMAGE_STORE_UNPACK_H

#include "image/store_private.h"

struct unpack;

/* root is the layer's empty "fs" directory, taken. */
struct unpack *unpack_new(int root, const struct store_ids *ids);
void unpack_free(struct unpack *u);
DEFINE_AUTO_PTR(unpack)

/* A directory of the layer, or one that it needs. */
int unpack_dir(struct unpack *u, const struct entry *entry, struct err *err);

/* Anything else. A regular file stays open for unpack_data until the next call. lower is the "fs"
 * directory of the layer that entry->link is in, when that is another one, else -1. */
int unpack_entry(struct unpack *u, const struct entry *entry, int lower, struct err *err);
int unpack_data(struct unpack *u, uint64_t offset, const void *bytes, size_t len, struct err *err);

/* Close what is open and give the directories their attributes. */
int unpack_end(struct unpack *u, struct store_meta *ret, struct err *err);

#endif
