/* Layers of many small files, which threads make: the same comes out as of tar, in whatever order
 * they come to them. */
#include "image/store_pool.h"

#include "base/alloc.h"
#include "base/processors.h"
#include "base/sys_file.h"
#include "tests/unit/store_kit.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { FILES = 900, LONGEST = 70 * 1000 };

static struct lk_entry entries[FILES];
static char names[FILES][48];
static char noise[FILES + LONGEST];

static void fill_noise(void)
{
	uint32_t x = 3;

	for (size_t i = 0; i < sizeof(noise); i++) {
		x = x * 1664525 + 1013904223;
		noise[i] = (char)(x >> 24);
	}
	memset(noise + 20000, 0, 20000); /* holes */
}

/* Files of all lengths in directories that take turns; each tenth entry depends on one before. */
static void fill_entries(void)
{
	fill_noise();
	for (size_t i = 0; i < FILES; i++) {
		struct lk_entry *e = &entries[i];

		snprintf(names[i], sizeof(names[i]), "d%zu/e/f%zu", i % 7, i);
		*e = (struct lk_entry){.name = names[i],
			.text = noise + i,
			.len = 1 + i * 7919 % LONGEST,
			.mode = i % 3 ? 0644 : 04755,
			.uid = i % 5 ? 0 : 33,
			.gid = i % 4 ? 0 : 7,
			.mtime = 1000000000 + (unsigned)i};
		if (i % 10 != 9) {
			continue;
		}
		switch (i / 10 % 4) {
		case 0: /* the file before once more */
			e->name = names[i - 1];
			break;
		case 1: /* a link to it */
			*e = (struct lk_entry){
				.name = names[i], .type = '1', .target = names[i - 1]};
			break;
		case 2: /* a symbolic link in its place */
			e->name = names[i - 1];
			e->type = '2';
			e->target = "elsewhere";
			e->text = NULL;
			e->len = 0;
			break;
		default: /* a directory in its place */
			snprintf(names[i], sizeof(names[i]), "%s/", names[i - 1]);
			*e = (struct lk_entry){.name = names[i], .mode = 0711, .mtime = 1500000000};
		}
	}
}

/* What GNU tar makes of the same bytes; directories that the layer does not have are not compared. */
static void compare_with_tar(const struct place *p, const char *dir)
{
	auto_free char *tar = xasprintf("%s/layer.tar", p->dir);
	struct buf bytes;

	buf_init(&bytes, 64 << 20);
	lk_tar_entries(&bytes, entries, FILES);
	lk_tar_end(&bytes);
	cr_assert_eq(file_write(AT_FDCWD, tar, buf_str(&bytes), bytes.len, NULL), 0);
	buf_release(&bytes);
	cr_assert_eq(
		shell("mkdir %s/tar && tar -xpf %s --numeric-owner --recursive-unlink -C %s/tar",
			p->dir, tar, p->dir),
		0);
	cr_expect_eq(shell("diff -r --no-dereference %s/tar %s", p->dir, dir), 0);
	for (const char *const *what = (const char *const[]){"tar", dir, NULL}; *what; what++) {
		cr_assert_eq(
			shell("cd %s%s%s && find . ! -type d -printf '%%P %%y %%m %s%%n %%s %%T@ %%l\\n'"
			      " -o -perm 711 -printf '%%P %%m %%T@\\n' | sort > %s/%s.list",
				**what == '/' ? "" : p->dir, **what == '/' ? "" : "/", *what,
				is_root() ? "%U:%G " : "", p->dir, **what == '/' ? "ours" : "tar"),
			0);
	}
	cr_expect_eq(shell("diff %s/tar.list %s/ours.list", p->dir, p->dir), 0);
	cr_expect_eq(shell("test $(wc -l < %s/tar.list) -gt %d", p->dir, FILES / 2), 0);
}

static void unpacks_as_tar_does(void)
{
	const struct lk_layer layer = {entries, FILES, LAYER_PLAIN, NULL, 0};
	AUTO(place) struct place p;

	fill_entries();
	place_init(&p);
	{
		AUTO_PTR(image) struct image *image = lk_image(&layer, 1);
		AUTO_PTR(store) struct store *store = open_store(&p);
		AUTO_PTR(tree) struct tree *tree = NULL;
		AUTO(strv) struct strv dirs = unpack(store, image, &tree);

		cr_assert_eq(dirs.n, 1);
		compare_with_tar(&p, dirs.v[0]);
	}
}

Test(image_store_pool, many_files_are_what_tar_makes)
{
	unpacks_as_tar_does();
}

Test(image_store_pool, on_one_processor_too)
{
	cpu_set_t one;
	cpu_set_t now;

	cr_assert_eq(sched_getaffinity(0, sizeof(now), &now), 0);
	CPU_ZERO(&one);
	for (size_t i = 0; i < CPU_SETSIZE && !CPU_COUNT(&one); i++) {
		if (CPU_ISSET(i, &now)) {
			CPU_SET(i, &one);
		}
	}
	cr_assert_eq(sched_setaffinity(0, sizeof(one), &one), 0);
	cr_assert_eq(processors(), 1);
	unpacks_as_tar_does();
}

/* Said is what went wrong first, not what became of it: the link's target was never made. */
Test(image_store_pool, the_first_failure_is_told)
{
	const struct lk_layer layer = {entries, FILES, LAYER_GZIP, NULL, 0};
	const struct rlimit small = {50 * 1000, 50 * 1000}; /* the blob is smaller */
	AUTO(place) struct place p;

	fill_entries();
	memset(noise, 'a', sizeof(noise));
	for (size_t i = 0; i < FILES; i++) {
		entries[i].len = entries[i].type || !entries[i].text ? 0 : 1000;
	}
	entries[658].len = 60 * 1000;
	entries[659] = (struct lk_entry){.name = "link", .type = '1', .target = entries[658].name};
	place_init(&p);
	{
		AUTO_PTR(image) struct image *image = lk_image(&layer, 1);
		AUTO_PTR(store) struct store *store = open_store(&p);
		AUTO_PTR(store_writer) struct store_writer *w = NULL;
		AUTO_PTR(tree) struct tree *tree = NULL;
		struct entry_sink sink;
		struct err err = {0};
		auto_free char *said = xasprintf("unpack '%s'", entries[658].name);

		signal(SIGXFSZ, SIG_IGN);
		cr_assert_eq(store_writer_new(store, image, &w, &err), 0);
		sink = store_writer_sink(w);
		cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
		cr_expect_eq(image_scan(image, &sink, 1, &tree, &err), 0, "%s", err.msg);
		cr_expect_eq(store_writer_finish(w, &err), -1);
		cr_expect_eq(err.code, ERR_IO);
		cr_expect(strstr(err.msg, said), "%s", err.msg);
		cr_expect(strstr(err.msg, "layer 0"), "%s", err.msg);
		cr_expect(strstr(err.msg, "File too large"), "%s", err.msg);
		cr_expect_eq(count_in(&p, "layers"), 0);
		cr_expect_eq(count_in(&p, "tmp"), 0);
	}
}

static size_t count_threads(void)
{
	auto_dir DIR *dir = opendir("/proc/self/task");
	size_t n = 0;

	cr_assert_not_null(dir);
	while (readdir(dir)) {
		n++;
	}
	return n;
}

/* Given up in the middle, with batches under way and to come: nothing of it is left running. */
Test(image_store_pool, can_be_given_up)
{
	const struct store_ids ids = {.single = true, .userxattr = true};
	const struct attributes at = {.mode = 0600};
	size_t threads = count_threads();
	AUTO(place) struct place p;

	fill_noise();
	place_init(&p);
	for (int round = 0; round < 20; round++) {
		auto_free char *name = xasprintf("%s/%d", p.dir, round);
		auto_fd int root = -1;
		struct store_pool *pool;

		cr_assert_eq(mkdir(name, 0700), 0);
		root = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		pool = store_pool_new(root, &ids);
		for (int i = 0; i < 10 * round; i++) {
			snprintf(names[0], sizeof(names[0]), "%d", i);
			store_pool_add(pool, names[0], &at, noise, 60 * 1000);
		}
		store_pool_free(pool);
		cr_assert_eq(count_threads(), threads);
	}
}
