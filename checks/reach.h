/*
 * reach.h - which configuration the entry of an image reaches: named on its command line, in its
 * scripts or in Env; the default configuration of the programs that it runs; and what these
 * include.
 *
 *	AUTO(reach) struct reach reach = {0};
 *	reach_find(tree, config, &commands, &reach);
 *	const struct reached *r = reach_has(&reach, node);	r->why: "default of nginx"
 *
 * A static heuristic may fail a product only for what is reached. Only files with text (keep.h) can
 * be; at most 2000.
 */
#ifndef CHECKS_REACH_H
#define CHECKS_REACH_H

#include "checks/entry_commands.h"
#include "image/oci.h"
#include "image/tree.h"

#include <stdbool.h>
#include <stddef.h>

struct reached {
	const struct node *node;
	char *path; /* as it was found by, links followed */
	char *why; /* "named by Entrypoint", "included by etc/nginx/nginx.conf" */
};
struct reach {
	struct reached *v;
	size_t n;
	size_t cap;
	struct strv unread; /* paths of reached configuration whose text was not kept: too large */
	bool cut; /* there may be more of both: what effort.h allows was spent */
};

void reach_find(const struct tree *tree, const struct image_config *config,
	const struct entry_commands *commands, struct reach *ret);
void reach_release(struct reach *reach);

/* How node is reached, or NULL when it is not. */
const struct reached *reach_has(const struct reach *reach, const struct node *node);

/* Whether one of the commands is this program (by the last part of its name, version suffixes such
 * as php-fpm8.2 included); the command, or NULL. */
const struct entry_command *reach_program(const struct entry_commands *commands, const char *name);

/* Every file or directory that an absolute pattern with *, ? and [...] in any component matches,
 * symbolic links followed; 500 at most, and what can be found with *left (effort.h). */
void tree_glob(const struct tree *tree, const char *pattern, size_t *left,
	void (*found)(const struct node *node, void *arg), void *arg);

#endif
