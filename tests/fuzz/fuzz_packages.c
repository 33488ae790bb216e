/* A tree program whose files are package databases; each of its files is asked for its owner. */
#include "tests/fuzz/kit.h"

#include "base/cleanup.h"
#include "image/packages.h"

#include <stdlib.h>
#include <string.h>

static int ask(const struct node *node, void *arg)
{
	struct packages *packages = arg;
	auto_free char *path = node_path(node);
	const char *text = node_text(node) ? node_text(node) : "";
	int pristine = packages_pristine(packages, path, text, strlen(text));

	MUST(pristine >= -1 && pristine <= 1);
	MUST(pristine < 0 || packages_owner(packages, path));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	AUTO_PTR(tree) struct tree *tree = fuzz_tree(&in);
	AUTO_PTR(packages) struct packages *packages = packages_read(tree);

	MUST(packages_kind(packages));
	MUST((packages_count(packages) > 0) == (*packages_kind(packages) != '\0'));
	MUST(tree_walk(tree_root(tree), ask, packages) == 0);
	while (in.left) {
		auto_free char *path = fuzz_field(&in);
		const char *owner = packages_owner(packages, path);

		MUST(!owner || *owner);
	}
	return 0;
}
