/*
 * unpack.c - unpacks an image into a layer store, as `assay check` does before it runs a product.
 *
 *	unpack STORE IMAGE	prints the directories of its layers, lowest first
 */
#include "base/alloc.h"
#include "image/facts.h"
#include "image/image.h"
#include "image/scan.h"
#include "image/store.h"

#include <stdio.h>

static int unpack(const char *dir, const char *reference, struct err *err)
{
	const struct image_options options = {.reference = reference};
	const struct store_ids ids = {0};
	AUTO_PTR(image) struct image *image = NULL;
	AUTO_PTR(facts) struct facts *facts = NULL;
	AUTO_PTR(store) struct store *store = NULL;
	AUTO_PTR(store_writer) struct store_writer *writer = NULL;
	AUTO_PTR(tree) struct tree *tree = NULL;
	AUTO(strv) struct strv dirs = {0};
	auto_free char *facts_dir = xasprintf("%s/facts", dir);
	struct entry_sink sink;

	if (image_open(&options, &image, err) || store_open(dir, &ids, &store, err) ||
		store_writer_new(store, image, &writer, err)) {
		return -1;
	}
	if (facts_open(facts_dir, &facts, err)) {
		return -1;
	}
	image->facts = facts; /* as the program has it */
	sink = store_writer_sink(writer);
	if (image_scan(image, &sink, 1, &tree, err) || store_writer_finish(writer, err) ||
		store_layers(store, image, &dirs, err)) {
		return -1;
	}
	for (size_t i = 0; i < dirs.n; i++) {
		puts(dirs.v[i]);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct err err = {0};

	if (argc != 3) {
		fputs("usage: unpack STORE IMAGE\n", stderr);
		return 2;
	}
	if (unpack(argv[1], argv[2], &err)) {
		fprintf(stderr, "unpack: %s\n", err.msg);
		return 1;
	}
	return 0;
}
