/*
 * netlink.h - the few things that a network of veth pairs and one bridge asks of rtnetlink(7).
 *
 * Each call makes its own socket, so it acts on the network namespace that the calling thread is
 * in: run it through netns_call(). All addresses are IPv4 in network byte order.
 */
#ifndef SANDBOX_NETLINK_H
#define SANDBOX_NETLINK_H

#include "base/err.h"

#include <stdint.h>

int netlink_add_bridge(const char *name, struct err *err);

/* A veth pair: name stays here as a port of bridge, peer appears in the namespace of the fd.
 * Neither gets an IPv6 link-local address. */
int netlink_add_veth(
	const char *name, const char *bridge, const char *peer, int peer_netns, struct err *err);
int netlink_delete(const char *name, struct err *err);
int netlink_up(const char *name, struct err *err);
int netlink_add_address(const char *name, uint32_t address, unsigned prefix, struct err *err);

/* Packets that come in through it may be routed (net.ipv4.conf.<name>.forwarding). */
int netlink_forward(const char *name, struct err *err);

int netlink_default_gateway(uint32_t gateway, struct err *err);
int netlink_default_unreachable(struct err *err);

/* Run f(arg, err) in the network namespace of the fd (-1: a new one), in a short-lived process that
 * shares memory and descriptors with us; the calling thread waits for it and never changes its own
 * namespace, which it could not enter again without root. f's result. */
int netns_call(int netns, int (*f)(void *arg, struct err *err), void *arg, struct err *err);

#endif
