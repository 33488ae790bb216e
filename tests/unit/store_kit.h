/*
 * store_kit.h - a layer store in a directory of its own, for the tests of the store.
 */
#ifndef TESTS_UNIT_STORE_KIT_H
#define TESTS_UNIT_STORE_KIT_H

#include "image/store.h"

#include "base/str.h"
#include "image/scan.h"
#include "tests/unit/layer_kit.h"

#include <sys/stat.h>

#define LAYER(entries)                                                                             \
	{                                                                                          \
		entries, ARRAY_SIZE(entries), LAYER_PLAIN, NULL, 0                                 \
	}

/* Everything below one directory that goes at the end. Without root the store takes what a single
 * id can have, and owners are not compared. */
struct place {
	char dir[64];
	char store[80];
	struct store_ids ids;
};

bool is_root(void);
void place_init(struct place *p);
void place_release(struct place *p);
struct store *open_store(const struct place *p);
struct strv unpack(struct store *store, struct image *image, struct tree **tree);
int shell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
size_t count_in(const struct place *p, const char *name);
struct stat stat_in(const char *dir, const char *name);
bool exists_in(const char *dir, const char *name);

#endif
