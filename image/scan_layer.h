/*
 * scan_layer.h - one layer's tar, entry by entry. Private to scan*.c.
 */
#ifndef IMAGE_SCAN_LAYER_H
#define IMAGE_SCAN_LAYER_H

#include "image/layer_stream.h"
#include "image/limits.h"
#include "image/scan.h"
#include "image/tar_raw.h"
#include "image/tree_build.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the two readers of the tar are (scan_bytes.c). */
struct scan_bytes {
	struct layer_stream *stream;
	const uint8_t *data; /* the block at hand */
	size_t len;
	uint64_t at; /* its offset in the tar */
	uint64_t next; /* offset of the first byte that nobody has had */
	uint64_t withheld; /* bytes before it that libarchive did not get */
	bool together; /* it gets all from here on */
};

/* All there is to know while a layer is read; nothing in it is shared between layers but the image
 * and the tree. */
struct layer_scan {
	struct image *image;
	size_t layer;
	struct tree *tree;
	size_t *n_entries; /* of all layers */

	const struct entry_sink *sinks; /* those that did not skip this layer */
	size_t n_sinks;
	bool wants_data; /* one of them has data() */

	struct layer_stream *stream;
	struct scan_bytes bytes;
	struct archive *archive;
	bool plain; /* the entry at hand is withheld from the archive; where its content is: */
	uint64_t plain_content;
	uint64_t plain_end;
	bool in_entry; /* its content may have to be stepped over */
	bool in_headers; /* the archive is reading them */
	uint64_t header_bytes; /* since then */
	bool dead; /* the archive cannot be read any further */
	struct err fatal; /* what ends the whole scan: the system or a limit of ours */
	size_t n_violations; /* that are no warnings */
	size_t n_said; /* with them */

	char path[LIMIT_PATH]; /* of the entry, normalised */
	char name[LIMIT_PATH]; /* for messages: as written, cut */
	long long at; /* offset of its header in the tar */
	struct tar_raw *raw;
	struct tar_raw_item *item; /* what raw has of the entry at hand; NULL: nothing */
	bool said; /* something wrong was said of it */
	bool apart; /* the two readers were found to disagree where a header is */
	struct tree_place place;
	uint8_t *head; /* LIMIT_ENTRY_HEAD bytes */

	struct facts_writer *keep; /* the layer's record in the making, NULL: none */
	const struct entry_sink *memory; /* whose share of it is remembered */
};

/* A VIOLATION_LAYER of the entry at hand, with its offset. */
void scan_violation(struct layer_scan *s, bool warning, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The layer begins: tells the sinks of its root. */
void scan_begin(struct layer_scan *s);

/* Read all entries of s->archive. Problems are violations of the image, or s->fatal. */
void scan_entries(struct layer_scan *s);

/* What libarchive said: a violation (or a warning, or nothing when it does not matter). Returns
 * whether the entry can be used. */
bool scan_archive_result(struct layer_scan *s, int rc);

/* Read the content of entry, a regular file at node: fill entry->data, hand the entry and its
 * bytes to the sinks, keep what the tree keeps. */
void scan_content(struct layer_scan *s, struct entry *entry, struct node *node);

/* One entry more; false past the limit of the image, which is fatal. */
bool scan_count(struct layer_scan *s);

/* Put it where it goes in the tree: s->place, and path, link and type of the entry. False when it
 * has no place; that is a violation, or s->fatal. */
bool scan_apply(struct layer_scan *s, struct entry *entry);

/* The layer from its record (facts.h), if the stored bytes are the ones that it was made of and
 * every sink can do without the tar. False: it has to be read, and nothing has changed. */
bool scan_recall(struct layer_scan *s, const struct blob *blob, const char *name,
	struct layer_stream_facts *ret);

/* Before and after a layer is read: keep a record of it when all is good. One that a sink has put
 * its share into is not replaced by one without (known: there is one). */
void scan_keep_begin(struct layer_scan *s, const char *name, bool known);
void scan_keep_end(struct layer_scan *s, bool good, const struct layer_stream_facts *facts);

/* For tests: libarchive is to read every entry. What comes out is the same. */
extern bool scan_all_to_archive;

/* The archive's archive_read_callback, whose argument is the layer_scan. */
la_ssize_t scan_bytes_give(struct archive *archive, void *arg, const void **data);

/* Where the header that the archive has read is in the tar. */
long long scan_bytes_header(const struct layer_scan *s);

/* Whether the entry at s->bytes.next is plain, and may be withheld from the archive. _begin: it is, and
 * its content comes next. _piece: as archive_read_data_block(3). _end: pass over what is left of it, as
 * archive_read_data_skip(3). Errors are set in the archive. */
bool scan_bytes_plain(struct layer_scan *s);
void scan_bytes_begin(struct layer_scan *s, const struct tar_raw_item *item);
int scan_bytes_piece(struct layer_scan *s, const void **data, size_t *len, la_int64_t *offset);
int scan_bytes_end(struct layer_scan *s);

/* The second reader (tar_raw.h), whose items engines go by. _begin: it reads along in s->stream.
 * _take: report what it has up to the header that libarchive found at s->at (or, rc being
 * ARCHIVE_FATAL, all it has), which becomes s->item. _compare: report where they differ about the
 * entry. _end: behind the last byte, report the rest. */
void scan_raw_begin(struct layer_scan *s);
void scan_raw_take(struct layer_scan *s, int rc);
void scan_raw_compare(struct layer_scan *s, struct archive_entry *ae);
void scan_raw_end(struct layer_scan *s);
void scan_raw_free(struct layer_scan *s);

/* Hand it to every sink. */
void scan_emit(const struct layer_scan *s, const struct entry *entry);

#endif
