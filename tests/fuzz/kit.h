/*
 * kit.h - what the fuzz targets share: inputs taken apart, images and files in memory, and what has
 * to hold of every merged tree.
 *
 * A target is one file, fuzz_NAME.c, with LLVMFuzzerTestOneInput(). Its seeds are made by
 * tests/fuzz/seeds; NAME.dict, where there is one, is its dictionary; what it once found lies in
 * finds/NAME/ and is replayed by every run.
 */
#ifndef TESTS_FUZZ_KIT_H
#define TESTS_FUZZ_KIT_H

#include "checks/engine.h"
#include "image/image.h"
#include "image/tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* What has to hold whatever the input is; says where and aborts when it does not. */
#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fuzz_fail(__FILE__, __LINE__, #condition);                                 \
		}                                                                                  \
	} while (0)
_Noreturn void fuzz_fail(const char *file, int line, const char *condition);

/* ---- the input ------------------------------------------------------------------------------- */

struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

/* 0 when nothing is left. */
uint8_t fuzz_byte(struct fuzz_input *in);

/* A heap copy of what is before the next NUL (or all that is left), for the caller to free. It ends
 * with a NUL and with the allocation, so that AddressSanitizer sees a read behind it. */
char *fuzz_field(struct fuzz_input *in);

/* The same without the NUL, for functions that take a length; never NULL. */
char *fuzz_bytes(struct fuzz_input *in, size_t *ret_len); /* before the next NUL */
char *fuzz_rest(struct fuzz_input *in, size_t *ret_len);

/* A path under which these bytes are a regular file, until the next call. */
const char *fuzz_file(const void *bytes, size_t len);

/* Where temporary files go from now on: memory. */
void fuzz_tmpdir(void);

/* ---- images ---------------------------------------------------------------------------------- */

struct fuzz_blob {
	const void *bytes;
	size_t len;
};

/* Layers of these stored bytes. Digests and sizes are right, diff_ids those of the stored bytes.
 * The bytes are borrowed; image_free. */
struct image *fuzz_image(const struct fuzz_blob *layers, size_t n);

/* Parents, siblings, names and contents fit together; a node's path leads to it; there is no file
 * with a whiteout's name. The tree has to be sealed. */
void fuzz_check_tree(const struct tree *tree);

/* Whether a path is as scan.h and tree.h give them: relative, no ".", ".." or double slashes. */
bool fuzz_path_is_plain(const char *path);

/* Apply the tree program (fuzz_tree.c) up to an empty field; sealed. */
struct tree *fuzz_tree(struct fuzz_input *in);

/* ---- reports --------------------------------------------------------------------------------- */

/* Write the result in report_formats[format]: valid UTF-8, and JSON that can be read. */
void fuzz_report(const struct result *result, size_t format);

/* ---- mutators -------------------------------------------------------------------------------- */

/* One mutation of a tar: of its bytes or of its blocks; header checksums are right afterwards. */
size_t fuzz_mutate_tar(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/* One of a gzip or zstd stream's content, encoded anew; of the bytes as they are where that cannot
 * be done. */
size_t fuzz_mutate_layer(uint8_t *data, size_t size, size_t max_size, unsigned seed);

#endif
