/*
 * source.h - where an image's files come from: a directory, or an archive read in place.
 *
 *	source_open(&reference, platform, &source, err)
 *	source_find(source, "index.json", &blob, &declared, err)
 *	source_free(source)
 *
 * A name is looked up, never walked to: it may come from the image. Directories are left neither by
 * ".." nor by a link, archives have nothing but their members. Private to image/. Reading
 * (source_find) is thread-safe.
 */
#ifndef IMAGE_SOURCE_H
#define IMAGE_SOURCE_H

#include "base/cleanup.h"
#include "base/err.h"
#include "image/image.h"

#include <stdbool.h>
#include <stdint.h>

struct source;

/* Open what the reference names; platform is what to fetch from a registry ("linux/arm64"; NULL:
 * linux/amd64, else linux/386), options (borrowed) how to be let in there. reference->path and ->tag
 * are mended where the path itself has a colon. ERR_IO when it is not there, ERR_MALFORMED when a
 * file is no archive, ERR_LIMIT past LIMIT_SPOOL, LIMIT_RATIO or LIMIT_MEMBERS, ERR_UNSUPPORTED
 * without skopeo. */
int source_open(struct reference *reference, const char *platform,
	const struct image_options *options, struct source **ret, struct err *err);
void source_free(struct source *source);
DEFINE_AUTO_PTR(source)

/* The bytes of one regular file; the caller releases the blob. ret->size is what can be read;
 * *ret_declared (may be NULL) is what the archive says, more than that when the archive is cut
 * short. Without ret only whether it is there: what is stored without its holes is copied (sparse.h)
 * when its bytes are asked for. ERR_IO with sys == ENOENT when there is no such file, ERR_LIMIT past
 * image_limits.spool, other errors when it is something else or leads outside. */
int source_find(const struct source *source, const char *name, struct blob *ret,
	uint64_t *ret_declared, struct err *err);

/* Whether an error of source_find or of reading what it found is the machine's: then nothing is known
 * about the image. */
bool source_err_is_ours(const struct err *err);

/* Why the source ends too early, or NULL: "the archive is cut short: ..." */
const char *source_damage(const struct source *source);

/* The name of a member that is not the same to all readers of the archive, and why; or NULL. */
const char *source_ambiguous(const struct source *source, const char **ret_why);

/* For the implementations: the first member of each. */
struct source_ops {
	int (*find)(const struct source *source, const char *name, struct blob *ret,
		uint64_t *ret_declared, struct err *err);
	void (*free)(struct source *source);
};
struct source {
	const struct source_ops *ops;
	char *damage;
	char *ambiguous;
	const char *ambiguity; /* static */
};

/* A directory; takes dirfd. remove (may be NULL, copied) is removed with all in it on free. */
struct source *source_dir_new(int dirfd, const char *remove);

/* The members of the tar file in fd, which is taken also on failure; takes damage (may be NULL), what
 * is known of its end. The file may be cut short anywhere after its first header. spooled: it is a
 * copy of spool()'s, and counts against image_limits.spool. */
int source_archive_new(int fd, bool spooled, char *damage, struct source **ret, struct err *err);

/* What skopeo fetches for the reference, as its "dir" form in a temporary directory (scratch.h);
 * options say how to be let in. */
int source_skopeo_new(const char *reference, const char *platform,
	const struct image_options *options, struct source **ret, struct err *err);

/* Give *ret_fd a seekable, inflated copy of fd: an unnamed temporary file, capped by LIMIT_SPOOL.
 * With keep_plain, a file that is not compressed is not copied: *ret_fd is -1. Input that ends too
 * early is success with *ret_damage saying so (the caller frees). */
int spool(int fd, bool keep_plain, int *ret_fd, char **ret_damage, struct err *err);

/* Write into such a file where nothing was written before: zeros are left out, and stay holes. */
int spool_write(int fd, const char *data, size_t len, uint64_t offset, struct err *err);

#endif
