/*
 * limits.h - every cap on what an image may make us do, with its reason.
 *
 * Those in struct image_limits are an operator's to change, by the policy file (docs/policy.md); the
 * LIMIT_ of the same name is the default. The others follow from what file systems and kernels take.
 */
#ifndef IMAGE_LIMITS_H
#define IMAGE_LIMITS_H

#include <stdint.h>

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

/* A JSON document of an image. Registries refuse manifests over 4 MiB (distribution's default);
 * configs with long histories stay far below. */
#define LIMIT_DOCUMENT (8 * MIB)

/* Layers of one image. Docker's overlay driver allows 128; overlayfs itself 500. */
#define LIMIT_LAYERS 500

/* Bytes of one layer's tar after inflating: a decompression bomb ends here. */
#define LIMIT_LAYER_TAR (64 * GIB)

/* Inflated bytes for each stored byte, looked at after the first 64 MiB. zlib cannot pass 1032. */
#define LIMIT_RATIO 1100

/* Entries of an image in all; a large language image has 200,000. */
#define LIMIT_ENTRIES 4000000

/* One path of an entry; PATH_MAX is 4096, so nothing longer could be unpacked. */
#define LIMIT_PATH 4096

/* A pax header or GNU long name. Go's reader, which the engines share, and libarchive take no more. */
#define LIMIT_TAR_SPECIAL (1 * MIB)

/* Extended attributes of one entry: Linux lists at most 64 KiB of names for a file. */
#define LIMIT_XATTRS 1024

/* Bytes of an entry that are at hand in entry(): whole configuration files, scripts and keys; the
 * dynamic section and string table of all but the largest programs. */
#ifndef LIMIT_ENTRY_HEAD /* the fuzz build's is small */
#define LIMIT_ENTRY_HEAD (1 * MIB)
#endif

/* What an archive on stdin or a compressed one may take on disk while it is spooled, and with it the
 * members that are stored without their holes, which are copied: as large as they are with them. */
#define LIMIT_SPOOL (64 * GIB)

/* Unpacked layers that stay in the store when a run has ended; some ten large images. */
#define LIMIT_STORE (10 * GIB)

/* What is kept of layers so that they need not be read again (facts.h): some 100 bytes an entry and
 * the texts; a hundred images. 0 keeps nothing. */
#define LIMIT_FACTS (256 * MIB)

/* One layer's share of it, which is in memory as a whole while it is read: 200,000 entries and a
 * package database. Larger layers are read anew each time. */
#define LIMIT_FACTS_RECORD (32 * MIB)

/* Manifests that one reference may lead to, nested indexes included; a large multi-platform index
 * has some thirty, an archive of a whole product line some hundred. */
#define LIMIT_MANIFESTS 1000

/* All documents of one image source together: a small index that names one large manifest many
 * times ends here. */
#define LIMIT_DOCUMENTS (64 * MIB)

/* History lines of a config; each layer has one, with some that made no layer. */
#define LIMIT_HISTORY 10000

/* Members of an image archive: seven for each layer in docker's oldest form. */
#define LIMIT_MEMBERS 100000

/* Headers of one member of an image archive: pax records and names of up to 1 MiB each, and the map of
 * a sparse file, of which libarchive keeps 50 bytes for every 4. GNU tar's has some 17 a hole. */
#define LIMIT_MEMBER_HEAD (4 * MIB)

/* Headers of one entry of a layer, the map of a sparse file included, of which libarchive keeps 48
 * bytes for every 4. What engines take is a pax header and two names of 1 MiB at most. */
#define LIMIT_ENTRY_HEADERS (2 * MIB)

/* Violations that are kept, for each kind, failures and warnings apart. */
#define LIMIT_VIOLATIONS 200

/* Depth of nested indexes. The specification sets none; buildx makes two. */
#define LIMIT_INDEX_DEPTH 8

/* Parts of an ELF file behind its head that are kept until its end (section and dynamic tables). */
#define LIMIT_ELF_PARTS (16 * MIB)

/* The window of a zstd layer. RFC 8878, 3.1.1.1.2 asks decoders for 8 MiB; zstd's levels up to 19,
 * and with them all the usual tools, stay there. Each layer under way takes that much memory. */
#define LIMIT_ZSTD_WINDOW (8 * MIB)

/* What is remembered of all ELF files together: some 200 bytes each; the largest images have some
 * 20,000. */
#define LIMIT_ELF_ALL (16 * MIB)

/* A file whose text the tree keeps (keep.h), and all of them together. */
#define LIMIT_KEEP_FILE (256 * 1024)
#define LIMIT_KEEP_DB (16 * MIB)
#define LIMIT_KEEP_ALL (40 * MIB)

/* In bytes where nothing else is said. Set before the first image is opened, and constant from then
 * on: threads read it. */
struct image_limits {
	uint64_t document;
	uint64_t manifests; /* a count */
	uint64_t members; /* a count */
	uint64_t layer_tar;
	uint64_t entries; /* a count, at most IMAGE_LIMITS_ENTRIES_MAX */
	uint64_t keep_all;
	uint64_t zstd_window; /* a power of two */
	uint64_t spool;
	uint64_t store;
	uint64_t facts;
};
extern struct image_limits image_limits;

/* More nodes than this may pass what references of four bytes lead to (tree_arena.h). */
#define IMAGE_LIMITS_ENTRIES_MAX 50000000

#endif
