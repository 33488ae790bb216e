/*
 * store_unpack_private.h - what store_unpack.c and its parts share.
 */
#ifndef IMAGE_STORE_UNPACK_PRIVATE_H
#define IMAGE_STORE_UNPACK_PRIVATE_H

#include "image/limits.h"
#include "image/store_unpack.h"

/* Owner, mode and time as they are set once the content is there. */
struct attributes {
	mode_t mode;
	uint32_t uid;
	uint32_t gid;
	int64_t mtime;
	uint32_t mtime_ns;
};

/* Extended attributes copied: they are set after the last write, which would clear capabilities. */
struct xattr_copy {
	char *name;
	void *value;
	size_t len;
};

/* A directory whose attributes are set at the end, when nothing is made in it any more. */
struct pending_dir {
	char *path;
	size_t order; /* the last one of a path counts */
	struct attributes at;
};

/* A regular file being written. */
struct store_file {
	int fd; /* -1: none */
	uint64_t size;
	uint64_t end; /* behind the last byte written */
	struct attributes at;
};

struct store_pool;

struct unpack {
	int root;
	struct store_ids ids;
	struct store_meta meta;

	char parent_path[LIMIT_PATH]; /* the directory opened last: tars go by directory */
	int parent; /* -1: none is open */

	struct store_pool *pool; /* small files */
	struct store_file file; /* a larger one */
	bool content_done; /* what comes of the entry at hand is in the pool, or of no use any more */
	struct {
		struct xattr_copy *v;
		size_t n, cap;
	} xattrs;

	struct strv whiteouts; /* paths of those made for something of a lower layer */
	struct strv doubtful; /* and of those made in place of something of this layer */
	struct strv opaque; /* paths of directories that hide all below them in lower layers */

	struct {
		struct pending_dir *v;
		size_t n, cap;
	} dirs;
};

struct attributes attributes_of(const struct entry *entry);

/* Set them on an open file or directory, where it does not have them: most are made as they will be,
 * and a change costs more than a look. */
int attributes_set(const struct store_ids *ids, struct store_lost *lost, int fd,
	const struct attributes *at, struct err *err);

/* Whole blocks of zeros are left out: the head of a sparse file comes with them. */
int store_file_write(
	struct store_file *f, uint64_t offset, const void *bytes, size_t len, struct err *err);

/* Behind the last write: its size and its attributes. */
int store_file_finish(const struct store_file *f, const struct store_ids *ids,
	struct store_lost *lost, struct err *err);

/* Set owner and time of name below dir without opening it; the mode, too, unless it is a link. */
int attributes_set_at(struct unpack *u, int dir, const char *name, bool link,
	const struct attributes *at, struct err *err);

/* Set one extended attribute of the image; what may not or cannot be kept is counted. */
int xattr_set(
	struct unpack *u, int fd, const char *name, const void *value, size_t len, struct err *err);

/* Whether, by errno, an attribute cannot be had on fd: not now, and not when it is tried again. */
bool xattr_refused(int fd);

/* Mark a directory opaque for overlay. */
int xattr_set_opaque(const struct unpack *u, int fd, struct err *err);

/* Remove the whiteouts that hide nothing: below opaque directories, and the doubtful ones whose path
 * is not among the others. Where a directory is not merged with a lower one overlay would list
 * them. */
int whiteouts_tidy(struct unpack *u, struct err *err);

/* Copy the regular file or link path of the lower layer to name below dir. */
int unpack_copy(int lower, const char *path, int dir, const char *name, struct err *err);

/* The directory path ("" is root) below root, with these open flags; -1 with errno set. */
int open_beneath(int root, const char *path, int flags);

/* A new regular file to be written, with these permission bits, less what umask(2) takes; the same. */
int create_beneath(int root, const char *path, mode_t mode);

#endif
