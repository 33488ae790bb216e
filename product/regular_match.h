/*
 * regular_match.h - expressions made into what regular_find() goes by. Private to product/regular*.c.
 *
 * The C library's matcher keeps every state that it comes to, and compares each new one with them:
 * "(a|b)*a(a|b){100}c" takes it minutes for one line of a log. Here all the places that an expression
 * can be at are followed at once (Thompson, "Regular Expression Search Algorithm", 1968): time is at
 * most the length of the text times the size of the expression, and memory does not grow.
 */
#ifndef PRODUCT_REGULAR_MATCH_H
#define PRODUCT_REGULAR_MATCH_H

#include "product/regular.h"

/* Of a pattern that regular_kind() takes; NULL: it is larger than what is tried. */
struct regular *regular_compile(const char *pattern);

/* The last character of the bracket expression at at, or NULL. "[]a]" and "[[:alpha:]]" count. */
const char *regular_bracket_end(const char *at);

#endif
