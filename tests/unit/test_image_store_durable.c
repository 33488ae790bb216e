/* Layers after a power loss: what is left of them by name only is never used. The boots are files of
 * ours in the kernel's stead. */
#include "image/store_private.h"
#include "tests/unit/store_kit.h"

#include "base/alloc.h"
#include "base/sys_file.h"
#include "image/tree.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

static const struct lk_entry one[] = {{.name = "one", .text = "1"}};
static const struct lk_entry two[] = {{.name = "two", .text = "2"}};
static const struct lk_layer layers[] = {LAYER(one), LAYER(two)};

static char boot[160];
static int synced;
static int sync_error;

static int fake_sync(int fd)
{
	(void)fd;
	synced++;
	errno = sync_error;
	return sync_error ? -1 : 0;
}

static void boot_as(const struct place *p, const char *id)
{
	snprintf(boot, sizeof(boot), "%s/boot_id", p->dir);
	cr_assert_eq(file_write(AT_FDCWD, boot, id, strlen(id), NULL), 0);
	store_boot_path = boot;
}

static void begin(struct place *p)
{
	place_init(p);
	boot_as(p, "first\n");
	store_sync = fake_sync;
	synced = sync_error = 0;
}

/* A file in each layer that unpacking would not make: it tells those that stayed. */
static void plant(const struct place *p)
{
	cr_assert_eq(shell("for f in %s/layers/*; do : >$f/fs/planted; done", p->store), 0);
}

/* Both layers unpacked, or found, by a run of its own; how many had been found. */
static size_t run(const struct place *p, bool settle)
{
	size_t found = 0;

	AUTO_PTR(image) struct image *image = lk_image(layers, ARRAY_SIZE(layers));
	AUTO_PTR(store) struct store *store = open_store(p);
	AUTO_PTR(tree) struct tree *tree = NULL;
	AUTO(strv) struct strv dirs = unpack(store, image, &tree);

	cr_assert_eq(dirs.n, ARRAY_SIZE(layers));
	cr_expect(exists_in(dirs.v[0], "one"));
	cr_expect(exists_in(dirs.v[1], "two"));
	for (size_t i = 0; i < dirs.n; i++) {
		found += exists_in(dirs.v[i], "planted");
	}
	if (settle) {
		cr_expect_eq(store_settle(store, NULL), 0);
	}
	return found;
}

static size_t durable(const struct place *p)
{
	AUTO_PTR(store) struct store *store = open_store(p);
	AUTO(store_items) struct store_items items = {0};
	size_t n = 0;

	cr_assert_eq(store_list(store, &items, NULL), 0);
	for (size_t i = 0; i < items.n; i++) {
		n += items.v[i].durable;
	}
	return n;
}

Test(image_store_durable, of_the_same_boot_without_a_mark)
{
	AUTO(place) struct place p;

	begin(&p);
	cr_expect_eq(run(&p, false), 0);
	cr_expect_eq(synced, 0, "unpacking writes nothing out");
	cr_expect_eq(durable(&p), 0);
	plant(&p);
	cr_expect_eq(run(&p, false), 2);
}

Test(image_store_durable, of_another_boot_without_a_mark)
{
	AUTO(place) struct place p;

	begin(&p);
	(void)run(&p, false);
	/* what it would be after a power loss: there by name, but without content */
	cr_assert_eq(shell("rm -r %s/layers/*/fs/*", p.store), 0);
	boot_as(&p, "second\n");
	store_free(open_store(&p));
	cr_expect_eq(count_in(&p, "layers"), 0);
	cr_expect_eq(count_in(&p, "tmp"), 0);
	(void)run(&p, false);
}

Test(image_store_durable, marked)
{
	AUTO(place) struct place p;

	begin(&p);
	(void)run(&p, true);
	cr_expect_eq(synced, 1, "once for all layers");
	cr_expect_eq(durable(&p), 2);
	plant(&p);
	boot_as(&p, "second\n");
	cr_expect_eq(run(&p, true), 2);
	cr_expect_eq(synced, 1, "nothing is left to be written out");
}

/* A run that was killed leaves its layers to the next one's mark. */
Test(image_store_durable, marked_by_a_later_run)
{
	AUTO(place) struct place p;

	begin(&p);
	(void)run(&p, false);
	(void)run(&p, true);
	cr_expect_eq(synced, 1);
	cr_expect_eq(durable(&p), 2);
}

Test(image_store_durable, what_could_not_be_written_out)
{
	AUTO(place) struct place p;
	struct err err = {0};

	begin(&p);
	(void)run(&p, false);
	sync_error = EIO;
	{
		AUTO_PTR(store) struct store *store = open_store(&p);

		cr_expect_eq(store_settle(store, &err), -1);
		cr_expect_eq(err.sys, EIO);
	}
	cr_expect_eq(durable(&p), 0);
	cr_expect_eq(count_in(&p, "layers"), 0, "not even in the same boot");
	sync_error = 0;
	(void)run(&p, true);
	cr_expect_eq(durable(&p), 2);
}

/* The store is open already when somebody sees that a layer is none. */
Test(image_store_durable, found_when_it_is_wanted)
{
	AUTO(place) struct place p;

	begin(&p);
	boot_as(&p, "second\n");
	{
		AUTO_PTR(store) struct store *store = open_store(&p);
		AUTO_PTR(image) struct image *image = lk_image(layers, ARRAY_SIZE(layers));
		AUTO_PTR(tree) struct tree *tree = NULL;
		AUTO(strv) struct strv dirs = {0};

		boot_as(&p, "first\n");
		(void)run(&p, false);
		plant(&p);
		cr_expect_eq(count_in(&p, "layers"), 2);
		dirs = unpack(store, image, &tree);
		cr_assert_eq(dirs.n, 2);
		cr_expect_not(exists_in(dirs.v[0], "planted"));
		cr_expect_eq(count_in(&p, "layers"), 2);
		cr_expect_eq(count_in(&p, "tmp"), 0);
	}
	boot_as(&p, "second\n");
	store_free(open_store(&p));
	cr_expect_eq(count_in(&p, "layers"), 2, "made anew in the second boot");
}

Test(image_store_durable, a_note_that_was_lost)
{
	static const char *const losses[] = {": >\"$f/boot\"", "rm \"$f/boot\"",
		"printf 'first\\nand more, which no boot id has, for longer than any of them is' "
		">\"$f/boot\"",
		"rm \"$f/boot\"; mkdir \"$f/boot\""};
	AUTO(place) struct place p;

	begin(&p);
	for (size_t i = 0; i < ARRAY_SIZE(losses); i++) {
		(void)run(&p, false);
		cr_assert_eq(shell("for f in %s/layers/*; do %s; done", p.store, losses[i]), 0);
		store_free(open_store(&p));
		cr_expect_eq(count_in(&p, "layers"), 0, "%s", losses[i]);
	}
}

/* One that is about to be removed is not marked: a file made in it now would be in the way. */
Test(image_store_durable, a_layer_that_somebody_removes)
{
	AUTO(place) struct place p;

	begin(&p);
	(void)run(&p, false);
	{
		AUTO_PTR(store) struct store *store = open_store(&p);
		AUTO(store_items) struct store_items items = {0};
		auto_free char *path = NULL;
		auto_fd int removing = -1;

		cr_assert_eq(store_list(store, &items, NULL), 0);
		path = xasprintf("%s/layers/%s", p.store, items.v[0].key);
		removing = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		cr_assert_eq(flock(removing, LOCK_EX), 0);
		cr_expect_eq(store_settle(store, NULL), 0);
		cr_expect_not(exists_in(path, "durable"));
	}
	cr_expect_eq(durable(&p), 1);
}

Test(image_store_durable, without_a_boot_id)
{
	AUTO(place) struct place p;
	struct store *store = NULL;
	struct err err = {0};

	begin(&p);
	boot_as(&p, "");
	cr_expect_eq(store_open(p.store, &p.ids, &store, &err), -1);
	cr_expect_eq(err.code, ERR_IO);
	store_boot_path = "/nonexistent/boot_id";
	cr_expect_eq(store_open(p.store, &p.ids, &store, &err), -1);
	cr_expect_null(store);
}

/* The real ones. */
Test(image_store_durable, this_kernel_and_this_disk)
{
	AUTO(place) struct place p;
	char first[STORE_BOOT_MAX];
	char again[STORE_BOOT_MAX];

	place_init(&p);
	cr_assert_eq(store_boot_read(first, NULL), 0);
	cr_assert_eq(store_boot_read(again, NULL), 0);
	cr_expect_eq(strlen(first), 36);
	cr_expect_str_eq(first, again);
	(void)run(&p, true);
	cr_expect_eq(durable(&p), 2);
}
