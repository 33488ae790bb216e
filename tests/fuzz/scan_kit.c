#include "tests/fuzz/scan_kit.h"

#include "base/cleanup.h"
#include "base/str.h"
#include "image/limits.h"
#include "tests/fuzz/kit.h"

#include <stdlib.h>
#include <string.h>

/* What was told last. */
struct watch {
	size_t layer;
	size_t ended; /* layers */
	bool in_file;
	char path[LIMIT_PATH];
	uint64_t size;
	uint64_t end; /* of the content so far */
	uint8_t sum; /* of all bytes, so that each is read */
};

static void read_all(struct watch *w, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		w->sum ^= ((const uint8_t *)bytes)[i];
	}
}

static void check_link(const struct entry *e)
{
	MUST(e->hardlink == (e->link != NULL));
	if (e->link) {
		MUST(fuzz_path_is_plain(e->link) && *e->link);
		MUST(e->link_layer <= e->layer);
		MUST(e->type != NODE_DIR);
	}
	MUST(e->type != NODE_SYMLINK || e->target);
}

static void on_entry(const struct entry *e, void *arg)
{
	struct watch *w = arg;

	MUST(e->layer == w->ended);
	MUST(strlen(e->path) < LIMIT_PATH && fuzz_path_is_plain(e->path));
	MUST(*e->path || e->type == NODE_DIR || e->whiteout == WHITEOUT_OPAQUE);
	MUST((e->mode & ~(mode_t)07777) == 0);
	MUST(e->data_len <= e->size && e->data_len <= LIMIT_ENTRY_HEAD);
	MUST(e->type == NODE_FILE || !e->data_len);
	MUST(e->uid != UINT32_MAX && e->gid != UINT32_MAX);
	check_link(e);
	read_all(w, e->data, e->data_len);
	for (size_t i = 0; i < e->n_xattrs; i++) {
		read_all(w, e->xattrs[i].name, strlen(e->xattrs[i].name));
		read_all(w, e->xattrs[i].value, e->xattrs[i].len);
	}
	w->in_file = e->type == NODE_FILE && !e->hardlink && e->whiteout == WHITEOUT_NONE;
	w->size = e->size;
	w->end = 0;
	memcpy(w->path, e->path, strlen(e->path) + 1);
}

static void on_data(
	const struct entry *e, uint64_t offset, const void *bytes, size_t len, void *arg)
{
	struct watch *w = arg;

	MUST(w->in_file && str_eq(w->path, e->path));
	MUST(offset >= w->end && len <= w->size && offset <= w->size - len);
	w->end = offset + len;
	read_all(w, bytes, len);
}

static void on_implied(const struct entry *dir, void *arg)
{
	const struct watch *w = arg;

	MUST(dir->layer == w->ended);
	MUST(dir->type == NODE_DIR && fuzz_path_is_plain(dir->path));
}

static void on_end(size_t layer, bool complete, void *arg)
{
	struct watch *w = arg;

	(void)complete;
	MUST(layer == w->ended);
	w->ended++;
}

struct tree *fuzz_scan(struct image *image, const struct entry_sink *more, size_t n_more)
{
	struct watch w = {0};
	struct entry_sink sinks[4] = {{.entry = on_entry,
		.data = on_data,
		.implied = on_implied,
		.layer_end = on_end,
		.arg = &w}};
	struct tree *tree = NULL;
	struct err err = {0};

	for (size_t i = 0; i < n_more; i++) {
		sinks[1 + i] = more[i];
	}
	if (image_scan(image, sinks, 1 + n_more, &tree, &err)) {
		/* unsupported: a zstd window past its limit */
		MUST(err.code == ERR_LIMIT || err.code == ERR_IO || err.code == ERR_UNSUPPORTED);
		return NULL;
	}
	MUST(w.ended == image->n_layers);
	fuzz_check_tree(tree);
	return tree;
}
