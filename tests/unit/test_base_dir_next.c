/* Whoever reads a directory: where that fails it says so, and does not take what it saw for all. */
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/sys_file.h"
#include "image/facts.h"
#include "image/scratch.h"
#include "image/store.h"
#include "runner/files.h"
#include "sandbox/instance.h"
#include "tests/unit/readdir_kit.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Each is called in a directory of its own with two files and a directory in "tree". */

static int next(struct err *err)
{
	auto_fd int fd = open("tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *dir = dir_list(fd);
	const struct dirent *item;
	size_t n = 0;
	int rc;

	cr_assert_not_null(dir);
	while ((rc = dir_next(dir, &item, err)) > 0) {
		cr_expect_neq(item->d_name[0], '.');
		n++;
	}
	cr_expect(rc || n == 3);
	return rc;
}

static int remove_tree(struct err *err)
{
	int rc = dir_remove(AT_FDCWD, "tree", err);

	cr_expect_eq(rc == 0, access("tree", F_OK) != 0);
	return rc;
}

static int open_store(struct err *err)
{
	const struct store_ids ids = {.single = true, .userxattr = true};
	struct store *store = NULL;
	int rc = store_open("store", &ids, &store, err);

	store_free(store);
	return rc;
}

/* Each of them with a store that is open. */
static int with_store(struct err *err, int (*act)(struct store *store, struct err *err))
{
	const struct store_ids ids = {.single = true, .userxattr = true};
	AUTO_PTR(store) struct store *store = NULL;

	readdir_pause();
	cr_assert_eq(store_open("store", &ids, &store, NULL), 0);
	readdir_resume();
	return act(store, err);
}

static int list(struct store *store, struct err *err)
{
	AUTO(store_items) struct store_items items = {0};

	return store_list(store, &items, err);
}

static int list_store(struct err *err)
{
	return with_store(err, list);
}

static int prune_store(struct err *err)
{
	return with_store(err, store_prune);
}

static int settle_store(struct err *err)
{
	return with_store(err, store_settle);
}

static int trim_facts(struct err *err)
{
	AUTO_PTR(facts) struct facts *facts = NULL;

	cr_assert_eq(chmod("tree", 0700), 0);
	cr_assert_eq(facts_open("tree", &facts, NULL), 0);
	return facts_trim(facts, UINT64_MAX, NULL, err);
}

static int new_scratch(struct err *err)
{
	auto_free char *path = NULL;
	auto_fd int fd = -1;

	setenv("TMPDIR", ".", 1);
	fd = scratch_new(&path, err);
	return fd < 0 ? -1 : 0;
}

static int list_files(struct err *err)
{
	struct files_places places = {0};
	struct task_observation seen = {0};
	int rc;

	files_places_add(&places, "tree", "");
	rc = files_list(&places, NULL, NULL, &seen, err);
	cr_expect(rc || seen.files.n == 3);
	observation_clear(&seen);
	files_places_release(&places);
	return rc;
}

static int look_at_files(struct err *err)
{
	struct files_places places = {0};
	AUTO_PTR(files_look) struct files_look *look = NULL;
	int rc;

	files_places_add(&places, "tree", "");
	rc = files_look_new(&places, &look, err);
	files_places_release(&places);
	return rc;
}

/* It finds the first one of this namespace, whichever that is. */
static int find_process(struct err *err)
{
	const struct sandbox sb = {.pid = getpid()};
	pid_t pid;
	size_t n = 0;
	int rc = sandbox_processes(&sb, &pid, 1, &n, err);

	cr_expect(rc || n == 1);
	return rc;
}

static int seed_volume(struct err *err)
{
	char name[] = "tree";
	char *names[] = {name};
	char to[] = "volume";
	char *dirs[] = {to};
	struct spec spec = {.volumes = {names, 1, 1}};
	const struct sandbox sb = {.spec = &spec, .volumes = {dirs, 1, 1}};
	auto_fd int root = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	cr_assert_eq(mkdir("volume", 0755), 0);
	rc = volumes_seed(&sb, root, err);
	cr_expect(rc || access("volume/inner/c", F_OK) == 0);
	return rc;
}

static int clear_groups(struct err *err)
{
	return cgroup_clear("tree", "none-", err);
}

static const struct {
	const char *name;
	int (*call)(struct err *err);
	size_t reads; /* at the least */
} rows[] = {
	{"dir_next", next, 5},
	{"dir_remove", remove_tree, 10},
	{"store_open", open_store, 6},
	{"store_list", list_store, 3},
	{"store_prune", prune_store, 3},
	{"store_settle", settle_store, 3},
	{"facts_trim", trim_facts, 6},
	{"scratch_new", new_scratch, 4},
	{"files_list", list_files, 10},
	{"files_look_new", look_at_files, 10},
	{"sandbox_processes", find_process, 3},
	{"volumes_seed", seed_volume, 10},
	{"cgroup_clear", clear_groups, 6},
};

/* Whether there was an n-th call, which failed. */
static bool try(size_t row, size_t n)
{
	static const char *const files[] = {"tree/a", "tree/b", "tree/inner/c"};
	struct err err = {0};
	char dir[16];
	bool failed;
	int rc;

	snprintf(dir, sizeof(dir), "%zu", n);
	cr_assert(mkdir(dir, 0755) == 0 && chdir(dir) == 0);
	cr_assert_eq(dir_make("tree/inner", 0755, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		cr_assert_eq(file_write(AT_FDCWD, files[i], "x", 1, NULL), 0);
	}
	readdir_fails_at(n);
	rc = rows[row].call(&err);
	failed = readdir_failed();
	readdir_fails_at(0);
	cr_expect_eq(rc, failed ? -1 : 0, "%s, %zu: %d, %s", rows[row].name, n, rc, err.msg);
	cr_expect_eq(err.sys, failed ? EIO : 0, "%s, %zu: %s", rows[row].name, n, err.msg);
	cr_assert_eq(chdir(".."), 0);
	return failed;
}

Test(base_dir_next, an_error_is_not_the_end)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char dir[] = "/tmp/assay-readdir-XXXXXX";
		size_t n = 1;

		cr_assert(mkdtemp(dir) && chdir(dir) == 0);
		while (try(i, n)) {
			n++;
		}
		cr_expect_gt(n, rows[i].reads, "%s reads %zu times", rows[i].name, n - 1);
		cr_assert(chdir("/") == 0 && dir_remove(AT_FDCWD, dir, NULL) == 0);
	}
}
