/*
 * dns.h - one question of a DNS client, and what to answer (RFC 1035, 4). Pure and total.
 *
 *	dns_question(bytes, len, &question)
 *	len = dns_answer(bytes, &question, DNS_FOUND, address, room)
 *
 * For a server that knows some names and no others: no compression, no recursion, no EDNS (a client
 * that offers it is answered without, which RFC 6891, 7 allows).
 */
#ifndef RUNNER_DNS_H
#define RUNNER_DNS_H

#include <stddef.h>
#include <stdint.h>

/* Without EDNS no message over UDP is longer. */
#define DNS_MESSAGE_MAX 512

/* A name as text: 255 bytes on the wire, each at most four characters. */
#define DNS_NAME_MAX 1024

enum { DNS_A = 1, DNS_AAAA = 28 };

struct dns_question {
	char name[DNS_NAME_MAX]; /* "db.example", as asked; bytes that are no host name's: \DDD */
	uint16_t type; /* DNS_A, ... */
	size_t end; /* where the question ends in the message */
};

enum dns_result {
	DNS_FOUND, /* with an address: NOERROR */
	DNS_NO_DATA, /* the name is known, and has nothing of this type: NOERROR, empty */
	DNS_NO_NAME, /* NXDOMAIN */
};

/* 0, or -1 when it is no standard query with one question of class IN: it gets no answer. */
int dns_question(const uint8_t *bytes, size_t len, struct dns_question *ret);

/* The answer to the message that question was read from. address is IPv4 in network byte order and
 * only looked at with DNS_FOUND. Returns the length. */
size_t dns_answer(const uint8_t *bytes, const struct dns_question *question, enum dns_result result,
	uint32_t address, uint8_t ret[DNS_MESSAGE_MAX]);

#endif
