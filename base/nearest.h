/*
 * nearest.h - "did you mean": the known name that is closest to a misspelt one.
 */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stddef.h>

/* How many single-character insertions, deletions and changes lie between the two (Levenshtein);
 * SIZE_MAX when b is longer than 64 bytes. */
size_t edit_distance(const char *a, const char *b);

/* Keep in *best the candidate nearest to word, in *least its distance: start with NULL, SIZE_MAX. */
void nearest_consider(const char *word, const char *candidate, const char **best, size_t *least);

#endif
