/*
 * layer_kit.h - layers made byte by byte for the tests, and images of them in memory.
 *
 *	static const struct lk_entry entries[] = {{.name = "etc/passwd", .text = "root:..."}, ...};
 *	struct lk_layer layers[] = {{entries, ARRAY_SIZE(entries), LAYER_GZIP}};
 *	struct image *image = lk_image(layers, 1);	digests, sizes and diff_ids are right
 *
 * The tar writer knows nothing of libarchive, so that it can also write what no tool would.
 */
#ifndef TESTS_UNIT_LAYER_KIT_H
#define TESTS_UNIT_LAYER_KIT_H

#include "base/buf.h"
#include "image/image.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lk_entry {
	const char *name;
	char type; /* ustar's typeflag; 0: '0', or '5' when name ends with a slash */
	unsigned mode; /* 0: 0644, directories and scripts 0755; LK_MODE_0: really 0 */
	unsigned uid;
	unsigned gid;
	unsigned mtime;
	const char *text;
	size_t len; /* of text; 0: strlen(text) */
	const char *target; /* of links */
	unsigned dev_major;
	unsigned dev_minor;
	const char *pax; /* "key=value": one record, in a header of its own before the entry */
	size_t pax_len; /* 0: strlen(pax) */
};
#define LK_MODE_0 010000u

struct lk_layer {
	const struct lk_entry *entries;
	size_t n;
	enum layer_encoding encoding;
	const void *raw; /* these tar bytes instead of entries */
	size_t raw_len;
};

/* Append entries without the end of the archive, and that. */
void lk_tar_entries(struct buf *tar, const struct lk_entry *entries, size_t n);
void lk_tar_end(struct buf *tar);

/* Append one gzip member or zstd frame of the bytes. */
void lk_gzip(struct buf *out, const void *bytes, size_t len);
void lk_zstd(struct buf *out, const void *bytes, size_t len);

/* The caller frees with image_free. */
struct image *lk_image(const struct lk_layer *layers, size_t n);

/* The stored bytes of a layer, to be broken by the test; digest and size stay as they are. */
struct buf *lk_stored(struct image *image, size_t layer);

/* The first violation of this kind whose message has text in it, or NULL. */
const struct violation *lk_violation(
	const struct image *image, enum violation_kind kind, const char *text);

#endif
