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
	uint8_t from[16]; /* network byte order; 4 of them with AF_INET */
	uint8_t to[16];
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP, ... */
	uint16_t port; /* destination; 0 where there is none, or in a later fragment */
	bool attempt; /* something new: TCP's SYN, all that is no TCP, no later fragment */
};

/* The packet's first bytes, from its IP header on. False when it is no IP or cut short. */
bool packet_read(const uint8_t *bytes, size_t len, struct packet *ret);

/* "tcp", "udp", "icmp", or "ip 47". */
void packet_protocol(uint8_t protocol, char ret[8]);

#endif
