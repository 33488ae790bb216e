/*
 * tar_alike.h - whether engines take the headers of an archive's member for what libarchive takes them
 * for: another name would be another file to them. Private to image/.
 */
#ifndef IMAGE_TAR_ALIKE_H
#define IMAGE_TAR_ALIKE_H

#include "base/err.h"
#include "image/sparse.h"
#include "image/tar_raw.h"

#include <archive.h>
#include <archive_entry.h>

/* Feed the bytes of fd from one offset to another. */
int tar_raw_read(struct tar_raw *raw, int fd, uint64_t from, uint64_t to, struct err *err);

/* The entry is libarchive's of the headers at place. -1 when these cannot be read again. */
int tar_alike(int fd, const struct sparse_place *place, struct archive_entry *entry, bool *ret,
	struct err *err);

#endif
