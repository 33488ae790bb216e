/*
 * scan_kit.h - an image scanned with a sink that holds every entry against scan.h.
 */
#ifndef TESTS_FUZZ_SCAN_KIT_H
#define TESTS_FUZZ_SCAN_KIT_H

#include "image/image.h"
#include "image/scan.h"

#include <stddef.h>

/* Scan with the checking sink and those of more; the tree is checked, too. NULL when the scan
 * failed. The caller frees. */
struct tree *fuzz_scan(struct image *image, const struct entry_sink *more, size_t n_more);

#endif
