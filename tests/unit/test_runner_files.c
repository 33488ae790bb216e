/* What an instance wrote, over a real directory made for the test. */
#include "runner/files.h"

#include "base/alloc.h"
#include "base/sys_file.h"
#include "fake_tree.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
	char dir[64];
	struct files_places places;
	struct task_observation t;
};

static void place_make(struct place *p)
{
	*p = (struct place){.dir = "/var/tmp/assay-files-XXXXXX"};
	cr_assert_not_null(mkdtemp(p->dir));
	files_places_add(&p->places, p->dir, "");
}

static void place_release(struct place *p)
{
	for (size_t i = 0; i < p->t.files.n; i++) {
		free(p->t.files.v[i].path);
		free(p->t.files.v[i].excerpt);
	}
	free(p->t.files.v);
	files_places_release(&p->places);
	(void)dir_remove(AT_FDCWD, p->dir, NULL);
}

static void put(const struct place *p, const char *name, const char *text)
{
	auto_free char *path = xasprintf("%s/%s", p->dir, name);
	auto_free char *dir = xstrdup(path);
	struct err err = {0};

	*strrchr(dir, '/') = '\0';
	cr_assert_eq(dir_make(dir, 0755, &err), 0, "%s", err.msg);
	cr_assert_eq(file_write(AT_FDCWD, path, text, strlen(text), &err), 0, "%s", err.msg);
}

static void list(struct place *p, const struct tree *tree, const struct files_look *look)
{
	struct err err = {0};

	cr_assert_eq(files_list(&p->places, tree, look, &p->t, &err), 0, "%s", err.msg);
}

static const struct obs_file *find(const struct place *p, const char *path)
{
	for (size_t i = 0; i < p->t.files.n; i++) {
		if (strcmp(p->t.files.v[i].path, path) == 0) {
			return &p->t.files.v[i];
		}
	}
	return NULL;
}

Test(runner_files, lists_what_was_written)
{
	AUTO(place) struct place p;
	const struct obs_file *log;

	place_make(&p);
	put(&p, "var/log/app.log", "2026-01-31T12:00:00Z up\nplain\n2026-01-31T12:00:01Z down\n");
	put(&p, "run/app.pid", "1\n");
	put(&p, "etc/hosts", "127.0.0.1 localhost\n");
	list(&p, NULL, NULL);
	cr_assert_eq(p.t.files.n, 2, "directories and the sandbox's own files are not listed");
	log = find(&p, "/var/log/app.log");
	cr_assert_not_null(log);
	cr_assert_eq(log->size, 56);
	cr_assert_eq(log->looked_at_lines, 3);
	cr_assert_eq(log->timestamped_lines, 2);
	cr_assert_str_eq(log->excerpt, "2026-01-31T12:00:00Z up");
	cr_assert_not(log->existed);
	cr_assert_not(log->grew);
	cr_assert_not_null(find(&p, "/run/app.pid"));
}

Test(runner_files, growth)
{
	static const struct fake image[] = {
		{"etc/app.conf", .text = "a=1\n"},
		{"var/log/dpkg.log", .text = "2026-01-01 00:00:00 install\n"},
		{NULL},
	};
	AUTO_PTR(tree) struct tree *tree = fake_tree(image);
	AUTO_PTR(files_look) struct files_look *look = NULL;
	AUTO(place) struct place p;

	place_make(&p);
	put(&p, "tmp/growing", "one\n");
	put(&p, "tmp/still", "one\n");
	put(&p, "etc/app.conf", "a=1\n");
	put(&p, "var/log/dpkg.log", "2026-01-01 00:00:00 install\n2026-01-31 12:00:00 remove\n");
	cr_assert_eq(files_look_new(&p.places, &look, NULL), 0);
	put(&p, "tmp/growing", "one\ntwo\n");
	put(&p, "tmp/new", "one\n");
	list(&p, tree, look);
	cr_expect(find(&p, "/tmp/growing")->grew);
	cr_expect_not(find(&p, "/tmp/still")->grew);
	cr_expect_not(find(&p, "/tmp/new")->grew);
	cr_expect(find(&p, "/etc/app.conf")->existed);
	cr_expect_not(find(&p, "/etc/app.conf")->grew, "copied up as it was");
	cr_expect(find(&p, "/var/log/dpkg.log")->grew, "larger than in the image");
}

/* A volume starts as a copy of the image's directory: that copy was not written by the product. */
Test(runner_files, volumes)
{
	static const struct fake image[] = {
		{"data/seed", .text = "12345"},
		{NULL},
	};
	AUTO_PTR(tree) struct tree *tree = fake_tree(image);
	AUTO(place) struct place p;

	place_make(&p);
	files_places_release(&p.places);
	files_places_add(&p.places, p.dir, "/data");
	put(&p, "seed", "12345");
	put(&p, "made", "x");
	list(&p, tree, NULL);
	cr_assert_eq(p.t.files.n, 1);
	cr_assert_str_eq(p.t.files.v[0].path, "/data/made");
}

/* Links are listed and never followed; a fifo must not hold us up. */
Test(runner_files, hostile_things)
{
	AUTO(place) struct place p;
	auto_free char *link = NULL;
	auto_free char *dirlink = NULL;
	auto_free char *fifo = NULL;
	struct files_usage limit = {.bytes = 1 << 20, .files = 1000};
	struct files_usage sum;

	place_make(&p);
	link = xasprintf("%s/passwd.log", p.dir);
	dirlink = xasprintf("%s/etc", p.dir);
	fifo = xasprintf("%s/pipe.log", p.dir);
	cr_assert_eq(symlink("/etc/passwd", link), 0);
	cr_assert_eq(symlink("/etc", dirlink), 0);
	cr_assert_eq(mkfifo(fifo, 0600), 0);
	list(&p, NULL, NULL);
	cr_assert_eq(p.t.files.n, 3);
	for (size_t i = 0; i < p.t.files.n; i++) {
		cr_expect_not(p.t.files.v[i].regular);
		cr_expect_eq(p.t.files.v[i].looked_at_lines, 0);
	}
	files_measure(&p.places, &limit, &sum);
	cr_assert_eq(sum.files, 3);
}

/* 100 KB of stamped lines with a plain middle: both ends are looked at, cut lines are not. */
Test(runner_files, large_files_are_looked_at_from_both_ends)
{
	AUTO(place) struct place p;
	AUTO(buf) struct buf text;
	const struct obs_file *f;

	place_make(&p);
	buf_init(&text, 1 << 20);
	for (int i = 0; i < 2500; i++) {
		cr_assert_eq(
			buf_addf(&text, NULL, "2026-01-31T12:00:00Z line of forty octets\n"), 0);
	}
	put(&p, "tmp/big", buf_str(&text));
	list(&p, NULL, NULL);
	f = find(&p, "/tmp/big");
	/* A line has 42 octets; 32768 octets hold 780 whole ones at either end. */
	cr_assert_eq(f->looked_at_lines, f->timestamped_lines);
	cr_assert_eq(f->looked_at_lines, 1560);
}

Test(runner_files, measuring_stops_at_the_limit)
{
	AUTO(place) struct place p;
	struct files_usage few = {.bytes = UINT64_MAX, .files = 3};
	struct files_usage sum;

	place_make(&p);
	for (int i = 0; i < 20; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "f%d", i);
		put(&p, name, "x");
	}
	files_measure(&p.places, &few, &sum);
	cr_assert_eq(sum.files, 4, "one more than the limit, and no further");
}
