/*
 * names.h - which names there are in a world, and whose addresses they have. Pure.
 *
 *	names_add(&names, "db", "172.29.0.3"); names_add(&names, "db", "172.29.0.4")
 *	result = names_look_up(&names, &question, &found)
 *
 * A name has any number of addresses of both kinds, an address any number of names.
 */
#ifndef RUNNER_NAMES_H
#define RUNNER_NAMES_H

#include "base/cleanup.h"
#include "runner/dns.h"

/* Of one answer: 250 instances with two addresses each. */
#define NAMES_FOUND_MAX 500

struct names {
	struct known_name {
		char *name;
		int family; /* AF_INET, AF_INET6 */
		uint8_t address[16];
		uint8_t wire[DNS_WIRE_MAX]; /* the name, wire_len bytes; 0: nobody can be told it */
		uint16_t wire_len;
	} * v;
	size_t n, cap;
};

struct names_found {
	struct dns_record v[NAMES_FOUND_MAX]; /* borrowed from the names */
	size_t n;
};

/* name is copied; in any case, a dot at its end does not matter. Known pairs are not added again, nor
 * what is no address. */
void names_add(struct names *names, const char *name, const char *address);
void names_forget(struct names *names, const char *address); /* all that lead to it */
void names_release(struct names *names);

/* Addresses for DNS_A and DNS_AAAA, both for DNS_ANY, names for DNS_PTR. */
enum dns_result names_look_up(
	const struct names *names, const struct dns_question *question, struct names_found *ret);

#endif
