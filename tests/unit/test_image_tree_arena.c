#include "image/tree_arena.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

/* Over several chunks: every piece is where its reference says, aligned, zeroed, and not another's. */
Test(image_tree_arena, references_lead_back)
{
	static uint32_t references[20000];
	struct tree_arena arena = {0};

	for (size_t i = 0; i < 20000; i++) {
		size_t len = 1 + i % 300;
		unsigned char *piece = tree_arena_take(&arena, len, &references[i]);

		cr_assert_neq(references[i], 0);
		cr_assert_eq((uintptr_t)piece % 8, 0);
		for (size_t j = 0; j < len; j++) {
			cr_assert_eq(piece[j], 0);
		}
		memset(piece, (int)(i % 255) + 1, len);
	}
	cr_expect_gt(arena.chunks.n, 2);
	for (size_t i = 0; i < 20000; i++) {
		const unsigned char *piece = tree_arena_at(&arena, references[i]);

		for (size_t j = 0; j < 1 + i % 300; j++) {
			cr_assert_eq(piece[j], i % 255 + 1, "piece %zu", i);
		}
	}
	cr_expect_null(tree_arena_at(&arena, 0));
	tree_arena_release(&arena);
}

/* Pieces that fill a chunk to its last byte, and those that just do not fit. */
Test(image_tree_arena, chunk_ends)
{
	struct tree_arena arena = {0};
	uint32_t reference;
	size_t taken = 8; /* the unit that stays free */

	while (taken + TREE_ARENA_MAX <= (size_t)1 << TREE_ARENA_CHUNK) {
		(void)tree_arena_take(&arena, TREE_ARENA_MAX, &reference);
		taken += TREE_ARENA_MAX;
	}
	(void)tree_arena_take(&arena, ((size_t)1 << TREE_ARENA_CHUNK) - taken, &reference);
	cr_expect_eq(arena.chunks.n, 1);
	cr_expect_eq(arena.used, (size_t)1 << TREE_ARENA_CHUNK);
	cr_expect_eq(tree_arena_take(&arena, 1, &reference), arena.chunks.v[1]);
	cr_expect_eq(tree_arena_at(&arena, reference), arena.chunks.v[1]);
	tree_arena_release(&arena);
}
