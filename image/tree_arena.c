#include "image/tree_arena.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdlib.h>

#define CHUNK ((size_t)1 << TREE_ARENA_CHUNK)
#define UNIT ((size_t)1 << TREE_ARENA_UNIT)
#define CHUNKS_MAX ((size_t)1 << (32 - TREE_ARENA_CHUNK + TREE_ARENA_UNIT))

/* calloc gives fresh pages, which cost nothing before they are used. */
static void add_chunk(struct tree_arena *arena)
{
	if (arena->chunks.n == CHUNKS_MAX) {
		abort(); /* 32 GiB: LIMIT_ENTRIES nodes are far less */
	}
	*ARRAY_PUSH(&arena->chunks) = xcalloc(CHUNK, 1);
	/* the very first unit stays free, so that no reference is 0 */
	arena->used = arena->chunks.n == 1 ? UNIT : 0;
}

void *tree_arena_take(struct tree_arena *arena, size_t len, uint32_t *ret_reference)
{
	size_t size = (len + UNIT - 1) & ~(UNIT - 1);
	size_t at;

	assert(len && len <= TREE_ARENA_MAX);
	if (!arena->chunks.n || CHUNK - arena->used < size) {
		add_chunk(arena);
	}
	at = arena->used;
	arena->used += size;
	*ret_reference = (uint32_t)(((arena->chunks.n - 1) * CHUNK + at) >> TREE_ARENA_UNIT);
	return arena->chunks.v[arena->chunks.n - 1] + at;
}

void tree_arena_release(struct tree_arena *arena)
{
	for (size_t i = 0; i < arena->chunks.n; i++) {
		free(arena->chunks.v[i]);
	}
	free(arena->chunks.v);
	*arena = (struct tree_arena){0};
}
