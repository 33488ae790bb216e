/*
 * image_kit.h - small images for the tests: layouts and archives written from texts.
 *
 *	struct kit kit;
 *	kit_init(&kit);				a temporary directory with an empty layout in it
 *	kit_blob(&kit, "{...}", 5, &ref);	blobs/sha256/<hex>; ref.digest, ref.size
 *	kit_put(&kit, "index.json", "{...}")
 *	kit_release(&kit);
 *
 * Whatever fails aborts the test with a message.
 */
#ifndef TESTS_IMAGE_KIT_H
#define TESTS_IMAGE_KIT_H

#include "base/digest.h"
#include "image/image.h"

#include <stdbool.h>
#include <stddef.h>

struct kit {
	char dir[64];
};

struct kit_ref {
	char digest[DIGEST_TEXT_MAX];
	size_t size;
};

void kit_init(struct kit *kit);
void kit_release(struct kit *kit);

/* A file below the directory; directories on the way are made. */
void kit_put(const struct kit *kit, const char *name, const char *text);
void kit_put_bytes(const struct kit *kit, const char *name, const void *data, size_t len);
char *kit_path(const struct kit *kit, const char *name); /* the caller frees */

void kit_blob(const struct kit *kit, const void *data, size_t len, struct kit_ref *ret);

/* An image of one layer for this platform, ready but for the index. */
struct kit_image {
	struct kit_ref layer; /* blob and diff_id are the same: an uncompressed tar */
	struct kit_ref config;
	struct kit_ref manifest;
};
void kit_image(const struct kit *kit, const char *os, const char *architecture, const char *command,
	struct kit_image *ret);

/* "{"mediaType": <manifest>, "digest":..., "size":... <more>}" ; the caller frees. */
char *kit_entry(const struct kit_ref *ref, const char *more);

/* index.json with these entries (comma-separated), and oci-layout. */
void kit_index(const struct kit *kit, const char *entries);

/* What a tar archive has: a file with text (or data and len), or a link. */
struct kit_member {
	const char *name;
	const char *text;
	size_t len; /* 0: strlen(text) */
	const char *symlink;
	const char *hardlink;
};

enum kit_filter { KIT_PLAIN, KIT_GZIP, KIT_ZSTD };

/* name below the directory as a pax archive of the members. */
void kit_tar(const struct kit *kit, const char *name, enum kit_filter filter,
	const struct kit_member *members, size_t n);

/* The layout in the directory (oci-layout, index.json, blobs) as an archive, names with this prefix. */
void kit_pack(const struct kit *kit, const char *name, enum kit_filter filter, const char *prefix);

/* image_open of prefix + a path in the directory. */
int kit_open(const struct kit *kit, const char *scheme, const char *name, const char *platform,
	struct image **ret, struct err *err);

/* The first violation whose message, file and pointer have these texts in them (NULL: any). */
const struct violation *kit_violation(
	const struct image *image, const char *file, const char *pointer, const char *message);

/* Violations that are not warnings. */
size_t kit_failures(const struct image *image);

#endif
