/*
 * regular.h - regular expressions that a stranger wrote.
 *
 * They are POSIX extended ones, compiled by the C library, whose compiler takes memory exponential
 * in nested counts and whose matcher takes time exponential in back-references: what could do that
 * is refused beforehand.
 */
#ifndef PRODUCT_REGULAR_H
#define PRODUCT_REGULAR_H

#include <stdbool.h>

enum regular_kind {
	REGULAR_POSIX, /* can be used */
	REGULAR_OTHER, /* a dialect (ECMA 262, PCRE), or too costly: cannot be judged here */
	REGULAR_INVALID, /* no regular expression in any of them */
};

/* *ret_why says what is wrong, static storage or valid until the next call in this thread; NULL
 * with REGULAR_POSIX. */
enum regular_kind regular_kind(const char *pattern, const char **ret_why);

/* Whether pattern is found anywhere in text: 1, 0, or -1 when it is not REGULAR_POSIX. */
int regular_found(const char *pattern, const char *text);

#endif
