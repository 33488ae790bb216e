/*
 * canonical.h - the canonical form of a JSON document (RFC 8785), of which digests are taken.
 *
 * Members sorted by their names' UTF-16 code units, no white space, the escapes of ECMA 262,
 * numbers as ECMA 262 prints doubles (so 1.0 and 1 are the same, and integers beyond 2^53 lose
 * digits there as they do in the RFC).
 */
#ifndef PRODUCT_CANONICAL_H
#define PRODUCT_CANONICAL_H

#include "base/buf.h"
#include "base/json.h"

/* Append the canonical form of value. ERR_LIMIT at out's cap. */
int canonical_write(const json_t *value, struct buf *out, struct err *err);

/* A number as ECMA 262 Number::toString prints it (in base 10), which is finite; room 32. */
#define CANONICAL_NUMBER_MAX 32
void canonical_number(double number, char ret[CANONICAL_NUMBER_MAX]);

#endif
