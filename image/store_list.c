/* What is in the store, and what may go. */
#include "image/store_private.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/sys_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Far more than a digest and a number need. */
enum { ABOUT_MAX = 512 };

int store_about_write(int layer, const char *diff_id, uint64_t bytes, struct err *err)
{
	AUTO(buf) struct buf text;

	buf_init(&text, ABOUT_MAX);
	return buf_addf(&text, err, "%" PRIu64 " %s\n", bytes, diff_id) ||
			       file_write(layer, "about", text.data, text.len, err)
		       ? -1
		       : 0;
}

/* A layer without "about" (or with a broken one) is still listed and can be removed. */
static void read_about(int layer, struct store_item *item)
{
	AUTO(buf) struct buf text;
	auto_free char *line = NULL;
	char *blank;

	buf_init(&text, ABOUT_MAX);
	if (file_read(layer, "about", &text, NULL)) {
		return;
	}
	line = xstrndup(buf_str(&text), strcspn(buf_str(&text), "\n"));
	blank = strchr(line, ' ');
	if (!blank) {
		return;
	}
	*blank = '\0';
	if (parse_u64(line, UINT64_MAX, &item->bytes, NULL) == 0) {
		item->diff_id = xstrdup(blank + 1);
	}
}

/* Who only looks at a layer holds it for an instant: one tries again for a while, at most. */
enum { TRIES = 200, TRY_AGAIN_US = 10000 };

static int lock(int fd, bool wait)
{
	int rc = flock(fd, LOCK_EX | LOCK_NB);

	for (int i = 0; rc && (errno == EINTR || (wait && i < TRIES)); i++) {
		(void)usleep(errno == EINTR ? 0 : TRY_AGAIN_US);
		rc = flock(fd, LOCK_EX | LOCK_NB);
	}
	return rc;
}

static void add_item(const struct store *store, const char *key, struct store_items *ret)
{
	auto_fd int fd = openat(store->layers, key, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct store_item *item;
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		return; /* somebody was faster */
	}
	item = ARRAY_PUSH(ret);
	*item = (struct store_item){.key = xstrdup(key), .used = st.st_mtime};
	item->durable = store_marked(fd);
	item->held = lock(fd, false) != 0;
	read_about(fd, item);
}

static int by_use(const void *a, const void *b)
{
	const struct store_item *x = a;
	const struct store_item *y = b;

	if (x->used != y->used) {
		return x->used < y->used ? -1 : 1;
	}
	return strcmp(x->key, y->key);
}

int store_list(const struct store *store, struct store_items *ret, struct err *err)
{
	auto_dir DIR *dir = dir_list(store->layers);
	const struct dirent *d;
	int rc;

	*ret = (struct store_items){0};
	if (!dir) {
		return err_sys(err, "list '%s/layers'", store->path);
	}
	while ((rc = dir_next(dir, &d, err)) > 0) {
		add_item(store, d->d_name, ret);
	}
	if (rc) {
		return err_wrap(err, "list '%s/layers'", store->path);
	}
	if (ret->n) {
		qsort(ret->v, ret->n, sizeof(*ret->v), by_use);
	}
	return 0;
}

void store_items_release(struct store_items *items)
{
	for (size_t i = 0; i < items->n; i++) {
		free(items->v[i].key);
		free(items->v[i].diff_id);
	}
	free(items->v);
	*items = (struct store_items){0};
}

int store_remove(struct store *store, const char *key, bool wait, bool *removed, struct err *err)
{
	auto_fd int layer = openat(store->layers, key, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_fd int place = -1;
	char name[32];

	*removed = false;
	if (layer < 0 || lock(layer, wait) || !store_same_file(store->layers, key, layer)) {
		return 0;
	}
	place = store_tmp_new(store, name, err);
	if (place < 0) {
		return -1;
	}
	if (renameat(store->layers, key, place, key)) {
		return err_sys(err, "remove layer '%s'", key);
	}
	*removed = true;
	return dir_remove(store->tmp, name, err);
}

int store_trim(struct store *store, uint64_t keep, struct store_trimmed *ret, struct err *err)
{
	AUTO(store_items) struct store_items items = {0};
	struct store_trimmed done = {0};
	uint64_t total = 0;

	if (store_list(store, &items, err)) {
		return -1;
	}
	for (size_t i = 0; i < items.n; i++) {
		total += items.v[i].bytes;
	}
	for (size_t i = 0; i < items.n && (keep == 0 || total > keep); i++) {
		bool removed;

		if (store_remove(store, items.v[i].key, false, &removed, err)) {
			return -1;
		}
		if (removed) {
			total -= items.v[i].bytes;
			done.bytes += items.v[i].bytes;
			done.layers++;
		}
	}
	done.kept = total;
	if (ret) {
		*ret = done;
	}
	return 0;
}

int store_prune(struct store *store, struct err *err)
{
	return store_trim(store, 0, NULL, err);
}
