/*
 * facts_private.h - one layer's record, written and read. For facts*.c and scan*.c only.
 */
#ifndef IMAGE_FACTS_PRIVATE_H
#define IMAGE_FACTS_PRIVATE_H

#include "base/digest.h"
#include "base/pack.h"
#include "image/elf.h"
#include "image/facts.h"
#include "image/image.h"
#include "image/scan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct facts {
	int dir;
	char program[DIGEST_TEXT_MAX]; /* of what reads layers */
};

#define FACTS_NAME_MAX (64 + 1)

/* The name of layer i's record; false when it can have none, because a lower layer's diff_id or
 * its own digest is not known. */
bool facts_name(
	const struct facts *f, const struct image *image, size_t layer, char name[FACTS_NAME_MAX]);

/* What the stored bytes of a layer hash to when they are what the image says: its digest, or,
 * where a docker-archive names none, the diff_id of a plain tar. NULL: not known. */
const char *facts_identity(const struct layer *layer);

/* Whether there is a record of that name; it may yet turn out damaged. */
bool facts_has(const struct facts *f, const char *name);

/* What is known of the layer as a whole. */
struct facts_layer {
	enum layer_encoding encoding;
	uint64_t tar_size;
};

/* ---- writing: never fails, but what could not be written is not published ------------------- */

struct facts_writer;

/* NULL when nothing can be written. */
struct facts_writer *facts_writer_new(const struct facts *f, const char *name);
void facts_writer_free(struct facts_writer *w); /* what was not published goes */
DEFINE_AUTO_PTR(facts_writer)

/* In the order of the tar; the path as the tar has it, normalised. Facts and text are those of the
 * entry before. All of them accept NULL. */
void facts_writer_entry(struct facts_writer *w, const struct entry *entry);
void facts_writer_elf(struct facts_writer *w, const struct elf *elf);
void facts_writer_text(struct facts_writer *w, const char *text, size_t len);

/* The layer was read to its end and nothing was wrong with it; memory is the sink's. */
void facts_writer_publish(
	struct facts_writer *w, const struct facts_layer *layer, const struct buf *memory);

/* ---- reading --------------------------------------------------------------------------------- */

/* A whole record, found to be what was written. */
struct facts_record {
	struct buf bytes;
	struct unpack items;
	struct facts_layer layer;
	const void *memory; /* borrowed from bytes */
	size_t memory_len;
	struct { /* of the entry at hand */
		struct entry_xattr *v;
		size_t n, cap;
	} xattrs;
};

/* -1 when there is none, or a damaged one. */
int facts_read(const struct facts *f, const char *name, struct facts_record *ret);
/* The same of the bytes of a file. */
int facts_parse(struct facts_record *r, const char *name, struct err *err);
void facts_record_release(struct facts_record *r);

enum facts_kind { FACTS_END, FACTS_ENTRY, FACTS_ELF, FACTS_TEXT, FACTS_BROKEN };
struct facts_item {
	struct entry entry; /* borrowed until the next item */
	struct elf *elf; /* the caller's */
	const char *text; /* borrowed from the record */
	size_t text_len;
};
enum facts_kind facts_next(struct facts_record *r, struct facts_item *ret);

#endif
