#include "image/store_private.h"

#include "base/alloc.h"
#include "base/sys_file.h"
#include "image/store_unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Of every file system in use. */
enum { BLOCK = 4096 };

/* One layer being unpacked. */
struct job {
	struct unpack *unpack; /* NULL: none */
	char name[32]; /* below tmp */
	int dir; /* tmp/<name>, locked */
	uint64_t bytes; /* of its files, in whole blocks */
};

struct store_writer {
	struct store *store;
	const struct image *image;
	struct strv keys;
	struct job job;
	bool broken; /* a layer is, so that nothing above it can be used */
	struct err err; /* the first failure: from then on nothing is unpacked */
};

int store_writer_new(
	struct store *store, const struct image *image, struct store_writer **ret, struct err *err)
{
	struct store_writer *w = xcalloc(1, sizeof(*w));

	(void)err;
	w->store = store;
	w->image = image;
	w->job.dir = -1;
	store_keys(store, image, &w->keys);
	*ret = w;
	return 0;
}

static void job_drop(struct store_writer *w)
{
	unpack_free(w->job.unpack);
	w->job.unpack = NULL;
	if (w->job.dir >= 0) {
		(void)dir_remove(w->store->tmp, w->job.name, NULL); /* else store_open will */
		cleanup_fd(&w->job.dir);
		w->job.dir = -1;
	}
}

static int job_begin(struct store_writer *w, struct err *err)
{
	int root;

	w->job.dir = store_tmp_new(w->store, w->job.name, err);
	if (w->job.dir < 0) {
		return -1;
	}
	root = mkdirat(w->job.dir, "fs", 0700)
		       ? -1
		       : openat(w->job.dir, "fs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0) {
		return err_sys(err, "make '%s/tmp/%s/fs'", w->store->path, w->job.name);
	}
	w->job.bytes = 0;
	w->job.unpack = unpack_new(root, &w->store->ids);
	return 0;
}

static bool on_skip_layer(size_t layer, void *arg)
{
	struct store_writer *w = arg;

	if (w->err.code || w->broken || !*w->keys.v[layer] ||
		store_lease(w->store, w->keys.v[layer]) >= 0) {
		return true;
	}
	if (job_begin(w, &w->err)) {
		job_drop(w);
		return true;
	}
	return false;
}

static void check(struct store_writer *w, const struct entry *entry, int rc, struct err *err)
{
	if (rc && !w->err.code) {
		(void)err_wrap(err, "unpack '%.200s' of layer %zu", entry->path, entry->layer);
		w->err = *err;
	}
}

static void on_implied(const struct entry *entry, void *arg)
{
	struct store_writer *w = arg;
	struct err err = {0};

	if (!w->err.code) {
		check(w, entry, unpack_dir(w->job.unpack, entry, &err), &err);
	}
}

/* The "fs" of the lower layer that a hard link leads to. */
static int open_lower(struct store_writer *w, const struct entry *entry, struct err *err)
{
	int layer = store_lease(w->store, w->keys.v[entry->link_layer]);
	int fs = layer < 0 ? -1 : openat(layer, "fs", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fs < 0 ? err_set(err, ERR_IO, "layer %zu is not in the store", entry->link_layer)
		      : fs;
}

static int put(struct store_writer *w, const struct entry *entry, struct err *err)
{
	auto_fd int lower = -1;

	if (entry->type == NODE_DIR && entry->whiteout == WHITEOUT_NONE) {
		return unpack_dir(w->job.unpack, entry, err);
	}
	if (entry->hardlink && entry->link_layer != entry->layer) {
		lower = open_lower(w, entry, err);
		if (lower < 0) {
			return -1;
		}
	}
	return unpack_entry(w->job.unpack, entry, lower, err);
}

/* What an entry takes on disk: its content in whole blocks, and a block for itself. */
static uint64_t blocks(const struct entry *entry)
{
	uint64_t size = entry->type == NODE_FILE && !entry->hardlink ? entry->size : 0;

	return (size / BLOCK + (size % BLOCK != 0) + 1) * BLOCK;
}

static void on_entry(const struct entry *entry, void *arg)
{
	struct store_writer *w = arg;
	struct err err = {0};

	if (!w->err.code) {
		w->job.bytes += blocks(entry);
		check(w, entry, put(w, entry, &err), &err);
	}
}

static void on_data(
	const struct entry *entry, uint64_t offset, const void *bytes, size_t len, void *arg)
{
	struct store_writer *w = arg;
	struct err err = {0};

	if (!w->err.code) {
		check(w, entry, unpack_data(w->job.unpack, offset, bytes, len, &err), &err);
	}
}

static int job_end(struct store_writer *w, size_t layer, struct err *err)
{
	struct store_meta meta;

	if (unpack_end(w->job.unpack, &meta, err) || store_meta_write(w->job.dir, &meta, err) ||
		store_about_write(w->job.dir, w->image->layers[layer].diff_id, w->job.bytes, err) ||
		store_boot_write(w->store, w->job.dir, err)) {
		return -1;
	}
	unpack_free(w->job.unpack);
	w->job.unpack = NULL;
	return store_publish(w->store, w->job.name, w->keys.v[layer], steal_fd(&w->job.dir), err);
}

static void on_layer_end(size_t layer, bool complete, void *arg)
{
	struct store_writer *w = arg;

	w->broken |= !complete;
	if (complete && !w->err.code && job_end(w, layer, &w->err)) {
		(void)err_wrap(&w->err, "layer %zu", layer);
	}
	job_drop(w);
}

struct entry_sink store_writer_sink(struct store_writer *w)
{
	return (struct entry_sink){.entry = on_entry,
		.data = on_data,
		.implied = on_implied,
		.layer_end = on_layer_end,
		.skip_layer = on_skip_layer,
		.arg = w};
}

int store_writer_finish(struct store_writer *w, struct err *err)
{
	job_drop(w);
	if (w->err.code) {
		if (err) {
			*err = w->err;
		}
		return -1;
	}
	return 0;
}

void store_writer_free(struct store_writer *w)
{
	if (w) {
		job_drop(w);
		strv_release(&w->keys);
		free(w);
	}
}
