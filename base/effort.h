/*
 * effort.h - a bound on the work that a reading of what a stranger wrote may cost, where it is not
 * bounded by how much was written: patterns that match links to their own directory, words that stand for
 * many others, commands that are looked for in many directories.
 *
 *	size_t left = EFFORT;
 *	if (!effort_spend(&left, 1)) { ... what follows is not read, and somebody says so ... }
 *
 * One is a look-up of one component of a path, about 0.1 us.
 */
#ifndef BASE_EFFORT_H
#define BASE_EFFORT_H

#include <stdbool.h>
#include <stddef.h>

/* Below a second. Entries of products spend some hundreds; a thousand commands of scripts that name
 * configuration in directories of a thousand files, half of it. */
#define EFFORT ((size_t)4 << 20)

/* False when there was not enough: then nothing is left. */
static inline bool effort_spend(size_t *left, size_t n)
{
	bool enough = *left > n;

	*left = enough ? *left - n : 0;
	return enough;
}

#endif
