/* auto_archive.h - a libarchive reader that is freed with its scope. Private to image/. */
#ifndef IMAGE_AUTO_ARCHIVE_H
#define IMAGE_AUTO_ARCHIVE_H

#include <archive.h>
#include <errno.h>

static inline void cleanup_archive(struct archive **a)
{
	int saved = errno;

	archive_read_free(*a); /* NULL is fine */
	errno = saved;
}
#define auto_archive __attribute__((cleanup(cleanup_archive)))

#endif
