/*
 * tar_raw_private.h - what tar_raw.c, which takes bytes apart, and tar_raw_entry.c, which makes
 * entries of headers, share.
 */
#ifndef IMAGE_TAR_RAW_PRIVATE_H
#define IMAGE_TAR_RAW_PRIVATE_H

#include "base/buf.h"
#include "image/tar_header.h"
#include "image/tar_pax.h"
#include "image/tar_raw.h"

enum tar_state {
	AT_HEADER,
	AT_SPECIAL, /* collects the body of a pax header or GNU long name */
	AT_SKIP, /* steps over a content and its padding */
	AT_EXTENDED, /* a further block of an old sparse file's map */
	AT_MAP, /* a block of a sparse 1.0 file's map */
	AT_ZERO, /* one block of zeros was there */
	AT_END,
	AT_LOST,
};

struct tar_raw {
	enum tar_state state;
	uint64_t offset; /* of the next byte */
	uint64_t left; /* AT_SPECIAL, AT_MAP, AT_EXTENDED: of the content; AT_SKIP: with padding */
	uint8_t block[TAR_BLOCK]; /* one that came in pieces */
	size_t have;

	/* The entry to come. */
	bool chained; /* a header was there already, at */
	uint64_t at;
	char special; /* whose body is collected */
	struct buf body;
	bool has_pax;
	struct buf pax_body;
	struct tar_pax pax;
	struct buf name; /* GNU's; "" when none */
	struct buf link;
	char wrong[160];
	char odd[160];

	const struct tar_pieces *pieces; /* who is told of them, or NULL */
	struct tar_map map;
	struct tar_raw_item *mapped; /* the entry whose map is read */
	bool no_memory; /* what is read from here on is not what there is */
	bool told_global;
	bool told_behind;
	struct tar_raw_item *first;
	struct tar_raw_item *last;
};

/* The first thing wrong, or odd, with the entry to come counts. */
void tar_raw_wrong(struct tar_raw *raw, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void tar_raw_odd(struct tar_raw *raw, const char *text);

/* The entry is complete: hand it over with what was said of it. Takes item. */
void tar_raw_finish(struct tar_raw *raw, struct tar_raw_item *item);

/* Nothing can be read from here on; what is wrong was said. */
void tar_raw_lose(struct tar_raw *raw);

/* Step over len bytes and what fills their last block. */
void tar_raw_skip(struct tar_raw *raw, uint64_t len);

/* A header of an entry; of an extended one, and its body once it is complete. */
void tar_raw_on_entry(struct tar_raw *raw, const struct tar_header *h, const uint8_t *block);
void tar_raw_on_special(struct tar_raw *raw, const struct tar_header *h);
void tar_raw_on_body(struct tar_raw *raw);

/* Another block of the map of raw->mapped: of form 1.0, of GNU's own. */
void tar_raw_on_map(struct tar_raw *raw, const uint8_t *block);
void tar_raw_on_extended(struct tar_raw *raw, const uint8_t *block);

/* The map of raw->mapped has come to its end, which is bad when it is not NULL: hand the entry over,
 * and step over its content. */
void tar_raw_end_map(struct tar_raw *raw, const char *bad);

#endif
