#include "tests/unit/store_kit.h"

#include "base/alloc.h"
#include "base/sys_file.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

bool is_root(void)
{
	return geteuid() == 0;
}

void place_init(struct place *p)
{
	snprintf(p->dir, sizeof(p->dir), "/tmp/assay-store-XXXXXX");
	cr_assert_not_null(mkdtemp(p->dir));
	snprintf(p->store, sizeof(p->store), "%s/store", p->dir);
	p->ids = (struct store_ids){.single = !is_root(), .userxattr = !is_root()};
}

void place_release(struct place *p)
{
	cr_expect_eq(dir_remove(AT_FDCWD, p->dir, NULL), 0);
}

struct store *open_store(const struct place *p)
{
	struct store *store = NULL;
	struct err err = {0};

	cr_assert_eq(store_open(p->store, &p->ids, &store, &err), 0, "%s", err.msg);
	return store;
}

/* Unpack what is missing; the layers' directories, or none when that failed. */
struct strv unpack(struct store *store, struct image *image, struct tree **tree)
{
	AUTO_PTR(store_writer) struct store_writer *w = NULL;
	struct strv dirs = {0};
	struct entry_sink sink;
	struct err err = {0};

	cr_assert_eq(store_writer_new(store, image, &w, &err), 0);
	sink = store_writer_sink(w);
	cr_assert_eq(image_scan(image, &sink, 1, tree, &err), 0, "%s", err.msg);
	cr_assert_eq(store_writer_finish(w, &err), 0, "%s", err.msg);
	(void)store_layers(store, image, &dirs, &err);
	return dirs;
}

int shell(const char *fmt, ...)
{
	char *command = NULL;
	va_list ap;
	int rc;

	va_start(ap, fmt);
	cr_assert_geq(vasprintf(&command, fmt, ap), 0);
	va_end(ap);
	rc = system(command);
	free(command);
	return rc;
}

size_t count_in(const struct place *p, const char *name)
{
	char path[160];
	size_t n = 0;
	auto_dir DIR *dir = NULL;

	snprintf(path, sizeof(path), "%s/%s", p->store, name);
	dir = opendir(path);
	cr_assert_not_null(dir);
	for (const struct dirent *d; (d = readdir(dir));) {
		n += d->d_name[0] != '.';
	}
	return n;
}

struct stat stat_in(const char *dir, const char *name)
{
	char path[512];
	struct stat st = {0};

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	cr_assert_eq(lstat(path, &st), 0, "%s", path);
	return st;
}

bool exists_in(const char *dir, const char *name)
{
	char path[512];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return lstat(path, &st) == 0;
}
