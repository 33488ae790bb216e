/*
 * store.h - unpacked layers on disk, shared by images and runs.
 *
 *	store_open(dir, id_shift, &store, err)
 *	struct store_writer *w; store_writer_new(store, image, &w, err)
 *	sinks[n++] = store_writer_sink(w);		unpacks in image_scan's own pass
 *	store_writer_finish(w, err)
 *	store_layers(store, image, &lease, &dirs, err)	directories for overlay, lowest first
 *
 * A layer lives in <dir>/layers/<key>/fs and appears there by rename(2) when complete: a half-written
 * one is never seen. The key is the layer's ChainID (OCI image-spec config.md), not its diff_id
 * alone, because attributes of directories and hard links may come from lower layers; and the ids.
 * Whiteouts are 0/0 character devices, which any user may make from Linux 5.8; opaque directories
 * carry overlay's xattr. Other device nodes are never made: the sandbox has a /dev of its own, and
 * a device node of somebody else's choice has no place on a host.
 *
 * Nothing is written out (fsync(2)) while a layer is unpacked, so that after a power loss one may be
 * there by name and lack its content. Hence a layer counts only in the boot that made it, by the
 * kernel's boot id, until store_settle has found it on the disk and marked it: one syncfs(2) at the
 * end of a run. What has neither is removed by the next store_open. A store belongs to one machine.
 *
 * Layers are laid over each other as tree_build.h says. Processes may share a store; a lock (flock)
 * is held on what store_layers returns, and store_trim removes only what nobody holds. What a
 * crashed process left is removed by the next store_open.
 * With a shift of 0 set-user-ID files belong to real ids: so nobody else can enter the store then.
 */
#ifndef IMAGE_STORE_H
#define IMAGE_STORE_H

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "image/image.h"
#include "image/scan.h"

#include <stdbool.h>
#include <stdint.h>

struct store;
struct store_writer;

/* How ids are written: file owner = id + shift when single is false; with single, everything
 * belongs to the caller (one id is all there is) and what was lost is counted. */
struct store_ids {
	uint32_t shift;
	bool single;
	bool userxattr; /* user.overlay.* instead of trusted.overlay.* */
};

int store_open(const char *dir, const struct store_ids *ids, struct store **ret, struct err *err);
void store_free(struct store *store);
DEFINE_AUTO_PTR(store)

/* Unpacks the layers of image that the store has not got; borrows store and image until freed.
 * Freeing an unfinished writer removes what it had begun. */
int store_writer_new(
	struct store *store, const struct image *image, struct store_writer **ret, struct err *err);
struct entry_sink store_writer_sink(struct store_writer *w);
int store_writer_finish(struct store_writer *w, struct err *err);
void store_writer_free(struct store_writer *w);
DEFINE_AUTO_PTR(store_writer)

/* Absolute directories of the image's layers, lowest first; they stay as long as the store is
 * open (a shared lock is held). ERR_IO when one is not in the store. */
int store_layers(
	struct store *store, const struct image *image, struct strv *ret_dirs, struct err *err);

/* What could not be written as the image has it, over all layers of image. */
struct store_lost {
	uint64_t owners; /* files whose owner or group is another one now */
	uint64_t xattrs; /* extended attributes left out, file capabilities among them */
	uint64_t devices; /* device nodes left out */
};
int store_lost(
	struct store *store, const struct image *image, struct store_lost *ret, struct err *err);

/* What the store has. */
struct store_item {
	char *key;
	char *diff_id; /* NULL when it is not known */
	uint64_t bytes; /* of its files, in whole blocks */
	int64_t used; /* when a run held it last, in seconds since 1970 */
	bool durable; /* on the disk: stays when the machine starts again */
	bool held; /* by a process that lives, this one included */
};
struct store_items {
	struct store_item *v;
	size_t n, cap;
};

/* All layers, the one that was not used for longest first. */
int store_list(const struct store *store, struct store_items *ret, struct err *err);
void store_items_release(struct store_items *items);

/* Remove layers that no process holds, in this order, until the rest has at most keep bytes (0: all
 * of them). ret may be NULL. */
struct store_trimmed {
	size_t layers;
	uint64_t bytes;
	uint64_t kept; /* bytes that are left */
};
int store_trim(struct store *store, uint64_t keep, struct store_trimmed *ret, struct err *err);

/* Write out the layers of this boot and mark them; what fails to be written is not used again. A
 * layer that another process removes meanwhile is left to it. */
int store_settle(struct store *store, struct err *err);

/* Remove every layer that no process holds. */
int store_prune(struct store *store, struct err *err);

#endif
