#include "runner/names.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct names names;
static struct names_found found;

static enum dns_result ask(const char *name, uint16_t type)
{
	struct dns_question q = {.type = type};

	(void)snprintf(q.name, sizeof(q.name), "%s", name);
	return names_look_up(&names, &q, &found);
}

static void expect_address(size_t i, uint16_t type, const char *address)
{
	char text[INET6_ADDRSTRLEN] = "";

	cr_assert_lt(i, found.n);
	cr_expect_eq(found.v[i].type, type);
	cr_expect_eq(found.v[i].len, type == DNS_A ? 4 : 16);
	inet_ntop(type == DNS_A ? AF_INET : AF_INET6, found.v[i].data, text, sizeof(text));
	cr_expect_str_eq(text, address);
}

static void forget_all(void)
{
	names_release(&names);
}

Test(runner_names, addresses_of_both_kinds, .fini = forget_all)
{
	names_add(&names, "db", "172.29.0.3");
	names_add(&names, "db", "fd00::3");
	names_add(&names, "other", "172.29.0.9");
	names_add(&names, "DB.", "172.29.0.4"); /* a second instance */
	cr_assert_eq(ask("dB", DNS_A), DNS_FOUND);
	cr_assert_eq(found.n, 2);
	expect_address(0, DNS_A, "172.29.0.3");
	expect_address(1, DNS_A, "172.29.0.4");
	cr_assert_eq(ask("db", DNS_AAAA), DNS_FOUND);
	cr_assert_eq(found.n, 1);
	expect_address(0, DNS_AAAA, "fd00::3");
	cr_assert_eq(ask("db", DNS_ANY), DNS_FOUND);
	cr_expect_eq(found.n, 3);
}

/* A name that is there and has nothing of the type is not a name that is not there: RFC 2308, 2.2 */
Test(runner_names, no_data_and_no_name, .fini = forget_all)
{
	cr_expect_eq(ask("db", DNS_A), DNS_NO_NAME);
	names_add(&names, "db", "172.29.0.3");
	cr_expect_eq(ask("db", DNS_AAAA), DNS_NO_DATA);
	cr_expect_eq(ask("db", 15 /* MX */), DNS_NO_DATA);
	cr_expect_eq(ask("db.example", DNS_A), DNS_NO_NAME);
	cr_expect_eq(ask("d", DNS_A), DNS_NO_NAME);
	cr_expect_eq(ask("", DNS_A), DNS_NO_NAME);
}

Test(runner_names, names_of_addresses, .fini = forget_all)
{
	names_add(&names, "db", "172.29.0.3");
	names_add(&names, "db.example", "172.29.0.3");
	cr_assert_eq(ask("3.0.29.172.in-addr.arpa", DNS_PTR), DNS_FOUND);
	cr_assert_eq(found.n, 2);
	cr_expect_eq(found.v[1].type, DNS_PTR);
	cr_expect_eq(found.v[1].len, 12);
	cr_expect_eq(memcmp(found.v[1].data, "\2db\7example", 12), 0);
	cr_expect_eq(ask("3.0.29.172.in-addr.arpa", DNS_A), DNS_NO_DATA);
	cr_expect_eq(ask("4.0.29.172.in-addr.arpa", DNS_PTR), DNS_NO_NAME);
}

Test(runner_names, what_is_not_added, .fini = forget_all)
{
	names_add(&names, "db", "172.29.0.3");
	names_add(&names, "Db", "172.29.0.3");
	names_add(&names, "db", "172.29.0.300");
	names_add(&names, "db", "");
	names_add(&names, "", "172.29.0.3");
	names_add(&names, ".", "172.29.0.3");
	cr_expect_eq(names.n, 1);
}

Test(runner_names, forgotten, .fini = forget_all)
{
	names_add(&names, "db", "172.29.0.3");
	names_add(&names, "db", "172.29.0.4");
	names_add(&names, "db", "fd00::3");
	names_add(&names, "db.example", "172.29.0.3");
	names_forget(&names, "172.29.0.3");
	names_forget(&names, "no address");
	cr_expect_eq(names.n, 2);
	cr_expect_eq(ask("db.example", DNS_A), DNS_NO_NAME);
	cr_assert_eq(ask("db", DNS_A), DNS_FOUND);
	cr_assert_eq(found.n, 1);
	expect_address(0, DNS_A, "172.29.0.4");
	cr_expect_eq(ask("db", DNS_AAAA), DNS_FOUND);
}

/* As many as one answer takes, and no more. */
Test(runner_names, bounded, .fini = forget_all)
{
	for (int i = 0; i < NAMES_FOUND_MAX + 10; i++) {
		char address[32];

		(void)snprintf(address, sizeof(address), "10.0.%d.%d", i / 250, i % 250);
		names_add(&names, "db", address);
	}
	cr_expect_eq(ask("db", DNS_A), DNS_FOUND);
	cr_expect_eq(found.n, NAMES_FOUND_MAX);
}
