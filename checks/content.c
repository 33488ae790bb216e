#include "checks/content.h"

#include "base/alloc.h"

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
	const char *owner = ctx->packages ? packages_owner(ctx->packages, path) : NULL;

	*ret_changed = owner && node && node->text &&
		       packages_pristine(ctx->packages, path, node->text, node->text_len) == 0;
	return owner;
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
