/*
 * outside.h - what lies outside of the instances of a world: a name server, and an eye on whom they
 * would reach, there and among each other.
 *
 *	outside_new(&loop, world, on_contact, state, &outside, err)
 *	outside_name(outside, "db", world_address(world, 1))
 *	outside_name(outside, "db", world_address(world, 2))
 *
 * The name server is the one of /etc/resolv.conf: it knows the names that it was told, and no
 * others. A packet socket sees what comes in from each instance (filtered in the kernel, so that
 * what is said in a connection costs nothing); what becomes of it is the routing table's doing
 * (sandbox/world.h).
 */
#ifndef RUNNER_OUTSIDE_H
#define RUNNER_OUTSIDE_H

#include "base/cleanup.h"
#include "base/err.h"
#include "checks/observation.h"
#include "runner/loop.h"
#include "sandbox/world.h"

struct outside;

/* Told of every question and every attempt to reach somebody, outside or another instance; t_s and
 * count are the callee's to set, texts are borrowed until it returns. */
typedef void (*outside_fn)(const struct obs_contact *contact, void *arg);

/* fn may be NULL. Loop and world are borrowed. */
int outside_new(struct loop *loop, const struct world *world, outside_fn fn, void *arg,
	struct outside **ret, struct err *err);
void outside_free(struct outside *o);
DEFINE_AUTO_PTR(outside)

/* name, in any case, has this address (IPv4 or IPv6), too, from now on. A service has one name and
 * as many addresses as instances, an instance any number of names. A client that is told an address
 * of IPv6 tries that one first: give it only for what listens there (docs/sandbox.md). */
void outside_name(struct outside *o, const char *name, const char *address);
/* Look at what has come by now and was not looked at: all that an instance which has ended ever sent.
 * Returns how many packets and questions came faster than they were looked at, and are lost: from all
 * instances, since the beginning. */
uint64_t outside_catch_up(struct outside *o);

/* No name leads to this address any more. */
void outside_forget(struct outside *o, const char *address);

#endif
