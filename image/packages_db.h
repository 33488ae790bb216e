/*
 * packages_db.h - the inside of struct packages: a map from node to owner, filled by one reader for
 * each kind of database.
 *
 * What a database lists and the image does not have is left out, so there are never more owned
 * nodes than nodes. Checksums point into the texts that the tree keeps: it has to outlive the map.
 */
#ifndef IMAGE_PACKAGES_DB_H
#define IMAGE_PACKAGES_DB_H

#include "base/str.h"
#include "image/packages.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that do not end with a NUL. */
struct span {
	const char *s;
	size_t len;
};

/* A file that one package moved out of the way of its own: dpkg-divert(1). */
struct diversion {
	struct span from;
	struct span to;
	struct span by; /* ":" for the local administrator */
};

/* How the checksum of a file is written, which is how long it is. */
enum sum_kind {
	SUM_NONE,
	SUM_MD5_HEX,
	SUM_SHA1_BASE64, /* apk 2: behind "Q1" */
	SUM_SHA256_BASE64, /* apk 3: behind "Q2" */
};

struct owned {
	const struct node *node;
	const char *sum;
	uint32_t package; /* index in names */
	uint8_t sum_kind;
	bool made; /* not shipped, but made by the package's install script */
};

/* The directories below / that merged systems link to the same name below /usr. */
#define N_MERGED 6

struct packages {
	const struct tree *tree;
	struct strv names;
	struct {
		const struct node **v;
		size_t n, cap;
	} md5sums; /* as many as names: to be read when one of them is asked for, or NULL */
	struct {
		struct diversion *v;
		size_t n, cap;
	} diversions; /* sorted */
	struct {
		struct owned *v;
		size_t n, cap;
	} owned;
	uint32_t *slots; /* open addressing; index + 1, 0 is free */
	size_t n_slots; /* a power of two */
	const struct node *merged[N_MERGED]; /* the directories, wherever they are */
	struct span last_path; /* of the directory that was looked up last, and its node */
	const struct node *last_dir;
	const struct node *last; /* what was looked up last */
	size_t n_dpkg;
	size_t n_apk;
};

/* A new name; returns its index. */
uint32_t packages_name(struct packages *p, const char *name, size_t len);

/* The entry for dir/name, made for this package when there is none; what is shipped replaces
 * what was only made. NULL when the image has no such node. It is valid until the next call; dir
 * until there is no next one. */
struct owned *packages_add(
	struct packages *p, struct span dir, struct span name, uint32_t package, bool made);

/* The entry for a whole path, if there is one. */
struct owned *packages_at(struct packages *p, const char *path, size_t len);

/* packages_add() for a whole path; leading "/" and "./" do not count. */
struct owned *packages_add_path(
	struct packages *p, const char *path, size_t len, uint32_t package, bool made);

/* Set the checksum of an entry, as long as its kind has it; e may be NULL. */
void packages_sum(struct owned *e, enum sum_kind kind, const char *s);

/* The readers. The second one reads what the first one has put off for the package. */
void packages_read_dpkg(struct packages *p, const struct tree *tree);
void packages_read_md5sums(struct packages *p, uint32_t package);
void packages_read_apk(struct packages *p, const struct tree *tree);

#endif
