/* Layers that libarchive and engines read differently: what is taken for true, and what is said. */
#include "image/scan.h"

#include "base/str.h"
#include "image/scan_layer.h"
#include "tests/unit/scan_seen.h"
#include "tests/unit/tar_kit.h"

#include <criterion/criterion.h>
#include <string.h>

/* The image of one layer with this tar. */
static struct image *image_of(const struct buf *tar)
{
	const struct lk_layer layer = {NULL, 0, LAYER_PLAIN, tar->data, tar->len};

	return lk_image(&layer, 1);
}

/* A link target that only pax has, and names in another form of Unicode: libarchive loses the one
 * and changes the other. Go's archive/tar writes the first, macOS the second. */
Test(image_scan_raw, names_are_bytes)
{
	static const struct lk_entry entries[] = {
		{.name = "x", .text = "1", .pax = "path=cafe\xcc\x81"},
		{.name = "soft", .type = '2', .pax = "linkpath=\xc3\xbc"},
		{.name = "hard", .type = '1', .pax = "linkpath=cafe\xcc\x81"},
		{.name = "x", .text = "2", .pax = "path=caf\xe9"},
	};
	AUTO(buf) struct buf tar;
	AUTO_PTR(image) struct image *image = NULL;
	AUTO_PTR(tree) struct tree *tree = NULL;
	const struct node *soft;

	tk_tar(&tar, entries, ARRAY_SIZE(entries), NULL);
	image = image_of(&tar);
	SCAN(image, &tree);
	cr_expect_eq(image->violations.n, 0);
	cr_expect_not_null(tree_lookup(tree, "cafe\xcc\x81", false));
	cr_expect_null(tree_lookup(tree, "caf\xc3\xa9", false));
	cr_expect_not_null(tree_lookup(tree, "hard", false));
	cr_expect_not_null(tree_lookup(tree, "caf\xe9", false));
	soft = tree_lookup(tree, "soft", false);
	cr_assert_not_null(soft);
	cr_expect_str_eq(node_target(soft), "\xc3\xbc");
}

static void on_entry(const struct entry *e, void *arg)
{
	struct strv *log = arg;

	strv_addf(log, "%s %o %u %lld.%09u", e->path, e->mode, e->uid, (long long)e->mtime,
		e->mtime_ns);
	for (size_t i = 0; i < e->n_xattrs; i++) {
		strv_addf(log, "%s=%.*s", e->xattrs[i].name, (int)e->xattrs[i].len,
			(const char *)e->xattrs[i].value);
	}
}

/* Times before 1970 with a fraction, and extended attributes in a form that engines do not read. */
Test(image_scan_raw, attributes_are_those_of_engines)
{
	static const struct lk_entry entries[] = {
		{.name = "a", .mode = 0640, .uid = 5, .pax = "mtime=-1.5"},
		{.name = "b", .pax = "LIBARCHIVE.xattr.user.a=YWI"},
		{.name = "c", .pax = "SCHILY.xattr.user.a=ab"},
	};
	static const char *const expected[] = {
		"a 640 5 -2.500000000", "b 644 0 0.000000000", "c 644 0 0.000000000", "user.a=ab"};
	AUTO(buf) struct buf tar;
	AUTO_PTR(image) struct image *image = NULL;
	AUTO_PTR(tree) struct tree *tree = NULL;
	AUTO(strv) struct strv log = {0};
	const struct entry_sink sink = {.entry = on_entry, .arg = &log};

	tk_tar(&tar, entries, ARRAY_SIZE(entries), NULL);
	image = image_of(&tar);
	scan(image, &sink, 1, &tree);
	cr_expect_eq(image->violations.n, 0);
	cr_assert_eq(log.n, ARRAY_SIZE(expected));
	for (size_t i = 0; i < log.n; i++) {
		cr_expect_str_eq(log.v[i], expected[i]);
	}
}

/* libarchive ends the number at a NUL in front, engines do not. */
static const char zero_mode[] = {0, '0', '0', '0', '7', '5', '5', 0};

/* Each is said once, with its name, and what stands behind it is read. */
Test(image_scan_raw, what_is_said)
{
	static const struct {
		struct lk_entry entries[3];
		struct patch patch;
		const char *name;
		const char *says;
		bool warning;
	} rows[] = {
		{{{.name = "f", .type = 'Z', .text = "x"}}, {0}, "f", "unsupported type 'Z'",
			false},
		{{{.name = "f", .type = '7'}}, {0}, "f", "unsupported type '7'", false},
		{{SPECIAL('x', "junk"), {.name = "f"}}, {0}, "f", "malformed pax record", false},
		{{SPECIAL('x', "12 path=a\0b\n"), {.name = "f"}}, {0}, "a", "has a NUL", false},
		{{{.name = "f", .pax = "uid="}}, {2 * BLOCK + 108, "0000007", 8}, "f",
			"disagree about its owner", false},
		{{{.name = "f"}}, {100, zero_mode, sizeof(zero_mode)}, "f",
			"disagree about its mode", false},
		{{SPECIAL('g', "13 comment=x\n"), {.name = "f"}}, {0}, "f", "global pax header",
			true},
		{{SPECIAL('L', ""), {.name = "f"}}, {0}, "f", "disagree about its path", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		static const struct lk_entry last = {.name = "last"};
		AUTO(buf) struct buf tar;
		AUTO_PTR(image) struct image *image = NULL;
		AUTO_PTR(tree) struct tree *tree = NULL;

		tk_tar(&tar, rows[i].entries, tk_count(rows[i].entries, 3), &rows[i].patch);
		tar.len -= 2 * BLOCK;
		lk_tar_entries(&tar, &last, 1);
		lk_tar_end(&tar);
		image = image_of(&tar);
		SCAN(image, &tree);
		cr_expect_eq(image->violations.n, 1, "row %zu", i);
		if (image->violations.n) {
			const struct violation *v = &image->violations.v[0];

			cr_expect(strstr(v->message, rows[i].says), "%s", v->message);
			cr_expect_eq(v->warning, rows[i].warning);
			cr_expect_str_eq(v->pointer, rows[i].name);
			cr_expect(strstr(v->message, "(at byte 0 of the tar)"));
		}
		cr_expect_not_null(tree_lookup(tree, "last", false), "row %zu", i);
		cr_expect_eq(tree_lookup(tree, rows[i].name, false) != NULL,
			!strstr(rows[i].says, "unsupported"), "row %zu", i);
	}
}

/* After a pax header libarchive takes a hard link's size for true, and its "content" for no header:
 * so a file that engines unpack would not be seen. */
Test(image_scan_raw, headers_that_not_all_readers_find)
{
	static const struct lk_entry entries[] = {{.name = "a", .text = "1"},
		{.name = "l", .type = '1', .target = "a", .pax = "mtime=1"}, {.name = "hidden"},
		{.name = "b"}};
	static const struct lk_entry other[] = {{.name = "f", .text = "x", .pax = "size="}};
	AUTO(buf) struct buf tar;
	AUTO_PTR(image) struct image *image = NULL;
	AUTO_PTR(tree) struct tree *tree = NULL;

	tk_tar(&tar, entries, 4, &(struct patch){4 * BLOCK + 124, "00000000003", 12});
	image = image_of(&tar);
	SCAN(image, &tree);
	cr_expect_eq(image->violations.n, 1);
	expect_violation(image, VIOLATION_LAYER, false, "an entry that not all readers find");
	cr_expect_str_eq(image->violations.v[0].pointer, "hidden");
	cr_expect(strstr(image->violations.v[0].message, "(at byte 2560 of"));
	cr_expect_not_null(tree_lookup(tree, "b", false));
	image_free(image);
	tree_free(tree);
	tree = NULL;
	buf_release(&tar);

	tk_tar(&tar, other, 1, NULL);
	image = image_of(&tar);
	SCAN(image, &tree);
	expect_violation(image, VIOLATION_LAYER, false, "disagree about its size");
	expect_violation(image, VIOLATION_LAYER, false, "a header that engines do not find");
}

/* Two kinds of tar that libarchive ends and engines refuse. */
Test(image_scan_raw, ends_that_engines_refuse)
{
	static const struct lk_entry entries[] = {{.name = "a"}, {.name = "hidden"}};
	AUTO(buf) struct buf tar;
	AUTO_PTR(image) struct image *image = NULL;
	AUTO_PTR(tree) struct tree *tree = NULL;

	tk_tar(&tar, &entries[0], 1, NULL);
	tar.len -= BLOCK;
	lk_tar_entries(&tar, &entries[1], 1);
	image = image_of(&tar);
	SCAN(image, &tree);
	cr_expect_eq(image->violations.n, 1);
	expect_violation(image, VIOLATION_LAYER, false, "a single block of zeros");
	cr_expect_null(tree_lookup(tree, "hidden", false));
}

/* Go wrote a prefix into GNU headers until 1.8, and reads it to this day. */
Test(image_scan_raw, prefix_in_a_gnu_header)
{
	static const struct lk_entry entry = {.name = "n", .text = "1"};
	AUTO(buf) struct buf tar;
	AUTO_PTR(image) struct image *image = NULL;
	AUTO_PTR(tree) struct tree *tree = NULL;

	tk_tar(&tar, &entry, 1, &(struct patch){345, "a/b", 3});
	tk_patch(&tar, &(struct patch){257, "ustar  ", 8});
	image = image_of(&tar);
	SCAN(image, &tree);
	cr_expect_eq(image->violations.n, 1);
	expect_violation(image, VIOLATION_LAYER, true, "GNU header with a prefix");
	cr_expect_not_null(tree_lookup(tree, "a/b/n", false));
}

/* ---- plain entries ---------------------------------------------------------------------------- */

/* What was seen of the first len bytes of the tar, and what was said. */
static void see(const struct buf *tar, size_t len, bool together, struct strv *log)
{
	const struct lk_layer layer = {NULL, 0, LAYER_PLAIN, tar->data, len};
	AUTO_PTR(image) struct image *image = lk_image(&layer, 1);
	AUTO_PTR(tree) struct tree *tree = NULL;
	AUTO(seen) struct seen seen = {.want = "big"};
	const struct entry_sink sink = sink_of(&seen);

	scan_all_to_archive = together;
	scan(image, &sink, 1, &tree);
	scan_all_to_archive = false;
	strv_add_all(log, &seen.log);
	strv_addf(log, "%zu of big", seen.data.len);
	for (size_t i = 0; i < image->violations.n; i++) {
		const struct violation *v = &image->violations.v[i];

		/* libarchive has several words for it */
		strv_addf(log, "%d %s", v->warning,
			strstr(v->message, "within an entry") || strstr(v->message, "runcated")
				? "cut short"
				: v->message);
	}
}

/* Whoever reads an entry, the same comes out, wherever the tar ends and with whatever between them. */
Test(image_scan_raw, who_reads_does_not_matter)
{
	static char big[300 * 1024];
	static const struct lk_entry entries[] = {
		{.name = "first", .text = "1"},
		{.name = "usr/bin/"},
		{.name = "usr/bin/tool", .text = "#!/bin/sh\n", .mode = 0755},
		{.name = "x", .text = "in pax", .pax = "path=usr/named"},
		{.name = "big", .text = big, .len = sizeof(big)},
		{.name = "L", .type = 'L', .text = "usr/long", .len = 8},
		{.name = "L", .text = "2"},
		{.name = "hard", .type = '1', .target = "first"},
		{.name = "soft", .type = '2', .target = "usr"},
		{.name = "null", .type = '3', .dev_major = 1, .dev_minor = 3},
		{.name = "usr/.wh.gone", .text = "not read"},
		{.name = "caf\xe9", .text = "3"},
		{.name = "last", .text = "4"},
	};
	AUTO(buf) struct buf tar;

	tk_tar(&tar, entries, ARRAY_SIZE(entries), NULL);
	for (size_t len = 0; len <= tar.len;
		len += len < 4096 || len + 8192 > tar.len ? 97 : 20011) {
		AUTO(strv) struct strv a = {0};
		AUTO(strv) struct strv b = {0};

		see(&tar, len, true, &a);
		see(&tar, len, false, &b);
		cr_assert_eq(a.n, b.n, "%zu bytes: %zu and %zu lines", len, a.n, b.n);
		for (size_t i = 0; i < a.n; i++) {
			cr_assert_str_eq(a.v[i], b.v[i], "%zu bytes", len);
		}
	}
}

/* A plain entry where libarchive sees the content of another (as above): it is asked about, too. */
Test(image_scan_raw, who_reads_what_not_all_find)
{
	static const struct lk_entry entries[] = {{.name = "a", .text = "1"},
		{.name = "l", .type = '1', .target = "a", .pax = "mtime=1"}, {.name = "hidden"},
		{.name = "b"}, {.name = "last", .text = "2"}};
	AUTO(buf) struct buf tar;
	AUTO(strv) struct strv a = {0};
	AUTO(strv) struct strv b = {0};

	tk_tar(&tar, entries, ARRAY_SIZE(entries),
		&(struct patch){4 * BLOCK + 124, "00000000003", 12});
	see(&tar, tar.len, true, &a);
	see(&tar, tar.len, false, &b);
	cr_assert_eq(a.n, b.n);
	for (size_t i = 0; i < a.n; i++) {
		cr_expect_str_eq(a.v[i], b.v[i]);
	}
}
