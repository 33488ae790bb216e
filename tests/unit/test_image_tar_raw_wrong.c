/* The second reader of tars: what it says is wrong. Expected values follow from
 * the formats (POSIX.1-2001, GNU tar's and star's manuals) and from what Go's archive/tar does with
 * the same bytes (docs/layers.md). */
#include "image/tar_raw.h"

#include "base/alloc.h"
#include "base/str.h"
#include "image/limits.h"
#include "tests/unit/tar_kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { UID = 108, SIZE = 124, MODE = 100 };

/* ---- what is wrong, and what is odd ----------------------------------------------------------- */

static const struct wrong_row {
	const char *what;
	const char *wrong; /* of the first item; NULL: nothing */
	struct lk_entry entries[4];
	struct patch patch;
	const char *odd;
	bool lost;
} wrongs[] = {
	/* pax records */
	{"length too small", "malformed pax",
		.entries = {SPECIAL('x', "5 path=long\n"), {.name = "f"}}},
	{"length too large", "malformed pax",
		.entries = {SPECIAL('x', "99 path=long\n"), {.name = "f"}}},
	{"no length", "malformed pax", .entries = {SPECIAL('x', "path=long\n"), {.name = "f"}}},
	{"no equals sign", "malformed pax",
		.entries = {SPECIAL('x', "10 pathaa\n"), {.name = "f"}}},
	{"no newline", "malformed pax", .entries = {SPECIAL('x', "10 path=aa"), {.name = "f"}}},
	{"no key", "malformed pax", .entries = {SPECIAL('x', "6 =aa\n"), {.name = "f"}}},
	{"NULs behind", "malformed pax",
		.entries = {SPECIAL('x', "11 path=ab\n\0\0"), {.name = "f"}}},
	{"NUL in path", "'path' has a NUL",
		.entries = {SPECIAL('x', "12 path=a\0b\n"), {.name = "f"}}},
	{"NUL in key", "has a NUL", .entries = {SPECIAL('x', "11 pa\0th=b\n"), {.name = "f"}}},
	{"no number", "'uid' is no number", .entries = {{.name = "f", .pax = "uid=1.0"}}},
	{"no number", "'size' is no number", .entries = {{.name = "f", .pax = "size=1x"}}},
	{"no time", "'mtime' is no number", .entries = {{.name = "f", .pax = "mtime=1e9"}}},
	{"no whole seconds", "'mtime' is no number", .entries = {{.name = "f", .pax = "mtime=.5"}}},
	{"seconds beyond 64 bits", "'mtime' is no number",
		.entries = {{.name = "f", .pax = "mtime=99999999999999999999"}}},
	{"no time, of no use", "'atime' is no number",
		.entries = {{.name = "f", .pax = "atime=z"}}},
	{"path twice", "'path' stands twice",
		.entries = {SPECIAL('x', "10 path=a\n10 path=b\n"), {.name = "f"}}},
	{"path twice the same", NULL,
		.entries = {SPECIAL('x', "10 path=a\n10 path=a\n"), {.name = "f"}}},
	{"attribute twice", "stands twice",
		.entries = {SPECIAL('x', "25 SCHILY.xattr.user.a=1\n25 SCHILY.xattr.user.a=2\n"),
			{.name = "f"}}},
	{"star's size", "some readers only",
		.entries = {{.name = "f", .pax = "SCHILY.realsize=5000"}}},
	{"Solaris's holes", "some readers only",
		.entries = {{.name = "f", .pax = "SUN.holesdata= 0 512"}}},
	{"a charset", NULL, .entries = {{.name = "f", .pax = "hdrcharset=BINARY"}}},
	/* headers before headers */
	{"two pax headers", "two pax headers",
		.entries = {SPECIAL('x', "10 path=a\n"), SPECIAL('x', "10 path=b\n"),
			{.name = "f"}}},
	{"two GNU names", "two GNU long names",
		.entries = {SPECIAL('L', "a"), SPECIAL('L', "b"), {.name = "f"}}},
	{"two GNU links", "two GNU long names",
		.entries = {SPECIAL('K', "a"), SPECIAL('K', "b"), {.name = "f", .type = '2'}}},
	{"pax and GNU", "give two names",
		.entries = {SPECIAL('x', "10 path=a\n"), SPECIAL('L', "b"), {.name = "f"}}},
	{"GNU and pax", "give two names",
		.entries = {SPECIAL('L', "b"), SPECIAL('x', "10 path=a\n"), {.name = "f"}}},
	{"both the same", NULL,
		.entries = {SPECIAL('L', "a"), SPECIAL('x', "10 path=a\n"), {.name = "f"}}},
	{"size before a GNU name", "whose it is",
		.entries = {SPECIAL('x', "10 size=0\n"), SPECIAL('L', "b"), {.name = "f"}}},
	{"global", NULL, .entries = {SPECIAL('g', "13 comment=x\n"), {.name = "f"}},
		.odd = "global pax header"},
	{"global, malformed", "malformed pax", .entries = {SPECIAL('g', "hello"), {.name = "f"}},
		.odd = "global pax header"},
	{"global behind pax", "behind the entry's own",
		.entries = {SPECIAL('x', "10 path=a\n"), SPECIAL('g', "13 comment=x\n"),
			{.name = "f"}},
		.odd = "global pax header"},
	{"global, alone", NULL, .entries = {SPECIAL('g', "13 comment=x\n")},
		.odd = "global pax header"},
	/* numbers */
	{"mode", "'mode' is no number", .entries = {{.name = "f"}}, .patch = {MODE, "0000zzz", 8}},
	{"blank inside", "'uid' is no number", .entries = {{.name = "f"}},
		.patch = {UID, "00 0001", 8}},
	{"device", "'devmajor' is no number", .entries = {{.name = "f"}},
		.patch = {329, "zzzzzzz", 8}},
	{"device in V7", NULL, .entries = {{.name = "f"}}, .patch = {257, "\0\0\0\0\0\0\0", 8}},
	{"size", "'size' is no number", .entries = {{.name = "f"}},
		.patch = {SIZE, "00000000zz1", 12}, .lost = true},
	{"negative size", "size of -1 bytes", .entries = {{.name = "f"}},
		.patch = {SIZE, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12},
		.lost = true},
	{"size beyond 64 bits", "'size' is no number", .entries = {{.name = "f"}},
		.patch = {SIZE, "\x80\1\1\1\1\1\1\1\1\1\1\1", 12}, .lost = true},
	{"two sizes", "says 2 bytes, the header itself 3",
		.entries = {{.name = "f", .text = "abc", .pax = "size=2"}}},
	{"size in pax only", NULL, .entries = {{.name = "f", .pax = "size=2"}, {.name = "content"}},
		.odd = "in the pax header only"},
	{"checksum", "checksum is wrong", .entries = {{.name = "f"}, {.name = "g"}}, .lost = true},
	/* types */
	{"sparse, old", "unsupported type 'S'", .entries = {{.name = "f", .type = 'S'}},
		.patch = {257, "ustar  ", 8}},
	{"contiguous", "unsupported type '7'", .entries = {{.name = "f", .type = '7'}}},
	{"volume", "unsupported type 'V'", .entries = {{.name = "f", .type = 'V'}}},
	{"Sun's pax", "unsupported type 'X'", .entries = {{.name = "f", .type = 'X'}}},
	{"access list", "unsupported type 'A'", .entries = {{.name = "f", .type = 'A'}}},
	{"unknown", "unsupported type 'Z'", .entries = {{.name = "f", .type = 'Z'}}},
	{"unknown byte", "unsupported type 0xff", .entries = {{.name = "f", .type = '\xff'}}},
	{"file with a slash", "ends in '/'", .entries = {{.name = "f/", .type = '0'}}},
	/* sparse files, by pax */
	{"no form", "do not know", .entries = {{.name = "f", .pax = "GNU.sparse.name=g"}}},
	{"form 2.0", "do not know",
		.entries = {SPECIAL('x', "22 GNU.sparse.major=2\n"), {.name = "f"}}},
	{"sparse directory", "do not know",
		.entries = {SPECIAL('x', "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"),
			{.name = "f/"}}},
};

Test(image_tar_raw, what_is_wrong)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
		const struct wrong_row *row = &wrongs[i];
		AUTO(buf) struct buf tar;
		AUTO(items) struct items items = {0};
		const char *wrong;

		tk_tar(&tar, row->entries, tk_count(row->entries, 4), &row->patch);
		if (str_eq(row->what, "checksum")) {
			tar.data[150] ^= 1;
		}
		tk_read(&tar, tar.len, &items);
		if (!items.n) {
			cr_expect(false, "%s: no item", row->what);
			continue;
		}
		wrong = items.v[0]->wrong;
		cr_expect(row->wrong ? strstr(wrong, row->wrong) != NULL : !*wrong, "%s: '%s'",
			row->what, wrong);
		cr_expect(row->odd ? strstr(items.v[0]->odd, row->odd) != NULL : !*items.v[0]->odd,
			"%s: '%s'", row->what, items.v[0]->odd);
		cr_expect_eq(items.lost, row->lost, "%s", row->what);
	}
}

Test(image_tar_raw, special_headers_have_a_limit)
{
	static const bool over[] = {false, true};

	for (size_t i = 0; i < ARRAY_SIZE(over); i++) {
		size_t len = LIMIT_TAR_SPECIAL + over[i];
		auto_free char *name = xcalloc(len, 1);
		const struct lk_entry entries[] = {
			{.name = "L", .type = 'L', .text = name, .len = len}, {.name = "f"}};
		AUTO(buf) struct buf tar;
		AUTO(items) struct items items = {0};

		memset(name, 'n', len);
		tk_tar(&tar, entries, 2, NULL);
		tk_read(&tar, tar.len, &items);
		cr_assert_eq(items.n, 1);
		cr_expect_eq(items.lost, over[i]);
		cr_expect_eq(strstr(items.v[0]->wrong, "1 MiB") != NULL, over[i]);
		cr_expect_eq(strlen(items.v[0]->path), over[i] ? 0 : len);
	}
}

/* ---- sparse files ----------------------------------------------------------------------------- */

#define FORM_0_1(map, blocks)                                                                      \
	SPECIAL('x', "24 GNU.sparse.size=8192\n26 GNU.sparse.numblocks=" blocks                    \
		     "\n21 GNU.sparse.name=s\n" map)

Test(image_tar_raw, sparse_files)
{
	static const struct {
		const char *what;
		struct lk_entry pax;
		const char *map; /* of 1.0, a block or more of the content */
		size_t stored;
		bool good;
	} rows[] = {
		{"1.0", FORM_1_0, "2\n512\n512\n4096\n512\n", 1024, true},
		{"1.0, all hole", FORM_1_0, "0\n", 0, true},
		{"1.0, as GNU ends it", FORM_1_0, "2\n0\n512\n8192\n0\n", 512, true},
		{"1.0, too little stored", FORM_1_0, "1\n512\n2048\n", 1024, false},
		{"1.0, too much stored", FORM_1_0, "1\n512\n512\n", 1024, false},
		{"1.0, pieces overlap", FORM_1_0, "2\n512\n512\n600\n512\n", 1024, false},
		{"1.0, behind the end", FORM_1_0, "1\n8000\n512\n", 512, false},
		{"1.0, no number", FORM_1_0, "1\n#\n512\n512\n", 512, false},
		{"1.0, empty line", FORM_1_0, "1\n\n512\n", 512, false},
		{"1.0, no end", FORM_1_0, "9\n1\n", 0, false},
		{"1.0, negative size",
			SPECIAL('x', "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"
				     "26 GNU.sparse.realsize=-1\n"),
			"0\n", 0, false},
		{"1.0, number beyond 64 bits", FORM_1_0, "1\n99999999999999999999\n1\n", 1, false},
		{"0.1", FORM_0_1("35 GNU.sparse.map=512,512,4096,512\n", "2"), NULL, 1024, true},
		{"0.1, a number too few", FORM_0_1("31 GNU.sparse.map=512,512,4096\n", "2"), NULL,
			1024, false},
		{"0.1, other count", FORM_0_1("35 GNU.sparse.map=512,512,4096,512\n", "1"), NULL,
			1024, false},
		{"0.1, too much stored", FORM_0_1("35 GNU.sparse.map=512,512,4096,512\n", "2"),
			NULL, 1025, false},
		{"0.0",
			FORM_0_1("25 GNU.sparse.offset=512\n27 GNU.sparse.numbytes=512\n"
				 "26 GNU.sparse.offset=4096\n27 GNU.sparse.numbytes=512\n",
				"2"),
			NULL, 1024, true},
		{"0.0, out of order behind a good piece",
			FORM_0_1("25 GNU.sparse.offset=512\n27 GNU.sparse.numbytes=512\n"
				 "27 GNU.sparse.numbytes=512\n26 GNU.sparse.offset=4096\n",
				"1"),
			NULL, 512, false},
		{"0.0, out of order",
			FORM_0_1("27 GNU.sparse.numbytes=512\n25 GNU.sparse.offset=512\n", "1"),
			NULL, 512, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char content[4096] = {0};
		size_t len = rows[i].stored + (rows[i].map ? BLOCK : 0);
		const struct lk_entry entries[] = {rows[i].pax,
			{.name = "GNUSparseFile.0/s", .text = content, .len = len},
			{.name = "last"}};
		AUTO(buf) struct buf tar;
		AUTO(items) struct items items = {0};

		snprintf(content, sizeof(content), "%s", rows[i].map ? rows[i].map : "");
		tk_tar(&tar, entries, 3, NULL);
		tk_read(&tar, tar.len, &items);
		cr_assert_eq(items.n, 2, "%s", rows[i].what);
		cr_expect_eq(!*items.v[0]->wrong, rows[i].good, "%s: %s", rows[i].what,
			items.v[0]->wrong);
		cr_expect(items.v[0]->sparse && !items.v[1]->sparse, "%s", rows[i].what);
		cr_expect_eq(!items.v[0]->misfit, rows[i].good, "%s", rows[i].what);
		cr_expect(!rows[i].good ||
				  items.v[0]->content ==
					  tar.len - 3 * BLOCK -
						  (rows[i].stored + BLOCK - 1) / BLOCK * BLOCK,
			"%s", rows[i].what);
		cr_expect(!rows[i].good || str_eq(items.v[0]->path, "s"), "%s", rows[i].what);
		cr_expect(!rows[i].good || items.v[0]->size == 8192, "%s", rows[i].what);
		cr_expect_str_eq(items.v[1]->path, "last", "%s", rows[i].what);
	}
}

/* A map of several blocks. */
Test(image_tar_raw, long_map)
{
	char content[8192] = {0};
	size_t len = (size_t)snprintf(content, sizeof(content), "200\n");
	struct lk_entry entries[] = {FORM_1_0, {.name = "s", .text = content}, {.name = "last"}};
	AUTO(buf) struct buf tar;
	AUTO(items) struct items items = {0};

	for (int i = 0; i < 200; i++) {
		len += (size_t)snprintf(content + len, sizeof(content) - len, "%d\n1\n", i * 10);
	}
	entries[1].len = (len + BLOCK - 1) / BLOCK * BLOCK + 200;
	tk_tar(&tar, entries, 3, NULL);
	tk_read(&tar, tar.len, &items);
	cr_assert_eq(items.n, 2);
	cr_expect_str_empty(items.v[0]->wrong);
	cr_expect_str_eq(items.v[1]->path, "last");
}
