/*
 * store_private.h - the store from inside: for store*.c only.
 */
#ifndef IMAGE_STORE_PRIVATE_H
#define IMAGE_STORE_PRIVATE_H

#include "image/store.h"

#include <stdbool.h>

/* A layer that this process holds: its directory, open and locked. */
struct lease {
	char *key;
	int fd;
};

struct store {
	char *path; /* absolute */
	int dir;
	int layers;
	int tmp;
	struct store_ids ids;
	struct {
		struct lease *v;
		size_t n, cap;
	} leases;
};

/* A key for each layer; "" from the first one on whose diff_id is not known. */
void store_keys(const struct store *store, const struct image *image, struct strv *ret);

/* Hold the layer of this key; its directory's fd (owned by the store), or -1 with errno set. */
int store_lease(struct store *store, const char *key);

/* A new, locked directory below tmp, with its name. */
int store_tmp_new(struct store *store, char name[32], struct err *err);

/* Move tmp/name to layers/key and hold it. Takes fd, which is locked. When another process was
 * faster, its layer is held and ours removed. */
int store_publish(struct store *store, const char *name, const char *key, int fd, struct err *err);

/* What is to be known of a stored layer besides its files: <key>/meta. */
struct store_meta {
	struct store_lost lost;
	bool opaque_root; /* hides all lower layers, which overlay would not see in a root */
};
int store_meta_write(int layer, const struct store_meta *meta, struct err *err);
int store_meta_read(int layer, struct store_meta *ret, struct err *err);

/* What store_list says of a layer: <key>/about. */
int store_about_write(int layer, const char *diff_id, uint64_t bytes, struct err *err);

#endif
