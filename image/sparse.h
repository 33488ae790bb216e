/*
 * sparse.h - members of an archive that are stored without their holes, as `tar -S` does it: GNU's own
 * form and the three of pax (0.0, 0.1, 1.0). Private to image/.
 *
 *	copies = sparse_copies_new(fd, size, spooled)
 *	sparse_find(copies, &place, &blob, err)
 *	if (blob.fd < 0) ...				it lies in one piece
 *
 * A blob is one range of a file, so such a member is copied with its holes into an unnamed temporary
 * file, where they are holes again; once, when it is first asked for. Its map is read as engines read
 * it (tar_raw.h) and never kept: once to see whether it is good, once more for copying. Thread-safe.
 */
#ifndef IMAGE_SPARSE_H
#define IMAGE_SPARSE_H

#include "base/cleanup.h"
#include "base/err.h"
#include "image/image.h"

#include <stdint.h>

struct sparse_copies;

/* Borrows fd, an archive of size bytes. spooled of them count against image_limits.spool, as does the
 * size of each copy, holes included. */
struct sparse_copies *sparse_copies_new(int fd, uint64_t size, uint64_t spooled);
void sparse_copies_free(struct sparse_copies *copies);

/* Where a member is in the archive, and how large it is, as libarchive has it. */
struct sparse_place {
	uint64_t headers; /* the first one that belongs to it */
	uint64_t content; /* behind the last one */
	uint64_t size;
};

/* Give the bytes of a member, as many of them as there are when the archive is cut short; ret->fd is
 * -1 when they lie in one piece. ERR_MALFORMED when its map does not fit, or readers disagree about
 * it; ERR_UNSUPPORTED for a map in another form, ERR_LIMIT past image_limits.spool. */
int sparse_find(struct sparse_copies *copies, const struct sparse_place *place, struct blob *ret,
	struct err *err);

#endif
