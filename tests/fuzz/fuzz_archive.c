/* A whole image in a file: OCI archive or docker-archive, plain or compressed; opened, scanned. */
#include "tests/fuzz/kit.h"
#include "tests/fuzz/scan_kit.h"

#include "base/cleanup.h"
#include "image/limits.h"

#include <stdlib.h>
#include <sys/stat.h>

enum { SPOOL = 1 << 20 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_tmpdir();
	image_limits.spool = SPOOL; /* a few bytes say how large a file with holes is to be read */
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	return fuzz_mutate_layer(data, size, max_size, seed);
}

/* Where a layer is, there are bytes. */
static void check_layer(const struct image *image, size_t layer)
{
	AUTO(blob) struct blob blob = {.fd = -1};
	struct stat st;

	if (image_layer_blob(image, layer, &blob, NULL) == 0) {
		MUST(fstat(blob.fd, &st) == 0);
		MUST(blob.size <= (uint64_t)st.st_size);
		MUST(blob.offset <= (uint64_t)st.st_size - blob.size);
	}
}

static void check(const struct image *image)
{
	MUST(image->config || image->violations.n);
	MUST(image->n_layers <= LIMIT_LAYERS);
	for (size_t i = 0; i < image->violations.n; i++) {
		MUST(image->violations.v[i].file && image->violations.v[i].pointer);
	}
	for (size_t i = 0; i < image->n_layers; i++) {
		check_layer(image, i);
	}
	for (size_t i = 0; i < image->n_candidates; i++) {
		MUST(image->candidates[i].platform && image->candidates[i].kind);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct image_options options = {.reference = fuzz_file(data, size)};
	AUTO_PTR(image) struct image *image = NULL;
	struct err err = {0};

	if (image_open(&options, &image, &err)) {
		MUST(err.code == ERR_MALFORMED || err.code == ERR_LIMIT ||
			err.code == ERR_UNSUPPORTED);
		return 0;
	}
	check(image);
	if (image->config) {
		tree_free(fuzz_scan(image, NULL, 0));
	}
	return 0;
}
