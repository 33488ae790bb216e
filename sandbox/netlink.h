/*
 * netlink.h - the few things that a network of veth pairs and one bridge asks of rtnetlink(7).
 *
 * Each call makes its own socket, so it acts on the network namespace that the calling thread is
 * in: run it through netns_call(). Addresses are struct in_addr with AF_INET and struct in6_addr
 * with AF_INET6.
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
int netlink_add_address(
	const char *name, int family, const void *address, unsigned prefix, struct err *err);

/* Packets that come in through it may be routed (net.ipv4.conf.<name>.forwarding). */
int netlink_forward(const char *name, struct err *err);

/* Whoever is sent to through it and does not say within some ten milliseconds that he is there, is
 * held for unreachable, however often he is tried. */
int netlink_fail_fast(const char *name, int family, struct err *err);

/* The default route, in the place of the one there is. through: the interface at which the gateway is,
 * whatever its address; NULL: where that is. What is routed to "unreachable" gets an answer
 * that says so (five at once, then one a second), what is routed to "blackhole" none. */
int netlink_default_gateway(int family, const void *gateway, const char *through, struct err *err);
int netlink_default_unreachable(int family, struct err *err);
int netlink_default_blackhole(int family, struct err *err);

/* Run f(arg, err) in the network namespace of the fd (-1: a new one), in a short-lived process that
 * shares memory and descriptors with us; the calling thread waits for it and never changes its own
 * namespace, which it could not enter again without root. f's result. */
int netns_call(int netns, int (*f)(void *arg, struct err *err), void *arg, struct err *err);

#endif
