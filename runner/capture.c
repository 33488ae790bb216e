#include "runner/capture.h"

#include "base/alloc.h"
#include "base/cleanup.h"

#include <string.h>
#include <unistd.h>

enum {
	READ_SIZE = 64 * 1024,
	READS_AT_ONCE = 8, /* a flood must not keep the timers from firing */
	READS_OF_LINES = 1, /* which somebody looks at one by one */
};

void capture_init(struct capture *c, size_t cap)
{
	*c = (struct capture){.cap = cap};
	buf_init(&c->head, cap);
	buf_init(&c->line, CAPTURE_LINE_MAX);
}

void capture_release(struct capture *c)
{
	buf_release(&c->head);
	buf_release(&c->line);
	free(c->ring);
	*c = (struct capture){0};
}

static void ring_add(struct capture *c, const char *bytes, size_t len)
{
	if (!c->cap) {
		c->in_ring += len;
		return;
	}
	if (!c->ring) {
		c->ring = xcalloc(c->cap, 1);
	}
	c->in_ring += len;
	if (len > c->cap) {
		bytes += len - c->cap;
		len = c->cap;
	}
	while (len) {
		size_t room = c->cap - c->ring_at;
		size_t take = len < room ? len : room;

		memcpy(c->ring + c->ring_at, bytes, take);
		c->ring_at = (c->ring_at + take) % c->cap;
		bytes += take;
		len -= take;
	}
}

static void line_done(struct capture *c)
{
	c->on_line(buf_str(&c->line), c->line.len, c->arg);
	buf_clear(&c->line);
}

static void lines_add(struct capture *c, const char *bytes, size_t len)
{
	const char *end = bytes + len;

	while (bytes < end) {
		const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
		const char *stop = newline ? newline : end;

		bytes += buf_add_some(&c->line, bytes, (size_t)(stop - bytes));
		if (bytes < stop) {
			line_done(c); /* full: a piece */
		} else if (newline) {
			line_done(c);
			bytes = newline + 1;
		}
	}
}

void capture_add(struct capture *c, const char *bytes, size_t len)
{
	size_t taken = buf_add_some(&c->head, bytes, len);

	c->bytes += len;
	for (const char *p = bytes; (p = memchr(p, '\n', len - (size_t)(p - bytes))); p++) {
		c->newlines++;
	}
	if (len) {
		c->open_line = bytes[len - 1] != '\n';
	}
	if (taken < len) {
		ring_add(c, bytes + taken, len - taken);
	}
	if (c->on_line) {
		lines_add(c, bytes, len);
	}
}

uint64_t capture_lines(const struct capture *c)
{
	return c->newlines + (c->open_line ? 1 : 0);
}

bool capture_read(struct capture *c, int fd)
{
	static char bytes[READ_SIZE];

	for (int i = 0; i < (c->on_line ? READS_OF_LINES : READS_AT_ONCE); i++) {
		ssize_t got = read(fd, bytes, sizeof(bytes));

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return errno != EAGAIN;
		}
		if (got == 0) {
			return true;
		}
		capture_add(c, bytes, (size_t)got);
	}
	return false;
}

static void take_tail(struct capture *c, struct obs_stream *ret)
{
	size_t len = c->in_ring < c->cap ? (size_t)c->in_ring : c->cap;
	size_t start = c->in_ring < c->cap ? 0 : c->ring_at;
	size_t first = len < c->cap - start ? len : c->cap - start;

	if (!len) {
		return;
	}
	ret->tail = xcalloc(len + 1, 1);
	memcpy(ret->tail, c->ring + start, first);
	memcpy(ret->tail + first, c->ring, len - first);
	ret->tail_len = len;
}

void capture_finish(struct capture *c, struct obs_stream *ret)
{
	*ret = (struct obs_stream){
		.bytes = c->bytes,
		.lines = capture_lines(c),
		.head_len = c->head.len,
		.truncated = c->in_ring > c->cap,
	};
	ret->head = buf_steal(&c->head);
	take_tail(c, ret);
	capture_release(c);
}
