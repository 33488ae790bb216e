#include "base/nearest.h"

#include <stdint.h>
#include <string.h>

enum { LONGEST = 64 };

size_t edit_distance(const char *a, const char *b)
{
	size_t row[LONGEST + 1]; /* distances of a's first i bytes to b's first j */
	size_t width = strlen(b);

	if (width > LONGEST) {
		return SIZE_MAX;
	}
	for (size_t j = 0; j <= width; j++) {
		row[j] = j;
	}
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < width; j++) {
			size_t change = diagonal + (a[i] != b[j]);
			size_t best = row[j + 1] < row[j] ? row[j + 1] : row[j];

			diagonal = row[j + 1];
			row[j + 1] = best + 1 < change ? best + 1 : change;
		}
	}
	return row[width];
}

void nearest_consider(const char *word, const char *candidate, const char **best, size_t *least)
{
	size_t far = edit_distance(word, candidate);

	if (far < *least) {
		*least = far;
		*best = candidate;
	}
}
