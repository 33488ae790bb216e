/*
 * packet.h - whom an IP packet is for: IPv4 (RFC 791) and IPv6 (RFC 8200) with TCP, UDP or anything
 * else. Pure and total.
 */
#ifndef RUNNER_PACKET_H
#define RUNNER_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that packet_read wants of each: the longest IPv4 header and the beginning of TCP's. */
#define PACKET_HEAD 80

struct packet {
	int family; /* AF_INET, AF_INET6 */
	uint8_t from[16]; /* network byte order; 4 of them with AF_INET, the rest is zero */
	uint8_t to[16];
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP, ... */
	uint16_t from_port; /* 0 where there is none, or in a later fragment */
	uint16_t port; /* destination; the same */
	bool attempt; /* something new: TCP's SYN, a question by ICMP, all that is neither; no later
		       * fragment */
};

/* The packet's first bytes, from its IP header on. False when it is no IP or cut short. */
bool packet_read(const uint8_t *bytes, size_t len, struct packet *ret);

/* "tcp", "udp", "icmp", or "ip 47". */
void packet_protocol(uint8_t protocol, char ret[8]);

/* Which conversations by UDP have been seen: the first datagram tells who began it. Bounded; when two
 * share a place the older one is forgotten. */
#define FLOWS 1024
struct flows {
	struct packet v[FLOWS];
};

/* Whether this datagram begins a conversation, and is neither its continuation nor an answer. */
bool flows_begin(struct flows *flows, const struct packet *p);

#endif
