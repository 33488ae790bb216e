#include "base/buf.h"

#include "base/alloc.h"
#include "base/cleanup.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *b, size_t cap)
{
	*b = (struct buf){.cap = cap};
}

void buf_release(struct buf *b)
{
	cleanup_free(&b->data);
	*b = (struct buf){0};
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	if (b->data) {
		b->data[0] = '\0';
	}
}

void *buf_reserve(struct buf *b, size_t len, struct err *err)
{
	size_t want;
	char *grown;

	if (len > b->cap - b->len) {
		(void)err_set(err, ERR_LIMIT, "more than %zu bytes", b->cap);
		return NULL;
	}
	want = b->len + len + 1;
	if (want > b->room) {
		size_t room = b->room ? b->room : 64;

		while (room < want) {
			room = room > SIZE_MAX / 2 ? want : room * 2;
		}
		grown = realloc(b->data, room);
		if (!grown) {
			(void)err_sys(err, "allocate %zu bytes", room);
			return NULL;
		}
		b->data = grown;
		b->room = room;
	}
	b->data[b->len] = '\0';
	return b->data + b->len;
}

int buf_add(struct buf *b, const void *data, size_t len, struct err *err)
{
	char *to = buf_reserve(b, len, err);

	if (!to) {
		return -1;
	}
	if (len) {
		memcpy(to, data, len);
	}
	to[len] = '\0';
	b->len += len;
	return 0;
}

int buf_addf(struct buf *b, struct err *err, const char *fmt, ...)
{
	auto_free char *text = NULL;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0) {
		text = NULL;
		return err_set(err, ERR_IO, "out of memory");
	}
	return buf_add(b, text, (size_t)len, err);
}

size_t buf_add_some(struct buf *b, const void *data, size_t len)
{
	size_t left = b->cap - b->len;
	size_t take = len < left ? len : left;

	return buf_add(b, data, take, NULL) ? 0 : take;
}

const char *buf_str(const struct buf *b)
{
	return b->data ? b->data : "";
}

char *buf_steal(struct buf *b)
{
	char *s = b->data ? b->data : xstrdup("");

	*b = (struct buf){.cap = b->cap};
	return s;
}
