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

/* A boot id has 36 characters. */
#define STORE_BOOT_MAX 64

struct store {
	char *path; /* absolute */
	char boot[STORE_BOOT_MAX]; /* the kernel's, of the boot that goes on */
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

/* Whether name below dir is still what fd was opened on. */
bool store_same_file(int dir, const char *name, int fd);

/* Remove the layer unless somebody holds it (wait: for longer than a look at it takes): first out of
 * sight, then for good. *removed is false, too, when it had gone. */
int store_remove(struct store *store, const char *key, bool wait, bool *removed, struct err *err);

/* --- store_durable.c --- */

/* Where the kernel says which boot this is, and syncfs(2): tests put others here. */
extern const char *store_boot_path;
extern int (*store_sync)(int fd);

int store_boot_read(char ret[STORE_BOOT_MAX], struct err *err);

/* Note in a layer that this boot made it. */
int store_boot_write(const struct store *store, int layer, struct err *err);

/* Whether the layer is known to be whole: made in this boot, or marked by store_settle. */
bool store_reliable(const struct store *store, int layer);

bool store_marked(int layer);

/* Remove what is not. */
int store_clear_lost(struct store *store, struct err *err);

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
