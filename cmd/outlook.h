/*
 * outlook.h - the world of `assay run`: a name server, and whom the product tries to reach.
 *
 *	outlook_init(&outlook)
 *	outlook_open(&outlook, WORLD_REFUSE, "product", err)
 *	plan.world = outlook.world
 *	poll outlook_fd(&outlook)		then outlook_turn(&outlook)
 *	outlook_tell(&outlook)			when it is over
 */
#ifndef CMD_OUTLOOK_H
#define CMD_OUTLOOK_H

#include "base/err.h"
#include "checks/observation.h"
#include "runner/loop.h"
#include "runner/outside.h"
#include "sandbox/world.h"

#include <stdint.h>

struct outlook {
	struct world *world;
	struct loop loop;
	struct outside *outside; /* NULL: it cannot be watched, and names do not resolve */
	struct observation seen;
	uint64_t opened_ns;
};

void outlook_init(struct outlook *o);
/* hostname leads to the one instance. */
int outlook_open(
	struct outlook *o, enum world_outside outside, const char *hostname, struct err *err);
void outlook_release(struct outlook *o);

int outlook_fd(const struct outlook *o); /* readable when there is something to do; -1: never */
void outlook_turn(struct outlook *o);

/* On stderr, a line each. */
void outlook_tell(const struct outlook *o);

#endif
