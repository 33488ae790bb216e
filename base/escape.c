#include "base/escape.h"

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The length of the valid UTF-8 sequence at s, or 0. */
static size_t sequence(const char *s, size_t left)
{
	for (size_t len = 1; len <= 4 && len <= left; len++) {
		if (utf8_valid(s, len)) {
			return len;
		}
	}
	return 0;
}

/* U+200E.. marks and U+202A..E, U+2066..9 overrides can make a line read other than it is. */
static bool is_bidi(const unsigned char *s, size_t len)
{
	return len == 3 && s[0] == 0xe2 &&
	       ((s[1] == 0x80 &&
			(s[2] == 0x8e || s[2] == 0x8f || (s[2] >= 0xaa && s[2] <= 0xae))) ||
		       (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9));
}

static bool is_control(const unsigned char *s, size_t len)
{
	return s[0] < 0x20 || s[0] == 0x7f || (len == 2 && s[0] == 0xc2 && s[1] < 0xa0);
}

static bool is_xml_forbidden(const unsigned char *s, size_t len)
{
	return (s[0] < 0x20 && s[0] != '\t' && s[0] != '\n' && s[0] != '\r') || s[0] == 0x7f ||
	       (len == 3 && s[0] == 0xef && s[1] == 0xbf && s[2] >= 0xbe);
}

static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

static bool is_forbidden(enum escape_sink sink, const unsigned char *s, size_t len)
{
	switch (sink) {
	case ESCAPE_TERMINAL:
		return s[0] != '\t' && (is_control(s, len) || is_bidi(s, len));
	case ESCAPE_XML:
	case ESCAPE_HTML:
		return is_xml_forbidden(s, len);
	case ESCAPE_UTF8:
		return s[0] == 0;
	}
	return true;
}

/* How many bytes from s on mean nothing to any sink: most texts as a whole. */
static size_t harmless(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && s[n] >= ' ' && s[n] < 0x7f && !entity(s[n])) {
		n++;
	}
	return n;
}

int escape_to(struct buf *out, enum escape_sink sink, const char *s, size_t len, struct err *err)
{
	for (size_t i = 0; i < len;) {
		const unsigned char *at = (const unsigned char *)s + i;
		size_t run = harmless(s + i, len - i);
		size_t step = run ? run : sequence(s + i, len - i);
		const char *name = NULL;

		if (sink == ESCAPE_XML || sink == ESCAPE_HTML) {
			name = entity(s[i]);
		}
		if (!step || is_forbidden(sink, at, step)) {
			size_t bad = step ? step : 1;

			for (size_t k = 0; k < bad; k++) {
				if (buf_addf(out, err, "\\x%02x", at[k])) {
					return -1;
				}
			}
			i += bad;
			continue;
		}
		if (name ? buf_add(out, name, strlen(name), err) : buf_add(out, s + i, step, err)) {
			return -1;
		}
		i += step;
	}
	return 0;
}

char *escape_dup(enum escape_sink sink, const char *s)
{
	struct buf b;

	buf_init(&b, SIZE_MAX / 2);
	if (s && escape_to(&b, sink, s, strlen(s), NULL)) {
		abort();
	}
	return buf_steal(&b);
}
