#include "runner/outside.h"

#include "base/alloc.h"
#include "runner/name_server.h"
#include "runner/names.h"
#include "runner/packet.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* Of one socket, before the others have their turn. */
#define AT_ONCE 256
/* Of these, to catch up with what was sent by one that has ended. */
#define TURNS_BEHIND 64

/* Packets wait while a body is held against an expression, say: some thousand of them can. */
#define WAITING_BYTES (4 << 20)

enum { DNS_PORT = 53, NO_PORT = -2 };

struct outside {
	struct loop *loop;
	const struct world *world;
	outside_fn fn;
	void *arg;
	struct names names;
	struct name_server *server;
	int packets_fd;
	struct flows flows;
	int port_index; /* the last one that port_instance() was asked for, and its answer */
	int port_is;
};

/* ---- names -------------------------------------------------------------------------------- */

void outside_name(struct outside *o, const char *name, const char *address)
{
	names_add(&o->names, name, address);
}

void outside_forget(struct outside *o, const char *address)
{
	names_forget(&o->names, address);
}

static void on_question(int instance, const char *name, bool known, void *arg)
{
	struct outside *o = arg;
	auto_free char *copy = xstrdup(name);

	if (o->fn) {
		o->fn(&(struct obs_contact){.instance = instance,
			      .protocol = "dns",
			      .name = copy,
			      .answered = known},
			o->arg);
	}
}

/* ---- packets ------------------------------------------------------------------------------ */

/* Whom an interface leads to, which no packet can lie about: NO_PORT when it is none of the
 * bridge's ports, -1 when it has gone in the meantime. */
static int port_instance(struct outside *o, int index)
{
	struct ifreq request = {.ifr_ifindex = index};

	if (o->port_index != index) {
		if (ioctl(o->packets_fd, SIOCGIFNAME, &request)) {
			return -1;
		}
		o->port_index = index;
		o->port_is = world_port_instance(request.ifr_name);
		o->port_is = o->port_is < 0 ? NO_PORT : o->port_is;
	}
	return o->port_is;
}

/* Whether this is a contact that nobody has told yet. */
static bool is_news(struct outside *o, const struct packet *p)
{
	if (!p->attempt) {
		return false;
	}
	if (world_is_gateway(p->family, p->to)) {
		return p->port != DNS_PORT; /* the name server tells of those */
	}
	/* Outside nobody answers; between instances every other datagram is an answer. */
	return p->protocol != IPPROTO_UDP || !world_is_inside(p->family, p->to) ||
	       flows_begin(&o->flows, p);
}

static void note_packet(struct outside *o, int index, const uint8_t *bytes, size_t len)
{
	int from = port_instance(o, index);
	struct packet p;
	char address[INET6_ADDRSTRLEN];
	struct obs_contact contact = {.address = address, .peer = -1};

	if (from == NO_PORT || !packet_read(bytes, len, &p) || !is_news(o, &p) ||
		!inet_ntop(p.family, p.to, address, sizeof(address))) {
		return;
	}
	contact.instance = from < 0 ? world_instance(p.family, p.from) : from;
	contact.between = world_is_inside(p.family, p.to) && !world_is_gateway(p.family, p.to);
	contact.peer = world_instance(p.family, p.to);
	contact.port = p.port;
	packet_protocol(p.protocol, contact.protocol);
	o->fn(&contact, o->arg);
}

/* Some of what has come; false: that was all. */
static bool take_packets(struct outside *o)
{
	for (int i = 0; i < AT_ONCE; i++) {
		uint8_t bytes[PACKET_HEAD];
		struct sockaddr_ll from = {0};
		socklen_t from_len = sizeof(from);
		ssize_t got = recvfrom(o->packets_fd, bytes, sizeof(bytes), MSG_DONTWAIT,
			(struct sockaddr *)&from, &from_len);

		if (got < 0) {
			return false;
		}
		if (from.sll_pkttype != PACKET_OUTGOING) {
			note_packet(o, from.sll_ifindex, bytes, (size_t)got);
		}
	}
	return true;
}

static void on_packet(void *arg)
{
	(void)take_packets(arg);
}

uint64_t outside_catch_up(struct outside *o)
{
	uint64_t missed = name_server_catch_up(o->server);

	if (o->packets_fd < 0) {
		return missed;
	}
	for (int i = 0; i < TURNS_BEHIND && take_packets(o); i++) {
	}
	return missed + world_socket_missed(o->packets_fd);
}

#define TCP_FLAGS 13 /* offset in its header */
#define SYN 0x02
#define SYN_ACK 0x12
#define DROP BPF_STMT(BPF_RET | BPF_K, 0)
#define IS(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no)
#define LOAD(size, at) BPF_STMT(BPF_LD | (size) | BPF_ABS, (unsigned)(at))

/* Whatever may be an attempt, as it comes in at a port, and not once more at the bridge: of TCP only
 * the first packet of a connection, so that what is said in it costs nothing; of ICMPv6 (each
 * kernel's own neighbour discovery) only echo requests; to IPv6 multicast only UDP. */
static int filter(int fd, int bridge)
{
	struct sock_filter code[] = {
		LOAD(BPF_W, SKF_AD_OFF + SKF_AD_IFINDEX),
		IS((unsigned)bridge, 22, 0),
		LOAD(BPF_H, SKF_AD_OFF + SKF_AD_PROTOCOL),
		IS(ETH_P_IP, 0, 8),
		LOAD(BPF_B, 9), /* protocol */
		IS(IPPROTO_TCP, 0, 19),
		LOAD(BPF_H, 6), /* offset of a fragment */
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 16, 0),
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), /* length of the header */
		BPF_STMT(BPF_LD | BPF_B | BPF_IND, TCP_FLAGS),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, SYN_ACK),
		IS(SYN, 13, 12),
		IS(ETH_P_IPV6, 0, 11),
		LOAD(BPF_B, 6), /* next header */
		IS(IPPROTO_TCP, 0, 3),
		LOAD(BPF_B, 40 + TCP_FLAGS),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, SYN_ACK),
		IS(SYN, 7, 6),
		IS(IPPROTO_ICMPV6, 0, 2),
		LOAD(BPF_B, 40), /* type */
		IS(ICMP6_ECHO_REQUEST, 4, 3),
		IS(IPPROTO_UDP, 3, 0),
		LOAD(BPF_B, 24), /* destination's first byte */
		IS(0xff, 0, 1),
		DROP,
		BPF_STMT(BPF_RET | BPF_K, PACKET_HEAD),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

/* A frame from one port to another never comes to the bridge itself, however promiscuous: so every
 * interface is listened at, which catches a frame when it comes in. */
static int watch_packets(struct outside *o, struct err *err)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	struct ifreq request = {0};
	int room = WAITING_BYTES;
	int yes = 1;

	memcpy(request.ifr_name, WORLD_BRIDGE, sizeof(WORLD_BRIDGE));
	o->packets_fd = world_socket(o->world, AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, err);
	if (o->packets_fd < 0) {
		return -1;
	}
	(void)setsockopt(o->packets_fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	(void)setsockopt(o->packets_fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof(yes));
	if (ioctl(o->packets_fd, SIOCGIFINDEX, &request) ||
		filter(o->packets_fd, request.ifr_ifindex) ||
		bind(o->packets_fd, (const struct sockaddr *)&at, sizeof(at))) {
		return err_sys(err, "watch the ports of '%s'", WORLD_BRIDGE);
	}
	return loop_watch(o->loop, o->packets_fd, EPOLLIN, on_packet, o, err);
}

/* ---- both --------------------------------------------------------------------------------- */

int outside_new(struct loop *loop, const struct world *world, outside_fn fn, void *arg,
	struct outside **ret, struct err *err)
{
	AUTO_PTR(outside) struct outside *o = xcalloc(1, sizeof(*o));

	o->loop = loop;
	o->world = world;
	o->fn = fn;
	o->arg = arg;
	o->packets_fd = -1;
	if (name_server_new(loop, world, &o->names, on_question, o, &o->server, err) ||
		(fn && watch_packets(o, err))) {
		return err_wrap(err, "the world's outside");
	}
	*ret = steal_ptr(o);
	return 0;
}

void outside_free(struct outside *o)
{
	if (!o) {
		return;
	}
	loop_forget(o->loop, o->packets_fd);
	cleanup_fd(&o->packets_fd);
	name_server_free(o->server);
	names_release(&o->names);
	free(o);
}
