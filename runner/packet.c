#include "runner/packet.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum {
	V4_HEADER = 20,
	V6_HEADER = 40,
	V4_OFFSET_MASK = 0x1fff,
	TCP_FLAGS = 13, /* offset in its header */
	TCP_SYN = 0x02,
	TCP_ACK = 0x10,
};

/* An ICMP message that wants an answer, and is none. */
static bool is_icmp_question(uint8_t protocol, uint8_t type)
{
	if (protocol == IPPROTO_ICMPV6) {
		return type == ICMP6_ECHO_REQUEST;
	}
	return type == ICMP_ECHO || type == ICMP_TIMESTAMP || type == ICMP_INFO_REQUEST ||
	       type == ICMP_ADDRESS;
}

/* What stands behind the IP header, as far as it is there. */
static void read_transport(struct packet *p, const uint8_t *bytes, size_t len)
{
	switch (p->protocol) {
	case IPPROTO_TCP:
		p->attempt = len > TCP_FLAGS && (bytes[TCP_FLAGS] & (TCP_SYN | TCP_ACK)) == TCP_SYN;
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		p->attempt = len && is_icmp_question(p->protocol, bytes[0]);
		return;
	case IPPROTO_UDP:
		p->attempt = true;
		break;
	default:
		p->attempt = true;
		return;
	}
	if (len >= 4) {
		p->from_port = (uint16_t)(bytes[0] << 8 | bytes[1]);
		p->port = (uint16_t)(bytes[2] << 8 | bytes[3]);
	}
}

static bool read_v4(const uint8_t *bytes, size_t len, struct packet *p)
{
	size_t header = (size_t)(bytes[0] & 15) * 4;

	if (len < V4_HEADER || header < V4_HEADER || len < header) {
		return false;
	}
	p->family = AF_INET;
	p->protocol = bytes[9];
	memcpy(p->from, bytes + 12, 4);
	memcpy(p->to, bytes + 16, 4);
	if (((bytes[6] << 8 | bytes[7]) & V4_OFFSET_MASK) == 0) {
		read_transport(p, bytes + header, len - header);
	}
	return true;
}

/* Extension headers are not followed: the protocol is then the first of them. */
static bool read_v6(const uint8_t *bytes, size_t len, struct packet *p)
{
	if (len < V6_HEADER) {
		return false;
	}
	p->family = AF_INET6;
	p->protocol = bytes[6];
	memcpy(p->from, bytes + 8, 16);
	memcpy(p->to, bytes + 24, 16);
	read_transport(p, bytes + V6_HEADER, len - V6_HEADER);
	return true;
}

bool packet_read(const uint8_t *bytes, size_t len, struct packet *ret)
{
	*ret = (struct packet){0};
	if (!len) {
		return false;
	}
	switch (bytes[0] >> 4) {
	case 4:
		return read_v4(bytes, len, ret);
	case 6:
		return read_v6(bytes, len, ret);
	default:
		return false;
	}
}

void packet_protocol(uint8_t protocol, char ret[8])
{
	switch (protocol) {
	case IPPROTO_TCP:
		snprintf(ret, 8, "%s", "tcp");
		break;
	case IPPROTO_UDP:
		snprintf(ret, 8, "%s", "udp");
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		snprintf(ret, 8, "%s", "icmp");
		break;
	default:
		snprintf(ret, 8, "ip %u", protocol);
	}
}

/* The same for both directions. */
static size_t place_of(const struct packet *p)
{
	size_t h = (size_t)p->from_port + p->port;

	for (size_t i = 0; i < sizeof(p->from); i++) {
		h += (size_t)(p->from[i] + p->to[i]) * (i + 1) * 31;
	}
	return h % FLOWS;
}

static bool is_same(const struct packet *a, const struct packet *b)
{
	return a->family == b->family && a->from_port == b->from_port && a->port == b->port &&
	       memcmp(a->from, b->from, sizeof(a->from)) == 0 &&
	       memcmp(a->to, b->to, sizeof(a->to)) == 0;
}

bool flows_begin(struct flows *flows, const struct packet *p)
{
	struct packet *known = &flows->v[place_of(p)];
	struct packet back = *p;

	memcpy(back.from, p->to, sizeof(back.from));
	memcpy(back.to, p->from, sizeof(back.to));
	back.from_port = p->port;
	back.port = p->from_port;
	if (is_same(known, p) || is_same(known, &back)) {
		return false;
	}
	*known = *p;
	return true;
}
