/*
 * packages_db.h - the inside of struct packages: a map from path to owner, filled by one reader for
 * each kind of database.
 *
 * Paths point into the texts that the tree keeps; nothing of them is copied, so the tree has to
 * outlive the map.
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

/* How the checksum of a file is written. */
enum sum_kind {
	SUM_NONE,
	SUM_MD5_HEX,
	SUM_SHA1_BASE64, /* apk 2: behind "Q1" */
	SUM_SHA256_BASE64, /* apk 3: behind "Q2" */
};

struct owned {
	struct span dir; /* "etc/nginx", without "usr/" where that is merged */
	struct span name;
	struct span sum;
	uint32_t package; /* index in names */
	uint8_t sum_kind;
	bool made; /* not shipped, but made by the package's install script */
};

/* The directories below / that merged systems link to the same name below /usr. */
#define N_MERGED 6

struct packages {
	struct strv names;
	struct {
		struct owned *v;
		size_t n, cap;
	} owned;
	uint32_t *slots; /* open addressing; index + 1, 0 is free */
	size_t n_slots; /* a power of two */
	uint64_t seed;
	bool merged[N_MERGED];
	size_t n_dpkg;
	size_t n_apk;
};

/* A new name; returns its index. */
uint32_t packages_name(struct packages *p, const char *name, size_t len);

/* The entry for dir/name, made for this package when there is none; what is shipped replaces
 * what was only made. NULL when the map is full (LIMIT_OWNED) or a name is empty. It is valid
 * until the next call. */
struct owned *packages_add(
	struct packages *p, struct span dir, struct span name, uint32_t package, bool made);

/* The same for a whole path; leading "/" and "./" do not count. */
struct owned *packages_add_path(
	struct packages *p, const char *path, size_t len, uint32_t package, bool made);

/* Set the checksum of an entry; e may be NULL. */
void packages_sum(struct owned *e, enum sum_kind kind, const char *s, size_t len);

/* The readers. */
void packages_read_dpkg(struct packages *p, const struct tree *tree);
void packages_read_apk(struct packages *p, const struct tree *tree);

#endif
