/*
 * regular.h - regular expressions that a stranger wrote.
 *
 * They are POSIX extended ones, of single bytes, as the C library has them. Texts may be a stranger's,
 * too: how long one is looked at grows with its length and the expression's, no more.
 *
 *	AUTO_PTR(regular) struct regular *r = regular_new(pattern);
 *	if (!r) ...			not REGULAR_POSIX
 *	if (regular_find(r, line)) ...
 */
#ifndef PRODUCT_REGULAR_H
#define PRODUCT_REGULAR_H

#include "base/cleanup.h"

#include <stdbool.h>

enum regular_kind {
	REGULAR_POSIX, /* can be used */
	REGULAR_OTHER, /* a dialect (ECMA 262, PCRE), or too costly: cannot be judged here */
	REGULAR_INVALID, /* no regular expression in any of them */
};

/* *ret_why says what is wrong, static storage or valid until the next call in this thread; NULL
 * with REGULAR_POSIX. */
enum regular_kind regular_kind(const char *pattern, const char **ret_why);

/* Compiled, to be held against many texts by one thread. NULL when it is not REGULAR_POSIX. */
struct regular;
struct regular *regular_new(const char *pattern);
void regular_free(struct regular *r);
DEFINE_AUTO_PTR(regular)

/* Whether it is found anywhere in text. */
bool regular_find(struct regular *r, const char *text);

#endif
