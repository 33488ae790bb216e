/*
 * ring.h - blocks of bytes from one thread to others, in order, through bounded memory. Private to
 * image/.
 *
 *	writer:	while ((block = ring_room(r))) { n = fill(block); ring_put(r, n); } ring_end(r);
 *	reader:	while (ring_get(r, me, &data, &len)) { use(data, len); ring_done(r, me); }
 *
 * Every reader sees every block. A block is free again when all readers are done with it; the one
 * freed last is filled next, so that little memory is touched while the readers keep up.
 */
#ifndef IMAGE_RING_H
#define IMAGE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_READERS 2

struct ring;

/* n_readers is 1 to RING_READERS. Aborts when memory is out. */
struct ring *ring_new(size_t block_size, size_t n_blocks, unsigned n_readers);
void ring_free(struct ring *r); /* no thread uses it any more */

/* An empty block, waited for; NULL once the ring is stopped. */
uint8_t *ring_room(struct ring *r);

/* The block goes out with its first len bytes. */
void ring_put(struct ring *r, size_t len);

/* Nothing more will come. */
void ring_end(struct ring *r);

/* The next block, waited for; false when there is none any more or the ring is stopped. It is the
 * reader's until ring_done. */
bool ring_get(struct ring *r, unsigned reader, const uint8_t **ret_data, size_t *ret_len);
void ring_done(struct ring *r, unsigned reader);

/* From any thread: whoever waits is let go, and nobody waits any more. */
void ring_stop(struct ring *r);

#endif
