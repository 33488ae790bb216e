/*
 * capture.h - one output stream of a product: always drained, counted whole, kept in part.
 *
 * The first cap bytes are kept as the head, the last cap bytes of what follows as the tail.
 *
 *	struct capture c;
 *	capture_init(&c, 512 * 1024);
 *	capture_add(&c, bytes, len);		or capture_read(&c, fd)
 *	capture_finish(&c, &observation->out);	hands over what was kept
 */
#ifndef RUNNER_CAPTURE_H
#define RUNNER_CAPTURE_H

#include "base/buf.h"
#include "checks/observation.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lines longer than this reach on_line in pieces. */
#define CAPTURE_LINE_MAX 8192

struct capture {
	uint64_t bytes;
	uint64_t newlines;
	bool open_line; /* the last byte was no newline */
	struct buf head;
	char *ring; /* cap bytes, made when the head is full */
	size_t cap;
	size_t ring_at; /* where the next byte goes */
	uint64_t in_ring; /* bytes that ever went there */
	/* Optional: each line without its newline, NUL-terminated, as it is completed. */
	void (*on_line)(const char *line, size_t len, void *arg);
	void *arg;
	struct buf line;
};

void capture_init(struct capture *c, size_t cap);
void capture_release(struct capture *c);

void capture_add(struct capture *c, const char *bytes, size_t len);
uint64_t capture_lines(const struct capture *c); /* an unfinished last one counts */

/* Take what is in a non-blocking fd, at most a few hundred KiB in one call. True: it has ended (end
 * of file or an error); false: there may be more later. */
bool capture_read(struct capture *c, int fd);

/* Write counts, head and tail to *ret and hand the memory over; c is empty afterwards. */
void capture_finish(struct capture *c, struct obs_stream *ret);

#endif
