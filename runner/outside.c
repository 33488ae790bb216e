#include "runner/outside.h"

#include "base/alloc.h"
#include "runner/dns.h"
#include "runner/packet.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* Of one socket, before the others have their turn. */
#define AT_ONCE 256

enum { DNS_PORT = 53 };

struct outside {
	struct loop *loop;
	outside_fn fn;
	void *arg;
	int names_fd;
	int packets_fd;
	struct {
		struct known_name {
			char *name;
			uint32_t address;
		} * v;
		size_t n, cap;
	} names;
};

static void tell(struct outside *o, const struct obs_contact *contact)
{
	if (o->fn) {
		o->fn(contact, o->arg);
	}
}

/* ---- names -------------------------------------------------------------------------------- */

static enum dns_result look_up(
	const struct outside *o, const struct dns_question *question, uint32_t *ret_address)
{
	for (size_t i = 0; i < o->names.n; i++) {
		if (strcasecmp(o->names.v[i].name, question->name) == 0) {
			*ret_address = o->names.v[i].address;
			return question->type == DNS_A ? DNS_FOUND : DNS_NO_DATA;
		}
	}
	return DNS_NO_NAME;
}

static void answer(
	struct outside *o, const uint8_t *bytes, size_t len, const struct sockaddr_in *from)
{
	struct dns_question question;
	uint8_t room[DNS_MESSAGE_MAX];
	uint32_t address = 0;
	enum dns_result result;

	if (dns_question(bytes, len, &question)) {
		return;
	}
	result = look_up(o, &question, &address);
	len = dns_answer(bytes, &question, result, address, room);
	(void)sendto(o->names_fd, room, len, MSG_DONTWAIT | MSG_NOSIGNAL,
		(const struct sockaddr *)from, sizeof(*from));
	tell(o, &(struct obs_contact){.instance = world_instance(&from->sin_addr),
			.protocol = "dns",
			.name = question.name,
			.answered = result != DNS_NO_NAME});
}

static void on_question(void *arg)
{
	struct outside *o = arg;

	for (int i = 0; i < AT_ONCE; i++) {
		uint8_t bytes[DNS_MESSAGE_MAX];
		struct sockaddr_in from;
		socklen_t from_len = sizeof(from);
		ssize_t got = recvfrom(o->names_fd, bytes, sizeof(bytes), MSG_DONTWAIT,
			(struct sockaddr *)&from, &from_len);

		if (got < 0) {
			return;
		}
		answer(o, bytes, (size_t)got, &from);
	}
}

static int serve_names(struct outside *o, const struct world *world, struct err *err)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(DNS_PORT)};

	o->names_fd = world_socket(world, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, err);
	if (o->names_fd < 0) {
		return -1;
	}
	if (bind(o->names_fd, (const struct sockaddr *)&at, sizeof(at))) {
		return err_sys(err, "bind port %d", DNS_PORT);
	}
	return loop_watch(o->loop, o->names_fd, EPOLLIN, on_question, o, err);
}

void outside_name(struct outside *o, const char *name, const char *address)
{
	struct known_name *known = ARRAY_PUSH(&o->names);

	known->name = xstrdup(name);
	known->address = inet_addr(address);
}

/* ---- packets ------------------------------------------------------------------------------ */

static void note_packet(struct outside *o, const uint8_t *bytes, size_t len)
{
	struct in_addr from;
	struct packet p;
	char address[INET6_ADDRSTRLEN];
	struct obs_contact contact = {.address = address};

	if (!packet_read(bytes, len, &p) || !p.attempt) {
		return;
	}
	memcpy(&from, p.from, sizeof(from));
	if (!inet_ntop(p.family, p.to, address, sizeof(address))) {
		return;
	}
	contact.instance = p.family == AF_INET ? world_instance(&from) : -1;
	contact.port = p.port;
	packet_protocol(p.protocol, contact.protocol);
	tell(o, &contact);
}

static void on_packet(void *arg)
{
	struct outside *o = arg;

	for (int i = 0; i < AT_ONCE; i++) {
		uint8_t bytes[PACKET_HEAD];
		struct sockaddr_ll from = {0};
		socklen_t from_len = sizeof(from);
		ssize_t got = recvfrom(o->packets_fd, bytes, sizeof(bytes), MSG_DONTWAIT,
			(struct sockaddr *)&from, &from_len);

		if (got < 0) {
			return;
		}
		if (from.sll_pkttype != PACKET_OUTGOING) {
			note_packet(o, bytes, (size_t)got);
		}
	}
}

/* Only what is for somebody outside: IPv4 beyond our own network, IPv6 that is no multicast (each
 * kernel's own neighbour discovery). */
static int filter(int fd, uint32_t network, uint32_t mask)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, (unsigned)SKF_AD_OFF + SKF_AD_PROTOCOL),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16), /* destination */
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, network, 4, 0),
		BPF_STMT(BPF_RET | BPF_K, PACKET_HEAD),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 2),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 24), /* destination's first byte */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xff, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, PACKET_HEAD),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static int watch_packets(struct outside *o, const struct world *world, struct err *err)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	struct ifreq request = {0};
	uint32_t network;
	uint32_t mask;

	world_network(&network, &mask);
	memcpy(request.ifr_name, WORLD_BRIDGE, sizeof(WORLD_BRIDGE));
	o->packets_fd = world_socket(world, AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, err);
	if (o->packets_fd < 0) {
		return -1;
	}
	if (ioctl(o->packets_fd, SIOCGIFINDEX, &request) || filter(o->packets_fd, network, mask)) {
		return err_sys(err, "watch '%s'", WORLD_BRIDGE);
	}
	at.sll_ifindex = request.ifr_ifindex;
	if (bind(o->packets_fd, (const struct sockaddr *)&at, sizeof(at))) {
		return err_sys(err, "watch '%s'", WORLD_BRIDGE);
	}
	return loop_watch(o->loop, o->packets_fd, EPOLLIN, on_packet, o, err);
}

/* ---- both --------------------------------------------------------------------------------- */

int outside_new(struct loop *loop, const struct world *world, outside_fn fn, void *arg,
	struct outside **ret, struct err *err)
{
	AUTO_PTR(outside) struct outside *o = xcalloc(1, sizeof(*o));

	*o = (struct outside){.loop = loop, .fn = fn, .arg = arg, .names_fd = -1, .packets_fd = -1};
	if (serve_names(o, world, err) || (fn && watch_packets(o, world, err))) {
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
	loop_forget(o->loop, o->names_fd);
	loop_forget(o->loop, o->packets_fd);
	cleanup_fd(&o->names_fd);
	cleanup_fd(&o->packets_fd);
	for (size_t i = 0; i < o->names.n; i++) {
		free(o->names.v[i].name);
	}
	free(o->names.v);
	free(o);
}
