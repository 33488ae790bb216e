#include "base/str.h"

#include "base/alloc.h"
#include "base/cleanup.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

bool str_eq(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t len = strlen(s);
	size_t tail = strlen(suffix);

	return len >= tail && strcmp(s + len - tail, suffix) == 0;
}

bool str_in(const char *s, const char *const *list)
{
	for (; *list; list++) {
		if (strcmp(s, *list) == 0) {
			return true;
		}
	}
	return false;
}

const char *str_find(const char *hay, size_t len, const char *needle)
{
	return memmem(hay, len, needle, strlen(needle));
}

static unsigned char ascii_lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

const char *str_ifind(const char *hay, size_t len, const char *needle)
{
	size_t want = strlen(needle);
	unsigned char first = ascii_lower(*needle);

	for (size_t i = 0; want <= len && i <= len - want; i++) {
		/* at most places the first letter says no */
		if (ascii_lower(hay[i]) == first && strncasecmp(hay + i, needle, want) == 0) {
			return hay + i;
		}
	}
	return NULL;
}

int parse_u64(const char *s, uint64_t max, uint64_t *ret, struct err *err)
{
	uint64_t value = 0;

	if (!*s) {
		return err_set(err, ERR_MALFORMED, "empty where a number was expected");
	}
	for (const char *p = s; *p; p++) {
		unsigned digit = (unsigned)(*p - '0');

		if (*p < '0' || *p > '9') {
			return err_set(err, ERR_MALFORMED, "'%.40s' is not a whole number", s);
		}
		if (__builtin_mul_overflow(value, 10u, &value) ||
			__builtin_add_overflow(value, digit, &value) || value > max) {
			return err_set(err, ERR_LIMIT, "'%.40s' is more than %llu", s,
				(unsigned long long)max);
		}
	}
	*ret = value;
	return 0;
}

/* Length of the sequence that starts at s, or 0 when it is not valid. */
static size_t utf8_sequence(const unsigned char *s, size_t left)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t point;
	size_t len;

	if (s[0] < 0x80) {
		return 1;
	}
	len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || len > left) {
		return 0;
	}
	point = s[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80) {
			return 0;
		}
		point = point << 6 | (s[i] & 0x3fu);
	}
	if (point < least[len] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
		return 0;
	}
	return len;
}

/* How many of the first len bytes, in whole words, are ASCII. */
static size_t ascii_words(const unsigned char *s, size_t len)
{
	size_t n = 0;
	uint64_t word;

	for (; len - n >= sizeof(word); n += sizeof(word)) {
		memcpy(&word, s + n, sizeof(word));
		if (word & UINT64_C(0x8080808080808080)) {
			break;
		}
	}
	return n;
}

bool utf8_valid(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;

	for (size_t i = ascii_words(p, len); i < len;) {
		size_t step = utf8_sequence(p + i, len - i);

		if (!step) {
			return false;
		}
		i += step;
	}
	return true;
}

void strv_take(struct strv *list, char *s)
{
	*ARRAY_PUSH(list) = s;
	*ARRAY_PUSH(list) = NULL;
	list->n--;
}

void strv_add(struct strv *list, const char *s)
{
	strv_take(list, xstrdup(s));
}

void strv_addf(struct strv *list, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strv_take(list, xvasprintf(fmt, ap));
	va_end(ap);
}

void strv_add_all(struct strv *list, const struct strv *more)
{
	for (size_t i = 0; i < more->n; i++) {
		strv_add(list, more->v[i]);
	}
}

bool strv_has(const struct strv *list, const char *s)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->v[i], s) == 0) {
			return true;
		}
	}
	return false;
}

void strv_release(struct strv *list)
{
	for (size_t i = 0; i < list->n; i++) {
		cleanup_free(&list->v[i]);
	}
	cleanup_free(&list->v);
	*list = (struct strv){0};
}

char *strv_join(const struct strv *list, const char *separator)
{
	size_t gap = strlen(separator);
	size_t len = 1;
	char *joined;
	char *at;

	for (size_t i = 0; i < list->n; i++) {
		len += strlen(list->v[i]) + gap;
	}
	at = joined = xcalloc(len, 1);
	for (size_t i = 0; i < list->n; i++) {
		if (i) {
			at = mempcpy(at, separator, gap);
		}
		at = mempcpy(at, list->v[i], strlen(list->v[i]));
	}
	return joined;
}

bool line_next(const char **at, const char *end, struct line *ret)
{
	const char *newline;

	if (*at >= end) {
		return false;
	}
	newline = memchr(*at, '\n', (size_t)(end - *at));
	ret->s = *at;
	ret->len = (size_t)((newline ? newline : end) - *at);
	*at = newline ? newline + 1 : end;
	return true;
}
