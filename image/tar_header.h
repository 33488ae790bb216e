/*
 * tar_header.h - one 512-byte header of a tar, as the engines' reader takes it (Go's archive/tar,
 * which Docker, containerd, Podman, Buildah, umoci and kaniko share). Pure. Private to tar_raw*.c.
 *
 *	struct tar_header h;
 *	if (!tar_header_parse(block, &h)) ...		the checksum is wrong: no header
 *	if (h.bad) ...					"mode": engines refuse the archive for it
 */
#ifndef IMAGE_TAR_HEADER_H
#define IMAGE_TAR_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAR_BLOCK 512

enum tar_format { TAR_V7, TAR_USTAR, TAR_STAR, TAR_GNU };

struct tar_header {
	enum tar_format format;
	char type; /* as written */
	char path[155 + 1 + 100 + 1]; /* with its prefix */
	char link[100 + 1];
	int64_t mode;
	int64_t uid;
	int64_t gid;
	int64_t size;
	int64_t mtime;
	int64_t dev_major;
	int64_t dev_minor;
	const char *bad; /* the last number that is none, or NULL; its value is 0 then */
	bool gnu_prefix; /* GNU has no prefix, but Go wrote one until 1.8 and still reads it */
};

bool tar_header_parse(const uint8_t block[TAR_BLOCK], struct tar_header *ret);

/* Of a header whose checksum is right: whether it is that of a file, link, symbolic link or directory in
 * POSIX's or GNU's format and in nothing departs from what these write, so that every reader of tars
 * takes it for the same. */
bool tar_header_plain(const uint8_t block[TAR_BLOCK]);

/* Of typeflag S in GNU's format: the size of the file with its holes. False: no number. */
bool tar_header_real_size(const uint8_t block[TAR_BLOCK], int64_t *ret);

/* A block of the map of such a file: its header, or (more) one of those behind it. */
struct tar_map_block {
	const uint8_t *block;
	bool more;
};

/* The i-th piece of it. False: there are no more; *ret_len is -1 for one that is no number. */
bool tar_map_block_piece(
	const struct tar_map_block *b, size_t i, int64_t *ret_offset, int64_t *ret_len);

/* Whether another block follows. */
bool tar_map_block_continues(const struct tar_map_block *b);

#endif
