/*
 * The outside has no way out: a packet to anywhere else comes to our bridge, where a packet socket
 * can see it, and is answered by "host unreachable" from the namespace's only default route.
 */
#include "sandbox/world.h"

#include "base/alloc.h"
#include "base/sys_file.h"
#include "sandbox/netlink.h"
#include "sandbox/raw.h"
#include "sandbox/world_private.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#define NETWORK 0xac1d0000u /* 172.29.0.0 */
#define PREFIX 16
#define FIRST_HOST 2
#define MAX_INSTANCES 250

struct world {
	int netns;
};

static uint32_t host_address(unsigned host)
{
	return htonl(NETWORK + host);
}

static int build(void *arg, struct err *err)
{
	struct world *w = arg;

	if (netlink_up("lo", err) || netlink_add_bridge(WORLD_BRIDGE, err) ||
		netlink_add_address(WORLD_BRIDGE, host_address(1), PREFIX, err) ||
		netlink_up(WORLD_BRIDGE, err) || netlink_forward(WORLD_BRIDGE, err) ||
		netlink_default_unreachable(err)) {
		return -1;
	}
	/* Else only the first few refused connections of a second get their answer, and the others
	 * wait for seconds. It may be read-only (a container): then that is how it is. */
	(void)file_poke(AT_FDCWD, "/proc/sys/net/ipv4/icmp_ratelimit", "0", NULL);
	w->netns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	return w->netns < 0 ? err_sys(err, "open '/proc/thread-self/ns/net'") : 0;
}

int world_new(struct world **ret, struct err *err)
{
	AUTO_PTR(world) struct world *w = xcalloc(1, sizeof(*w));

	w->netns = -1;
	if (netns_call(-1, build, w, err)) {
		return err_wrap(err, "network world");
	}
	*ret = steal_ptr(w);
	return 0;
}

void world_free(struct world *w)
{
	if (w) {
		cleanup_fd(&w->netns);
		free(w);
	}
}

const char *world_address(const struct world *w, unsigned n)
{
	static _Thread_local char text[INET_ADDRSTRLEN];
	struct in_addr a = {.s_addr = host_address(n % MAX_INSTANCES + FIRST_HOST)};

	(void)w;
	return inet_ntop(AF_INET, &a, text, sizeof(text));
}

int world_instance(const struct in_addr *address)
{
	uint32_t host = ntohl(address->s_addr) - NETWORK;

	return host >= FIRST_HOST && host < FIRST_HOST + MAX_INSTANCES ? (int)(host - FIRST_HOST)
								       : -1;
}

void world_network(uint32_t *ret_network, uint32_t *ret_mask)
{
	*ret_network = NETWORK;
	*ret_mask = ~UINT32_C(0) << (32 - PREFIX);
}

const char *world_gateway(const struct world *w)
{
	(void)w;
	return "172.29.0.1";
}

struct socket_request {
	int domain, type, fd;
};

static int make_socket(void *arg, struct err *err)
{
	struct socket_request *r = arg;

	r->fd = socket(r->domain, r->type | SOCK_CLOEXEC, 0);
	return r->fd < 0 ? err_sys(err, "make a socket") : 0;
}

int world_socket(const struct world *w, int domain, int type, struct err *err)
{
	struct socket_request r = {domain, type, -1};

	return netns_call(w->netns, make_socket, &r, err) ? -1 : r.fd;
}

struct port {
	char name[16];
	unsigned n;
	int netns;
};

/* The kernel takes a pair away some time after its instance's last process: one that is still there
 * is in our way, and goes now. */
static int add_port(void *arg, struct err *err)
{
	const struct port *p = arg;
	struct err first = {0};

	if (netlink_add_veth(p->name, WORLD_BRIDGE, "eth0", p->netns, &first)) {
		if (first.sys == EEXIST) {
			(void)netlink_delete(p->name, NULL);
		}
		if (netlink_add_veth(p->name, WORLD_BRIDGE, "eth0", p->netns, err)) {
			return -1;
		}
	}
	return netlink_up(p->name, err);
}

static int configure_loopback(void *arg, struct err *err)
{
	(void)arg;
	return netlink_up("lo", err);
}

static int configure_instance(void *arg, struct err *err)
{
	const struct port *p = arg;

	if (netlink_up("lo", err) ||
		netlink_add_address("eth0", host_address(p->n + FIRST_HOST), PREFIX, err) ||
		netlink_up("eth0", err)) {
		return -1;
	}
	return netlink_default_gateway(host_address(1), err);
}

int world_join(const struct world *w, unsigned n, int instance_netns, struct err *err)
{
	struct port p = {.n = n, .netns = instance_netns};

	if (!w) {
		return netns_call(instance_netns, configure_loopback, NULL, err);
	}
	if (n >= MAX_INSTANCES) {
		return err_set(
			err, ERR_LIMIT, "more than %d instances in one world", MAX_INSTANCES);
	}
	snprintf(p.name, sizeof(p.name), "veth%u", n);
	if (netns_call(w->netns, add_port, &p, err) ||
		netns_call(instance_netns, configure_instance, &p, err)) {
		return err_wrap(err, "join the network world");
	}
	return 0;
}
