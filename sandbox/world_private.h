/*
 * world_private.h - joining an instance to the world; used by instance.c.
 */
#ifndef SANDBOX_WORLD_PRIVATE_H
#define SANDBOX_WORLD_PRIVATE_H

#include "sandbox/world.h"

/* Bring up lo in the instance's network namespace and, unless w is NULL, give it eth0 with
 * world_address(w, n), world_address6(w, n) and default routes through us. The pair goes with the
 * instance's namespace: taking it away by hand costs a grace period of the kernel. */
int world_join(struct world *w, unsigned n, int instance_netns, struct err *err);

#endif
