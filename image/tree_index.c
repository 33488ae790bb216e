#include "image/tree_private.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define FIRST_BUCKETS 1024

static uint64_t rotl(uint64_t x, int by)
{
	return (x << by) | (x >> (64 - by));
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] = rotl(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] = rotl(v[2], 32);
}

/* SipHash-1-3 (Aumasson and Bernstein) of the parent's address followed by the name. */
static uint32_t hash_of(
	const struct tree_index *index, const struct node *parent, const char *name, size_t len)
{
	uint64_t v[4] = {index->key[0] ^ UINT64_C(0x736f6d6570736575),
		index->key[1] ^ UINT64_C(0x646f72616e646f6d),
		index->key[0] ^ UINT64_C(0x6c7967656e657261),
		index->key[1] ^ UINT64_C(0x7465646279746573)};
	uint64_t word = (uint64_t)(uintptr_t)parent;
	size_t left = len;

	for (;;) {
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
		if (left < sizeof(word)) {
			break;
		}
		memcpy(&word, name, sizeof(word));
		name += sizeof(word);
		left -= sizeof(word);
	}
	word = (uint64_t)(len + sizeof(word)) << 56;
	for (size_t i = 0; i < left; i++) {
		word |= (uint64_t)(unsigned char)name[i] << (8 * i);
	}
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++) {
		sip_round(v);
	}
	return (uint32_t)(v[0] ^ v[1] ^ v[2] ^ v[3]);
}

void tree_index_init(struct tree_index *index)
{
	*index = (struct tree_index){.n_buckets = FIRST_BUCKETS};
	index->buckets = xcalloc(FIRST_BUCKETS, sizeof(*index->buckets));
	if (getrandom(index->key, sizeof(index->key), 0) != (ssize_t)sizeof(index->key)) {
		abort(); /* cannot happen for 16 bytes once the kernel is up */
	}
}

void tree_index_release(struct tree_index *index)
{
	free(index->buckets);
	*index = (struct tree_index){0};
}

static uint32_t *bucket_of(const struct tree_index *index, uint32_t hash)
{
	return &index->buckets[hash & (index->n_buckets - 1)];
}

struct node *tree_index_find(
	const struct tree *tree, const struct node *parent, const char *name, size_t len)
{
	uint32_t hash = hash_of(&tree->index, parent, name, len);
	struct node *t = tree_arena_at(&tree->arena, *bucket_of(&tree->index, hash));

	while (t && (t->hash != hash || t->parent != parent || strncmp(t->name, name, len) != 0 ||
			    t->name[len])) {
		t = tree_arena_at(&tree->arena, t->chain);
	}
	return t;
}

static void grow(struct tree *tree)
{
	struct tree_index before = tree->index;

	tree->index.n_buckets = before.n_buckets * 2;
	tree->index.buckets = xcalloc(tree->index.n_buckets, sizeof(*before.buckets));
	for (size_t i = 0; i < before.n_buckets; i++) {
		uint32_t reference = before.buckets[i];

		while (reference) {
			struct node *t = tree_arena_at(&tree->arena, reference);
			uint32_t *bucket = bucket_of(&tree->index, t->hash);
			uint32_t next = t->chain;

			t->chain = *bucket;
			*bucket = reference;
			reference = next;
		}
	}
	free(before.buckets);
}

void tree_index_add(struct tree *tree, struct node *node, uint32_t reference)
{
	uint32_t *bucket;

	if (tree->index.n >= tree->index.n_buckets) {
		grow(tree);
	}
	node->hash = hash_of(&tree->index, node->parent, node->name, strlen(node->name));
	bucket = bucket_of(&tree->index, node->hash);
	node->chain = *bucket;
	*bucket = reference;
	tree->index.n++;
}

void tree_index_remove(struct tree *tree, const struct node *node)
{
	uint32_t *at = bucket_of(&tree->index, node->hash);
	struct node *t;

	while ((t = tree_arena_at(&tree->arena, *at)) != node) {
		at = &t->chain;
	}
	*at = node->chain;
	tree->index.n--;
}
