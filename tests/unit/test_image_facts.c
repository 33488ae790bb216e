/* What is kept of layers: the same comes out as without, and only where it is the same layer. */
#include "image/facts.h"

#include "base/alloc.h"
#include "base/sys_file.h"
#include "image/limits.h"
#include "image/scan.h"
#include "tests/unit/scan_seen.h"
#include "tests/unit/store_kit.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define GZIP(entries)                                                                              \
	{                                                                                          \
		entries, ARRAY_SIZE(entries), LAYER_GZIP, NULL, 0                                  \
	}

/* A directory of records, and a sink that remembers how many entries it was called for. */
struct known {
	char dir[64];
	struct facts *facts;
	size_t entries; /* called for, since the last scan began */
	size_t recalled; /* entries of layers that it was told of instead */
	size_t of_layer; /* of the layer at hand */
	bool clear; /* while records are written, as another run does at its end */
};

static void known_init(struct known *k)
{
	struct err err = {0};

	*k = (struct known){.dir = "/tmp/assay-facts-XXXXXX"};
	cr_assert_not_null(mkdtemp(k->dir));
	cr_assert_eq(facts_open(k->dir, &k->facts, &err), 0, "%s", err.msg);
}

static void known_release(struct known *k)
{
	facts_free(k->facts);
	cr_assert_eq(dir_remove(AT_FDCWD, k->dir, NULL), 0);
}

static void on_entry(const struct entry *entry, void *arg)
{
	struct known *k = arg;

	(void)entry;
	if (k->clear) {
		cr_assert_eq(facts_trim(k->facts, UINT64_MAX, NULL, NULL), 0);
	}
	k->entries++;
	k->of_layer++;
}

static bool on_remember(size_t layer, struct buf *out, void *arg)
{
	struct known *k = arg;

	(void)layer;
	return buf_addf(out, NULL, "%zu", k->of_layer) == 0;
}

static bool on_recall(size_t layer, const void *bytes, size_t len, void *arg)
{
	struct known *k = arg;

	(void)layer;
	k->recalled += strtoul(bytes, NULL, 10);
	return len > 0;
}

static void on_layer_end(size_t layer, bool complete, void *arg)
{
	struct known *k = arg;

	(void)layer;
	(void)complete;
	k->of_layer = 0;
}

static struct entry_sink memory_of(struct known *k)
{
	return (struct entry_sink){.entry = on_entry,
		.layer_end = on_layer_end,
		.remember = on_remember,
		.recall = on_recall,
		.arg = k};
}

static int add_node(const struct node *node, void *arg)
{
	struct buf *out = arg;
	auto_free char *path = node_path(node);
	const struct elf *elf = node->type == NODE_FILE ? node_elf(node) : NULL;

	cr_assert_eq(buf_addf(out, NULL, "%s %d %o %u:%u %llu %lld.%u %d %d '%s' '%s'\n", path,
			     node->type, node->mode, node->uid, node->gid,
			     (unsigned long long)node->size, (long long)node->mtime, node->mtime_ns,
			     node->layer, node->has_capability,
			     node->type == NODE_SYMLINK ? node_target(node) : "",
			     node->type == NODE_FILE && node_text(node) ? node_text(node) : ""),
		0);
	if (elf) {
		auto_free char *needed = strv_join(&elf->needed, ",");

		cr_assert_eq(buf_addf(out, NULL, "  elf %u %u %u %s %s\n", elf->machine, elf->type,
				     elf->class_bits, elf->interp ? elf->interp : "", needed),
			0);
	}
	return 0;
}

/* Scan, and write the tree and what the image says down as text; the caller frees. */
static char *scan_text(struct known *k, struct image *image)
{
	const struct entry_sink sink = memory_of(k);
	AUTO_PTR(tree) struct tree *tree = NULL;
	AUTO(buf) struct buf out;

	buf_init(&out, 64 << 20);
	k->entries = k->recalled = k->of_layer = 0;
	image->facts = k->facts;
	scan(image, &sink, 1, &tree);
	(void)tree_walk(tree_root(tree), add_node, &out);
	for (size_t i = 0; i < image->n_layers; i++) {
		const struct layer *l = &image->layers[i];

		cr_assert_eq(buf_addf(&out, NULL, "layer %s %llu %zu %zu %zu\n", l->diff_id_read,
				     (unsigned long long)l->tar_size, l->entries, l->duplicates,
				     l->idle_whiteouts),
			0);
	}
	return buf_steal(&out);
}

static size_t files_in(const char *dir)
{
	auto_dir DIR *d = opendir(dir);
	const struct dirent *e;
	size_t n = 0;

	while ((e = readdir(d))) {
		n += e->d_name[0] != '.';
	}
	return n;
}

/* Everything that a tar can say without being wrong. */
static char *program_text;
static struct lk_entry base_entries[] = {
	{.name = "etc/", .mtime = 7},
	{.name = "etc/passwd", .text = "root:x:0:0::/:/bin/sh\n", .uid = 3, .gid = 4000000000},
	{.name = "etc/empty.conf", .text = ""},
	{.name = "etc/app.conf",
		.text = "key = value\n",
		.mode = 04711,
		.pax = "mtime=-1.000000005"},
	{.name = "lib", .type = '2', .target = "usr/lib"}, {.name = "usr/lib/"},
	{.name = "bin/same", .type = '1', .target = "etc/app.conf"},
	{.name = "bin/caps", .text = "x", .pax = "SCHILY.xattr.user.caps=\x01\x02"},
	{.name = "bin/program"}, {.name = "run/pipe", .type = '6'},
	{.name = "dev/null", .type = '3', .dev_major = 1, .dev_minor = 3},
	{.name = "etc/passwd", .text = "root:x:0:0::/root:/bin/sh\n"}, /* twice */
};
static const struct lk_entry top_entries[] = {
	{.name = "etc/.wh.empty.conf"},
	{.name = "var/.wh..wh..opq"},
	{.name = "etc/.wh.nothing"},
	{.name = "opt/new/file", .text = "new"},
};

static struct image *rich_image(enum layer_encoding encoding)
{
	const struct lk_layer layers[] = {
		{base_entries, ARRAY_SIZE(base_entries), encoding, NULL, 0}, GZIP(top_entries)};

	if (!program_text) {
		AUTO(buf) struct buf program;

		buf_init(&program, 64 << 20);
		cr_assert_eq(file_read(AT_FDCWD, "/bin/true", &program, NULL), 0);
		base_entries[8].len = program.len;
		base_entries[8].text = program_text = buf_steal(&program);
	}
	return lk_image(layers, 2);
}

Test(image_facts, the_same_comes_out_and_nothing_is_read)
{
	struct known k;
	AUTO_PTR(image) struct image *first = rich_image(LAYER_GZIP);
	AUTO_PTR(image) struct image *second = rich_image(LAYER_GZIP);
	AUTO_PTR(image) struct image *without = rich_image(LAYER_GZIP);
	auto_free char *a = NULL;
	auto_free char *b = NULL;
	auto_free char *c = NULL;

	known_init(&k);
	a = scan_text(&k, first);
	cr_expect_eq(k.entries, ARRAY_SIZE(base_entries) + ARRAY_SIZE(top_entries));
	cr_expect_eq(k.recalled, 0);
	cr_expect_eq(files_in(k.dir), 2);
	b = scan_text(&k, second);
	cr_expect_eq(k.entries, 0);
	cr_expect_eq(k.recalled, ARRAY_SIZE(base_entries) + ARRAY_SIZE(top_entries));
	cr_expect_str_eq(a, b);
	cr_expect_eq(second->violations.n, 0);
	facts_free(k.facts);
	k.facts = NULL;
	c = scan_text(&k, without);
	cr_expect_str_eq(a, c);
	cr_assert_not_null(strstr(a, "  elf 62"), "no program in %s", a);
	known_release(&k);
}

/* The upper layer of an image on a known base is the only one that is read. */
Test(image_facts, another_image_on_the_same_base)
{
	static const struct lk_entry base[] = {{.name = "a", .text = "1"}, {.name = "b"}};
	static const struct lk_entry one[] = {{.name = "c", .text = "1"}};
	static const struct lk_entry two[] = {{.name = ".wh.a"}, {.name = "d"}, {.name = "e"}};
	const struct lk_layer first[] = {GZIP(base), GZIP(one)};
	const struct lk_layer second[] = {GZIP(base), GZIP(two)};
	AUTO_PTR(image) struct image *x = lk_image(first, 2);
	AUTO_PTR(image) struct image *y = lk_image(second, 2);
	struct known k;
	auto_free char *a = NULL;
	auto_free char *b = NULL;

	known_init(&k);
	a = scan_text(&k, x);
	b = scan_text(&k, y);
	cr_expect_eq(k.recalled, 2);
	cr_expect_eq(k.entries, 3);
	known_release(&k);
}

/* Where an entry goes depends on the links of lower layers. */
Test(image_facts, another_base_is_another_layer)
{
	static const struct lk_entry link[] = {{.name = "d", .type = '2', .target = "e"}};
	static const struct lk_entry dir[] = {{.name = "d/"}};
	static const struct lk_entry top[] = {{.name = "x", .text = "1"}};
	const struct lk_layer first[] = {GZIP(link), GZIP(top)};
	const struct lk_layer second[] = {GZIP(dir), GZIP(top)};
	AUTO_PTR(image) struct image *x = lk_image(first, 2);
	AUTO_PTR(image) struct image *y = lk_image(second, 2);
	struct known k;
	auto_free char *a = NULL;
	auto_free char *b = NULL;

	known_init(&k);
	a = scan_text(&k, x);
	b = scan_text(&k, y);
	cr_expect_eq(k.recalled, 0);
	cr_expect_eq(files_in(k.dir), 4);
	known_release(&k);
}

/* The bytes are looked at each time: a record is no excuse. */
Test(image_facts, a_blob_that_is_not_what_it_says)
{
	AUTO_PTR(image) struct image *good = rich_image(LAYER_PLAIN);
	AUTO_PTR(image) struct image *bad = rich_image(LAYER_PLAIN);
	struct known k;
	auto_free char *a = NULL;
	auto_free char *b = NULL;

	known_init(&k);
	a = scan_text(&k, good);
	/* in the content of the second file: the tar stays readable */
	cr_assert_eq(memcmp(lk_stored(bad, 0)->data + 1024, "root", 4), 0);
	lk_stored(bad, 0)->data[1024] = 'R';
	b = scan_text(&k, bad);
	cr_expect_eq(k.recalled, 0, "the upper layer's record holds on a sound base only");
	expect_violation(bad, VIOLATION_CONFORMANCE, false, "has the digest");
	known_release(&k);
}

/* docker save names no digest of a layer; a plain tar has the diff_id as its own. */
Test(image_facts, layers_without_a_digest)
{
	AUTO_PTR(image) struct image *first = rich_image(LAYER_PLAIN);
	AUTO_PTR(image) struct image *second = rich_image(LAYER_PLAIN);
	AUTO_PTR(image) struct image *third = rich_image(LAYER_GZIP);
	struct image *const images[] = {first, second, third};
	size_t recalled[3];
	struct known k;

	known_init(&k);
	for (size_t i = 0; i < 3; i++) {
		auto_free char *text = NULL;

		free(images[i]->layers[0].digest);
		images[i]->layers[0].digest = NULL;
		text = scan_text(&k, images[i]);
		recalled[i] = k.recalled;
	}
	cr_expect_eq(recalled[0], 0);
	cr_expect_eq(recalled[1], ARRAY_SIZE(base_entries) + ARRAY_SIZE(top_entries));
	/* gzip: what is stored is not what the diff_id is of; the layer above is known */
	cr_expect_eq(recalled[2], ARRAY_SIZE(top_entries));
	cr_expect_eq(files_in(k.dir), 2, "a record that nothing will ever find was kept");
	known_release(&k);
}

static void damage(const char *dir, void (*how)(int fd, off_t size))
{
	auto_dir DIR *d = opendir(dir);
	const struct dirent *e;

	while ((e = readdir(d))) {
		struct stat st;
		auto_fd int fd = e->d_name[0] == '.' ? -1 : openat(dirfd(d), e->d_name, O_RDWR);

		if (fd >= 0) {
			cr_assert_eq(fstat(fd, &st), 0);
			how(fd, st.st_size);
		}
	}
}

static void flip_first(int fd, off_t size)
{
	(void)size;
	cr_assert_eq(pwrite(fd, "\xff", 1, 0), 1);
}

static void flip_middle(int fd, off_t size)
{
	cr_assert_eq(pwrite(fd, "\xff", 1, size / 2), 1);
}

static void flip_last(int fd, off_t size)
{
	cr_assert_eq(pwrite(fd, "\xff", 1, size - 1), 1);
}

static void cut(int fd, off_t size)
{
	cr_assert_eq(ftruncate(fd, size / 2), 0);
}

static void empty(int fd, off_t size)
{
	(void)size;
	cr_assert_eq(ftruncate(fd, 0), 0);
}

static void grow(int fd, off_t size)
{
	cr_assert_eq(pwrite(fd, "x", 1, size), 1);
}

Test(image_facts, damaged_records_are_not_used_and_made_anew)
{
	static void (*const ways[])(int, off_t) = {
		flip_first, flip_middle, flip_last, cut, empty, grow};
	struct known k;
	auto_free char *a = NULL;

	known_init(&k);
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		AUTO_PTR(image) struct image *image = rich_image(LAYER_GZIP);
		AUTO_PTR(image) struct image *again = rich_image(LAYER_GZIP);
		auto_free char *b = NULL;
		auto_free char *c = NULL;

		if (!a) {
			AUTO_PTR(image) struct image *first = rich_image(LAYER_GZIP);

			a = scan_text(&k, first);
		}
		damage(k.dir, ways[i]);
		b = scan_text(&k, image);
		cr_expect_eq(k.recalled, 0, "damage %zu", i);
		cr_expect_str_eq(a, b);
		c = scan_text(&k, again);
		cr_expect_eq(k.entries, 0, "damage %zu was not mended", i);
		cr_expect_str_eq(a, c);
	}
	known_release(&k);
}

/* A record of one layer under the name of another. */
Test(image_facts, a_record_says_whose_it_is)
{
	AUTO_PTR(image) struct image *first = rich_image(LAYER_GZIP);
	AUTO_PTR(image) struct image *second = rich_image(LAYER_GZIP);
	struct known k;
	auto_free char *a = NULL;
	auto_free char *b = NULL;

	known_init(&k);
	a = scan_text(&k, first);
	cr_assert_eq(shell("cd %s && set -- * && mv $1 t && mv $2 $1 && mv t $2", k.dir), 0);
	b = scan_text(&k, second);
	cr_expect_eq(k.recalled, 0);
	cr_expect_str_eq(a, b);
	known_release(&k);
}

Test(image_facts, other_limits_are_another_reading)
{
	AUTO_PTR(image) struct image *first = rich_image(LAYER_GZIP);
	AUTO_PTR(image) struct image *second = rich_image(LAYER_GZIP);
	struct known k;
	auto_free char *a = NULL;
	auto_free char *b = NULL;

	known_init(&k);
	a = scan_text(&k, first);
	image_limits.keep_all = 10;
	b = scan_text(&k, second);
	cr_expect_eq(k.recalled, 0);
	known_release(&k);
}

/* What is wrong or odd in a layer is found each time, at its place in the tar. */
Test(image_facts, layers_with_something_to_say_are_read)
{
	static const struct lk_entry odd[] = {{.name = "a", .text = "1"},
		{.name = "gone", .type = '3', .dev_major = 0, .dev_minor = 0}};
	static const struct lk_entry top[] = {{.name = "b"}};
	const struct lk_layer layers[] = {GZIP(odd), GZIP(top)};
	struct known k;

	known_init(&k);
	for (size_t i = 0; i < 2; i++) {
		AUTO_PTR(image) struct image *image = lk_image(layers, 2);
		auto_free char *text = scan_text(&k, image);

		expect_violation(image, VIOLATION_LAYER, true, "overlay takes it for a whiteout");
		cr_expect_eq(k.entries, i ? 2 : 3);
		cr_expect_eq(k.recalled, i);
	}
	known_release(&k);
}

/* The layer store wants the bytes. */
Test(image_facts, a_sink_without_memory_sees_the_layer)
{
	AUTO_PTR(image) struct image *first = rich_image(LAYER_GZIP);
	AUTO_PTR(image) struct image *second = rich_image(LAYER_GZIP);
	AUTO_PTR(tree) struct tree *tree = NULL;
	AUTO(seen) struct seen seen = {.skip = 1};
	struct known k;
	auto_free char *a = NULL;

	known_init(&k);
	a = scan_text(&k, first);
	k.entries = k.recalled = 0;
	second->facts = k.facts;
	{
		const struct entry_sink sinks[] = {memory_of(&k), sink_of(&seen)};

		scan(second, sinks, 2, &tree);
	}
	/* it skips the lower one, which may come from its record then */
	cr_expect_eq(k.recalled, ARRAY_SIZE(base_entries));
	cr_expect_eq(k.entries, ARRAY_SIZE(top_entries));
	cr_expect(strv_has(&seen.log, "1 f opt/new/file"));
	known_release(&k);
}

/* A service's image is scanned without checks; gated later, it has to be read for them once. */
Test(image_facts, a_record_without_memory_is_replaced_by_one_with_it)
{
	struct known k;
	size_t entries[4];

	known_init(&k);
	for (size_t i = 0; i < 4; i++) {
		AUTO_PTR(image) struct image *image = rich_image(LAYER_GZIP);
		AUTO_PTR(tree) struct tree *tree = NULL;
		auto_free char *text = NULL;

		k.entries = 0;
		image->facts = k.facts;
		if (i == 0 || i == 3) {
			scan(image, NULL, 0, &tree);
			cr_expect_eq(files_in(k.dir), 2);
		} else {
			text = scan_text(&k, image);
		}
		entries[i] = k.entries;
	}
	cr_expect_eq(entries[1], ARRAY_SIZE(base_entries) + ARRAY_SIZE(top_entries));
	cr_expect_eq(entries[2], 0);
	known_release(&k);
}

Test(image_facts, only_a_directory_of_our_own)
{
	char dir[] = "/tmp/assay-facts-XXXXXX";
	auto_free char *link = NULL;
	struct facts *facts = NULL;
	struct err err = {0};

	cr_assert_not_null(mkdtemp(dir));
	cr_assert_eq(chmod(dir, 0777), 0);
	cr_expect_eq(facts_open(dir, &facts, &err), -1);
	cr_expect_eq(err.code, ERR_DENIED);
	cr_assert_eq(chmod(dir, 0700), 0);
	link = xasprintf("%s/link", dir);
	cr_assert_eq(symlink(dir, link), 0);
	cr_expect_eq(facts_open(link, &facts, &err), -1);
	cr_expect_null(facts);
	cr_assert_eq(dir_remove(AT_FDCWD, dir, NULL), 0);
}

Test(image_facts, the_oldest_go_first)
{
	struct known k;
	struct facts_total left = {0};
	AUTO_PTR(image) struct image *image = rich_image(LAYER_GZIP);
	auto_free char *a = NULL;
	auto_free char *path = NULL;
	auto_fd int written = -1;

	known_init(&k);
	k.clear = true;
	a = scan_text(&k, image);
	cr_assert_eq(files_in(k.dir), 2);
	cr_assert_eq(
		shell("cd %s && touch -d @1000 `ls -S | head -1` && touch tmp.0 tmp.1", k.dir), 0);
	path = xasprintf("%s/tmp.0", k.dir);
	written = open(path, O_WRONLY | O_CLOEXEC);
	cr_assert_eq(flock(written, LOCK_SH), 0);
	cr_assert_eq(facts_trim(k.facts, UINT64_MAX, &left, NULL), 0);
	cr_expect_eq(left.layers, 2);
	cr_expect_eq(files_in(k.dir), 3, "what a dead process left goes, what is written stays");
	cr_assert_eq(facts_trim(k.facts, left.bytes - 1, &left, NULL), 0);
	cr_expect_eq(left.layers, 1);
	cr_expect_lt(left.bytes, 4096, "the larger one was the older one");
	cr_assert_eq(facts_trim(k.facts, 0, &left, NULL), 0);
	cr_expect_eq(left.layers, 0);
	cr_expect_eq(files_in(k.dir), 1);
	known_release(&k);
}
