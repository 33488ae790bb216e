/*
 * sparse_kit.h - members of an archive without their holes, byte by byte, with maps that may lie.
 *
 *	struct stored s = sk_without_holes("l", &bytes, content);
 *	sk_add(&tar, &s, PAX_1_0);
 */
#ifndef TESTS_UNIT_SPARSE_KIT_H
#define TESTS_UNIT_SPARSE_KIT_H

#include "base/buf.h"

#include <stddef.h>
#include <stdint.h>

enum form { OLD, PAX_0_0, PAX_0_1, PAX_1_0, FORMS };
extern const char *const sk_names[FORMS];

/* A file with holes as it is stored. */
struct stored {
	const char *name;
	uint64_t size;
	size_t n; /* pieces */
	struct {
		uint64_t offset, len;
	} v[64];
	const char *content;
	size_t len;
	size_t told; /* pieces that a map of pax counts, 0: n */
};

/* The bytes without their blocks of zeros; content has to have room for all. */
struct stored sk_without_holes(const char *name, const struct buf *bytes, char *content);

/* Append the member, headers first. */
void sk_add(struct buf *tar, const struct stored *s, enum form form);

#endif
