#include "base/pack.h"

#include <string.h>

/* Seven bits a byte, the highest says that another follows. */
enum { BITS = 7, MORE = 0x80, BYTES_MAX = 10 };

static void add(struct pack *p, const void *bytes, size_t len)
{
	p->failed = p->failed || buf_add(p->buf, bytes, len, NULL);
}

void pack_number(struct pack *p, uint64_t n)
{
	uint8_t bytes[BYTES_MAX];
	size_t len = 0;

	do {
		bytes[len] = (uint8_t)((n & (MORE - 1)) | (n >> BITS ? MORE : 0));
		n >>= BITS;
		len++;
	} while (n);
	add(p, bytes, len);
}

/* Small numbers of either sign are short: 0, -1, 1, -2 are 0, 1, 2, 3. */
void pack_signed(struct pack *p, int64_t n)
{
	pack_number(p, ((uint64_t)n << 1) ^ (n < 0 ? UINT64_MAX : 0));
}

void pack_bytes(struct pack *p, const void *bytes, size_t len)
{
	pack_number(p, len);
	add(p, bytes, len);
	add(p, "", 1);
}

void pack_text(struct pack *p, const char *s)
{
	pack_number(p, s != NULL);
	if (s) {
		pack_bytes(p, s, strlen(s));
	}
}

static uint64_t broken(struct unpack *u)
{
	u->broken = true;
	u->at = u->end;
	return 0;
}

uint64_t unpack_number(struct unpack *u)
{
	uint64_t n = 0;

	for (unsigned shift = 0; u->at < u->end && shift < 64; shift += BITS) {
		uint8_t byte = *u->at++;
		uint64_t bits = byte & (MORE - 1);

		if (bits << shift >> shift != bits) {
			break;
		}
		n |= bits << shift;
		if (!(byte & MORE)) {
			return n;
		}
	}
	return broken(u);
}

int64_t unpack_signed(struct unpack *u)
{
	uint64_t n = unpack_number(u);

	return (int64_t)((n >> 1) ^ (n & 1 ? UINT64_MAX : 0));
}

uint64_t unpack_count(struct unpack *u, uint64_t max)
{
	uint64_t n = unpack_number(u);

	return n <= max ? n : broken(u);
}

const void *unpack_bytes(struct unpack *u, size_t *ret_len)
{
	uint64_t len = unpack_number(u);
	const uint8_t *bytes = u->at;

	*ret_len = 0;
	if (len >= (size_t)(u->end - u->at) || u->at[len]) {
		(void)broken(u);
		return NULL;
	}
	u->at += len + 1;
	*ret_len = (size_t)len;
	return bytes;
}

const char *unpack_text(struct unpack *u)
{
	const char *s;
	size_t len;

	if (!unpack_count(u, 1)) {
		return NULL;
	}
	s = unpack_bytes(u, &len);
	if (s && strlen(s) != len) {
		(void)broken(u);
		return NULL;
	}
	return s;
}
