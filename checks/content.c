#include "checks/content.h"

#include "base/alloc.h"
#include "base/cleanup.h"

#include <fnmatch.h>

/* Files that an install script has a tool make, so that their names are not in it. */
static const struct {
	const char *pattern;
	const char *tool;
} made_by[] = {
	{"etc/postgresql/*/*/*", "usr/bin/pg_createcluster"},
};

/* The package of the tool that made node: while it was installed, so in the same layer. What a
 * later layer put there is the vendor's. */
static const char *maker(const struct check_context *ctx, const struct node *node, const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(made_by); i++) {
		const struct node *tool;

		if (fnmatch(made_by[i].pattern, path, 0) != 0) {
			continue;
		}
		tool = tree_lookup(ctx->tree, made_by[i].tool, true);
		if (tool && node && tool->layer == node->layer) {
			return packages_owner(ctx->packages, made_by[i].tool);
		}
	}
	return NULL;
}

json_t *content_place(
	const char *path, size_t layer, unsigned line, const char *owner, const char *excerpt)
{
	auto_free char *full = xasprintf("/%s", path);
	json_t *place = json_object();

	json_object_set_new(place, "path", json_text(full));
	json_object_set_new(place, "layer", json_integer((json_int_t)layer));
	if (line) {
		json_object_set_new(place, "line", json_integer(line));
	}
	if (owner) {
		json_object_set_new(place, "owner", json_text(owner));
	}
	if (excerpt) {
		json_object_set_new(place, "excerpt", json_text(excerpt));
	}
	return place;
}

char *content_subject(const char *path, unsigned line)
{
	return line ? xasprintf("/%s:%u", path, line) : xasprintf("/%s", path);
}

const char *content_owner(const struct check_context *ctx, const struct node *node,
	const char *path, bool *ret_changed)
{
	const char *owner;

	*ret_changed = false;
	if (!ctx->packages) {
		return NULL;
	}
	owner = packages_owner(ctx->packages, path);
	if (!owner) {
		return maker(ctx, node, path);
	}
	*ret_changed =
		node && node_text(node) &&
		packages_pristine(ctx->packages, path, node_text(node), node_text_len(node)) == 0;
	return owner;
}

size_t content_unread(const struct content_entry *entry, struct outcome *out)
{
	if (entry->commands.cut || entry->reach.cut) {
		outcome_not_tested(out,
			"start the product by fewer commands, and name its configuration itself: "
			"patterns, links to directories above themselves and scripts that call each "
			"other make many of few",
			"the entry of the image leads to more commands, paths and files than are "
			"followed");
	}
	for (size_t i = 0; i < entry->reach.unread.n; i++) {
		auto_free char *subject = content_subject(entry->reach.unread.v[i], 0);

		outcome_warn(out, subject, json_pack("{s:s}", "path", subject),
			"the entry reaches %s, which is a program or too large: what it sets "
			"cannot be told",
			subject);
	}
	return entry->reach.unread.n;
}

void content_entry_find(const struct check_context *ctx, struct content_entry *ret)
{
	entry_commands_find(ctx->tree, ctx->image->config, ctx->product, &ret->commands);
	reach_find(ctx->tree, ctx->image->config, &ret->commands, &ret->reach);
}

void content_entry_release(struct content_entry *entry)
{
	entry_commands_release(&entry->commands);
	reach_release(&entry->reach);
}
