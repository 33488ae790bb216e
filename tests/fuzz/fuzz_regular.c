/* Fields: a regular expression of a vendor, and what it is held against. */
#include "tests/fuzz/kit.h"

#include "base/cleanup.h"
#include "product/regular.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	auto_free char *pattern = fuzz_field(&in);
	auto_free char *text = fuzz_field(&in);
	const char *why = NULL;
	enum regular_kind kind = regular_kind(pattern, &why);
	int found = regular_found(pattern, text);

	MUST((kind == REGULAR_POSIX) == !why);
	MUST((kind == REGULAR_POSIX) == (found >= 0));
	return 0;
}
