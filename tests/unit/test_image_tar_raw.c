/* The second reader of tars: what it finds. Expected values follow from
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

/* ---- names ------------------------------------------------------------------------------------ */

static const struct name_row {
	struct lk_entry entries[3];
	struct patch patch[2];
	const char *path;
	const char *link;
} names[] = {
	{{{.name = "plain"}}, {{0}}, "plain", ""},
	{{{.name = "x", .pax = "path=caf\xe9"}}, {{0}}, "caf\xe9", ""},
	{{{.name = "x", .pax = "path=cafe\xcc\x81"}}, {{0}}, "cafe\xcc\x81", ""},
	{{{.name = "l", .type = '2', .pax = "linkpath=\xc3\xbc"}}, {{0}}, "l", "\xc3\xbc"},
	{{{.name = "h", .type = '1', .pax = "linkpath=\xc3\xbc"}}, {{0}}, "h", "\xc3\xbc"},
	{{{.name = "x", .pax = "path=new\nline"}}, {{0}}, "new\nline", ""},
	{{{.name = "kept", .pax = "path="}}, {{0}}, "kept", ""},
	{{{.name = "L", .type = 'L', .text = "long", .len = 5}, {.name = "x"}}, {{0}}, "long", ""},
	{{{.name = "L", .type = 'L', .text = "long"}, {.name = "x"}}, {{0}}, "long", ""},
	{{{.name = "L", .type = 'L', .text = "cut\0off", .len = 7}, {.name = "x"}}, {{0}}, "cut",
		""},
	{{{.name = "K", .type = 'K', .text = "far"}, {.name = "l", .type = '2', .target = "z"}},
		{{0}}, "l", "far"},
	/* a prefix, in ustar and star; none in V7 and GNU, but for what Go wrote until 1.8 */
	{{{.name = "n"}}, {{345, "a/b", 3}}, "a/b/n", ""},
	{{{.name = "n"}}, {{345, "a/b", 3}, {508, "tar", 4}}, "a/b/n", ""},
	{{{.name = "n"}}, {{345, "a/b", 3}, {257, "\0\0\0\0\0\0\0", 8}}, "n", ""},
	{{{.name = "n"}}, {{345, "00000000012", 12}, {257, "ustar  ", 8}}, "n", ""},
	{{{.name = "n"}}, {{345, "a/b", 3}, {257, "ustar  ", 8}}, "a/b/n", ""},
	{{{.name = "n"}}, {{345, "\xe4/b", 3}, {257, "ustar  ", 8}}, "n", ""},
};

Test(image_tar_raw, names_as_written)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct name_row *row = &names[i];
		AUTO(buf) struct buf tar;
		AUTO(items) struct items items = {0};

		tk_tar(&tar, row->entries, tk_count(row->entries, 3), &row->patch[0]);
		tk_patch(&tar, &row->patch[1]);
		tk_read(&tar, tar.len, &items);
		cr_assert_eq(items.n, 1, "row %zu", i);
		cr_expect_str_eq(items.v[0]->path, row->path);
		cr_expect_str_eq(items.v[0]->link, row->link);
		cr_expect_str_empty(items.v[0]->wrong);
		cr_expect_eq(items.v[0]->at, 0);
		cr_expect_eq(*items.v[0]->odd != '\0', items.v[0]->prefixed);
		cr_expect_eq(items.v[0]->prefixed, i == ARRAY_SIZE(names) - 2, "row %zu", i);
	}
}

Test(image_tar_raw, name_and_prefix_of_full_length)
{
	struct lk_entry entry = {.name = "x"};
	char name[100];
	char prefix[155];
	char expected[257];
	AUTO(buf) struct buf tar;
	AUTO(items) struct items items = {0};

	memset(name, 'n', sizeof(name));
	memset(prefix, 'p', sizeof(prefix));
	snprintf(expected, sizeof(expected), "%.155s/%.100s", prefix, name);
	tk_tar(&tar, &entry, 1, &(struct patch){0, name, sizeof(name)});
	tk_patch(&tar, &(struct patch){345, prefix, sizeof(prefix)});
	tk_read(&tar, tar.len, &items);
	cr_expect_str_eq(items.v[0]->path, expected);
}

/* ---- numbers ---------------------------------------------------------------------------------- */

enum { MODE = 100, UID = 108, GID = 116, SIZE = 124, MTIME = 136 };

Test(image_tar_raw, numbers_of_the_header)
{
	static const struct {
		struct patch patch;
		int64_t mode, uid, mtime;
	} rows[] = {
		{{0}, 0644, 0, 0},
		{{MODE, "    755 ", 8}, 0755, 0, 0},
		{{MODE,
			 "\0\0\0\0"
			 "755",
			 8},
			0755, 0, 0},
		{{MODE, "00000755", 8}, 0755, 0, 0},
		{{UID, "\x80\0\0\0\xff\xff\xff\xfe", 8}, 0644, 4294967294, 0},
		{{UID, "\xff\xff\xff\xff\xff\xff\xff\xfe", 8}, 0644, -2, 0},
		{{UID, "\0\0\0\0\0\0\0", 8}, 0644, 0, 0},
		{{MTIME, "77777777777", 12}, 0644, 0, 077777777777},
		{{MTIME, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfb", 12}, 0644, 0, -5},
		{{MTIME, "\x80\0\0\0\0\0\0\1\0\0\0\0", 12}, 0644, 0, INT64_C(1) << 32},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		static const struct lk_entry entry = {.name = "a"};
		AUTO(buf) struct buf tar;
		AUTO(items) struct items items = {0};

		tk_tar(&tar, &entry, 1, &rows[i].patch);
		tk_read(&tar, tar.len, &items);
		cr_assert_eq(items.n, 1);
		cr_expect_str_empty(items.v[0]->wrong);
		cr_expect_eq(items.v[0]->mode, rows[i].mode, "row %zu", i);
		cr_expect_eq(items.v[0]->uid, rows[i].uid, "row %zu", i);
		cr_expect_eq(items.v[0]->mtime, rows[i].mtime, "row %zu", i);
	}
}

Test(image_tar_raw, numbers_of_pax)
{
	static const struct {
		const char *pax;
		int64_t uid, gid, mtime;
		uint32_t ns;
	} rows[] = {
		{"uid=3000000000", INT64_C(3000000000), 8, 9, 0},
		{"gid=0", 7, 0, 9, 0},
		{"uid=", 7, 8, 9, 0}, /* the header's own */
		{"mtime=", 7, 8, 9, 0},
		{"uid=-1", -1, 8, 9, 0},
		{"mtime=1350244992.023960108999999", 7, 8, 1350244992, 23960108},
		{"mtime=5.", 7, 8, 5, 0},
		{"mtime=-5", 7, 8, -5, 0},
		{"mtime=-1.5", 7, 8, -2, 500000000},
		{"mtime=-0.25", 7, 8, -1, 750000000},
		{"atime=1.5", 7, 8, 9, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct lk_entry entry = {
			.name = "a", .uid = 7, .gid = 8, .mtime = 9, .pax = rows[i].pax};
		AUTO(buf) struct buf tar;
		AUTO(items) struct items items = {0};

		tk_tar(&tar, &entry, 1, NULL);
		tk_read(&tar, tar.len, &items);
		cr_assert_eq(items.n, 1);
		cr_expect_str_empty(items.v[0]->wrong, "%s", rows[i].pax);
		cr_expect_eq(items.v[0]->uid, rows[i].uid, "%s", rows[i].pax);
		cr_expect_eq(items.v[0]->gid, rows[i].gid, "%s", rows[i].pax);
		cr_expect_eq(items.v[0]->mtime, rows[i].mtime, "%s", rows[i].pax);
		cr_expect_eq(items.v[0]->mtime_ns, rows[i].ns, "%s", rows[i].pax);
	}
}

/* ---- what every reader takes for the same ------------------------------------------------------- */

static const struct plain_row {
	struct lk_entry entries[3];
	struct patch patch;
	bool plain;
} plain[] = {
	{{{.name = "file", .text = "1"}}, {0}, true},
	{{{.name = "etc/"}}, {0}, true},
	{{{.name = "soft", .type = '2', .target = "file"}}, {0}, true},
	{{{.name = "hard", .type = '1', .target = "file"}}, {0}, true},
	{{{.name = "n"}}, {345, "a/b", 3}, true}, /* the prefix */
	{{{.name = "n"}}, {257, "ustar  ", 8}, true}, /* GNU's */
	{{{.name = "n"}}, {100, "644    ", 8}, true}, /* mode: digits, then spaces and a NUL */
	{{{.name = "n"}}, {257, "\0\0\0\0\0\0\0", 8}, false}, /* the oldest format */
	{{{.name = "n"}}, {263, "01", 2}, false}, /* a version that there is not */
	{{{.name = "n"}}, {508, "tar", 4}, false}, /* star's */
	{{{.name = "n"}}, {500, "\1", 1}, false}, /* behind the prefix */
	{{{.name = "n"}}, {156, "", 1}, false}, /* the oldest typeflag of a file */
	{{{.name = "n"}}, {156, "7", 1}, false},
	{{{.name = "dev", .type = '3', .dev_major = 1, .dev_minor = 3}}, {0}, false},
	{{{.name = "n"}}, {0, "\0", 1}, false}, /* no name */
	{{{.name = "n"}}, {0, "caf\xe9", 4}, false},
	{{{.name = "n"}}, {0, "new\nline", 8}, false},
	{{{.name = "n"}}, {0, "n\0m", 3}, false}, /* something behind its NUL */
	{{{.name = "n"}}, {0, "n/", 2}, false}, /* a file or a directory */
	{{{.name = "hard/", .type = '1', .target = "file"}}, {0}, false},
	{{{.name = "n"}}, {345, "caf\xe9", 4}, false},
	{{{.name = "n"}}, {157, "link", 4}, false}, /* a file with a target */
	{{{.name = "soft", .type = '2'}}, {0}, false},
	{{{.name = "soft", .type = '2', .target = "caf\xe9"}}, {0}, false},
	{{{.name = "soft", .type = '2', .target = "file", .text = "1"}}, {0}, false}, /* content */
	{{{.name = "hard", .type = '1', .target = "file", .text = "1"}}, {0}, false},
	{{{.name = "etc/", .text = "1"}}, {0}, false},
	{{{.name = "n"}}, {100, " 000644", 7}, false}, /* mode: a space in front */
	{{{.name = "n"}}, {100, "00006440", 8}, false}, /* no end */
	{{{.name = "n"}}, {100, "\0\0\0\0\0\0\0", 8}, false}, /* no digit */
	{{{.name = "n"}},
		{100,
			"0644\0"
			"1\0",
			8},
		false}, /* one behind the end */
	{{{.name = "n"}}, {108, "\x80\0\0\0\0\0\0\1", 8}, false}, /* uid in base 256 */
	{{{.name = "n"}}, {116, "-000001", 8}, false}, /* gid */
	{{{.name = "n"}}, {124, "00000000009", 12}, false}, /* size */
	{{{.name = "n"}}, {136, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12}, false},
	{{{.name = "n"}}, {329, "x", 1}, false}, /* device number */
	{{{.name = "n"}}, {345, "00000000012", 12}, true}, /* a prefix like any, in POSIX's */
	{{{.name = "x", .pax = "mtime=1"}}, {0}, false},
	{{{.name = "x", .pax = "comment=1"}}, {0}, false},
	{{{.name = "L", .type = 'L', .text = "long"}, {.name = "x"}}, {0}, false},
	{{SPECIAL('g', "13 comment=1\n"), {.name = "x"}}, {0}, false},
};

Test(image_tar_raw, plain_entries)
{
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
		AUTO(buf) struct buf tar;
		AUTO(items) struct items items = {0};

		tk_tar(&tar, plain[i].entries, tk_count(plain[i].entries, 3), &plain[i].patch);
		tk_read(&tar, tar.len, &items);
		cr_assert_gt(items.n, 0, "row %zu", i);
		cr_expect_eq(items.v[items.n - 1]->plain, plain[i].plain, "row %zu", i);
	}
}

/* A global header speaks of all entries behind it. */
Test(image_tar_raw, none_is_plain_behind_a_global_header)
{
	static const struct lk_entry entries[] = {{.name = "before"},
		SPECIAL('g', "13 comment=1\n"), {.name = "next"}, {.name = "after"}};
	AUTO(buf) struct buf tar;
	AUTO(items) struct items items = {0};

	tk_tar(&tar, entries, ARRAY_SIZE(entries), NULL);
	tk_read(&tar, tar.len, &items);
	cr_assert_eq(items.n, 3);
	cr_expect(items.v[0]->plain);
	cr_expect_not(items.v[1]->plain || items.v[2]->plain);
}

Test(image_tar_raw, extended_attributes)
{
	static const char bytes[] = "SCHILY.xattr.user.a=\0\n=\xff";
	static const struct lk_entry entries[] = {
		{.name = "a", .pax = bytes, .pax_len = sizeof(bytes) - 1},
		{.name = "x",
			.type = 'x',
			.text = "25 SCHILY.xattr.user.a=1\n"
				"25 SCHILY.xattr.user.b=2\n"},
		{.name = "b"},
		{.name = "c", .pax = "LIBARCHIVE.xattr.user.a=YWI"},
		{.name = "d", .pax = "SCHILY.xattr.user.a="},
	};
	AUTO(buf) struct buf tar;
	AUTO(items) struct items items = {0};

	tk_tar(&tar, entries, ARRAY_SIZE(entries), NULL);
	tk_read(&tar, tar.len, &items);
	cr_assert_eq(items.n, 4);
	cr_assert_eq(items.v[0]->n_xattrs, 1);
	cr_expect_str_eq(items.v[0]->xattrs[0].name, "user.a");
	cr_assert_eq(items.v[0]->xattrs[0].len, 4);
	cr_expect_arr_eq(items.v[0]->xattrs[0].value, "\0\n=\xff", 4);
	cr_assert_eq(items.v[1]->n_xattrs, 2);
	cr_expect_str_eq(items.v[1]->xattrs[1].name, "user.b");
	cr_expect_str_eq(items.v[1]->xattrs[1].value, "2");
	cr_expect_eq(items.v[2]->n_xattrs, 0); /* libarchive's own form is known to no engine */
	cr_expect_eq(items.v[3]->n_xattrs, 0);
}

/* ---- where the next header is ----------------------------------------------------------------- */

Test(image_tar_raw, contents_are_stepped_over)
{
	static char text[1025];
	static const struct lk_entry entries[] = {
		{.name = "empty"},
		{.name = "one", .text = text, .len = 1},
		{.name = "block", .text = text, .len = 512},
		{.name = "more", .text = text, .len = 1025},
		{.name = "dir/"},
		{.name = "long", .text = text, .len = 3, .pax = "path=longer"},
		{.name = "last"},
	};
	static const uint64_t at[] = {0, 512, 1536, 2560, 4608, 5120, 7168};
	AUTO(buf) struct buf tar;
	AUTO(items) struct items items = {0};

	tk_tar(&tar, entries, ARRAY_SIZE(entries), NULL);
	tk_read(&tar, tar.len, &items);
	cr_assert_eq(items.n, ARRAY_SIZE(entries));
	for (size_t i = 0; i < items.n; i++) {
		cr_expect_eq(items.v[i]->at, at[i]);
		cr_expect_str_empty(items.v[i]->wrong);
	}
	cr_expect_eq(items.v[4]->type, '5');
	cr_expect_eq(items.v[3]->size, 1025);
}

/* Links, devices and directories have no content, whatever their size says; V7 has no types. */
Test(image_tar_raw, size_without_content)
{
	static const struct lk_entry entries[] = {{.name = "l", .type = '1', .target = "x"},
		{.name = "d/"}, {.name = "s", .type = '2', .target = "x"}, {.name = "old"},
		{.name = "old/"}, {.name = "last"}};
	AUTO(buf) struct buf tar;
	AUTO(items) struct items items = {0};

	tk_tar(&tar, entries, ARRAY_SIZE(entries), NULL);
	for (size_t i = 0; i < 3; i++) {
		tk_patch(&tar, &(struct patch){i * BLOCK + SIZE, "00000010000", 12});
	}
	tk_patch(&tar, &(struct patch){3 * BLOCK + 156, "", 1});
	tk_patch(&tar, &(struct patch){4 * BLOCK + 156, "", 1});
	tk_read(&tar, tar.len, &items);
	cr_assert_eq(items.n, 6);
	cr_expect_eq(items.v[3]->type, '0');
	cr_expect_eq(items.v[4]->type, '5');
	cr_expect_str_eq(items.v[5]->path, "last");
}

/* An old sparse file's map goes on in blocks behind its header. */
Test(image_tar_raw, blocks_of_an_old_map)
{
	static const char zeros[512];
	static const struct lk_entry entries[] = {
		{.name = "s", .type = 'S', .text = "12345"}, {.name = "last"}};
	AUTO(buf) struct buf tar;
	AUTO(items) struct items items = {0};

	buf_init(&tar, 8 << 20);
	lk_tar_entries(&tar, &entries[0], 1);
	cr_assert_eq(buf_add(&tar, zeros, sizeof(zeros), NULL), 0);
	cr_assert_eq(buf_add(&tar, zeros, sizeof(zeros), NULL), 0);
	memmove(tar.data + 3 * BLOCK, tar.data + BLOCK, BLOCK);
	memset(tar.data + BLOCK, 0, 2 * BLOCK);
	tar.data[BLOCK + 504] = 1; /* the second block of the map follows */
	tk_patch(&tar, &(struct patch){257, "ustar  ", 8});
	tk_patch(&tar, &(struct patch){482, "\1", 1});
	lk_tar_entries(&tar, &entries[1], 1);
	lk_tar_end(&tar);
	tk_read(&tar, tar.len, &items);
	cr_assert_eq(items.n, 2);
	cr_expect_eq(items.v[0]->type, 'S');
	cr_expect_str_eq(items.v[1]->path, "last");
	cr_expect_eq(items.v[1]->at, 4 * BLOCK);
}

Test(image_tar_raw, ends)
{
	static const struct {
		const char *what;
		size_t zeros;
		const char *behind;
		size_t behind_len;
		const char *wrong;
		const char *odd;
	} rows[] = {
		{"no mark", 0, NULL, 0, NULL, NULL},
		{"one block", 512, NULL, 0, NULL, NULL},
		{"two", 1024, NULL, 0, NULL, NULL},
		{"a record", 10240, NULL, 0, NULL, NULL},
		{"one and a half", 700, NULL, 0, "cut short in its end mark", NULL},
		{"something behind one block", 512, "x", 512, "single block of zeros", NULL},
		{"something behind two", 1024, "x", 1, NULL, "behind the end"},
		{"something far behind", 5000, "x", 1, NULL, "behind the end"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		static const struct lk_entry entry = {.name = "f"};
		static const size_t steps[] = {100000, 512, 1};
		AUTO(buf) struct buf tar;
		char bytes[12000] = {0};

		buf_init(&tar, 1 << 20);
		lk_tar_entries(&tar, &entry, 1);
		memcpy(bytes + rows[i].zeros, rows[i].behind ? rows[i].behind : "",
			rows[i].behind != NULL);
		cr_assert_eq(buf_add(&tar, bytes, rows[i].zeros + rows[i].behind_len, NULL), 0);
		for (size_t k = 0; k < ARRAY_SIZE(steps); k++) {
			bool clean = !rows[i].wrong && !rows[i].odd;
			AUTO(items) struct items items = {0};

			tk_read(&tar, steps[k], &items);
			cr_assert_eq(items.n, clean ? 1 : 2, "%s: %zu", rows[i].what, items.n);
			if (!clean) {
				cr_expect_eq(items.v[1]->type, 0);
				cr_expect(strstr(
					items.v[1]->wrong, rows[i].wrong ? rows[i].wrong : ""));
				cr_expect(strstr(items.v[1]->odd, rows[i].odd ? rows[i].odd : ""));
				if (rows[i].odd) {
					cr_expect_eq(items.v[1]->at, BLOCK + rows[i].zeros);
				}
			}
		}
	}
}

/* ---- pieces ----------------------------------------------------------------------------------- */

static void expect_same(const struct items *a, const struct items *b)
{
	cr_assert_eq(a->n, b->n);
	for (size_t i = 0; i < a->n; i++) {
		const struct tar_raw_item *x = a->v[i];
		const struct tar_raw_item *y = b->v[i];

		cr_expect(x->at == y->at && x->type == y->type && x->size == y->size);
		cr_expect_str_eq(x->path, y->path);
		cr_expect_str_eq(x->link, y->link);
		cr_expect_str_eq(x->wrong, y->wrong);
		cr_expect_str_eq(x->odd, y->odd);
		cr_expect_eq(x->n_xattrs, y->n_xattrs);
	}
}

Test(image_tar_raw, pieces_of_any_size)
{
	static char text[700] = "2\n512\n100\n4096\n88\n";
	static const struct lk_entry entries[] = {{.name = "a", .text = text, .len = 3},
		SPECIAL('g', "13 comment=x\n"), {.name = "b", .pax = "SCHILY.xattr.user.a=b"},
		FORM_1_0, {.name = "c", .text = text, .len = sizeof(text)},
		SPECIAL('L', "longlonglong"), {.name = "d/"}, SPECIAL('x', "junk"),
		{.name = "e", .type = 'Z', .text = "abc"}};
	static const size_t steps[] = {1, 7, 511, 512, 513, 1000};
	AUTO(buf) struct buf tar;
	AUTO(items) struct items whole = {0};

	tk_tar(&tar, entries, ARRAY_SIZE(entries), NULL);
	cr_assert_eq(buf_add(&tar, "tail", 4, NULL), 0);
	tk_read(&tar, tar.len, &whole);
	cr_expect_eq(whole.n, 6);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		AUTO(items) struct items items = {0};

		tk_read(&tar, steps[i], &items);
		expect_same(&items, &whole);
	}
}

/* Every cut of a tar is read without harm, and finds nothing that the whole has not. */
Test(image_tar_raw, cut_anywhere)
{
	static const struct lk_entry entries[] = {
		{.name = "a", .text = "text"}, {.name = "b", .pax = "path=c"}};
	AUTO(buf) struct buf tar;
	size_t whole;

	tk_tar(&tar, entries, 2, NULL);
	whole = tar.len;
	for (size_t len = 0; len <= whole; len += 64) {
		AUTO(items) struct items items = {0};

		tar.len = len;
		tk_read(&tar, 4096, &items);
		cr_expect_leq(items.n, 3);
		cr_expect_eq(items.n >= 1, len >= BLOCK, "%zu", len);
		cr_expect_eq(items.lost, false);
	}
}
