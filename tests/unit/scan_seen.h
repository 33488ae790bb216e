/*
 * scan_seen.h - a sink that writes down what image_scan() hands to it, for the tests of the scan.
 */
#ifndef TESTS_UNIT_SCAN_SEEN_H
#define TESTS_UNIT_SCAN_SEEN_H

#include "image/scan.h"

#include "base/buf.h"
#include "base/str.h"
#include "tests/unit/layer_kit.h"

#define SCAN(image, tree) scan(image, NULL, 0, tree)

struct seen {
	struct strv log; /* "0 f etc/passwd", "0 end good" */
	struct buf data; /* of the file named want */
	const char *want;
	size_t head_len;
	uint64_t gap; /* bytes that were jumped over */
	size_t skip; /* layer to skip, plus one */
};

struct entry_sink sink_of(struct seen *seen);
void seen_release(struct seen *seen);
void scan(struct image *image, const struct entry_sink *sinks, size_t n, struct tree **tree);
void expect_log(const struct seen *seen, const char *const *expected);
void expect_violation(
	const struct image *image, enum violation_kind kind, bool warning, const char *text);

#endif
