/* Layers merged: a tree program (see seeds), then lookups of what else the input holds. */
#include "tests/fuzz/kit.h"

#include "base/cleanup.h"
#include "base/effort.h"
#include "base/str.h"
#include "checks/log_target.h"
#include "checks/reach.h"

#include <stdlib.h>

struct globbed {
	const struct tree *tree;
	size_t n;
};

static void on_glob(const struct node *node, void *arg)
{
	struct globbed *g = arg;
	auto_free char *path = node_path(node);

	MUST(tree_lookup(g->tree, path, false) == node);
	g->n++;
}

static void look_up(const struct tree *tree, const char *path)
{
	const struct node *node = tree_lookup(tree, path, true);
	auto_free char *final = NULL;
	struct globbed globbed = {tree, 0};
	size_t left = EFFORT;

	MUST(!node || node->type != NODE_SYMLINK);
	tree_glob(tree, path, &left, on_glob, &globbed);
	(void)log_target_of(tree, path, &final);
	MUST(final && *final == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	AUTO_PTR(tree) struct tree *tree = fuzz_tree(&in);

	fuzz_check_tree(tree);
	while (in.left) {
		auto_free char *path = fuzz_field(&in);

		if (*path == '/') {
			look_up(tree, path);
		}
	}
	return 0;
}
