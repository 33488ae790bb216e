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

/* ---- what is read -------------------------------------------------------------------------- */

Test(image_scan, every_encoding_and_order_of_layers)
{
	static const struct lk_entry base[] = {{.name = "etc/"}, {.name = "etc/a", .text = "lower"},
		{.name = "etc/b", .text = "hidden later"}};
	static const struct lk_entry middle[] = {
		{.name = "etc/.wh.b"}, {.name = "etc/c", .text = ""}};
	static const struct lk_entry top[] = {{.name = "./etc/a", .text = "upper"}};
	const struct lk_layer layers[] = {{base, 3, LAYER_GZIP, NULL, 0},
		{middle, 2, LAYER_ZSTD, NULL, 0}, {top, 1, LAYER_PLAIN, NULL, 0}};
	AUTO_PTR(image) struct image *image = lk_image(layers, 3);
	AUTO_PTR(tree) struct tree *tree = NULL;
	AUTO(seen) struct seen seen = {0};
	const struct entry_sink sink = sink_of(&seen);

	scan(image, &sink, 1, &tree);
	expect_log(&seen, (const char *const[]){"0 d etc", "0 f etc/a", "0 f etc/b", "0 end good",
				  "1 D etc 755", "1 gone etc/b", "1 f etc/c", "1 end good",
				  "2 D etc 755", "2 f etc/a", "2 end good", NULL});
	cr_expect_eq(image->violations.n, 0);
	cr_expect_eq(tree_count(tree), 4);
	cr_expect_str_eq(node_text(tree_lookup(tree, "etc/a", false)), "upper");
	cr_expect_null(tree_lookup(tree, "etc/b", false));
	for (size_t i = 0; i < 3; i++) {
		cr_expect_str_eq(image->layers[i].diff_id_read, image->layers[i].diff_id);
	}
	cr_expect_eq(image->layers[0].entries, 3);
}

/* A name that the C locale cannot express: ca-certificates has this one. */
Test(image_scan, names_are_bytes_in_every_locale)
{
#define NETLOCK "NetLock_Arany_=Class_Gold=_F\xc5\x91tan\xc3\xbas\xc3\xadtv\xc3\xa1ny.crt"
	static const struct lk_entry entries[] = {
		{.name = "plain ustar \xc5\x91", .text = "1"},
		{.name = "x", .pax = "path=certs/" NETLOCK, .text = "2"},
		{.name = "link", .type = '2', .target = "NetLock", .pax = "linkpath=" NETLOCK},
		{.name = "y", .pax = "path=not utf-8 \xff", .text = "3"},
		{.name = "hard", .type = '1', .target = "c", .pax = "linkpath=certs/" NETLOCK},
	};
	const struct lk_layer layer = {entries, 5, LAYER_GZIP, NULL, 0};

	cr_assert_not_null(setlocale(LC_ALL, "C"));
	{
		AUTO_PTR(image) struct image *image = lk_image(&layer, 1);
		AUTO_PTR(tree) struct tree *tree = NULL;

		SCAN(image, &tree);
		cr_expect_eq(image->violations.n, 0, "%s", image->violations.v[0].message);
		cr_expect_not_null(tree_lookup(tree, "plain ustar \xc5\x91", false));
		cr_expect_not_null(tree_lookup(tree, "certs/" NETLOCK, false));
		cr_expect_str_eq(node_target(tree_lookup(tree, "link", false)), NETLOCK);
		cr_expect_not_null(tree_lookup(tree, "not utf-8 \xff", false));
		cr_expect_eq(tree_lookup(tree, "hard", false)->size, 1);
		cr_expect_str_eq(setlocale(LC_ALL, NULL), "C");
	}
}

/* More than a head: everything arrives once and in order. */
Test(image_scan, large_file_comes_in_pieces)
{
	size_t len = 3 * LIMIT_ENTRY_HEAD + 777;
	auto_free char *content = xcalloc(len + 1, 1);
	struct lk_entry entry = {.name = "big", .text = content, .len = len};
	const struct lk_layer layer = {&entry, 1, LAYER_GZIP, NULL, 0};

	for (size_t i = 0; i < len; i++) {
		content[i] = (char)(i * 7 + i / 4096);
	}
	{
		AUTO_PTR(image) struct image *image = lk_image(&layer, 1);
		AUTO_PTR(tree) struct tree *tree = NULL;
		AUTO(seen) struct seen seen = {.want = "big"};
		const struct entry_sink sink = sink_of(&seen);

		scan(image, &sink, 1, &tree);
		cr_expect_eq(seen.head_len, LIMIT_ENTRY_HEAD);
		cr_assert_eq(seen.data.len, len);
		cr_expect_eq(memcmp(seen.data.data, content, len), 0);
		cr_expect_eq(tree_lookup(tree, "big", false)->size, len);
	}
}

/* GNU tar writes the sparse file; the holes behind the head are jumped over. */
Test(image_scan, sparse_file)
{
	char dir[] = "/tmp/assay-scan-XXXXXX";
	char command[512];
	AUTO(buf) struct buf tar;

	cr_assert_not_null(mkdtemp(dir));
	snprintf(command, sizeof(command),
		"cd %s && printf start >f && truncate -s 8M f && printf middle >>f && truncate -s 20M f "
		"&& tar --format=pax -Scf t.tar f",
		dir);
	cr_assert_eq(system(command), 0);
	buf_init(&tar, 64 << 20);
	snprintf(command, sizeof(command), "%s/t.tar", dir);
	cr_assert_eq(file_read(AT_FDCWD, command, &tar, NULL), 0);
	cr_assert_lt(tar.len, 1 << 20, "tar made no sparse file");
	cr_assert_eq(dir_remove(AT_FDCWD, dir, NULL), 0);
	{
		const struct lk_layer layer = {NULL, 0, LAYER_PLAIN, tar.data, tar.len};
		AUTO_PTR(image) struct image *image = lk_image(&layer, 1);
		AUTO_PTR(tree) struct tree *tree = NULL;
		AUTO(seen) struct seen seen = {.want = "f"};
		const struct entry_sink sink = sink_of(&seen);

		scan(image, &sink, 1, &tree);
		cr_expect_eq(image->violations.n, 0);
		cr_expect_eq(tree_lookup(tree, "f", false)->size, 20 << 20);
		cr_expect_gt(seen.gap, 4 << 20);
		cr_assert_gt(seen.data.len, (8 << 20) + 6);
		cr_expect_str_eq(seen.data.data, "start");
		cr_expect_eq(memcmp(seen.data.data + (8 << 20), "middle", 6), 0);
	}
}

Test(image_scan, attributes_and_capabilities)
{
	/* cap_net_bind_service=ep: struct vfs_cap_data of revision 2, little endian */
	static const char cap[] =
		"SCHILY.xattr.security.capability="
		"\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		"\x00\x00\x00";
	static const struct lk_entry entries[] = {
		{.name = "su", .mode = 04755, .uid = 7, .gid = 8, .mtime = 1000000000, .text = "x"},
		{.name = "ping", .mode = 0755, .text = "x", .pax = cap, .pax_len = sizeof(cap) - 1},
		{.name = "big id", .pax = "uid=3000000000", .text = ""},
		{.name = "dev", .type = '3', .dev_major = 1, .dev_minor = 3},
		{.name = "pipe", .type = '6'},
	};
	const struct lk_layer layer = {entries, 5, LAYER_PLAIN, NULL, 0};
	AUTO_PTR(image) struct image *image = lk_image(&layer, 1);
	AUTO_PTR(tree) struct tree *tree = NULL;
	const struct node *su;

	SCAN(image, &tree);
	cr_expect_eq(image->violations.n, 0);
	su = tree_lookup(tree, "su", false);
	cr_expect_eq(su->mode, 04755);
	cr_expect_eq(su->uid, 7);
	cr_expect_eq(su->gid, 8);
	cr_expect_eq(su->mtime, 1000000000);
	cr_expect_not(su->has_capability);
	cr_expect(tree_lookup(tree, "ping", false)->has_capability);
	cr_expect_eq(tree_lookup(tree, "big id", false)->uid, 3000000000u);
	cr_expect_eq(tree_lookup(tree, "dev", false)->type, NODE_CHAR);
	cr_expect_eq(tree_lookup(tree, "pipe", false)->type, NODE_FIFO);
}

/* A program larger than a head: what its dynamic section names is found all the same. */
Test(image_scan, elf_behind_the_head)
{
	AUTO(buf) struct buf bash;
	struct lk_entry entry = {.name = "bin/bash", .mode = 0755};
	const struct lk_layer layer = {&entry, 1, LAYER_GZIP, NULL, 0};

	buf_init(&bash, 64 << 20);
	cr_assert_eq(file_read(AT_FDCWD, "/bin/bash", &bash, NULL), 0);
	cr_assert_gt(bash.len, LIMIT_ENTRY_HEAD, "choose a larger program for this test");
	entry.text = bash.data;
	entry.len = bash.len;
	{
		AUTO_PTR(image) struct image *image = lk_image(&layer, 1);
		AUTO_PTR(tree) struct tree *tree = NULL;
		const struct elf *elf;

		SCAN(image, &tree);
		elf = node_elf(tree_lookup(tree, "bin/bash", false));
		cr_assert_not_null(elf);
		cr_expect_not(elf->truncated);
		cr_expect_str_eq(elf->interp, "/lib64/ld-linux-x86-64.so.2");
		cr_expect(strv_has(&elf->needed, "libc.so.6")); /* readelf -d /bin/bash */
	}
}

Test(image_scan, texts_that_are_kept)
{
	static char long_script[400000] = "#!/bin/sh\n";
	static char long_conf[300000];
	static const struct lk_entry entries[] = {
		{.name = "etc/passwd", .text = "root:x:0:0"},
		{.name = "usr/bin/tool", .text = "#!/usr/bin/python3\n"},
		{.name = "usr/bin/data", .text = "no script"},
		{.name = "opt/app/settings.yaml", .text = "a: 1"},
		{.name = "opt/app/.env", .text = "A=1"},
		{.name = "opt/app/binary.conf", .text = "\0x", .len = 2},
		{.name = "opt/app/long.conf", .text = long_conf, .len = sizeof(long_conf)},
		{.name = "opt/app/long",
			.mode = 0755,
			.text = long_script,
			.len = sizeof(long_script)},
		{.name = "app/node_modules/x/package.json", .text = "{}"},
		{.name = "app/node_modules/.bin/x", .text = "#!/usr/bin/env node\n"},
		{.name = "usr/lib/python3.11/x.cfg", .text = "a"},
		{.name = "etc/empty.conf", .text = ""},
		{.name = "var/lib/dpkg/info/libc6:amd64.list", .text = "/."},
		{.name = "etc/passwd-link", .type = '1', .target = "etc/passwd"},
	};
	static const struct {
		const char *path;
		size_t len; /* (size_t)-1: not kept */
	} rows[] = {{"etc/passwd", 10}, {"usr/bin/tool", 19}, {"usr/bin/data", (size_t)-1},
		{"opt/app/settings.yaml", 4}, {"opt/app/.env", 3},
		{"opt/app/binary.conf", (size_t)-1}, {"opt/app/long.conf", (size_t)-1},
		{"opt/app/long", 262144}, {"app/node_modules/x/package.json", (size_t)-1},
		{"app/node_modules/.bin/x", 20}, {"usr/lib/python3.11/x.cfg", (size_t)-1},
		{"etc/empty.conf", 0}, {"var/lib/dpkg/info/libc6:amd64.list", 2},
		{"etc/passwd-link", 10}};
	const struct lk_layer layer = {entries, ARRAY_SIZE(entries), LAYER_GZIP, NULL, 0};
	AUTO_PTR(tree) struct tree *tree = NULL;

	memset(long_conf, 'a', sizeof(long_conf));
	memset(long_script + 10, '#', sizeof(long_script) - 10);
	{
		AUTO_PTR(image) struct image *image = lk_image(&layer, 1);

		SCAN(image, &tree);
	}
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct node *n = tree_lookup(tree, rows[i].path, false);

		cr_assert_not_null(n, "%s", rows[i].path);
		cr_expect_eq(node_text(n) != NULL, rows[i].len != (size_t)-1, "%s", rows[i].path);
		if (node_text(n)) {
			cr_expect_eq(node_text_len(n), rows[i].len, "%s", rows[i].path);
			cr_expect_eq(node_text(n)[node_text_len(n)], '\0');
		}
	}
	cr_expect_eq(tree_texts_dropped(tree), 0);
}

Test(image_scan, sink_that_skips_a_layer)
{
	static const struct lk_entry one[] = {{.name = "one", .text = "1"}};
	static const struct lk_entry two[] = {{.name = "two", .text = "2"}};
	const struct lk_layer layers[] = {
		{one, 1, LAYER_GZIP, NULL, 0}, {two, 1, LAYER_GZIP, NULL, 0}};
	AUTO_PTR(image) struct image *image = lk_image(layers, 2);
	AUTO_PTR(tree) struct tree *tree = NULL;
	AUTO(seen) struct seen some = {.skip = 1};
	AUTO(seen) struct seen all = {0};
	const struct entry_sink sinks[] = {sink_of(&some), sink_of(&all)};

	scan(image, sinks, 2, &tree);
	expect_log(&some, (const char *const[]){"1 f two", "1 end good", NULL});
	expect_log(&all,
		(const char *const[]){"0 f one", "0 end good", "1 f two", "1 end good", NULL});
	cr_expect_not_null(tree_lookup(tree, "one", false));
}

/* ---- links --------------------------------------------------------------------------------- */

Test(image_scan, hard_links)
{
	static const struct lk_entry lower[] = {
		{.name = "bin/sh", .mode = 04755, .uid = 3, .text = "#!/bin/x\n"},
		{.name = "bin/ash", .type = '1', .target = "./bin/sh"},
		{.name = "s", .type = '2', .target = "bin"},
		{.name = "through", .type = '1', .target = "/s/sh"},
		{.name = "hard-s", .type = '1', .target = "s"},
	};
	static const struct lk_entry upper[] = {{.name = "again", .type = '1', .target = "bin/sh"}};
	const struct lk_layer layers[] = {
		{lower, 5, LAYER_PLAIN, NULL, 0}, {upper, 1, LAYER_PLAIN, NULL, 0}};
	AUTO_PTR(image) struct image *image = lk_image(layers, 2);
	AUTO_PTR(tree) struct tree *tree = NULL;
	AUTO(seen) struct seen seen = {0};
	const struct entry_sink sink = sink_of(&seen);

	scan(image, &sink, 1, &tree);
	expect_log(&seen, (const char *const[]){"0 D bin 755", "0 f bin/sh", "0 = bin/ash 0:bin/sh",
				  "0 l s", "0 = through 0:bin/sh", "0 = hard-s 0:s", "0 end good",
				  "1 = again 0:bin/sh", "1 end good", NULL});
	cr_expect_eq(image->violations.n, 1);
	expect_violation(image, VIOLATION_LAYER, true, "hard link to a file of layer 0");
	cr_expect_eq(tree_lookup(tree, "bin/ash", false)->mode, 04755);
	cr_expect_str_eq(node_text(tree_lookup(tree, "bin/ash", false)), "#!/bin/x\n");
	cr_expect_eq(tree_lookup(tree, "hard-s", false)->type, NODE_SYMLINK);
	cr_expect_eq(tree_lookup(tree, "again", false)->layer, 1);
	cr_expect_eq(tree_lookup(tree, "again", false)->uid, 3);
}

Test(image_scan, duplicates_and_idle_whiteouts_are_counted)
{
	static const struct lk_entry entries[] = {{.name = "d/"}, {.name = "d/"},
		{.name = "f", .text = "1"}, {.name = "f", .text = "2"}, {.name = ".wh.nothing"}};
	const struct lk_layer layer = {entries, 5, LAYER_PLAIN, NULL, 0};
	AUTO_PTR(image) struct image *image = lk_image(&layer, 1);
	AUTO_PTR(tree) struct tree *tree = NULL;

	SCAN(image, &tree);
	cr_expect_eq(image->violations.n, 0);
	cr_expect_eq(image->layers[0].duplicates, 2);
	cr_expect_eq(image->layers[0].idle_whiteouts, 1);
}

/* The blob of one layer is not there. */
