/*
 * world.h - the network that instances live in: a namespace of ours with a bridge, joined to each
 * instance by a veth pair. There is no way out: no route but an unreachable default.
 *
 *	world_new(&world, err)
 *	plan.world = world; plan.address = world_address(world, 0)
 *	int fd = world_socket(world, AF_INET, SOCK_STREAM, err)	a socket outside the instance
 */
#ifndef SANDBOX_WORLD_H
#define SANDBOX_WORLD_H

#include "base/cleanup.h"
#include "base/err.h"

#include <netinet/in.h>
#include <stdint.h>

struct world;

int world_new(struct world **ret, struct err *err);
void world_free(struct world *w);
DEFINE_AUTO_PTR(world)

/* The address of the n-th instance, "172.29.0.<n+2>", in a static buffer per thread; 0 <= n < 250. */
const char *world_address(const struct world *w, unsigned n);
/* Which instance an address is of: n, or -1. */
int world_instance(const struct in_addr *address);

/* The world's own network in host byte order, and its mask. */
void world_network(uint32_t *ret_network, uint32_t *ret_mask);

/* Where what instances send to others than each other comes out; an interface of the world. */
#define WORLD_BRIDGE "br0"

const char *world_gateway(const struct world *w); /* ours: "172.29.0.1" */

/* A socket (O_CLOEXEC, non-blocking when type says so) in the world's namespace: what it connects
 * to sees a peer on another host. -1 on error. */
int world_socket(const struct world *w, int domain, int type, struct err *err);

#endif
