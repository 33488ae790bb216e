/*
 * str.h - strings, lists of strings, and the one way to read a number.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool str_eq(const char *a, const char *b); /* NULL equals only NULL */
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
bool str_in(const char *s, const char *const *list); /* list ends with NULL */

/* The needle in len bytes that need not end with a NUL, or NULL. str_ifind folds ASCII case. */
const char *str_find(const char *hay, size_t len, const char *needle);
const char *str_ifind(const char *hay, size_t len, const char *needle);

/* A whole decimal number: digits only, nothing before or after, at most max.
 * ERR_MALFORMED, or ERR_LIMIT when it is larger. */
int parse_u64(const char *s, uint64_t max, uint64_t *ret, struct err *err);

/* Whether len bytes are valid UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool utf8_valid(const char *s, size_t len);

/* A list of heap strings. v[n] is always NULL once anything was added, so v can be an argv. */
struct strv {
	char **v;
	size_t n;
	size_t cap;
};

void strv_add(struct strv *list, const char *s); /* copies */
void strv_take(struct strv *list, char *s); /* takes s */
void strv_addf(struct strv *list, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strv_add_all(struct strv *list, const struct strv *more); /* copies */
bool strv_has(const struct strv *list, const char *s);
void strv_release(struct strv *list);

/* "a, b, c"; the caller frees. */
char *strv_join(const struct strv *list, const char *separator);

/* One line of text: a cursor over bytes that need not end with a NUL.
 *	const char *at = text; struct line l;
 *	while (line_next(&at, text + len, &l)) ...		l.s, l.len without the newline */
struct line {
	const char *s;
	size_t len;
};
bool line_next(const char **at, const char *end, struct line *ret);

#endif
