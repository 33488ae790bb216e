/*
 * regular_program.h - expressions made into what regular_find() goes by. Private to product/regular*.c.
 *
 * The C library's compiler takes gigabytes for "(()*|$$...$){,6}", and its matcher keeps every state that
 * it comes to, and compares each new one with them: "(a|b)*a(a|b){100}c" takes it minutes for one line of a
 * log. Here all the places that an expression can be at are followed at once (Thompson, "Regular Expression
 * Search Algorithm", 1968): time is at most the length of the text times the size of the expression, and
 * memory does not grow.
 */
#ifndef PRODUCT_REGULAR_PROGRAM_H
#define PRODUCT_REGULAR_PROGRAM_H

#include "product/regular.h"

#include <stddef.h>
#include <stdint.h>

enum op { ONE_OF, SPLIT, GO, BEGIN, END, WORD_BEGIN, WORD_END, FOUND };

struct step {
	enum op op;
	uint32_t to; /* GO, SPLIT: the step to go on with */
	uint32_t or_to; /* SPLIT */
	uint32_t set; /* ONE_OF: which bytes */
};

struct set {
	uint64_t bits[4];
};

/* Steps that the text so far leads to, each once. */
struct steps_at {
	uint32_t *v;
	size_t n;
};

struct regular {
	struct {
		struct step *v;
		size_t n, cap;
	} steps;
	struct {
		struct set *v;
		size_t n, cap;
	} sets;
	/* While it is matched: room for every step. */
	struct steps_at now, next;
	uint32_t *todo;
	uint32_t *seen; /* the turn in which a step was added last */
	uint32_t turn;
};

/* Of a pattern without constructs of other dialects (regular.c). NULL: *ret_kind and *ret_why are as
 * regular_kind() has them. */
struct regular *regular_compile(
	const char *pattern, enum regular_kind *ret_kind, const char **ret_why);

/* The last character of the bracket expression at at, or NULL. "[]a]" and "[[:alpha:]]" count. */
const char *regular_bracket_end(const char *at);

#endif
