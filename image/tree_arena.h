/*
 * tree_arena.h - memory that only grows: nodes and link targets of one tree, without an
 * allocator's overhead, and with references of four bytes to them. For tree*.c only.
 *
 * What is taken stays until the arena is released, also when its node leaves the tree: the number
 * of nodes ever made is capped (LIMIT_ENTRIES), and with it what an image can waste.
 */
#ifndef IMAGE_TREE_ARENA_H
#define IMAGE_TREE_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct tree_arena {
	struct {
		char **v;
		size_t n, cap;
	} chunks;
	size_t used; /* bytes of the last chunk */
};

/* The largest piece that can be taken, in bytes. */
#define TREE_ARENA_MAX ((size_t)16 << 10)

/* len zeroed bytes, aligned to 8; aborts when memory is out. *ret_reference is never 0. */
void *tree_arena_take(struct tree_arena *arena, size_t len, uint32_t *ret_reference);
void tree_arena_release(struct tree_arena *arena);

/* References count units of 8 bytes; a chunk has a power of two of them. */
enum { TREE_ARENA_UNIT = 3, TREE_ARENA_CHUNK = 18 };

/* What a reference is to; NULL for 0. */
static inline void *tree_arena_at(const struct tree_arena *arena, uint32_t reference)
{
	const unsigned bits = TREE_ARENA_CHUNK - TREE_ARENA_UNIT;
	size_t offset = (size_t)(reference & ((1U << bits) - 1)) << TREE_ARENA_UNIT;

	return reference ? arena->chunks.v[reference >> bits] + offset : NULL;
}

#endif
