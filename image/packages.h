/*
 * packages.h - who owns a file: the package databases of dpkg and apk, read from the merged tree.
 */
#ifndef IMAGE_PACKAGES_H
#define IMAGE_PACKAGES_H

#include "base/cleanup.h"
#include "image/tree.h"

#include <stdbool.h>
#include <stddef.h>

struct packages;

/* Reads var/lib/dpkg (status, info/X.list, info/X.conffiles, status.d of distroless) and
 * lib/apk/db/installed, as far as they are there; a broken database owns what could be read. */
struct packages *packages_read(const struct tree *tree);
void packages_free(struct packages *packages);
DEFINE_AUTO_PTR(packages)

/* The package that owns path ("etc/nginx/nginx.conf"), also through merged /usr (bin/x owned as
 * usr/bin/x), or that made it at install (ucf registry, names that the package's own postinst script
 * mentions literally); NULL when none does. Borrowed from packages. */
const char *packages_owner(const struct packages *packages, const char *path);

/* Whether owned content is still as shipped: 1 yes, 0 changed, -1 not known (no checksum).
 * md5 of dpkg conffiles and .md5sums (read when a package's is asked for first), sha1 (Q1...) of apk;
 * content is the file's bytes. */
int packages_pristine(struct packages *packages, const char *path, const void *content, size_t len);

/* "dpkg", "apk", "dpkg, apk" or "" and how many packages: for evidence. */
const char *packages_kind(const struct packages *packages);
size_t packages_count(const struct packages *packages);

#endif
