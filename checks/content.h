/*
 * content.h - what the checks that read file contents have in common: evidence of a place.
 */
#ifndef CHECKS_CONTENT_H
#define CHECKS_CONTENT_H

#include "base/json.h"
#include "checks/check.h"
#include "checks/entry_commands.h"
#include "checks/reach.h"

#include <stddef.h>

/* {"path","layer","line","owner","excerpt"}: path gets a leading slash; line 0, owner NULL and
 * excerpt NULL are left out. A new reference. */
json_t *content_place(
	const char *path, size_t layer, unsigned line, const char *owner, const char *excerpt);

/* "/etc/app.conf:12", "/etc/app.conf" for line 0. The caller frees. */
char *content_subject(const char *path, unsigned line);

/* The package that owns path or whose tools made it, or NULL; ret_changed: its content is not
 * what the package brought. */
const char *content_owner(const struct check_context *ctx, const struct node *node,
	const char *path, bool *ret_changed);

/* What the entry runs, and which configuration that reaches. */
struct content_entry {
	struct entry_commands commands;
	struct reach reach;
};
void content_entry_find(const struct check_context *ctx, struct content_entry *ret);
void content_entry_release(struct content_entry *entry);

/* Warn of each reached file that could not be read, as nothing may pass unseen. How many. */
size_t content_unread(const struct content_entry *entry, struct outcome *out);

#endif
