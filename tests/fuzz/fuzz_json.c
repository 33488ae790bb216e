/* Fields: a JSON pointer, a document; pointers are made and followed back. */
#include "tests/fuzz/kit.h"

#include "base/cleanup.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

/* Every value is at its own pointer. At most a few levels, as pointers grow with them. */
static void walk(const json_t *top, json_t *value, const char *pointer, int depth)
{
	const char *name;
	json_t *item;
	size_t i;

	MUST(json_pointer_get(top, pointer) == value);
	if (depth > 8) {
		return;
	}
	json_object_foreach (value, name, item) {
		auto_free char *at = json_pointer_add(pointer, name);

		walk(top, item, at, depth + 1);
	}
	json_array_foreach (value, i, item) {
		auto_free char *at = json_pointer_index(pointer, i);

		walk(top, item, at, depth + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	auto_free char *pointer = fuzz_field(&in);
	size_t len;
	auto_free char *text = fuzz_rest(&in, &len);
	struct json_problems problems = {0};
	auto_json json_t *value = NULL;
	struct err err = {0};

	if (json_parse(text, len, &problems, &value, &err)) {
		MUST(err.code == ERR_MALFORMED);
	} else {
		MUST(*json_type_word(value) && *json_type_word(json_pointer_get(value, pointer)));
		walk(value, value, "", 0);
	}
	json_problems_release(&problems);
	return 0;
}
