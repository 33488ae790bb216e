/*
 * auto_archive.h - a libarchive reader that is freed with its scope, and its errors as ours. Private
 * to image/.
 */
#ifndef IMAGE_AUTO_ARCHIVE_H
#define IMAGE_AUTO_ARCHIVE_H

#include "base/err.h"

#include <archive.h>
#include <errno.h>
#include <stdbool.h>

static inline void cleanup_archive(struct archive **a)
{
	int saved = errno;

	archive_read_free(*a); /* NULL is fine */
	errno = saved;
}
#define auto_archive __attribute__((cleanup(cleanup_archive)))

/* What libarchive could not do: EILSEQ is its "of no format that I know", negative numbers are its
 * other complaints about the content, the rest is errno. Returns -1. */
static inline int archive_failed(struct archive *a, struct err *err)
{
	int sys = archive_errno(a);
	const char *text = archive_error_string(a);

	return err_set(err, sys > 0 && sys != EILSEQ ? ERR_IO : ERR_MALFORMED,
		"the archive cannot be read: %s", text ? text : "unknown cause");
}

/* Whether the file could not be read or memory is out, which says nothing about the content: EINVAL,
 * too, is a complaint about that. */
static inline bool archive_is_ours(struct archive *a)
{
	int sys = archive_errno(a);

	return sys > 0 && sys != EILSEQ && sys != EINVAL;
}

#endif
