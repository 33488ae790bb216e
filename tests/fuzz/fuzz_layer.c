/* One layer as it is stored: plain, gzip or zstd. */
#include "tests/fuzz/kit.h"
#include "tests/fuzz/scan_kit.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	return fuzz_mutate_layer(data, size, max_size, seed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct fuzz_blob layer = {data, size};
	struct image *image = fuzz_image(&layer, 1);

	tree_free(fuzz_scan(image, NULL, 0));
	image_free(image);
	return 0;
}
