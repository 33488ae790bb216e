/* Tars as layers: the first byte says how many blocks of the input are the lower of two layers. */
#include "tests/fuzz/kit.h"
#include "tests/fuzz/scan_kit.h"

#include "base/cleanup.h"

#include <stdlib.h>

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	if (size < 2 || seed % 64 == 0) {
		return LLVMFuzzerMutate(data, size, max_size);
	}
	return 1 + fuzz_mutate_tar(data + 1, size - 1, max_size - 1, seed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	size_t lower = (size_t)fuzz_byte(&in) * 512;
	struct fuzz_blob layers[2];
	struct image *image;

	lower = lower < in.left ? lower : in.left;
	layers[0] = (struct fuzz_blob){in.at, lower};
	layers[1] = (struct fuzz_blob){in.at + lower, in.left - lower};
	image = fuzz_image(lower ? layers : layers + 1, lower ? 2 : 1);
	tree_free(fuzz_scan(image, NULL, 0));
	image_free(image);
	return 0;
}
