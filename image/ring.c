#include "image/ring.h"

#include "base/alloc.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#define LARGE_PAGE ((size_t)2 * 1024 * 1024)

struct block {
	uint8_t *data;
	size_t len;
	unsigned readers; /* that are not done with it */
};

struct ring {
	pthread_mutex_t lock;
	pthread_cond_t filled; /* or ended */
	pthread_cond_t emptied;
	size_t n_blocks;
	unsigned n_readers;
	bool ended;
	bool stopped;
	uint64_t put; /* blocks that went out so far */
	uint64_t told; /* of them when readers that wait were woken last */
	uint64_t got[RING_READERS]; /* and that each reader is done with */
	size_t filling; /* the block that the writer has */
	size_t *order; /* block number i stands in blocks[order[i % n_blocks]] */
	size_t *free; /* a stack */
	size_t n_free;
	struct block *blocks;
	uint8_t *memory;
};

/* All of it is touched again and again: in large pages, where the system gives them to who asks, that
 * is some fifteen hundred page faults less for a layer. Not zeroed: blocks are filled before they are
 * read. */
static uint8_t *blocks_new(size_t len)
{
	void *memory = NULL;

	if (len % LARGE_PAGE || posix_memalign(&memory, LARGE_PAGE, len)) {
		return xcalloc(len, 1);
	}
	(void)madvise(memory, len, MADV_HUGEPAGE);
	return memory;
}

struct ring *ring_new(size_t block_size, size_t n_blocks, unsigned n_readers)
{
	struct ring *r = xcalloc(1, sizeof(*r));

	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->filled, NULL);
	pthread_cond_init(&r->emptied, NULL);
	r->n_blocks = r->n_free = n_blocks;
	r->n_readers = n_readers;
	r->order = xcalloc(n_blocks, sizeof(*r->order));
	r->free = xcalloc(n_blocks, sizeof(*r->free));
	r->blocks = xcalloc(n_blocks, sizeof(*r->blocks));
	r->memory = blocks_new(n_blocks * block_size);
	for (size_t i = 0; i < n_blocks; i++) {
		r->blocks[i].data = r->memory + i * block_size;
		r->free[i] = n_blocks - 1 - i;
	}
	return r;
}

void ring_free(struct ring *r)
{
	if (r) {
		pthread_mutex_destroy(&r->lock);
		pthread_cond_destroy(&r->filled);
		pthread_cond_destroy(&r->emptied);
		free(r->order);
		free(r->free);
		free(r->blocks);
		free(r->memory);
		free(r);
	}
}

/* Waking a thread costs the writer, who is the slowest of all, more than a reader loses by waiting
 * until it has several blocks to do. */
static void tell(struct ring *r)
{
	r->told = r->put;
	pthread_cond_broadcast(&r->filled);
}

uint8_t *ring_room(struct ring *r)
{
	uint8_t *data = NULL;

	pthread_mutex_lock(&r->lock);
	if (!r->n_free && !r->stopped) {
		tell(r);
	}
	while (!r->n_free && !r->stopped) {
		pthread_cond_wait(&r->emptied, &r->lock);
	}
	if (!r->stopped) {
		r->filling = r->free[--r->n_free];
		data = r->blocks[r->filling].data;
	}
	pthread_mutex_unlock(&r->lock);
	return data;
}

void ring_put(struct ring *r, size_t len)
{
	pthread_mutex_lock(&r->lock);
	r->blocks[r->filling].len = len;
	r->blocks[r->filling].readers = r->n_readers;
	r->order[r->put++ % r->n_blocks] = r->filling;
	if (r->put - r->told >= r->n_blocks / 4) {
		tell(r);
	}
	pthread_mutex_unlock(&r->lock);
}

void ring_end(struct ring *r)
{
	pthread_mutex_lock(&r->lock);
	r->ended = true;
	pthread_cond_broadcast(&r->filled);
	pthread_mutex_unlock(&r->lock);
}

bool ring_get(struct ring *r, unsigned reader, const uint8_t **ret_data, size_t *ret_len)
{
	bool found;

	pthread_mutex_lock(&r->lock);
	while (r->got[reader] == r->put && !r->ended && !r->stopped) {
		pthread_cond_wait(&r->filled, &r->lock);
	}
	found = r->got[reader] < r->put && !r->stopped;
	if (found) {
		const struct block *b = &r->blocks[r->order[r->got[reader] % r->n_blocks]];

		*ret_data = b->data;
		*ret_len = b->len;
	}
	pthread_mutex_unlock(&r->lock);
	return found;
}

void ring_done(struct ring *r, unsigned reader)
{
	size_t at;

	pthread_mutex_lock(&r->lock);
	at = r->order[r->got[reader]++ % r->n_blocks];
	if (--r->blocks[at].readers == 0) {
		r->free[r->n_free++] = at;
		if (r->n_free >= (r->n_blocks + 3) / 4) { /* a writer that waited has some to do */
			pthread_cond_signal(&r->emptied);
		}
	}
	pthread_mutex_unlock(&r->lock);
}

void ring_stop(struct ring *r)
{
	pthread_mutex_lock(&r->lock);
	r->stopped = true;
	pthread_cond_broadcast(&r->filled);
	pthread_cond_signal(&r->emptied);
	pthread_mutex_unlock(&r->lock);
}
