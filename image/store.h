/*
 * store.h - unpacked layers on disk, shared by images and runs.
 *
 *	store_open(dir, id_shift, &store, err)
 *	struct store_writer *w; store_writer_new(store, image, &w, err)
 *	sinks[n++] = store_writer_sink(w);		unpacks in image_scan's own pass
 *	store_writer_finish(w, err)
 *	store_layers(store, image, &lease, &dirs, err)	directories for overlay, lowest first
 *
 * A layer lives in <dir>/layers/<key>, key = diff_id and ids, and appears there by rename(2) when
 * complete: a half-written one is never seen. Whiteouts are 0/0 character devices, which any user may
 * make from Linux 5.8; opaque directories carry overlay's xattr. store_layers takes a shared lock
 * on what it returns; store_prune removes only what nobody holds.
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
int store_writer_new(struct store *store, const struct image *image, struct store_writer **ret,
	struct err *err);
struct entry_sink store_writer_sink(struct store_writer *w);
int store_writer_finish(struct store_writer *w, struct err *err);
void store_writer_free(struct store_writer *w);
DEFINE_AUTO_PTR(store_writer)

/* Absolute directories of the image's layers, lowest first; they stay as long as the store is
 * open (a shared lock is held). ERR_IO when one is not in the store. */
int store_layers(struct store *store, const struct image *image, struct strv *ret_dirs,
	struct err *err);

#endif
