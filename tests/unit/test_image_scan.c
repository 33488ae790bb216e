#include "image/scan.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "base/sys_file.h"
#include "image/limits.h"
#include "tests/unit/layer_kit.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#define SCAN(image, tree) scan(image, NULL, 0, tree)

/* ---- what a sink saw ----------------------------------------------------------------------- */

struct seen {
	struct strv log; /* "0 f etc/passwd", "0 end good" */
	struct buf data; /* of the file named want */
	const char *want;
	size_t head_len;
	uint64_t gap; /* bytes that were jumped over */
	size_t skip; /* layer to skip, plus one */
};

static const char letters[] = "fdlcbp";

static void on_entry(const struct entry *e, void *arg)
{
	struct seen *seen = arg;

	if (e->whiteout != WHITEOUT_NONE) {
		strv_addf(&seen->log, "%zu %s %s", e->layer,
			e->whiteout == WHITEOUT_FILE ? "gone" : "opaque", e->path);
	} else if (e->hardlink) {
		strv_addf(&seen->log, "%zu = %s %zu:%s", e->layer, e->path, e->link_layer, e->link);
	} else {
		strv_addf(&seen->log, "%zu %c %s", e->layer, letters[e->type], e->path);
	}
	if (seen->want && strcmp(e->path, seen->want) == 0) {
		seen->head_len = e->data_len;
		cr_assert_leq(e->data_len, LIMIT_ENTRY_HEAD);
	}
}

static void on_data(
	const struct entry *e, uint64_t offset, const void *bytes, size_t len, void *arg)
{
	struct seen *seen = arg;

	if (seen->want && strcmp(e->path, seen->want) == 0) {
		cr_assert_geq(offset, seen->data.len, "data go back");
		seen->gap += offset - seen->data.len;
		while (seen->data.len < offset) {
			cr_assert_eq(buf_add(&seen->data, "", 1, NULL), 0);
		}
		cr_assert_eq(buf_add(&seen->data, bytes, len, NULL), 0);
	}
}

static void on_implied(const struct entry *e, void *arg)
{
	struct seen *seen = arg;

	if (*e->path) { /* the root is told of in every layer */
		strv_addf(&seen->log, "%zu D %s %o", e->layer, e->path, e->mode);
	}
}

static void on_layer_end(size_t layer, bool complete, void *arg)
{
	struct seen *seen = arg;

	strv_addf(&seen->log, "%zu end %s", layer, complete ? "good" : "bad");
}

static bool on_skip(size_t layer, void *arg)
{
	const struct seen *seen = arg;

	return seen->skip == layer + 1;
}

static struct entry_sink sink_of(struct seen *seen)
{
	buf_init(&seen->data, (size_t)64 << 20);
	return (struct entry_sink){on_entry, on_data, on_implied, on_layer_end, on_skip, seen};
}

static void seen_release(struct seen *seen)
{
	strv_release(&seen->log);
	buf_release(&seen->data);
}

static void scan(struct image *image, const struct entry_sink *sinks, size_t n, struct tree **tree)
{
	struct err err = {0};

	cr_assert_eq(image_scan(image, sinks, n, tree, &err), 0, "%s", err.msg);
}

static void expect_log(const struct seen *seen, const char *const *expected)
{
	size_t n = 0;

	for (; expected[n]; n++) {
		cr_assert_lt(n, seen->log.n, "missing: %s", expected[n]);
		cr_expect_str_eq(seen->log.v[n], expected[n]);
	}
	cr_expect_eq(seen->log.n, n);
}

static void expect_violation(
	const struct image *image, enum violation_kind kind, bool warning, const char *text)
{
	const struct violation *v = lk_violation(image, kind, text);

	cr_assert_not_null(v, "no violation says '%s'", text);
	cr_expect_eq(v->warning, warning);
}

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
	cr_expect_str_eq(tree_lookup(tree, "etc/a", false)->text, "upper");
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
		cr_expect_str_eq(tree_lookup(tree, "link", false)->target, NETLOCK);
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
		"\x00\x00";
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
		elf = tree_lookup(tree, "bin/bash", false)->elf;
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
		cr_expect_eq(n->text != NULL, rows[i].len != (size_t)-1, "%s", rows[i].path);
		if (n->text) {
			cr_expect_eq(n->text_len, rows[i].len, "%s", rows[i].path);
			cr_expect_eq(n->text[n->text_len], '\0');
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

/* ---- what is wrong ------------------------------------------------------------------------- */

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
	cr_expect(strv_has(&seen.log, "4 end good"));
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

/* Bytes behind the end of the tar belong to the diff_id, and hide nothing. */
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
		cr_expect_eq(image->violations.n, 0);
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
		cr_expect_null(tree_lookup(tree, "etc/x.conf", false)->text);
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
	cr_expect_str_eq(tree_lookup(tree, "bin/ash", false)->text, "#!/bin/x\n");
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
}
