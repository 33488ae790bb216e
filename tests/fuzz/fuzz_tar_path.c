/* Names in a tar: what comes out stays below the root. */
#include "tests/fuzz/kit.h"

#include "base/cleanup.h"
#include "base/str.h"
#include "image/tar_path.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	auto_free char *raw = fuzz_field(&in);
	auto_free char *path = malloc(LIMIT_PATH);
	auto_free char *again = malloc(LIMIT_PATH);
	enum whiteout whiteout;

	if (tar_path_normalise(raw, path, NULL)) {
		return 0;
	}
	MUST(fuzz_path_is_plain(path));
	MUST(tar_path_normalise(path, again, NULL) == 0 && str_eq(again, path));
	if (tar_path_whiteout(path, &whiteout, NULL) == 0) {
		MUST(fuzz_path_is_plain(path));
		MUST(whiteout != WHITEOUT_FILE || *path);
	}
	return 0;
}
