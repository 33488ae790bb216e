/*
 * world.h - the network that instances live in: a namespace of ours with a bridge, joined to each
 * instance by a veth pair. There is no way out: no route but a default that leads nowhere.
 *
 *	world_new(&world, err)
 *	world_outside(world, WORLD_DROP, err)
 *	plan.world = world; plan.address = 0
 *	world_address(world, 0), world_address6(world, 0)	what the instance has
 *	int fd = world_socket(world, AF_INET, SOCK_STREAM, err)	a socket outside the instance
 */
#ifndef SANDBOX_WORLD_H
#define SANDBOX_WORLD_H

#include "base/cleanup.h"
#include "base/err.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct world;

/* What becomes of packets for anywhere else, and of questions for names that nobody has. */
enum world_outside {
	WORLD_REFUSE, /* "host unreachable", "no such name", at once: the default */
	WORLD_DROP, /* no answer, ever */
};

int world_new(struct world **ret, struct err *err);
void world_free(struct world *w);
DEFINE_AUTO_PTR(world)

/* From now on, while instances run. */
int world_outside(struct world *w, enum world_outside outside, struct err *err);
enum world_outside world_outside_is(const struct world *w);

/* The address of the n-th instance, "172.29.0.<n+2>", in a static buffer per thread; 0 <= n < 250. */
const char *world_address(const struct world *w, unsigned n);
/* The other one, "fd61:7373:6179::<n+2>"; NULL where this machine has no IPv6. */
const char *world_address6(const struct world *w, unsigned n);
bool world_ipv6(const struct world *w);

/* Which instance an address (struct in_addr, struct in6_addr) is of: n, or -1. */
int world_instance(int family, const void *address);

/* Whether an address is of the world's own network: an instance's, ours, or nobody's; also the
 * networks' broadcast address. */
bool world_is_inside(int family, const void *address);
bool world_is_gateway(int family, const void *address);

/* What each instance is joined to; an interface of the world, whose ports are the instances'. */
#define WORLD_BRIDGE "br0"

/* The instance that a port of the bridge leads to, by its name: n, or -1. */
int world_port_instance(const char *port);

const char *world_gateway(const struct world *w); /* ours: "172.29.0.1" */

/* A socket (O_CLOEXEC, non-blocking when type says so) in the world's namespace: what it connects
 * to sees a peer on another host. -1 on error. */
int world_socket(const struct world *w, int domain, int type, struct err *err);

/* How many packets a socket has lost, since they came faster than they were read. */
uint64_t world_socket_missed(int fd);

#endif
