/*
 * strict.h - documents whose every member we define: an unknown member is a mistake, most likely a
 * misspelt one.
 */
#ifndef PRODUCT_STRICT_H
#define PRODUCT_STRICT_H

#include "base/json.h"

#include <stdint.h>

/* json_table_read, and before it: every member of value, and of the objects and arrays in it that
 * have a table, has to be one of its table's; else a problem with the nearest known name. */
void strict_read(const struct json_table *table, const json_t *value, const char *pointer,
	void *ret, struct json_problems *problems);

/* A problem at pointer/name unless least <= value <= most; returns whether that holds. */
bool strict_range(uint64_t value, uint64_t least, uint64_t most, const char *pointer,
	const char *name, struct json_problems *problems);

/* A problem (not a warning) at pointer/name. */
void strict_problem(struct json_problems *problems, const char *pointer, const char *name,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
