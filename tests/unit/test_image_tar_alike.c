/* Image archives whose members have other names to engines than to libarchive. */
#include "image_kit.h"
#include "layer_kit.h"

#include "base/alloc.h"
#include "base/str.h"

#include <criterion/criterion.h>
#include <string.h>

/* The archive of a good image, and these entries behind it. */
static void put_archive(const struct kit *kit, const struct lk_entry *more, size_t n)
{
	static const char config[] =
		"{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\","
		"\"diff_ids\":[]}}";
	static const struct lk_entry entries[] = {{.name = "c.json", .text = config},
		{.name = "manifest.json", .text = "[{\"Config\":\"c.json\",\"Layers\":[]}]"},
		{.name = "d/"}, {.name = "d/link", .type = '2', .target = "../c.json"},
		{.name = "d/hard", .type = '1', .target = "c.json"}};
	AUTO(buf) struct buf tar;

	buf_init(&tar, 1 << 20);
	lk_tar_entries(&tar, entries, ARRAY_SIZE(entries));
	lk_tar_entries(&tar, more, n);
	lk_tar_end(&tar);
	kit_put_bytes(kit, "a.tar", tar.data, tar.len);
}

#define LONG "././@LongLink"
#define RECORD "22 path=manifest.json\n"

Test(image_tar_alike, names)
{
	static const struct {
		struct lk_entry more[3];
		bool differs;
	} rows[] = {
		{{{.name = "plain", .text = "x"}}, false},
		{{{.name = "aaa", .text = "x", .pax = "path=d/other"}}, false},
		{{{.name = "aaa", .text = "x", .pax = "path=\xc3\xa9\x65\xcc\x81"}}, false},
		{{{.name = LONG, .type = 'L', .text = "other"}, {.name = "aaa", .text = "x"}},
			false},
		{{{.name = "label", .type = 'V'}, {.name = "aaa", .text = "x"}}, false},
		{{{.name = "pax", .type = 'g', .text = "13 comment=a\n"}, {.name = "aaa"}}, false},
		{{{.name = "pax", .type = 'x', .text = RECORD},
			 {.name = LONG, .type = 'L', .text = "aaa"}, {.name = "b", .text = "[]"}},
			true},
		{{{.name = LONG, .type = 'L', .text = "aaa"},
			 {.name = "pax", .type = 'x', .text = RECORD}, {.name = "b", .text = "[]"}},
			true},
		{{{.name = "pax", .type = 'x', .text = RECORD},
			 {.name = "pax", .type = 'x', .text = "13 comment=a\n"},
			 {.name = "b", .text = "[]"}},
			true},
		{{{.name = "aaa", .type = 'X', .text = RECORD}, {.name = "b", .text = "[]"}}, true},
		{{{.name = "aaa", .text = "xyz", .pax = "size=2"}}, true},
		{{{.name = "aaa/", .type = '0', .text = "xyz"}}, true},
	};
	struct kit kit;

	kit_init(&kit);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_PTR(image) struct image *image = NULL;
		struct err err = {0};
		size_t n = 0;

		while (n < ARRAY_SIZE(rows[i].more) && rows[i].more[n].name) {
			n++;
		}
		put_archive(&kit, rows[i].more, n);
		/* of what engines find there may be none that we do */
		if (kit_open(&kit, "", "a.tar", NULL, &image, &err)) {
			cr_expect(rows[i].differs, "row %zu: %s", i, err.msg);
			continue;
		}
		cr_expect_eq(kit_violation(image, NULL, NULL, "readers read differently") != NULL,
			rows[i].differs, "row %zu", i);
		cr_expect_eq(kit_failures(image), rows[i].differs, "row %zu", i);
	}
	kit_release(&kit);
}
