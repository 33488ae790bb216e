/*
 * world_private.h - joining an instance to the world; used by instance.c.
 */
#ifndef SANDBOX_WORLD_PRIVATE_H
#define SANDBOX_WORLD_PRIVATE_H

#include "sandbox/world.h"

/* Bring up lo in the instance's network namespace and, unless w is NULL, give it eth0 with
 * world_address(w, n) and a default route through us. */
int world_join(const struct world *w, unsigned n, int instance_netns, struct err *err);

/* Take the instance's end away at once; the kernel would do so some time after its last process. */
void world_part(const struct world *w, unsigned n);

#endif
