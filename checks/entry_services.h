/*
 * entry_services.h - the commands that a supervisor starts: supervisord's [program:x], run scripts
 * of s6, runit and my_init, the lines of a Procfile.
 *
 *	entry_services(tree, config, argv, n, &left, found, arg)
 *		found(node, 12, "nginx -g 'daemon off;'", 22, arg)	line NULL: the node is a script
 *
 * Files are told in no particular order, and may be told twice; no more are read than *left allows
 * (effort.h).
 */
#ifndef CHECKS_ENTRY_SERVICES_H
#define CHECKS_ENTRY_SERVICES_H

#include "image/oci.h"
#include "image/tree.h"

#include <stddef.h>

typedef void entry_service_fn(
	const struct node *node, unsigned number, const char *line, size_t len, void *arg);

void entry_services(const struct tree *tree, const struct image_config *config, char *const *argv,
	size_t n, size_t *left, entry_service_fn *found, void *arg);

#endif
