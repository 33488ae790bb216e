/*
 * dns.h - the question of a DNS client, and what to answer (RFC 1035, 4; EDNS: RFC 6891). Pure and
 * total.
 *
 *	dns_question(bytes, len, &question)
 *	len = dns_answer(bytes, &question, DNS_FOUND, records, n, dns_udp_max(&question), room)
 *
 * For a server that knows some names and no others: no recursion, no zone transfers, no DNSSEC.
 */
#ifndef RUNNER_DNS_H
#define RUNNER_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A question with options; what is longer is nobody's. */
#define DNS_QUERY_MAX 4096

/* Room for the addresses of 250 instances, both of each. */
#define DNS_ANSWER_MAX 16384

/* A name as text: 255 bytes on the wire, each at most four characters. */
#define DNS_NAME_MAX 1024
#define DNS_WIRE_MAX 255

enum { DNS_A = 1, DNS_PTR = 12, DNS_AAAA = 28, DNS_OPT = 41, DNS_ANY = 255 };

enum dns_result {
	DNS_FOUND, /* NOERROR, with records */
	DNS_NO_DATA, /* the name is known, and has nothing of this type: NOERROR, empty */
	DNS_NO_NAME, /* NXDOMAIN */
	DNS_MALFORMED, /* FORMERR: cut short, or another number of questions than one (RFC 9619) */
	DNS_NOT_IMPLEMENTED, /* NOTIMP: no standard query */
	DNS_REFUSED, /* another class than IN */
	DNS_BAD_VERSION, /* BADVERS: an EDNS that is not there yet */
};

struct dns_question {
	enum dns_result problem; /* DNS_FOUND: none, and name and type are set */
	char name[DNS_NAME_MAX]; /* "db.example", as asked; bytes that are no host name's: \DDD */
	uint16_t type; /* DNS_A, ... */
	size_t end; /* where the question ends in the message; 0: it could not be read */
	bool edns; /* it has an OPT record */
	bool dnssec; /* with the DO bit */
	uint16_t payload; /* that it offers to take over UDP */
};

/* 0, or -1 when it gets no answer at all: no message, or an answer itself. */
int dns_question(const uint8_t *bytes, size_t len, struct dns_question *ret);

/* Questions over TCP (RFC 1035, 4.2.2), each behind its length; what has come is read to bytes + got,
 * and added to got. */
struct dns_stream {
	size_t got;
	uint8_t bytes[2 + DNS_QUERY_MAX];
};

/* Takes the first message out: 1; 0 when it has not come entirely (then there is room for more); -1
 * when it is longer than any question, and so is nothing behind it. */
int dns_stream_next(struct dns_stream *stream, uint8_t ret[DNS_QUERY_MAX], size_t *ret_len);

/* A record of the name that was asked for; data as on the wire. */
struct dns_record {
	uint16_t type;
	uint16_t len;
	const uint8_t *data;
};

/* What the client takes in one datagram. */
size_t dns_udp_max(const struct dns_question *question);

/* The answer to the message that question was read from, at most max <= DNS_ANSWER_MAX bytes: records
 * that have no room are left out, and it says so. With a problem, result and records do not matter.
 * Returns the length. */
size_t dns_answer(const uint8_t *bytes, const struct dns_question *question, enum dns_result result,
	const struct dns_record *records, size_t n, size_t max, uint8_t ret[DNS_ANSWER_MAX]);

/* "db.example" on the wire; 0: it has an empty or overlong label. A dot at its end does no harm. */
size_t dns_wire_name(const char *name, uint8_t ret[DNS_WIRE_MAX]);

/* The address that a name below in-addr.arpa or ip6.arpa is of: AF_INET or AF_INET6, 0: of none. */
int dns_reverse(const char *name, uint8_t ret_address[16]);

#endif
