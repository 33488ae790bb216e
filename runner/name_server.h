/*
 * name_server.h - the name server of /etc/resolv.conf: port 53 of a world's gateway, UDP and TCP, at
 * both of its addresses.
 *
 *	name_server_new(&loop, world, &names, on_question, arg, &server, err)
 *
 * In a world that drops (world_outside()), who asks for a name that nobody has waits for ever.
 */
#ifndef RUNNER_NAME_SERVER_H
#define RUNNER_NAME_SERVER_H

#include "base/cleanup.h"
#include "base/err.h"
#include "runner/loop.h"
#include "runner/names.h"
#include "sandbox/world.h"

#include <stdbool.h>
#include <stdint.h>

struct name_server;

/* Told of every question for a name: by which instance (-1: not known), and whether there is such a
 * name. Those for the names of the world's own addresses are not told. */
typedef void (*name_server_fn)(int instance, const char *name, bool known, void *arg);

/* Everything is borrowed; names may change. */
int name_server_new(struct loop *loop, const struct world *world, const struct names *names,
	name_server_fn fn, void *arg, struct name_server **ret, struct err *err);
void name_server_free(struct name_server *s);
DEFINE_AUTO_PTR(name_server)

/* As outside_catch_up() for the questions. */
uint64_t name_server_catch_up(struct name_server *s);

#endif
