/*
 * scan_threads.c - image_scan under ThreadSanitizer, which Criterion does not run under: layers
 * large enough for threads, some broken, scanned again and again; what the sink sees must be the
 * same as on a single processor, where there are no threads. Then a layer of many small files, which
 * other threads make.
 */
#include "base/alloc.h"
#include "base/digest.h"
#include "base/sys_file.h"
#include "image/layer_stream.h"
#include "image/scan.h"
#include "image/store.h"
#include "tests/unit/layer_kit.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LAYERS = 7, FILES = 3, ROUNDS = 5, SMALL = 300 };
#define FILE_LEN ((size_t)700 * 1024)

static char noise[FILE_LEN];

static void fill_noise(void)
{
	uint32_t x = 7;

	for (size_t i = 0; i < FILE_LEN; i++) {
		x = x * 1664525 + 1013904223;
		noise[i] = (char)(x >> 27);
	}
}

static struct image *make_image(void)
{
	static const enum layer_encoding encodings[] = {LAYER_GZIP, LAYER_ZSTD, LAYER_PLAIN};
	static char names[LAYERS][FILES][32];
	static struct lk_entry entries[LAYERS][FILES];
	struct lk_layer layers[LAYERS];
	struct image *image;

	for (size_t i = 0; i < LAYERS; i++) {
		for (size_t j = 0; j < FILES; j++) {
			snprintf(names[i][j], sizeof(names[i][j]), "dir%zu/file%zu", i % 3, j);
			entries[i][j] = (struct lk_entry){
				.name = names[i][j], .text = noise, .len = FILE_LEN - i * 1000 - j};
		}
		layers[i] = (struct lk_layer){
			entries[i], FILES, encodings[i % ARRAY_SIZE(encodings)], NULL, 0};
	}
	image = lk_image(layers, LAYERS);
	memset(lk_stored(image, 3)->data + 400000, 0xff, 64); /* broken gzip, with more behind */
	return image;
}

static void add(struct digest *log, const char *what, uint64_t number)
{
	char text[64];

	digest_add(log, what, strlen(what));
	snprintf(text, sizeof(text), " %" PRIu64 "\n", number);
	digest_add(log, text, strlen(text));
}

static void on_entry(const struct entry *entry, void *arg)
{
	add(arg, entry->path, entry->layer);
}

static void on_data(
	const struct entry *entry, uint64_t offset, const void *bytes, size_t len, void *arg)
{
	add(arg, entry->path, offset);
	digest_add(arg, bytes, len);
}

static void on_layer_end(size_t layer, bool complete, void *arg)
{
	add(arg, complete ? "good" : "bad", layer);
}

/* Scan it and digest all that is to be seen. */
static void scan(char ret[DIGEST_TEXT_MAX])
{
	AUTO_PTR(image) struct image *image = make_image();
	AUTO_PTR(digest) struct digest *log = digest_new(DIGEST_SHA256);
	AUTO_PTR(tree) struct tree *tree = NULL;
	struct entry_sink sink = {
		.entry = on_entry, .data = on_data, .layer_end = on_layer_end, .arg = log};
	struct err err = {0};

	if (image_scan(image, &sink, 1, &tree, &err)) {
		add(log, err.msg, 0);
	}
	for (size_t i = 0; i < image->violations.n; i++) {
		add(log, image->violations.v[i].message, i);
	}
	for (size_t i = 0; i < image->n_layers; i++) {
		const char *read = image->layers[i].diff_id_read;

		add(log, read ? read : "none", image->layers[i].tar_size);
	}
	add(log, "nodes", tree ? tree_count(tree) : 0);
	digest_end(log, ret);
}

/* Streams that nobody reads to the end: their threads stop wherever they are. */
static void give_up(void)
{
	static const enum digest_algorithm sha256 = DIGEST_SHA256;
	AUTO_PTR(image) struct image *image = make_image();

	for (size_t i = 0; i < image->n_layers; i++) {
		AUTO(blob) struct blob blob = {.fd = -1};
		struct layer_stream *s;
		const void *data;
		size_t len;

		if (image_layer_blob(image, i, &blob, NULL)) {
			abort();
		}
		s = layer_stream_new(&blob, &sha256, DIGEST_SHA512);
		layer_stream_start(s);
		for (size_t reads = 0; reads < i / 2; reads++) {
			(void)layer_stream_read(s, &data, &len, NULL);
		}
		layer_stream_free(s);
	}
}

/* With links, which wait for what came before. */
static int unpack_in(const char *dir)
{
	static char names[SMALL][32];
	static struct lk_entry entries[SMALL];
	const struct lk_layer layer = {entries, SMALL, LAYER_GZIP, NULL, 0};
	const struct store_ids ids = {.single = true, .userxattr = true};
	AUTO_PTR(store) struct store *store = NULL;
	AUTO_PTR(store_writer) struct store_writer *w = NULL;
	AUTO_PTR(tree) struct tree *tree = NULL;
	AUTO_PTR(image) struct image *image = NULL;
	struct entry_sink sink;

	for (size_t i = 0; i < SMALL; i++) {
		snprintf(names[i], sizeof(names[i]), "dir%zu/file%zu", i % 3, i);
		entries[i] =
			(struct lk_entry){.name = names[i], .text = noise + i, .len = 20000 + i};
		if (i % 50 == 49) {
			entries[i] = (struct lk_entry){
				.name = names[i], .type = '1', .target = names[i - 1]};
		}
	}
	image = lk_image(&layer, 1);
	if (store_open(dir, &ids, &store, NULL) || store_writer_new(store, image, &w, NULL)) {
		return -1;
	}
	sink = store_writer_sink(w);
	return image_scan(image, &sink, 1, &tree, NULL) || store_writer_finish(w, NULL) ? -1 : 0;
}

static void unpack(void)
{
	char dir[] = "/tmp/assay-tsan-XXXXXX";

	if (!mkdtemp(dir) || unpack_in(dir) || dir_remove(AT_FDCWD, dir, NULL)) {
		abort();
	}
}

static void on_one_processor(char ret[DIGEST_TEXT_MAX])
{
	cpu_set_t before;
	cpu_set_t one;

	if (sched_getaffinity(0, sizeof(before), &before)) {
		abort();
	}
	CPU_ZERO(&one);
	for (size_t i = 0; i < CPU_SETSIZE && !CPU_COUNT(&one); i++) {
		if (CPU_ISSET(i, &before)) {
			CPU_SET(i, &one);
		}
	}
	if (sched_setaffinity(0, sizeof(one), &one)) {
		abort();
	}
	scan(ret);
	if (sched_setaffinity(0, sizeof(before), &before)) {
		abort();
	}
}

int main(void)
{
	char alone[DIGEST_TEXT_MAX];
	char together[DIGEST_TEXT_MAX];

	fill_noise();
	on_one_processor(alone);
	for (size_t i = 0; i < ROUNDS; i++) {
		scan(together);
		if (strcmp(alone, together) != 0) {
			fprintf(stderr, "round %zu: threads saw something else\n", i);
			return 1;
		}
		give_up();
		unpack();
	}
	printf("scan_threads: %d rounds of %d layers, the same as without threads\n", ROUNDS,
		LAYERS);
	return 0;
}
