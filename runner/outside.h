/*
 * outside.h - what lies outside of an instance: a name server, and an eye on whom it would reach.
 *
 *	outside_new(&loop, world, on_contact, state, &outside, err)
 *	outside_name(outside, "db", "172.29.0.3")
 *
 * The name server is the one of /etc/resolv.conf: it knows the names that it was told, and no
 * others. Packets for anywhere else than the world's own network come to its bridge, where a packet
 * socket sees them (one that is filtered in the kernel, so that what we ask of the instance
 * ourselves costs nothing); that they are refused is the routing table's doing (sandbox/world.h).
 */
#ifndef RUNNER_OUTSIDE_H
#define RUNNER_OUTSIDE_H

#include "base/cleanup.h"
#include "base/err.h"
#include "checks/observation.h"
#include "runner/loop.h"
#include "sandbox/world.h"

struct outside;

/* Told of every question and every attempt to reach somebody; t_s and count are the callee's to
 * set, texts are borrowed until it returns. */
typedef void (*outside_fn)(const struct obs_contact *contact, void *arg);

/* fn may be NULL. Loop and world are borrowed. */
int outside_new(struct loop *loop, const struct world *world, outside_fn fn, void *arg,
	struct outside **ret, struct err *err);
void outside_free(struct outside *o);
DEFINE_AUTO_PTR(outside)

/* name, in any case, is address (IPv4) from now on. */
void outside_name(struct outside *o, const char *name, const char *address);

#endif
