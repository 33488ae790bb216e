/*
 * tar_pax.h - the records of a pax header, and GNU's maps of sparse files, as the engines' reader
 * takes them (tar_header.h). Pure. Private to image/.
 *
 *	struct tar_pax pax = {0};
 *	tar_pax_parse(&pax, body, len)
 *	if (*pax.wrong) ...	engines refuse it, or readers differ about it
 *	tar_pax_release(&pax)
 */
#ifndef IMAGE_TAR_PAX_H
#define IMAGE_TAR_PAX_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The value of a record; at is NULL when there is none. A number of no digits counts as none, too. */
struct tar_text {
	const char *at; /* in the body; no NUL behind it */
	size_t len;
};

struct tar_pax {
	struct tar_text path, link;
	struct tar_text size, uid, gid, mtime;
	struct tar_text ignored; /* checked, but of no use to us */
	struct tar_text sparse_major, sparse_minor, sparse_name, sparse_size, sparse_realsize;
	struct tar_text sparse_blocks, sparse_map;
	struct buf map; /* what sparse_map leads to when each number has a record (0.0) */
	size_t pieces; /* such records */
	bool no_memory; /* for map: what else is said is not to be believed */
	bool sparse; /* some record that begins with "GNU.sparse." */
	struct {
		struct tar_xattr {
			struct tar_text name, value;
		} * v;
		size_t n, cap;
	} xattrs; /* names are unique */
	char wrong[128]; /* the first thing, or "" */
};

/* Borrows body until tar_pax_release. */
void tar_pax_parse(struct tar_pax *pax, const char *body, size_t len);
void tar_pax_release(struct tar_pax *pax);

bool tar_text_eq(const struct tar_text *text, const char *s);

/* A decimal number, a minus allowed; ret stays when there is no value. False: not a number. */
bool tar_text_number(const struct tar_text *text, int64_t *ret);

/* Seconds with a fraction that may be cut; *ret_ns is 0 to 999999999, also before 1970. */
bool tar_text_time(const struct tar_text *text, int64_t *ret, uint32_t *ret_ns);

/* Who is told of the pieces of a sparse file, in order, as its map is read: bytes of the file, which
 * lie one behind the other where the archive has its content. Those of a map that turns out to be bad
 * are told until then. */
struct tar_pieces {
	void (*piece)(uint64_t offset, uint64_t len, void *arg);
	void *arg;
};

/* A sparse file's map while it is read: piece by piece, or byte by byte as numbers, each with the
 * separator behind it. */
struct tar_map {
	int64_t size; /* of the file */
	const struct tar_pieces *pieces; /* may be NULL */
	char separator;
	bool counted; /* how many pieces there are is known */
	uint64_t left; /* numbers still to come */
	bool digits;
	int64_t number;
	bool inside; /* offset was read, length comes next */
	int64_t offset;
	int64_t end; /* of the piece before */
	uint64_t stored; /* bytes of all pieces */
	const char *bad; /* what is wrong with it; NULL: nothing so far */
};
void tar_map_begin(
	struct tar_map *map, int64_t size, char separator, const struct tar_pieces *pieces);
void tar_map_piece(struct tar_map *map, int64_t offset, int64_t len);
void tar_map_add(struct tar_map *map, char c);
bool tar_map_done(const struct tar_map *map);

/* Behind the last piece: the archive has stored bytes of content. What is wrong, or NULL. */
const char *tar_map_end(const struct tar_map *map, uint64_t stored);

/* A whole map of the form of 0.0 or 0.1. What is wrong, or NULL. */
const char *tar_pax_map(
	const struct tar_pax *pax, int64_t size, uint64_t stored, const struct tar_pieces *pieces);

#endif
