/* Layers that are wrong: what is said of them, and that all others are read all the same. */
#include "image/scan.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "base/sys_file.h"
#include "image/limits.h"
#include "tests/unit/scan_seen.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

static const struct lk_entry small[] = {{.name = "a", .text = "1"}, {.name = "b", .text = "2"}};

Test(image_scan, wrong_digest_diff_id_size_and_media_type)
{
	const struct lk_layer layers[] = {{small, 2, LAYER_GZIP, NULL, 0},
		{small, 2, LAYER_GZIP, NULL, 0}, {small, 2, LAYER_GZIP, NULL, 0},
		{small, 2, LAYER_GZIP, NULL, 0}, {small, 2, LAYER_ZSTD, NULL, 0},
		{small, 2, LAYER_PLAIN, NULL, 0}};
	AUTO_PTR(image) struct image *image = lk_image(layers, 6);
	AUTO_PTR(tree) struct tree *tree = NULL;
	AUTO(seen) struct seen seen = {0};
	const struct entry_sink sink = sink_of(&seen);

	image->layers[0].digest[20] ^= 1;
	image->layers[1].diff_id[20] ^= 1;
	image->layers[2].size++;
	free(image->layers[3].diff_id);
	image->layers[3].diff_id = NULL;
	image->layers[4].media_type = xstrdup("application/vnd.oci.image.layer.v1.tar+gzip");
	image->layers[5].media_type = xstrdup("application/vnd.docker.image.rootfs.diff.tar.gzip");
	scan(image, &sink, 1, &tree);
	cr_expect_eq(image->violations.n, 5);
	for (size_t i = 0; i < 3; i++) {
		char file[16];

		snprintf(file, sizeof(file), "layer %zu", i);
		cr_expect_str_eq(image->violations.v[i].file, file);
		cr_expect_eq(image->violations.v[i].kind, VIOLATION_CONFORMANCE);
		cr_expect_not(image->violations.v[i].warning);
	}
	cr_expect(strstr(image->violations.v[0].message, "digest"));
	cr_expect(strstr(image->violations.v[1].message, "diff_id"));
	cr_expect(strstr(image->violations.v[2].message, "bytes long"));
	expect_violation(image, VIOLATION_CONFORMANCE, false, "is zstd, its media type says gzip");
	/* Docker's tools write this media type for whatever they store */
	expect_violation(image, VIOLATION_CONFORMANCE, true, "is plain, its media type says gzip");
	cr_expect(strv_has(&seen.log, "0 end bad"));
	cr_expect(strv_has(&seen.log, "1 end bad"));
	cr_expect(strv_has(&seen.log, "2 end bad"));
	cr_expect(strv_has(&seen.log, "3 end bad")); /* nothing vouches for it */
	cr_expect(strv_has(&seen.log, "4 end bad")); /* it stands on those */
}

/* A media type says how to read a layer, not what it is. */
Test(image_scan, a_wrong_media_type_makes_no_layer_another)
{
	const struct lk_layer layers[] = {
		{small, 2, LAYER_ZSTD, NULL, 0}, {small, 2, LAYER_GZIP, NULL, 0}};
	AUTO_PTR(image) struct image *image = lk_image(layers, 2);
	AUTO_PTR(tree) struct tree *tree = NULL;
	AUTO(seen) struct seen seen = {0};
	const struct entry_sink sink = sink_of(&seen);

	image->layers[0].media_type = xstrdup("application/vnd.oci.image.layer.v1.tar+gzip");
	scan(image, &sink, 1, &tree);
	cr_expect_eq(image->violations.n, 1);
	cr_expect(strv_has(&seen.log, "0 end good"));
	cr_expect(strv_has(&seen.log, "1 end good"));
}

/* A layer cut short is broken, its digest wrong; the others are read all the same. */
Test(image_scan, one_broken_layer_keeps_no_other_from_being_read)
{
	static const struct lk_entry other[] = {{.name = "c", .text = "3"}};
	const struct lk_layer layers[] = {
		{small, 2, LAYER_GZIP, NULL, 0}, {other, 1, LAYER_GZIP, NULL, 0}};
	AUTO_PTR(image) struct image *image = lk_image(layers, 2);
	AUTO_PTR(tree) struct tree *tree = NULL;

	lk_stored(image, 0)->len -= 20;
	SCAN(image, &tree);
	expect_violation(image, VIOLATION_LAYER, false, "cut short");
	expect_violation(image, VIOLATION_CONFORMANCE, false, "has the digest");
	expect_violation(image, VIOLATION_CONFORMANCE, false, "bytes long");
	cr_expect_null(lk_violation(image, VIOLATION_CONFORMANCE, "diff_id"));
	cr_expect_null(image->layers[0].diff_id_read);
	cr_expect_not_null(tree_lookup(tree, "c", false));
}

/* Bytes behind the end of the tar belong to the diff_id; no engine reads them. */
Test(image_scan, bytes_behind_the_end_of_the_tar)
{
	AUTO(buf) struct buf tar;

	buf_init(&tar, 1 << 20);
	lk_tar_entries(&tar, small, 2);
	lk_tar_end(&tar);
	cr_assert_eq(buf_add(&tar, "more", 4, NULL), 0);
	{
		const struct lk_layer layer = {NULL, 0, LAYER_GZIP, tar.data, tar.len};
		AUTO_PTR(image) struct image *image = lk_image(&layer, 1);
		AUTO_PTR(tree) struct tree *tree = NULL;

		SCAN(image, &tree);
		cr_expect_eq(image->violations.n, 1);
		expect_violation(image, VIOLATION_LAYER, true, "data behind the end");
		cr_expect_eq(image->layers[0].tar_size, tar.len);
	}
}

Test(image_scan, tars_that_are_none)
{
	static const char zeros[1024];
	static const struct {
		const char *bytes;
		size_t len;
		const char *says; /* NULL: fine */
	} rows[] = {{"", 0, NULL}, {zeros, sizeof(zeros), NULL},
		{"this is certainly no tar archive", 32, "archive"}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct lk_layer layer = {NULL, 0, LAYER_PLAIN, rows[i].bytes, rows[i].len};
		AUTO_PTR(image) struct image *image = lk_image(&layer, 1);
		AUTO_PTR(tree) struct tree *tree = NULL;
		AUTO(seen) struct seen seen = {0};
		const struct entry_sink sink = sink_of(&seen);

		scan(image, &sink, 1, &tree);
		cr_expect_eq(tree_count(tree), 1);
		cr_expect_eq(image->violations.n, rows[i].says ? 1 : 0, "row %zu", i);
		cr_expect_str_eq(seen.log.v[0], rows[i].says ? "0 end bad" : "0 end good");
		if (rows[i].says) {
			expect_violation(image, VIOLATION_LAYER, false, rows[i].says);
		}
	}
}

/* The tar ends inside a file: the entry before it counts, the message says where. */
Test(image_scan, tar_cut_inside_a_file)
{
	static const struct lk_entry entries[] = {
		{.name = "a", .text = "1"}, {.name = "etc/x.conf", .text = "0123456789"}};
	AUTO(buf) struct buf tar;

	buf_init(&tar, 1 << 20);
	lk_tar_entries(&tar, entries, 2);
	{
		const struct lk_layer layer = {NULL, 0, LAYER_PLAIN, tar.data, 1536 + 5};
		AUTO_PTR(image) struct image *image = lk_image(&layer, 1);
		AUTO_PTR(tree) struct tree *tree = NULL;

		SCAN(image, &tree);
		expect_violation(image, VIOLATION_LAYER, false, "(at byte 1024 of the tar)");
		cr_expect_str_eq(image->violations.v[0].pointer, "etc/x.conf");
		cr_expect_not_null(tree_lookup(tree, "a", false));
		cr_expect_null(node_text(tree_lookup(tree, "etc/x.conf", false)));
		cr_expect_eq(image_layers_unread(image), 1);
	}
}

/* A bad entry is not a dead archive. */
Test(image_scan, bad_entries)
{
	static char long_name[300];
	static const struct lk_entry entries[] = {
		{.name = "../escape", .text = "x"},
		{.name = "a/../../escape", .text = "x"},
		{.name = "/etc/absolute", .text = "x"},
		{.name = "a/./b//../c", .text = "x"},
		{.name = "hard to nothing", .type = '1', .target = "nowhere"},
		{.name = "hard to itself", .type = '1', .target = "hard to itself"},
		{.name = "hard outside", .type = '1', .target = "../etc/passwd"},
		{.name = "hard to a directory", .type = '1', .target = "a"},
		{.name = "a/c/below a file", .text = "x"},
		{.name = "empty link", .type = '2', .target = ""},
		{.name = ".wh.", .text = ""},
		{.name = "dir/.wh...", .text = ""},
		{.name = ".wh..wh.plnk", .text = ""},
		{.name = "loop", .type = '2', .target = "loop"},
		{.name = "loop/x", .text = "x"},
		{.name = long_name, .text = "x", .pax = NULL},
		{.name = "ids", .text = "x", .pax = "uid=4294967295"},
		{.name = "null", .type = '3'},
		{.name = "last", .text = "x"},
	};
	const struct lk_layer layer = {entries, ARRAY_SIZE(entries), LAYER_PLAIN, NULL, 0};
	AUTO_PTR(tree) struct tree *tree = NULL;
	static const struct {
		const char *name;
		const char *says;
		bool warning;
	} rows[] = {
		{"../escape", "leaves the root", false},
		{"a/../../escape", "leaves the root", false},
		{"hard to nothing", "'nowhere', which is not there", false},
		{"hard to itself", "which is not there", false},
		{"hard outside", "leaves the root", false},
		{"hard to a directory", "which is not there", false},
		{"a/c/below a file", "'c' is no directory in this layer", false},
		{"empty link", "target of 0 bytes", false},
		{".wh.", "whiteout without a name", false},
		{"dir/.wh...", "whiteout without a name", false},
		{".wh..wh.plnk", "AUFS", true},
		{"loop/x", "too many symbolic links", false},
		{"ids", "out of range", false},
		{"null", "character device 0/0", true},
	};

	memset(long_name, 'n', 99);
	{
		AUTO_PTR(image) struct image *image = lk_image(&layer, 1);

		SCAN(image, &tree);
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
			const struct violation *v = &image->violations.v[i];

			cr_assert_lt(i, image->violations.n);
			cr_expect_str_eq(v->pointer, rows[i].name);
			cr_expect(
				strstr(v->message, rows[i].says), "%s: %s", v->pointer, v->message);
			cr_expect_eq(v->warning, rows[i].warning, "%s", v->pointer);
		}
		cr_expect_eq(image->violations.n, ARRAY_SIZE(rows));
	}
	cr_expect_not_null(tree_lookup(tree, "etc/absolute", false));
	cr_expect_not_null(tree_lookup(tree, "a/c", false));
	cr_expect_not_null(tree_lookup(tree, "last", false));
	cr_expect_null(tree_lookup(tree, "escape", false));
	cr_expect_null(tree_lookup(tree, "null", false));
}

/* Names and paths that no Linux file system takes. */
Test(image_scan, names_too_long)
{
	char component[300];
	char path[5100];
	char pax_component[320];
	char pax_path[5120];
	struct lk_entry entries[] = {{.name = "x", .text = "1", .pax = pax_component},
		{.name = "y", .text = "1", .pax = pax_path}, {.name = "z", .text = "1"}};
	const struct lk_layer layer = {entries, 3, LAYER_PLAIN, NULL, 0};

	memset(component, 'c', 256);
	component[256] = '\0';
	for (size_t i = 0; i < sizeof(path); i += 2) {
		path[i] = 'd';
		path[i + 1] = '/';
	}
	path[4199] = '\0';
	snprintf(pax_component, sizeof(pax_component), "path=%s", component);
	snprintf(pax_path, sizeof(pax_path), "path=%s", path);
	{
		AUTO_PTR(image) struct image *image = lk_image(&layer, 1);
		AUTO_PTR(tree) struct tree *tree = NULL;

		SCAN(image, &tree);
		cr_expect_eq(image->violations.n, 2);
		expect_violation(image, VIOLATION_LAYER, false, "name of 256 bytes");
		expect_violation(image, VIOLATION_LAYER, false, "more than 4095 bytes");
		cr_expect_not_null(tree_lookup(tree, "z", false));
	}
}

/* 200 MiB of zeros in a few kilobytes: ends at the limit, well before the end. */
Test(image_scan, decompression_bomb)
{
	size_t len = (size_t)200 << 20;
	auto_free char *zeros = xcalloc(len, 1);
	struct lk_entry entry = {.name = "zeros", .text = zeros, .len = len};
	const struct lk_layer layer = {&entry, 1, LAYER_ZSTD, NULL, 0};
	AUTO_PTR(image) struct image *image = lk_image(&layer, 1);
	AUTO_PTR(tree) struct tree *tree = NULL;
	AUTO(seen) struct seen seen = {0};
	const struct entry_sink sink = sink_of(&seen);

	scan(image, &sink, 1, &tree);
	expect_violation(image, VIOLATION_LAYER, false, "more than 1100 times its size");
	cr_expect(strv_has(&seen.log, "0 end bad"));
	cr_expect_null(image->layers[0].diff_id_read);
}

/* Engines set attributes as they are, and end where the kernel refuses one. */
Test(image_scan, attributes_that_no_file_can_have)
{
#define CAP "SCHILY.xattr.security.capability="
#define ZEROS_16 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	static const struct {
		const char *pax;
		size_t len;
		bool good;
	} rows[] = {
		{CAP "\1\0\0\2" ZEROS_16, sizeof(CAP) - 1 + 20, true},
		{CAP "\0\0\0\3" ZEROS_16 "\0\0\0\0", sizeof(CAP) - 1 + 24, true},
		{CAP, sizeof(CAP) - 1, true},
		{CAP "junk", sizeof(CAP) - 1 + 4, false},
		{CAP "\1\0\0\1" ZEROS_16, sizeof(CAP) - 1 + 12, false},
		{CAP "\1\0\0\2" ZEROS_16 "\0", sizeof(CAP) - 1 + 21, false},
		{CAP "\1\0\0\3" ZEROS_16, sizeof(CAP) - 1 + 20, false},
		{CAP "\2\0\0\2" ZEROS_16, sizeof(CAP) - 1 + 20, false},
		{CAP "\1\0\0\3" ZEROS_16 ZEROS_16, sizeof(CAP) - 1 + 36, false},
		{"SCHILY.xattr.user.x=v", 21, true},
		{"SCHILY.xattr.=v", 15, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct lk_entry entry = {
			.name = "a", .text = "x", .pax = rows[i].pax, .pax_len = rows[i].len};
		const struct lk_layer layer = {&entry, 1, LAYER_PLAIN, NULL, 0};
		AUTO_PTR(image) struct image *image = lk_image(&layer, 1);
		AUTO_PTR(tree) struct tree *tree = NULL;

		SCAN(image, &tree);
		cr_expect_eq(image->violations.n, !rows[i].good, "row %zu", i);
		cr_expect_eq(lk_violation(image, VIOLATION_LAYER, "extended attribute") == NULL,
			rows[i].good, "row %zu", i);
		cr_expect_not_null(tree_lookup(tree, "a", false));
	}
}

Test(image_scan, attributes_of_more_than_a_file_can_have)
{
	enum { NAME = 255, VALUE = 65536 };
	static const struct {
		size_t name;
		size_t value;
		const char *says;
	} rows[] = {
		{NAME, VALUE, NULL},
		{NAME + 1, 1, "a name of 256 bytes"},
		{10, VALUE + 1, "of 65537 bytes, more than 65536"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *name = xcalloc(rows[i].name + 1, 1);
		auto_free char *value = xcalloc(rows[i].value + 1, 1);
		auto_free char *pax = NULL;

		memset(name, 'n', rows[i].name);
		memset(value, 'v', rows[i].value);
		pax = xasprintf("SCHILY.xattr.%s=%s", name, value);
		{
			const struct lk_entry entry = {.name = "a", .text = "x", .pax = pax};
			const struct lk_layer layer = {&entry, 1, LAYER_PLAIN, NULL, 0};
			AUTO_PTR(image) struct image *image = lk_image(&layer, 1);
			AUTO_PTR(tree) struct tree *tree = NULL;

			SCAN(image, &tree);
			cr_expect_eq(image->violations.n, rows[i].says != NULL, "row %zu", i);
			if (rows[i].says) {
				cr_expect_not_null(
					lk_violation(image, VIOLATION_LAYER, rows[i].says));
			}
		}
	}
}

/* Violations are listed up to a cap. */
Test(image_scan, many_bad_entries)
{
	struct lk_entry entries[1000];
	const struct lk_layer layer = {entries, ARRAY_SIZE(entries), LAYER_GZIP, NULL, 0};
	AUTO_PTR(image) struct image *image = NULL;
	AUTO_PTR(tree) struct tree *tree = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		entries[i] = (struct lk_entry){.name = "../x"};
	}
	image = lk_image(&layer, 1);
	SCAN(image, &tree);
	cr_expect_leq(image->violations.n, LIMIT_VIOLATIONS + 1);
	cr_expect_eq(image->layers[0].entries, 1000);
}

Test(image_scan, missing_blob)
{
	const struct lk_layer layers[] = {
		{small, 1, LAYER_GZIP, NULL, 0}, {small, 2, LAYER_GZIP, NULL, 0}};
	AUTO_PTR(image) struct image *image = lk_image(layers, 2);
	AUTO_PTR(tree) struct tree *tree = NULL;

	free(image->layers[0].file);
	image->layers[0].file = NULL;
	SCAN(image, &tree);
	cr_expect_eq(image->violations.n, 1);
	cr_expect_eq(image->violations.v[0].kind, VIOLATION_CONFORMANCE);
	cr_expect_not_null(tree_lookup(tree, "b", false));
	cr_expect(image->layers[0].unread);
	cr_expect_eq(image_layers_unread(image), 1);
}

/* A layer of one sparse file of form 1.0 whose map has so many bytes of empty pieces. */
static int scan_map(size_t len, struct err *err)
{
	static const char headers[] =
		"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n25 GNU.sparse.realsize=1\n";
	auto_free char *map = xcalloc(len + 1, 1);
	auto_free char *count = xasprintf("%07zu\n", (len - 8) / 4);
	const struct lk_entry entries[] = {{.name = "x", .type = 'x', .text = headers},
		{.name = "big", .text = map}, {.name = "after", .text = "1"}};
	const struct lk_layer layer = {entries, 3, LAYER_GZIP, NULL, 0};
	AUTO_PTR(tree) struct tree *tree = NULL;
	AUTO_PTR(image) struct image *image = NULL;

	memcpy(map, count, 8);
	for (size_t at = 8; at < len; at += 4) {
		memcpy(map + at, "0\n0\n", 4);
	}
	image = lk_image(&layer, 1);
	return image_scan(image, NULL, 0, &tree, err);
}

/* libarchive keeps a map as a whole, and a megabyte of it takes a kilobyte of the layer: so it has to
 * end. Contents and a great many headers of small entries do not count. */
Test(image_scan, maps_without_an_end)
{
	struct lk_entry entries[3001];
	static char names[3000][16];
	struct lk_layer layer = {entries, 3001, LAYER_GZIP, NULL, 0};
	auto_free char *zeros = xcalloc(3 * LIMIT_ENTRY_HEADERS, 1);
	AUTO_PTR(image) struct image *image = NULL;
	AUTO_PTR(tree) struct tree *tree = NULL;
	struct err err = {0};

	cr_expect_eq(scan_map(LIMIT_ENTRY_HEADERS / 2, &err), 0, "%s", err.msg);
	cr_expect_eq(scan_map(LIMIT_ENTRY_HEADERS + MIB, &err), -1);
	cr_expect_eq(err.code, ERR_LIMIT);
	cr_expect(strstr(err.msg, "more than 2 MiB") && strstr(err.msg, "before byte "), "%s",
		err.msg);
	for (size_t i = 0; i < 3000; i++) {
		snprintf(names[i], sizeof(names[i]), "f%zu", i);
		entries[i] = (struct lk_entry){.name = names[i], .text = "1"};
	}
	entries[3000] =
		(struct lk_entry){.name = "zeros", .text = zeros, .len = 3 * LIMIT_ENTRY_HEADERS};
	image = lk_image(&layer, 1);
	err = (struct err){0};
	cr_expect_eq(image_scan(image, NULL, 0, &tree, &err), 0, "%s", err.msg);
	cr_expect_eq(image->violations.n, 0);
}
