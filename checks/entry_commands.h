/*
 * entry_commands.h - which commands the entry of an image runs, as far as can be read: through init
 * shims, "sh -c" lines and shell scripts.
 *
 *	AUTO(entry_commands) struct entry_commands commands = {0};
 *	entry_commands_find(tree, config, product, &commands);
 *	commands.v[i].argv.v[0]			"nginx", "/usr/sbin/nginx"
 *
 * A reading, not an execution: every branch of a script counts, what it computes is not known.
 * Variables take their value from the image's Env, or their default. No more is read than effort.h allows.
 */
#ifndef CHECKS_ENTRY_COMMANDS_H
#define CHECKS_ENTRY_COMMANDS_H

#include "base/str.h"
#include "image/oci.h"
#include "image/tree.h"
#include "product/product.h"

#include <stdbool.h>
#include <stddef.h>

struct entry_command {
	struct strv argv; /* at least one */
	struct strv redirects; /* targets of > and >> */
	char *origin; /* "Entrypoint", "usr/local/bin/start.sh:12" */
};
struct entry_commands {
	struct entry_command *v;
	size_t n;
	size_t cap;
	struct {
		const struct node **v;
		size_t n, cap;
	} scripts; /* of the shell or another interpreter, with text, that are among the commands */
	bool cut; /* there may be more of both: what effort.h allows was spent */
};

/* Entrypoint and Cmd; with a product, Entrypoint and each task's options where a task has some.
 * tree may be NULL: then scripts are not read. */
void entry_commands_find(const struct tree *tree, const struct image_config *config,
	const struct product *product, struct entry_commands *ret);
void entry_commands_release(struct entry_commands *commands);

/* The file that a command's name leads to: through PATH, or from the working directory; NULL, also
 * when nothing is left (effort.h). */
const struct node *entry_lookup(
	const struct tree *tree, const struct image_config *config, const char *name, size_t *left);

/* The value of the last "name=value" of Env, or NULL. */
const char *entry_env(const struct image_config *config, const char *name);

/* "/srv/app.conf" for "app.conf" in WorkingDir "/srv"; absolute paths as they are. The caller
 * frees. */
char *entry_path(const struct image_config *config, const char *path);

#endif
