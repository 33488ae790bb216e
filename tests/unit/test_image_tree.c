#include "image/tree.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "image/tree_build.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* ---- trees from rows ----------------------------------------------------------------------- */

struct row {
	size_t layer;
	char what; /* d, f, l: as ls(1); = hard link, - whiteout, o opaque */
	const char *path;
	const char *target;
};

static struct entry entry_of(const struct row *r)
{
	struct entry e = {.layer = r->layer, .path = r->path, .target = r->target, .mode = 0644};

	e.type = r->what == 'd' ? NODE_DIR : r->what == 'l' ? NODE_SYMLINK : NODE_FILE;
	e.mode = r->what == 'd' ? 0700 : 0644;
	e.hardlink = r->what == '=';
	e.whiteout = r->what == '-'   ? WHITEOUT_FILE
		     : r->what == 'o' ? WHITEOUT_OPAQUE
				      : WHITEOUT_NONE;
	return e;
}

static void apply(struct tree *tree, const struct row *r, struct tree_place *place)
{
	struct entry e = entry_of(r);
	struct err err = {0};

	cr_assert_eq(tree_apply(tree, &e, NULL, place, &err), 0, "%s: %s", r->path, err.msg);
}

static struct tree *tree_begun(const struct row *rows, size_t n)
{
	struct tree *tree = tree_new();
	struct tree_place place;

	for (size_t i = 0; i < n; i++) {
		apply(tree, &rows[i], &place);
	}
	return tree;
}

static struct tree *tree_of(const struct row *rows, size_t n)
{
	struct tree *tree = tree_begun(rows, n);

	tree_seal(tree);
	return tree;
}

/* "d0 a\nf1 a/x\n": type, layer and path of every node but the root. */
static int add_line(const struct node *n, void *arg)
{
	auto_free char *path = node_path(n);

	if (n->parent) {
		cr_assert_eq(
			buf_addf(arg, NULL, "%c%u %s\n", "fdlcbp"[n->type], n -> layer, path), 0);
	}
	return 0;
}

static void expect_tree(const struct row *rows, size_t n, const char *expected)
{
	AUTO_PTR(tree) struct tree *tree = tree_of(rows, n);
	AUTO(buf) struct buf text;
	size_t lines = 1; /* the root */

	buf_init(&text, 1 << 20);
	cr_expect_eq(tree_walk(tree_root(tree), add_line, &text), 0);
	cr_expect_str_eq(buf_str(&text), expected);
	for (const char *at = expected; *at; at++) {
		lines += *at == '\n';
	}
	cr_expect_eq(tree_count(tree), lines);
}
#define EXPECT_TREE(expected, ...)                                                                 \
	do {                                                                                       \
		const struct row rows_[] = {__VA_ARGS__};                                          \
		expect_tree(rows_, ARRAY_SIZE(rows_), expected);                                   \
	} while (0)

/* ---- OCI image-spec layer.md --------------------------------------------------------------- */

Test(image_tree, additions_and_changes)
{
	EXPECT_TREE("d1 etc\nf0 etc/a\nf1 etc/b\n", {0, 'd', "etc", NULL}, {0, 'f', "etc/a", NULL},
		{0, 'f', "etc/b", NULL}, {1, 'd', "etc", NULL}, {1, 'f', "etc/b", NULL});
}

Test(image_tree, parents_that_no_entry_has)
{
	EXPECT_TREE("d0 a\nd0 a/b\nf0 a/b/c\n", {0, 'f', "a/b/c", NULL});
}

Test(image_tree, siblings_by_name)
{
	EXPECT_TREE("f0 B\nf0 a\nd0 b\nf0 b/x\nf0 b-\nf0 c\n", {0, 'f', "c", NULL},
		{0, 'f', "b-", NULL}, {0, 'f', "a", NULL}, {0, 'f', "B", NULL},
		{0, 'f', "b/x", NULL});
}

Test(image_tree, whiteouts)
{
	/* a file, a directory with all below it, nothing */
	EXPECT_TREE("d0 a\n", {0, 'f', "a/x", NULL}, {1, '-', "a/x", NULL});
	EXPECT_TREE("", {0, 'f', "a/b/c", NULL}, {1, '-', "a", NULL});
	EXPECT_TREE("f0 a\n", {0, 'f', "a", NULL}, {1, '-', "b", NULL});
}

/* "Files that are present in the same layer as a whiteout file can only be hidden by whiteout files
 * in subsequent layers", in whatever order. */
Test(image_tree, whiteouts_hide_lower_layers_only)
{
	EXPECT_TREE("f1 a\n", {0, 'f', "a", NULL}, {1, '-', "a", NULL}, {1, 'f', "a", NULL});
	EXPECT_TREE("f1 a\n", {0, 'f', "a", NULL}, {1, 'f', "a", NULL}, {1, '-', "a", NULL});
	EXPECT_TREE("d1 a\nf1 a/new\n", {0, 'f', "a/old", NULL}, {1, 'd', "a", NULL},
		{1, 'f', "a/new", NULL}, {1, '-', "a", NULL});
	EXPECT_TREE("d1 a\nf1 a/new\n", {0, 'f', "a/old", NULL}, {1, '-', "a", NULL},
		{1, 'f', "a/new", NULL});
}

/* The example of layer.md: both orders of the opaque whiteout give the same tree. */
Test(image_tree, opaque_directories)
{
	EXPECT_TREE("d0 bin\nf1 bin/tools\n", {0, 'f', "bin/my-app-binary", NULL},
		{0, 'f', "bin/tool1", NULL}, {0, 'f', "bin/deep/er", NULL}, {1, 'o', "bin", NULL},
		{1, 'f', "bin/tools", NULL});
	EXPECT_TREE("d0 bin\nd1 bin/deep\nf1 bin/deep/x\nf1 bin/tools\n",
		{0, 'f', "bin/my-app-binary", NULL}, {0, 'f', "bin/deep/er", NULL},
		{1, 'f', "bin/tools", NULL}, {1, 'd', "bin/deep", NULL},
		{1, 'f', "bin/deep/x", NULL}, {1, 'o', "bin", NULL});
	EXPECT_TREE("f1 x\n", {0, 'f', "a/b", NULL}, {0, 'f', "c", NULL}, {1, 'f', "x", NULL},
		{1, 'o', "", NULL});
}

Test(image_tree, directory_and_file_replace_each_other)
{
	EXPECT_TREE("f1 a\n", {0, 'f', "a/b/c", NULL}, {1, 'f', "a", NULL});
	EXPECT_TREE("d1 a\nf1 a/b\n", {0, 'f', "a", NULL}, {1, 'f', "a/b", NULL});
	EXPECT_TREE("d1 a\n", {0, 'l', "a", "b"}, {0, 'd', "b", NULL}, {1, '-', "b", NULL},
		{1, 'd', "a", NULL});
}

/* ---- symbolic links on the way: tree_build.h ------------------------------------------------ */

Test(image_tree, own_links_are_followed_inside_the_root)
{
	EXPECT_TREE("d0 run\nf0 run/x\nd0 var\nl0 var/run\n", {0, 'd', "run", NULL},
		{0, 'l', "var/run", "/run"}, {0, 'f', "var/run/x", NULL});
	EXPECT_TREE(
		"d0 a\nl0 a/up\nf0 x\n", {0, 'l', "a/up", "../../.."}, {0, 'f', "a/up/x", NULL});
	/* to what is not there: it is made */
	EXPECT_TREE("d0 b\nf0 b/x\nl0 l\n", {0, 'l', "l", "b"}, {0, 'f', "l/x", NULL});
}

Test(image_tree, lower_links_are_replaced)
{
	EXPECT_TREE("d0 run\nd1 var\nd1 var/run\nf1 var/run/x\n", {0, 'd', "run", NULL},
		{0, 'l', "var/run", "/run"}, {1, 'd', "var", NULL}, {1, 'f', "var/run/x", NULL});
}

Test(image_tree, where_an_entry_went)
{
	AUTO_PTR(tree) struct tree *tree = tree_new();
	struct tree_place place;

	apply(tree, &(struct row){0, 'l', "lib", "usr/lib"}, &place);
	apply(tree, &(struct row){0, 'f', "lib/x", NULL}, &place);
	cr_expect_str_eq(place.path, "usr/lib/x");
	cr_expect_not(place.over_link);
	apply(tree, &(struct row){0, '=', "y", "/lib/x"}, &place);
	cr_expect_str_eq(place.link, "usr/lib/x");
	cr_expect_eq(place.link_layer, 0);
	apply(tree, &(struct row){0, 'f', "lib/x", NULL}, &place);
	cr_expect(place.duplicate);
	apply(tree, &(struct row){1, '-', "nothing", NULL}, &place);
	cr_expect(place.idle);
	cr_expect_str_eq(place.path, "nothing");
	apply(tree, &(struct row){1, '=', "z", "lib/x"}, &place);
	cr_expect_eq(place.link_layer, 0);
	cr_expect_str_eq(place.link, "usr/lib/x");
	apply(tree, &(struct row){1, 'f', "lib/z", NULL}, &place);
	cr_expect(place.over_link);
	cr_expect_str_eq(place.path, "lib/z");
}

/* ---- what must not happen ------------------------------------------------------------------- */

Test(image_tree, bad_entries_leave_the_tree_alone)
{
	static const struct row base[] = {{0, 'f', "a", NULL}, {0, 'l', "loop", "loop"}};
	static const struct row bad[] = {{0, 'f', "a/b", NULL}, {0, 'f', "loop/x", NULL},
		{0, '=', "h", "nowhere"}, {0, '=', "h", "h"}, {0, 'l', "l", ""},
		{0, 'f', "", NULL}};
	AUTO_PTR(tree) struct tree *tree = tree_begun(base, 2);
	struct tree_place place;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct entry e = entry_of(&bad[i]);
		struct err err = {0};

		cr_expect_eq(tree_apply(tree, &e, NULL, &place, &err), -1, "row %zu", i);
		cr_expect_eq(err.code, ERR_MALFORMED);
		cr_expect_eq(tree_count(tree), 3);
	}
}

#define WIDE 50000

/* As deep as a path can be, and many at that: no recursion, no quadratic walk. */
static struct tree *deep_and_wide(char path[LIMIT_PATH])
{
	struct tree *tree = tree_new();
	struct tree_place place;

	for (size_t i = 0; i + 1 < LIMIT_PATH; i += 2) {
		path[i] = 'd';
		path[i + 1] = '/';
	}
	path[4095] = '\0';
	apply(tree, &(struct row){0, 'f', path, NULL}, &place);
	for (unsigned i = 0; i < WIDE; i++) {
		char name[32];

		snprintf(name, sizeof(name), "wide/%u", i);
		apply(tree, &(struct row){0, 'f', name, NULL}, &place);
	}
	return tree;
}

Test(image_tree, deep_and_wide_is_sealed)
{
	char path[LIMIT_PATH];
	AUTO_PTR(tree) struct tree *tree = deep_and_wide(path);
	auto_free char *back = NULL;
	const struct node *deepest;

	deepest = tree_lookup(tree, path, false);
	cr_assert_not_null(deepest);
	back = node_path(deepest);
	cr_expect_str_eq(back, path);
	tree_seal(tree);
	cr_expect_eq(tree_count(tree), 1 + 2048 + 1 + WIDE);
	cr_expect_str_eq(tree_lookup(tree, "wide", false)->first_child->name, "0");
}

Test(image_tree, deep_and_wide_is_removed)
{
	char path[LIMIT_PATH];
	AUTO_PTR(tree) struct tree *tree = deep_and_wide(path);
	struct tree_place place;

	apply(tree, &(struct row){1, 'o', "", NULL}, &place);
	cr_expect_eq(tree_count(tree), 1);
}

/* A link to a path so deep that what is below it would be too long for anybody. */
Test(image_tree, resolved_path_too_long)
{
	AUTO_PTR(tree) struct tree *tree = tree_new();
	struct tree_place place;
	char path[4001];
	char below[128];
	struct err err = {0};
	struct entry e;

	for (size_t i = 0; i < 4000; i += 2) {
		path[i] = 'd';
		path[i + 1] = '/';
	}
	path[3999] = '\0';
	memset(below, 'n', sizeof(below));
	memcpy(below, "l/", 2);
	below[127] = '\0';
	apply(tree, &(struct row){0, 'd', path, NULL}, &place);
	apply(tree, &(struct row){0, 'l', "l", path}, &place);
	e = entry_of(&(struct row){0, 'f', below, NULL});
	cr_expect_eq(tree_apply(tree, &e, NULL, &place, &err), -1);
	cr_expect_eq(err.code, ERR_MALFORMED);
	cr_expect(strstr(err.msg, "4095"));
}

/* ---- content shared by the names of an inode ------------------------------------------------ */

Test(image_tree, hard_links_share_content)
{
	AUTO_PTR(tree) struct tree *tree = tree_new();
	struct tree_place place;

	apply(tree, &(struct row){0, 'f', "a", NULL}, &place);
	cr_expect(tree_set_text(tree, place.node, xstrdup("text"), 4));
	apply(tree, &(struct row){0, '=', "b", "a"}, &place);
	apply(tree, &(struct row){1, '-', "a", NULL}, &place);
	cr_expect_null(tree_lookup(tree, "a", false));
	cr_expect_str_eq(node_text(tree_lookup(tree, "b", false)), "text");
	apply(tree, &(struct row){1, 'f', "b", NULL}, &place);
	cr_expect_null(node_text(tree_lookup(tree, "b", false)));
}

/* What was removed makes room again; what does not fit is counted. */
Test(image_tree, cap_on_texts)
{
	AUTO_PTR(tree) struct tree *tree = tree_new();
	size_t len = LIMIT_KEEP_ALL - 10;
	struct tree_place place;

	apply(tree, &(struct row){0, 'f', "a", NULL}, &place);
	cr_expect(tree_set_text(tree, place.node, xcalloc(len + 1, 1), len));
	apply(tree, &(struct row){0, 'f', "b", NULL}, &place);
	cr_expect_not(tree_set_text(tree, place.node, xcalloc(12, 1), 11));
	cr_expect_null(node_text(place.node));
	cr_expect_eq(tree_texts_dropped(tree), 1);
	apply(tree, &(struct row){1, '-', "a", NULL}, &place);
	apply(tree, &(struct row){1, 'f', "c", NULL}, &place);
	cr_expect(tree_set_text(tree, place.node, xcalloc(12, 1), 11));
}

/* ---- looking up ----------------------------------------------------------------------------- */

Test(image_tree, lookup)
{
	static const struct row rows[] = {{0, 'f', "usr/bin/env", NULL}, {0, 'l', "bin", "usr/bin"},
		{0, 'l', "usr/abs", "/usr/bin/"}, {0, 'l', "up", "../../usr"},
		{0, 'l', "dangling", "nowhere"}, {0, 'l', "a", "b"}, {0, 'l', "b", "a"},
		{0, 'f', "file", NULL}, {0, 'l', "to-file", "file"}};
	static const struct {
		const char *path;
		bool follow;
		const char *found; /* NULL: nothing */
	} looks[] = {
		{"", true, ""},
		{"/", true, ""},
		{"..", true, ""},
		{"/usr/./bin//env", true, "usr/bin/env"},
		{"usr/bin/../bin/env", true, "usr/bin/env"},
		{"bin/env", false, "usr/bin/env"},
		{"usr/abs/env", true, "usr/bin/env"},
		{"up/bin/env", true, "usr/bin/env"},
		{"bin", false, "bin"},
		{"bin", true, "usr/bin"},
		{"bin/", false, "usr/bin"},
		{"bin/..", false, "usr"}, /* as the kernel: of the link's target */
		{"dangling", false, "dangling"},
		{"dangling", true, NULL},
		{"a", true, NULL},
		{"file/", true, NULL},
		{"to-file/", true, NULL},
		{"to-file", true, "file"},
		{"file/x", true, NULL},
		{"file/..", true, NULL},
		{"none", true, NULL},
		{"usr/bin/en", true, NULL},
	};
	AUTO_PTR(tree) struct tree *tree = tree_of(rows, ARRAY_SIZE(rows));

	for (size_t i = 0; i < ARRAY_SIZE(looks); i++) {
		const struct node *n = tree_lookup(tree, looks[i].path, looks[i].follow);

		cr_expect_eq(n != NULL, looks[i].found != NULL, "'%s'", looks[i].path);
		if (n && looks[i].found) {
			auto_free char *path = node_path(n);

			cr_expect_str_eq(path, looks[i].found, "'%s'", looks[i].path);
		}
	}
	cr_expect_not_null(tree_lookup_at(tree, tree_lookup(tree, "usr", false), "bin/env", false));
	cr_expect_not_null(
		tree_lookup_at(tree, tree_lookup(tree, "usr", false), "/usr/bin/env", false));
}

/* Forty links of a thousand ".." each would be walked for each path that begins with the first. */
Test(image_tree, links_have_so_many_bytes_in_all)
{
	auto_free char *far = xcalloc(LIMIT_PATH, 1);
	struct row rows[] = {{0, 'd', "a/b", NULL}, {0, 'l', "l", far}, {0, 'l', "m", "l/../l"}};
	AUTO_PTR(tree) struct tree *tree = NULL;
	size_t left = 100;

	for (size_t i = 0; i + 6 < LIMIT_PATH; i += 5) {
		memcpy(far + i, "a/../", 5);
	}
	far[strlen(far)] = 'a';
	tree = tree_of(rows, ARRAY_SIZE(rows));
	cr_expect_not_null(tree_lookup(tree, "l/b", true));
	cr_expect_null(tree_lookup(tree, "l/../l/b", true));
	cr_expect_null(tree_lookup(tree, "m/b", true));
	cr_expect_null(tree_lookup_within(tree, tree_root(tree), "l/b", true, &left));
	cr_expect_eq(left, 0);
	left = 100;
	cr_expect_not_null(tree_lookup_within(tree, tree_root(tree), "a/b", true, &left));
	cr_expect_eq(left, 98);
}

static int stop_at(const struct node *n, void *arg)
{
	return strcmp(n->name, arg) == 0 ? 7 : 0;
}

Test(image_tree, walk_stops_and_stays_below)
{
	static const struct row rows[] = {{0, 'f', "a/x", NULL}, {0, 'f', "b", NULL}};
	AUTO_PTR(tree) struct tree *tree = tree_of(rows, 2);
	char x[] = "x";
	char b[] = "b";

	cr_expect_eq(tree_walk(tree_root(tree), stop_at, x), 7);
	cr_expect_eq(tree_walk(tree_lookup(tree, "a", false), stop_at, b), 0);
	cr_expect_eq(tree_walk(tree_lookup(tree, "b", false), stop_at, b), 7);
}
