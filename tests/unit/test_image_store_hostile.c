/* Layers that want more than they may have, and owners under each kind of id mapping. */
#include "image/store.h"

#include "base/alloc.h"
#include "base/sys_file.h"
#include "image/scan.h"
#include "tests/unit/store_kit.h"

#include <criterion/criterion.h>
#include <endian.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* ---- hostile layers -------------------------------------------------------------------------- */

/* A link out of the image, and files below it: all stays inside, and the host sees nothing. */
Test(image_store, planted_links_lead_nowhere)
{
	char outside[64] = "/tmp/assay-outside-XXXXXX";
	char below[128];
	struct lk_entry entries[] = {{.name = "out", .type = '2', .target = outside},
		{.name = "out/file", .text = "x"},
		{.name = "up", .type = '2', .target = "../../../.."},
		{.name = "up/file", .text = "x"}, {.name = "out2", .type = '2', .target = outside},
		{.name = "out2", .text = "a file instead of the link"}};
	const struct lk_layer layer = LAYER(entries);
	AUTO(place) struct place p;

	place_init(&p);
	cr_assert_not_null(mkdtemp(outside));
	{
		AUTO_PTR(image) struct image *image = lk_image(&layer, 1);
		AUTO_PTR(store) struct store *store = open_store(&p);
		AUTO_PTR(tree) struct tree *tree = NULL;
		AUTO(strv) struct strv dirs = unpack(store, image, &tree);

		cr_assert_eq(dirs.n, 1);
		snprintf(below, sizeof(below), "%s/file", outside + 1);
		cr_expect(exists_in(dirs.v[0], below));
		cr_expect(exists_in(dirs.v[0], "file"));
		cr_expect(S_ISREG(stat_in(dirs.v[0], "out2").st_mode));
		cr_expect_not(exists_in(outside, "file"));
	}
	cr_expect_eq(rmdir(outside), 0, "something was written outside");
}

/* Overlay's own attributes would let a layer redirect directories; labels are the host's. */
Test(image_store, attributes_that_are_not_the_images)
{
	static const struct lk_entry entries[] = {
		{.name = "d/", .pax = "SCHILY.xattr.trusted.overlay.redirect=/etc"},
		{.name = "e/", .pax = "SCHILY.xattr.user.overlay.opaque=y"},
		{.name = "f", .text = "x", .pax = "SCHILY.xattr.security.selinux=label"},
		{.name = "g", .text = "x", .pax = "SCHILY.xattr.user.mine=kept"},
		{.name = "null", .type = '3', .dev_major = 1, .dev_minor = 3},
		{.name = "sda", .type = '4', .dev_major = 8, .mode = 0666},
		{.name = "nul", .type = '1', .target = "null"},
	};
	const struct lk_layer layer = LAYER(entries);
	AUTO(place) struct place p;

	place_init(&p);
	{
		AUTO_PTR(image) struct image *image = lk_image(&layer, 1);
		AUTO_PTR(store) struct store *store = open_store(&p);
		AUTO_PTR(tree) struct tree *tree = NULL;
		AUTO(strv) struct strv dirs = unpack(store, image, &tree);
		struct store_lost lost;
		char path[256];
		char value[16];

		cr_assert_eq(dirs.n, 1);
		snprintf(path, sizeof(path), "%s/d", dirs.v[0]);
		cr_expect_lt(lgetxattr(path, "trusted.overlay.redirect", value, 16), 0);
		snprintf(path, sizeof(path), "%s/e", dirs.v[0]);
		cr_expect_lt(lgetxattr(path, "user.overlay.opaque", value, 16), 0);
		snprintf(path, sizeof(path), "%s/g", dirs.v[0]);
		cr_expect_eq(lgetxattr(path, "user.mine", value, 16), 4);
		cr_assert_eq(store_lost(store, image, &lost, NULL), 0);
		cr_expect_eq(lost.xattrs, 3);
		cr_expect_eq(lost.devices, 3); /* each name counts */
		cr_expect_not(exists_in(dirs.v[0], "sda"));
		cr_expect_eq(tree_lookup(tree, "sda", false)->type, NODE_BLOCK);
	}
}

/* What a device node replaces does not show through where it was left out; a whiteout of nothing is
 * not made, as overlay would list it in a directory that only one layer has. */
Test(image_store, whiteouts_only_where_they_hide_something)
{
	static const struct lk_entry base[] = {{.name = "dev/a", .text = "x"},
		{.name = "dev/b", .text = "x"}, {.name = "dev/c", .text = "x"}};
	static const struct lk_entry top[] = {{.name = "dev/a", .type = '3', .dev_major = 1},
		{.name = "dev/.wh.b"}, {.name = "dev/b", .type = '3', .dev_major = 1},
		{.name = "dev/c", .text = "y"}, {.name = "dev/c", .type = '3', .dev_major = 1},
		{.name = "dev/d", .type = '3', .dev_major = 1}, {.name = "dev/.wh.e"}};
	const struct lk_layer layers[] = {LAYER(base), LAYER(top)};
	AUTO(place) struct place p;

	place_init(&p);
	{
		AUTO_PTR(image) struct image *image = lk_image(layers, 2);
		AUTO_PTR(store) struct store *store = open_store(&p);
		AUTO_PTR(tree) struct tree *tree = NULL;
		AUTO(strv) struct strv dirs = unpack(store, image, &tree);

		cr_assert_eq(dirs.n, 2);
		for (const char *name = "abc"; *name; name++) {
			char path[8];
			struct stat st;

			snprintf(path, sizeof(path), "dev/%c", *name);
			st = stat_in(dirs.v[1], path);
			cr_expect(S_ISCHR(st.st_mode) && st.st_rdev == 0, "%s", path);
		}
		cr_expect_not(exists_in(dirs.v[1], "dev/d"));
		cr_expect_not(exists_in(dirs.v[1], "dev/e"));
	}
}

/* A layer whose digest is wrong is never to be found in the store. */
Test(image_store, broken_layers_are_not_kept)
{
	static const struct lk_entry entries[] = {{.name = "a/b", .text = "x"}};
	const struct lk_layer layer = {entries, 1, LAYER_GZIP, NULL, 0};
	AUTO(place) struct place p;

	place_init(&p);
	for (int i = 0; i < 3; i++) {
		AUTO_PTR(image) struct image *image = lk_image(&layer, 1);
		AUTO_PTR(store) struct store *store = open_store(&p);
		AUTO_PTR(tree) struct tree *tree = NULL;
		AUTO(strv) struct strv dirs = {0};
		struct err err = {0};

		if (i == 0) {
			image->layers[0].diff_id[20] ^= 1;
		} else if (i == 1) {
			lk_stored(image, 0)->len -= 9;
		} else {
			free(image->layers[0].diff_id);
			image->layers[0].diff_id = NULL;
		}
		dirs = unpack(store, image, &tree);
		cr_expect_eq(dirs.n, 0);
		cr_expect_eq(store_layers(store, image, &dirs, &err), -1);
		cr_expect_eq(err.code, ERR_IO);
		cr_expect_eq(count_in(&p, "layers"), 0);
		cr_expect_eq(count_in(&p, "tmp"), 0);
	}
}

/* An image that only claims to have a base which the store has: what it lays on top of something else
 * is not to be found by the images that really have it. */
Test(image_store, layers_over_a_false_base_are_not_kept)
{
	static const struct lk_entry base[] = {
		{.name = "etc/", .mode = 0700}, {.name = "etc/a", .text = "x"}};
	static const struct lk_entry top[] = {
		{.name = "etc/.wh.a"}, {.name = "etc/b", .text = "y"}};
	const struct lk_layer layers[] = {LAYER(base), LAYER(top)};
	AUTO(place) struct place p;

	place_init(&p);
	for (int i = 0; i < 3; i++) {
		AUTO_PTR(image) struct image *image = lk_image(layers, i == 0 ? 1 : 2);
		AUTO_PTR(store) struct store *store = open_store(&p);
		AUTO_PTR(tree) struct tree *tree = NULL;
		AUTO(strv) struct strv dirs = {0};

		if (i == 1) {
			cr_assert_eq(memcmp(lk_stored(image, 0)->data, "etc/", 4), 0);
			lk_stored(image, 0)->data[0] = 'E';
		}
		dirs = unpack(store, image, &tree);
		if (i == 1) {
			cr_expect_eq(dirs.n, 0);
			cr_expect_eq(count_in(&p, "layers"), 1);
			continue;
		}
		cr_assert_eq(dirs.n, image->n_layers);
		if (i == 2) {
			cr_expect(S_ISCHR(stat_in(dirs.v[1], "etc/a").st_mode));
			cr_expect_eq(stat_in(dirs.v[1], "etc").st_mode & 07777, 0700);
		}
	}
}

/* Builds whose format was 1 kept such layers, under the names of honest ones. */
Test(image_store, layers_of_an_older_format_are_not_used)
{
	static const struct lk_entry entries[] = {{.name = "a", .text = "x"}};
	const struct lk_layer layers[] = {LAYER(entries), LAYER(entries)};
	AUTO(place) struct place p;

	place_init(&p);
	for (int i = 0; i < 2; i++) {
		AUTO_PTR(image) struct image *image = lk_image(layers, ARRAY_SIZE(layers));
		AUTO_PTR(store) struct store *store = open_store(&p);
		AUTO_PTR(tree) struct tree *tree = NULL;
		AUTO(strv) struct strv dirs = unpack(store, image, &tree);

		cr_assert_eq(dirs.n, 2);
		cr_expect_not(exists_in(dirs.v[0], "false") || exists_in(dirs.v[1], "false"));
		cr_expect_eq(count_in(&p, "layers"), i == 0 ? 2 : 4);
		cr_expect_eq(count_in(&p, "tmp"), 0);
		/* <ChainID>.<format>-<ids> */
		cr_assert(i || shell("cd %s/layers && for f in *; do : >$f/fs/false && "
				     "mv -T $f ${f%%%%.*}.1-${f#*-} || exit; done",
				       p.store) == 0);
	}
	{
		AUTO_PTR(store) struct store *store = open_store(&p);
		AUTO(store_items) struct store_items items = {0};
		struct err err = {0};

		cr_assert_eq(store_list(store, &items, &err), 0, "%s", err.msg);
		cr_expect_eq(items.n, 4);
		cr_expect_eq(store_prune(store, &err), 0, "%s", err.msg);
		cr_expect_eq(count_in(&p, "layers"), 0);
	}
}

/* ---- ids ------------------------------------------------------------------------------------- */

static const struct lk_entry owned[] = {
	{.name = "d/", .uid = 1, .gid = 2, .mode = 0700},
	{.name = "d/f", .uid = 1000, .gid = 50, .mode = 06755, .text = "x"},
	{.name = "d/l", .type = '2', .target = "f", .uid = 3, .gid = 4},
	{.name = "r", .text = "x"},
};

Test(image_store, ids_are_shifted)
{
	/* cap_net_bind_service=ep: struct vfs_cap_data of revision 2, little endian */
	static const char cap[] =
		"SCHILY.xattr.security.capability="
		"\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		"\x00\x00";
	static const struct lk_entry with_cap[] = {{.name = "bin/ping",
		.mode = 0755,
		.text = "x",
		.pax = cap,
		.pax_len = sizeof(cap) - 1}};
	const struct lk_layer layers[] = {LAYER(owned), LAYER(with_cap)};
	AUTO(place) struct place p;

	if (!is_root()) {
		cr_skip_test("only root can give files away");
	}
	place_init(&p);
	p.ids.shift = 100000;
	{
		AUTO_PTR(image) struct image *image = lk_image(layers, 2);
		AUTO_PTR(store) struct store *store = open_store(&p);
		AUTO_PTR(tree) struct tree *tree = NULL;
		AUTO(strv) struct strv dirs = unpack(store, image, &tree);
		struct vfs_ns_cap_data data;
		char path[256];
		struct stat st;

		cr_assert_eq(dirs.n, 2);
		cr_expect_eq(stat_in(dirs.v[0], "").st_uid, 100000);
		cr_expect_eq(stat_in(dirs.v[0], "r").st_uid, 100000);
		st = stat_in(dirs.v[0], "d/f");
		cr_expect_eq(st.st_uid, 101000);
		cr_expect_eq(st.st_gid, 100050);
		cr_expect_eq(st.st_mode & 07777, 06755);
		cr_expect_eq(stat_in(dirs.v[0], "d/l").st_gid, 100004);
		cr_expect_eq(stat_in(dirs.v[0], "d").st_uid, 100001);
		snprintf(path, sizeof(path), "%s/bin/ping", dirs.v[1]);
		cr_assert_eq(
			getxattr(path, "security.capability", &data, sizeof(data)), sizeof(data));
		cr_expect_eq(le32toh(data.rootid), 100000);
		cr_expect_eq(le32toh(data.data[0].permitted), 1 << 10);
	}
}

Test(image_store, a_single_id_loses_owners)
{
	const struct lk_layer layer = LAYER(owned);
	AUTO(place) struct place p;

	place_init(&p);
	p.ids.single = true;
	{
		AUTO_PTR(image) struct image *image = lk_image(&layer, 1);
		AUTO_PTR(store) struct store *store = open_store(&p);
		AUTO_PTR(tree) struct tree *tree = NULL;
		AUTO(strv) struct strv dirs = unpack(store, image, &tree);
		struct store_lost lost;

		cr_assert_eq(dirs.n, 1);
		cr_expect_eq(stat_in(dirs.v[0], "d/f").st_uid, geteuid());
		cr_assert_eq(store_lost(store, image, &lost, NULL), 0);
		cr_expect_eq(lost.owners, 3); /* d, d/f, d/l */
	}
}

/* With real ids nobody else may reach the set-user-ID files. */
Test(image_store, real_ids_are_out_of_reach)
{
	AUTO(place) struct place p;

	place_init(&p);
	{
		AUTO_PTR(store) struct store *store = open_store(&p);

		cr_expect_eq(stat_in(p.store, "layers").st_mode & 07777, 0700);
		cr_expect_eq(stat_in(p.store, "tmp").st_mode & 07777, 0700);
	}
}
