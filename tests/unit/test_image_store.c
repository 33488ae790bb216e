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

/* ---- against GNU tar ------------------------------------------------------------------------ */

/* A directory with everything, packed by tar, is unpacked by tar and by the store: find(1) and
 * sha256sum(1) have to see the same. */
Test(image_store, same_as_gnu_tar)
{
	AUTO(place) struct place p;
	AUTO(buf) struct buf tar;
	char path[160];

	place_init(&p);
	cr_assert_eq(
		shell("cd %s && mkdir src tar && cd src && mkdir -p d/e .hidden 'sp ace' && echo hi >d/f && "
		      "ln d/f d/hard && ln -s ../d/f d/e/soft && ln -s /nowhere dangling && mkfifo pipe && "
		      "head -c 3000000 /dev/urandom >big && : >empty && truncate -s 5M sparse && "
		      "echo x >'sp ace/\xc5\x91' && chmod 4755 d/f && chmod 1777 d/e && chmod 400 empty && "
		      "chmod 500 d && touch -h -d @1000000000.5 d/e/soft big d/e d pipe . && "
		      "if [ $(id -u) = 0 ]; then chown -h 12:34 d/f d/e/soft d/e pipe; chmod 6755 d/f; fi && "
		      "tar --format=pax --xattrs -Scf ../t.tar . && cd ../tar && "
		      "tar --same-owner --xattrs -xpf ../t.tar",
			p.dir),
		0);
	buf_init(&tar, 64 << 20);
	snprintf(path, sizeof(path), "%s/t.tar", p.dir);
	cr_assert_eq(file_read(AT_FDCWD, path, &tar, NULL), 0);
	{
		const struct lk_layer layer = {NULL, 0, LAYER_GZIP, tar.data, tar.len};
		AUTO_PTR(image) struct image *image = lk_image(&layer, 1);
		AUTO_PTR(store) struct store *store = open_store(&p);
		AUTO_PTR(tree) struct tree *tree = NULL;
		AUTO(strv) struct strv dirs = unpack(store, image, &tree);

		cr_assert_eq(dirs.n, 1);
		cr_expect_eq(image->violations.n, 0);
		cr_expect_eq(
			shell("look() { cd \"$1\"; find . -type d -printf '%%p d %%m %%U:%%G %%T@\\n'; "
			      "find . ! -type d -printf '%%p %%y %%m %%U:%%G %%s %%T@ %%n %%l\\n'; "
			      "chmod 700 d; chmod 600 empty; find . -type f -exec sha256sum {} +; }; "
			      "(look %s/tar | sort >%s/a); (look %s | sort >%s/b); diff %s/a %s/b >&2 && "
			      "[ $(wc -l <%s/a) -ge 20 ]",
				p.dir, p.dir, dirs.v[0], p.dir, p.dir, p.dir, p.dir),
			0);
		/* the hole of 5 MiB takes no space */
		cr_expect_lt(stat_in(dirs.v[0], "sparse").st_blocks, 64);
	}
}

/* ---- against the kernel's overlay ------------------------------------------------------------ */

static int add_line(const struct node *n, void *arg)
{
	auto_free char *path = node_path(n);
	bool link = n->type == NODE_SYMLINK;

	cr_assert_eq(buf_addf(arg, NULL, "%s|%c|%o|%u:%u|%" PRIu64 "|%" PRId64 "|%s\n", path,
			     "fdlcbp"[n->type], link ? 0777 : n->mode, is_root() ? n->uid : 0,
			     is_root() ? n->gid : 0,
			     n->type == NODE_DIR ? 0
			     : link              ? strlen(node_target(n))
						 : n->size,
			     n->mtime, link ? node_target(n) : ""),
		0);
	return 0;
}

/* The merged tree and what overlayfs shows of the unpacked layers are the same. */
static void expect_agreement(const struct lk_layer *layers, size_t n)
{
	AUTO(place) struct place p;
	AUTO(buf) struct buf expected;
	char path[160];

	place_init(&p);
	buf_init(&expected, 1 << 20);
	{
		AUTO_PTR(image) struct image *image = lk_image(layers, n);
		AUTO_PTR(store) struct store *store = open_store(&p);
		AUTO_PTR(tree) struct tree *tree = NULL;
		AUTO(strv) struct strv dirs = unpack(store, image, &tree);
		AUTO(buf) struct buf lower;

		cr_assert_gt(dirs.n, 0);
		buf_init(&lower, 1 << 16);
		for (size_t i = dirs.n; i-- > 0;) {
			cr_assert_eq(buf_addf(&lower, NULL, "%s:", dirs.v[i]), 0);
		}
		cr_expect_eq(tree_walk(tree_root(tree), add_line, &expected), 0);
		snprintf(path, sizeof(path), "%s/expected", p.dir);
		cr_assert_eq(file_write(AT_FDCWD, path, expected.data, expected.len, NULL), 0);
		cr_expect_eq(
			shell("cd %s && mkdir empty m && unshare %s -m sh -ec 'mount -t overlay overlay -o "
			      "lowerdir=%s%s/empty%s m; cd m; find . -mindepth 0 -printf "
			      "\"%%P|%%y|%%m|%%U:%%G|%%s|%%T@|%%l\\n\"' >found && "
			      "sed -E 's/\\|d\\|([^|]*\\|[^|]*)\\|[0-9]+\\|/|d|\\1|0|/; "
			      "s/(\\|-?[0-9]+)\\.[0-9]+\\|/\\1|/' found | LC_ALL=C sort >found.sorted && "
			      "LC_ALL=C sort expected | diff - found.sorted >&2",
				p.dir, is_root() ? "" : "-r", lower.data, p.dir,
				p.ids.userxattr ? ",userxattr" : ""),
			0);
	}
}

Test(image_store, overlay_shows_the_merged_tree)
{
	static const struct lk_entry base[] = {
		{.name = "./", .mode = 0751, .mtime = 5},
		{.name = "tmp/", .mode = 01777, .mtime = 77},
		{.name = "etc/", .mode = 0750, .uid = 5, .gid = 6, .mtime = 99},
		{.name = "etc/passwd", .text = "root", .mtime = 1},
		{.name = "run/", .mtime = 3},
		{.name = "var/run", .type = '2', .target = "/run"},
		{.name = "var/run/pid", .text = "1"},
		{.name = "lib", .type = '2', .target = "usr/lib"},
		{.name = "usr/lib/x.so", .mode = 04755, .uid = 9, .text = "x", .mtime = 1234567},
		{.name = "opaque/a/b", .text = "gone"},
		{.name = "opaque2/a/b", .text = "gone"},
		{.name = "whited/deep/file", .text = "gone"},
		{.name = "whited2/file", .text = "gone"},
		{.name = "file-to-dir", .text = "f"},
		{.name = "dir-to-file/x", .text = "f"},
		{.name = "dir-to-link/x", .text = "f"},
		{.name = "stay/x", .text = "f"},
		{.name = "pipe", .type = '6', .mode = 0622, .mtime = 9},
		{.name = "late/sub/x", .text = "gone"},
	};
	static const struct lk_entry middle[] = {
		{.name = "tmp/new", .text = "in a directory that this layer has no entry for"},
		{.name = "etc/new", .text = "n"},
		{.name = "opaque/.wh..wh..opq"},
		{.name = "opaque/a/c", .text = "new"},
		{.name = "opaque2/new", .text = "new"},
		{.name = "opaque2/.wh..wh..opq"},
		{.name = ".wh.whited"},
		{.name = "whited/new", .text = "a directory again"},
		{.name = "whited2/new", .text = "before the whiteout"},
		{.name = ".wh.whited2"},
		{.name = "file-to-dir/", .mode = 0711},
		{.name = "file-to-dir/x", .text = "x"},
		{.name = "dir-to-file", .text = "file"},
		{.name = "dir-to-link", .type = '2', .target = "stay"},
		{.name = "dir-to-link/y", .text = "through this layer's link"},
		{.name = "hard", .type = '1', .target = "lib/x.so"},
		{.name = "hard-link", .type = '1', .target = "lib"},
		{.name = "hard-pipe", .type = '1', .target = "pipe"},
		{.name = "late/sub/.wh.x"},
		{.name = "late/.wh..wh..opq"},
		{.name = "twice", .text = "a file first"},
		{.name = "twice/", .mode = 0700},
		{.name = "twice/x", .text = "x"},
	};
	static const struct lk_entry top[] = {
		{.name = "var/run/new", .text = "a directory instead of the lower link"},
		{.name = ".wh.nothing"},
		{.name = "nowhere/.wh.nothing"},
		{.name = "stay/.wh.x"},
		{.name = "etc/", .mode = 0755, .mtime = 4},
	};
	const struct lk_layer layers[] = {LAYER(base), LAYER(middle), LAYER(top)};

	expect_agreement(layers, 3);
}

Test(image_store, overlay_shows_the_merged_tree_behind_an_opaque_root)
{
	static const struct lk_entry base[] = {{.name = "./", .mode = 0700},
		{.name = "a", .text = "1"}, {.name = "d/x", .text = "1"}};
	static const struct lk_entry middle[] = {
		{.name = ".wh..wh..opq"}, {.name = "d/y", .text = "2"}};
	static const struct lk_entry top[] = {{.name = "z", .text = "3"}};
	const struct lk_layer layers[] = {LAYER(base), LAYER(middle), LAYER(top)};

	expect_agreement(layers, 3);
}

Test(image_store, empty_layers_change_nothing)
{
	static const char zeros[1024];
	static const struct lk_entry base[] = {
		{.name = "./", .mode = 0711, .mtime = 8}, {.name = "a", .text = "1"}};
	const struct lk_layer layers[] = {LAYER(base), {NULL, 0, LAYER_GZIP, zeros, sizeof(zeros)},
		{NULL, 0, LAYER_PLAIN, zeros, 0}};

	expect_agreement(layers, 3);
}

/* ---- sharing --------------------------------------------------------------------------------- */

static const struct lk_entry one[] = {{.name = "d/one", .text = "1"}};
static const struct lk_entry two[] = {{.name = "d/two", .text = "2"}};
static const struct lk_entry private_dir[] = {{.name = "d/", .mode = 0700}};

Test(image_store, layers_are_shared_by_what_is_below_them)
{
	const struct lk_layer first[] = {LAYER(one), LAYER(two)};
	const struct lk_layer second[] = {LAYER(private_dir), LAYER(two)};
	AUTO(place) struct place p;

	place_init(&p);
	for (int again = 0; again < 2; again++) {
		AUTO_PTR(image) struct image *a = lk_image(first, 2);
		AUTO_PTR(image) struct image *b = lk_image(second, 2);
		AUTO_PTR(store) struct store *store = open_store(&p);
		AUTO_PTR(tree) struct tree *tree_a = NULL;
		AUTO_PTR(tree) struct tree *tree_b = NULL;
		AUTO(strv) struct strv dirs_a = unpack(store, a, &tree_a);
		AUTO(strv) struct strv dirs_b = unpack(store, b, &tree_b);

		cr_assert_eq(dirs_a.n, 2);
		cr_assert_eq(dirs_b.n, 2);
		cr_expect_eq(count_in(&p, "layers"), 4);
		cr_expect_eq(count_in(&p, "tmp"), 0);
		/* the same diff_id over another layer: its directory d has other attributes */
		cr_expect_eq(stat_in(dirs_a.v[1], "d").st_mode & 07777, 0755);
		cr_expect_eq(stat_in(dirs_b.v[1], "d").st_mode & 07777, 0700);
	}
}

/* Two at the same time: one of them is first, both have the layer. */
Test(image_store, two_writers_of_one_layer)
{
	const struct lk_layer layer = LAYER(one);
	AUTO(place) struct place p;

	place_init(&p);
	{
		AUTO_PTR(image) struct image *image = lk_image(&layer, 1);
		AUTO_PTR(store) struct store *a = open_store(&p);
		AUTO_PTR(store) struct store *b = open_store(&p);
		AUTO_PTR(store_writer) struct store_writer *wa = NULL;
		AUTO_PTR(store_writer) struct store_writer *wb = NULL;
		AUTO_PTR(tree) struct tree *tree = NULL;
		AUTO(strv) struct strv dirs_a = {0};
		AUTO(strv) struct strv dirs_b = {0};
		struct entry_sink sinks[2];
		struct err err = {0};

		cr_assert_eq(store_writer_new(a, image, &wa, &err), 0);
		cr_assert_eq(store_writer_new(b, image, &wb, &err), 0);
		sinks[0] = store_writer_sink(wa);
		sinks[1] = store_writer_sink(wb);
		cr_assert_eq(image_scan(image, sinks, 2, &tree, &err), 0);
		cr_expect_eq(store_writer_finish(wa, &err), 0);
		cr_expect_eq(store_writer_finish(wb, &err), 0);
		cr_expect_eq(store_layers(a, image, &dirs_a, &err), 0);
		cr_expect_eq(store_layers(b, image, &dirs_b, &err), 0);
		cr_expect_str_eq(dirs_a.v[0], dirs_b.v[0]);
		cr_expect_eq(count_in(&p, "tmp"), 0);
	}
}

Test(image_store, prune_spares_what_is_held)
{
	const struct lk_layer layer = LAYER(one);
	AUTO(place) struct place p;

	place_init(&p);
	{
		AUTO_PTR(image) struct image *image = lk_image(&layer, 1);
		AUTO_PTR(store) struct store *other = open_store(&p);

		{
			AUTO_PTR(store) struct store *store = open_store(&p);
			AUTO_PTR(tree) struct tree *tree = NULL;
			AUTO(strv) struct strv dirs = unpack(store, image, &tree);

			cr_assert_eq(dirs.n, 1);
			cr_expect_eq(store_prune(other, NULL), 0);
			cr_expect(exists_in(dirs.v[0], "d/one"));
		}
		cr_expect_eq(store_prune(other, NULL), 0);
		cr_expect_eq(count_in(&p, "layers"), 0);
		cr_expect_eq(count_in(&p, "tmp"), 0);
	}
}

/* The one that was not used for longest goes first, until the rest fits. */
Test(image_store, trim_goes_by_last_use)
{
	const struct lk_layer layers[] = {LAYER(one), LAYER(two)};
	AUTO(place) struct place p;

	place_init(&p);
	{
		AUTO_PTR(store) struct store *other = open_store(&p);
		AUTO(store_items) struct store_items before = {0};
		AUTO(store_items) struct store_items after = {0};
		struct store_trimmed trimmed;

		for (size_t i = 0; i < ARRAY_SIZE(layers); i++) {
			AUTO_PTR(image) struct image *image = lk_image(&layers[i], 1);
			AUTO_PTR(store) struct store *store = open_store(&p);
			AUTO_PTR(tree) struct tree *tree = NULL;
			AUTO(strv) struct strv dirs = unpack(store, image, &tree);
			AUTO(store_items) struct store_items held = {0};

			cr_assert_eq(store_list(other, &held, NULL), 0);
			cr_assert_eq(held.n, i + 1);
			cr_expect_str_eq(held.v[i].diff_id, image->layers[0].diff_id);
			cr_expect(held.v[i].held);
			cr_expect_eq(held.v[i].bytes % 4096, 0);
			cr_expect_gt(held.v[i].bytes, 0);
			/* the first one was used a day before */
			cr_assert_eq(shell("touch -d '%zu days ago' %s/..", 2 - i, dirs.v[0]), 0);
		}
		cr_assert_eq(store_list(other, &before, NULL), 0);
		cr_assert_eq(before.n, 2);
		cr_expect_not(before.v[0].held);
		cr_assert_lt(before.v[0].used, before.v[1].used);
		cr_assert_eq(
			store_trim(other, before.v[0].bytes + before.v[1].bytes, &trimmed, NULL),
			0);
		cr_expect_eq(trimmed.layers, 0);
		cr_assert_eq(store_trim(other, before.v[1].bytes, &trimmed, NULL), 0);
		cr_expect_eq(trimmed.layers, 1);
		cr_expect_eq(trimmed.bytes, before.v[0].bytes);
		cr_expect_eq(trimmed.kept, before.v[1].bytes);
		cr_assert_eq(store_list(other, &after, NULL), 0);
		cr_assert_eq(after.n, 1);
		cr_expect_str_eq(after.v[0].key, before.v[1].key);
	}
}

/* What a crash left goes with the next start; what somebody works on stays. */
Test(image_store, leftovers_are_cleared)
{
	AUTO(place) struct place p;

	place_init(&p);
	store_free(open_store(&p));
	cr_assert_eq(shell("cd %s/tmp && mkdir -p crashed/fs/d working/fs && : >crashed/fs/d/f",
			     p.store),
		0);
	{
		char path[128];
		auto_fd int working = -1;

		snprintf(path, sizeof(path), "%s/tmp/working", p.store);
		working = open(path, O_RDONLY | O_CLOEXEC);
		cr_assert_eq(flock(working, LOCK_EX), 0);
		store_free(open_store(&p));
		cr_expect_eq(count_in(&p, "tmp"), 1);
	}
	store_free(open_store(&p));
	cr_expect_eq(count_in(&p, "tmp"), 0);
}

/* The disk is full (or any other failure of the system): an error, and nothing half-written. */
Test(image_store, failures_of_the_system_are_errors)
{
	static char content[2 << 20]; /* not zeros, which would be a hole */
	const struct lk_entry entries[] = {{.name = "a", .text = "x"},
		{.name = "big", .text = content, .len = sizeof(content)}};
	const struct lk_layer layer = {entries, 2, LAYER_GZIP, NULL, 0};
	AUTO(place) struct place p;

	memset(content, 'x', sizeof(content));
	place_init(&p);
	{
		AUTO_PTR(image) struct image *image = lk_image(&layer, 1);
		AUTO_PTR(store) struct store *store = open_store(&p);
		AUTO_PTR(store_writer) struct store_writer *w = NULL;
		AUTO_PTR(tree) struct tree *tree = NULL;
		const struct rlimit small = {1 << 20, 1 << 20};
		struct entry_sink sink;
		struct err err = {0};

		signal(SIGXFSZ, SIG_IGN);
		cr_assert_eq(store_writer_new(store, image, &w, &err), 0);
		sink = store_writer_sink(w);
		cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
		cr_expect_eq(image_scan(image, &sink, 1, &tree, &err), 0, "%s", err.msg);
		cr_expect_eq(store_writer_finish(w, &err), -1);
		cr_expect_eq(err.code, ERR_IO);
		cr_expect(strstr(err.msg, "'big' of layer 0"), "%s", err.msg);
		cr_expect_eq(count_in(&p, "layers"), 0);
		cr_expect_eq(count_in(&p, "tmp"), 0);
	}
}
