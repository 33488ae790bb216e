/*
 * tar_raw.h - the headers of a tar as the engines' reader takes them, found beside libarchive in
 * the same bytes. Docker, containerd, Podman, Buildah, umoci and kaniko all read layers with Go's
 * archive/tar; what differs from it is what libarchive hides (docs/layers.md). Pure: bytes in, items
 * out; contents are stepped over. Private to image/.
 *
 *	raw = tar_raw_new()
 *	tar_raw_feed(raw, bytes, len)		pieces of any size, in order
 *	tar_raw_end(raw)			behind the last one
 *	item = tar_raw_next(raw)		what was found so far, in the order of item->at
 *	tar_raw_item_free(item)
 */
#ifndef IMAGE_TAR_RAW_H
#define IMAGE_TAR_RAW_H

#include "base/cleanup.h"
#include "image/scan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tar_raw;

/* What misfit says of a form that is none of GNU's three. */
#define TAR_RAW_NO_FORM "its form is not known"

/* An entry, or (type 0) something about the tar that belongs to none. */
struct tar_raw_item {
	struct tar_raw_item *next;
	uint64_t at; /* offset of its first header, extended ones included */
	uint64_t content; /* offset of what follows its headers and the map of a sparse file */
	char type; /* typeflag, '0' or '5' for the oldest tars' NUL */
	char wrong[160]; /* what makes it unreadable, or differently read by engines; or "" */
	char odd[160]; /* engines agree, other readers do not; or "" */
	bool plain; /* every reader takes it for this, and nothing was said of it */
	bool prefixed; /* other readers see only the end of the path; odd says so */
	const char *path; /* as written */
	const char *link;
	bool sparse; /* stored without its holes, or said to be */
	const char *misfit; /* sparse: why its map cannot be used, or NULL */
	int64_t size; /* of the file; a sparse one's with its holes */
	int64_t mode;
	int64_t uid;
	int64_t gid;
	int64_t mtime;
	uint32_t mtime_ns;
	int64_t dev_major;
	int64_t dev_minor;
	const struct entry_xattr *xattrs;
	size_t n_xattrs;
};

struct tar_raw *tar_raw_new(void);
void tar_raw_free(struct tar_raw *raw);
DEFINE_AUTO_PTR(tar_raw)

/* Tell pieces (borrowed) of each sparse file's content, before its item is there. Once, at first. */
struct tar_pieces; /* tar_pax.h */
void tar_raw_tell(struct tar_raw *raw, const struct tar_pieces *pieces);

void tar_raw_feed(struct tar_raw *raw, const void *bytes, size_t len);
void tar_raw_end(struct tar_raw *raw);

/* The next item, for the caller to free; NULL: none so far. */
struct tar_raw_item *tar_raw_next(struct tar_raw *raw);
/* Offset of the next item, UINT64_MAX when there is none so far. */
uint64_t tar_raw_next_at(const struct tar_raw *raw);
/* Offset of the first plain one from that offset on; UINT64_MAX likewise. */
uint64_t tar_raw_plain_at(const struct tar_raw *raw, uint64_t from);
void tar_raw_item_free(struct tar_raw_item *item);
DEFINE_AUTO_PTR(tar_raw_item)

/* A typeflag that engines refuse, and nothing can be made of. */
static inline bool tar_raw_unsupported(const struct tar_raw_item *item)
{
	return item->type < '0' || item->type > '6';
}

/* Whether there was a header that cannot be read on from; an item has said so. */
bool tar_raw_lost(const struct tar_raw *raw);

/* Whether there was no memory for a header: what the items say since then is not the tar's fault. */
bool tar_raw_no_memory(const struct tar_raw *raw);

#endif
