/*
 * store_pool.h - small files of a layer, made by threads of their own while the tar is read on. Private
 * to store*.c.
 *
 * Making a file takes the kernel longer than reading it from the tar takes us, and the files of a layer
 * do not depend on each other. So whole small ones are copied into batches of 256 KiB, which up to four
 * threads, never more than there are processors, work off in any order; without threads, or when all
 * fits into one batch, the caller works them off himself.
 *
 * Whoever depends on what was put in before calls store_pool_wait first: who links to a file, or makes
 * something where another thing of the same layer stands or may stand.
 */
#ifndef IMAGE_STORE_POOL_H
#define IMAGE_STORE_POOL_H

#include "image/store_unpack_private.h"

#include <stdbool.h>

/* root is the directory that paths are below, the caller's. */
struct store_pool *store_pool_new(int root, const struct store_ids *ids);
void store_pool_free(struct store_pool *pool); /* threads have ended when it returns */

/* Whether a file of this content is small enough to be put in. */
bool store_pool_takes(size_t len);

/* A regular file at path, which is resolved: its directory is there. What stands at path now is
 * replaced. */
void store_pool_add(struct store_pool *pool, const char *path, const struct attributes *at,
	const void *data, size_t len);

/* Returns when all files put in so far are made, or one of them could not be: then false, and no more
 * will be made. */
bool store_pool_wait(struct store_pool *pool);

/* The same, at the end; attributes that were lost are added to lost. */
int store_pool_end(struct store_pool *pool, struct store_lost *lost, struct err *err);

#endif
