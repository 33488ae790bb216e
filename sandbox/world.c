/*
 * There is no way out: a packet to anywhere else comes to our bridge, whose ports packet sockets can
 * watch, and is routed to a gateway that is not there, at an interface without a wire. The kernel
 * finds that out in some ten milliseconds and says "host unreachable". An unreachable route says it
 * sooner, but to each sender five times and then once a second only, and a product that tries its
 * database ten times a second would wait for minutes. Or it is routed to a blackhole.
 */
#include "sandbox/world.h"

#include "base/alloc.h"
#include "base/str.h"
#include "base/sys_file.h"
#include "sandbox/netlink.h"
#include "sandbox/raw.h"
#include "sandbox/world_private.h"

#include <arpa/inet.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#define NETWORK 0xac1d0000u /* 172.29.0.0 */
#define PREFIX 16
#define PREFIX6 64
#define PORT "veth"
#define NOWHERE "out0"
#define FIRST_HOST 2
#define MAX_INSTANCES 250

/* A unique local prefix (RFC 4193); its 40 bits stand for "assay". */
static const struct in6_addr network6 = {{{0xfd, 0x61, 0x73, 0x73, 0x61, 0x79}}};

struct world {
	int netns;
	bool ipv6;
	bool refuses[2]; /* IPv4, IPv6: through NOWHERE */
	enum world_outside outside;
};

static struct in_addr host_address(unsigned host)
{
	return (struct in_addr){.s_addr = htonl(NETWORK + host)};
}

static struct in6_addr host_address6(unsigned host)
{
	struct in6_addr a = network6;

	a.s6_addr[14] = (uint8_t)(host >> 8);
	a.s6_addr[15] = (uint8_t)host;
	return a;
}

/* Switched off by a parameter of the kernel, compiled out, or by a sysctl: then it is a world
 * without. */
static bool is_without_ipv6(const struct err *err)
{
	return err->sys == EOPNOTSUPP || err->sys == EAFNOSUPPORT || err->sys == EACCES;
}

static int add_host(const char *name, struct world *w, unsigned host, struct err *err)
{
	struct in_addr a = host_address(host);
	struct in6_addr a6 = host_address6(host);
	struct err failed = {0};

	if (netlink_add_address(name, AF_INET, &a, PREFIX, err)) {
		return -1;
	}
	if (w->ipv6 && netlink_add_address(name, AF_INET6, &a6, PREFIX6, &failed)) {
		if (!is_without_ipv6(&failed)) {
			*err = failed;
			return -1;
		}
		w->ipv6 = false;
	}
	return 0;
}

/* An interface with nobody behind it. Where the kernel cannot be told to give up at once, or (IPv6,
 * and /proc/sys read-only, as in containers) not to forward, an unreachable route has to do. */
static int build_nowhere(struct world *w, struct err *err)
{
	if (netlink_add_bridge(NOWHERE, err) || netlink_up(NOWHERE, err)) {
		return -1;
	}
	w->refuses[0] = netlink_fail_fast(NOWHERE, AF_INET, NULL) == 0;
	w->refuses[1] =
		w->ipv6 && netlink_fail_fast(NOWHERE, AF_INET6, NULL) == 0 &&
		file_poke(AT_FDCWD, "/proc/sys/net/ipv6/conf/all/forwarding", "1", NULL) == 0;
	return 0;
}

static int set_default(const struct world *w, int family, struct err *err)
{
	/* anything that is nobody's */
	static const struct in6_addr gateway6 = {{{0xfe, 0x80, [15] = 2}}};
	static const uint8_t gateway4[4] = {192, 0, 0, 9};
	bool v4 = family == AF_INET;

	if (w->outside == WORLD_DROP) {
		return netlink_default_blackhole(family, err);
	}
	return w->refuses[!v4] ? netlink_default_gateway(
					 family, v4 ? gateway4 : gateway6.s6_addr, NOWHERE, err)
			       : netlink_default_unreachable(family, err);
}

static int set_outside(void *arg, struct err *err)
{
	const struct world *w = arg;

	return set_default(w, AF_INET, err) || (w->ipv6 && set_default(w, AF_INET6, err)) ? -1 : 0;
}

/* Else only the first few refusals of a second are sent, and whoever is not answered tries again
 * for seconds. /proc/sys may be read-only (a container): then that is how it is. */
static void answer_all(void)
{
	static const char *const sysctls[][2] = {
		{"/proc/sys/net/ipv4/icmp_ratelimit", "0"},
		{"/proc/sys/net/ipv4/icmp_ratemask", "0"},
		{"/proc/sys/net/ipv6/icmp/ratelimit", "0"},
		{"/proc/sys/net/ipv6/icmp/ratemask", "3-127"}, /* not 1, "unreachable" */
	};

	for (size_t i = 0; i < ARRAY_SIZE(sysctls); i++) {
		(void)file_poke(AT_FDCWD, sysctls[i][0], sysctls[i][1], NULL);
	}
}

static int build(void *arg, struct err *err)
{
	struct world *w = arg;

	if (netlink_up("lo", err) || netlink_add_bridge(WORLD_BRIDGE, err) ||
		netlink_up(WORLD_BRIDGE, err) || add_host(WORLD_BRIDGE, w, 1, err) ||
		netlink_forward(WORLD_BRIDGE, err) || build_nowhere(w, err) ||
		set_outside(w, err)) {
		return -1;
	}
	answer_all();
	w->netns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	return w->netns < 0 ? err_sys(err, "open '/proc/thread-self/ns/net'") : 0;
}

int world_new(struct world **ret, struct err *err)
{
	AUTO_PTR(world) struct world *w = xcalloc(1, sizeof(*w));

	*w = (struct world){.netns = -1, .ipv6 = true};
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

int world_outside(struct world *w, enum world_outside outside, struct err *err)
{
	if (w->outside == outside) {
		return 0;
	}
	w->outside = outside;
	return netns_call(w->netns, set_outside, w, err) ? err_wrap(err, "network world") : 0;
}

enum world_outside world_outside_is(const struct world *w)
{
	return w->outside;
}

bool world_ipv6(const struct world *w)
{
	return w->ipv6;
}

const char *world_address(const struct world *w, unsigned n)
{
	static _Thread_local char text[INET_ADDRSTRLEN];
	struct in_addr a = host_address(n % MAX_INSTANCES + FIRST_HOST);

	(void)w;
	return inet_ntop(AF_INET, &a, text, sizeof(text));
}

const char *world_address6(const struct world *w, unsigned n)
{
	static _Thread_local char text[INET6_ADDRSTRLEN];
	struct in6_addr a = host_address6(n % MAX_INSTANCES + FIRST_HOST);

	return w->ipv6 ? inet_ntop(AF_INET6, &a, text, sizeof(text)) : NULL;
}

/* The number of a host of the world's network; -1: it is none. */
static long host_of(int family, const void *address)
{
	const uint8_t *a = address;
	uint32_t v4;

	if (family == AF_INET6) {
		return memcmp(a, &network6, 14) ? -1 : a[14] << 8 | a[15];
	}
	memcpy(&v4, a, sizeof(v4));
	v4 = ntohl(v4) - NETWORK;
	return v4 >> (32 - PREFIX) ? -1 : (long)v4;
}

int world_instance(int family, const void *address)
{
	long host = host_of(family, address);

	return host >= FIRST_HOST && host < FIRST_HOST + MAX_INSTANCES ? (int)(host - FIRST_HOST)
								       : -1;
}

bool world_is_inside(int family, const void *address)
{
	return family == AF_INET6 ? memcmp(address, &network6, PREFIX6 / 8) == 0
				  : host_of(family, address) >= 0;
}

bool world_is_gateway(int family, const void *address)
{
	return host_of(family, address) == 1;
}

int world_port_instance(const char *port)
{
	uint64_t n;

	return str_starts(port, PORT) &&
			       parse_u64(port + strlen(PORT), MAX_INSTANCES - 1, &n, NULL) == 0
		       ? (int)n
		       : -1;
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

uint64_t world_socket_missed(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = {0};
	socklen_t len = sizeof(info);

	return getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) ? 0 : info[SK_MEMINFO_DROPS];
}

struct port {
	char name[16];
	unsigned n;
	int netns;
	struct world *world;
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

/* Nobody tells it where else to go: not even another instance. */
static void no_advertisements(void)
{
	(void)file_poke(AT_FDCWD, "/proc/sys/net/ipv6/conf/eth0/accept_ra", "0", NULL);
}

static int configure_instance(void *arg, struct err *err)
{
	const struct port *p = arg;
	struct in_addr gateway = host_address(1);
	struct in6_addr gateway6 = host_address6(1);

	no_advertisements();
	if (netlink_up("lo", err) || netlink_up("eth0", err) ||
		add_host("eth0", p->world, p->n + FIRST_HOST, err) ||
		netlink_default_gateway(AF_INET, &gateway, NULL, err)) {
		return -1;
	}
	return p->world->ipv6 ? netlink_default_gateway(AF_INET6, &gateway6, NULL, err) : 0;
}

int world_join(struct world *w, unsigned n, int instance_netns, struct err *err)
{
	struct port p = {.n = n, .netns = instance_netns, .world = w};

	if (!w) {
		return netns_call(instance_netns, configure_loopback, NULL, err);
	}
	if (n >= MAX_INSTANCES) {
		return err_set(
			err, ERR_LIMIT, "more than %d instances in one world", MAX_INSTANCES);
	}
	snprintf(p.name, sizeof(p.name), PORT "%u", n);
	if (netns_call(w->netns, add_port, &p, err) ||
		netns_call(instance_netns, configure_instance, &p, err)) {
		return err_wrap(err, "join the network world");
	}
	return 0;
}
