/*
 * schema.h - as much of JSON Schema draft-07 as docs/report.schema.json uses, for tests: an unknown
 * keyword fails, so that nothing is silently let through.
 */
#ifndef TESTS_SCHEMA_H
#define TESTS_SCHEMA_H

#include <jansson.h>

/* NULL when value is valid, else what is wrong first, with its place; the caller frees. */
char *schema_violation(const json_t *schema, const json_t *value);

#endif
