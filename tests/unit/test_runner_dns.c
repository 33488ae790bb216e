#include "runner/dns.h"

#include <criterion/criterion.h>
#include <string.h>

/* What `dig +noedns db.example A` sends, with the id 0x1234. */
static const uint8_t query[] = {0x12, 0x34, 0x01, 0x20, 0, 1, 0, 0, 0, 0, 0, 0, 2, 'd', 'b', 7, 'e',
	'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 1, 0, 1};

Test(runner_dns, question)
{
	struct dns_question q;

	cr_assert_eq(dns_question(query, sizeof(query), &q), 0);
	cr_expect_str_eq(q.name, "db.example");
	cr_expect_eq(q.type, DNS_A);
	cr_expect_eq(q.end, sizeof(query));
}

/* Every beginning of it, and every way of being something else. */
Test(runner_dns, no_question)
{
	static const struct {
		size_t at;
		uint8_t value;
	} damage[] = {{2, 0x81} /* an answer */, {2, 0x29} /* another opcode */, {5, 0}, {5, 2},
		{12, 0xc0} /* a pointer */, {12, 64}, {12, 200}, {27, 3} /* class CHAOS */};
	struct dns_question q;

	for (size_t len = 0; len < sizeof(query); len++) {
		cr_expect_eq(dns_question(query, len, &q), -1, "%zu bytes", len);
	}
	for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
		uint8_t bytes[sizeof(query)];

		memcpy(bytes, query, sizeof(query));
		bytes[damage[i].at] = damage[i].value;
		cr_expect_eq(dns_question(bytes, sizeof(bytes), &q), -1, "row %zu", i);
	}
}

/* RFC 1035, 2.3.4: 255 bytes on the wire, of which each may take four characters. */
Test(runner_dns, longest_name)
{
	uint8_t bytes[DNS_MESSAGE_MAX] = {0, 1, 0, 0, 0, 1};
	struct dns_question q;
	size_t at = 12;

	for (int label = 0; label < 4; label++) {
		bytes[at] = label < 3 ? 63 : 61;
		memset(bytes + at + 1, 0xff, bytes[at]);
		at += 1U + bytes[at];
	}
	bytes[at + 2] = DNS_AAAA;
	bytes[at + 4] = 1;
	cr_assert_eq(at + 1 - 12, 255);
	cr_assert_eq(dns_question(bytes, at + 5, &q), 0);
	cr_expect_eq(strlen(q.name), (63 * 3 + 61) * 4 + 3);
	cr_expect_eq(strncmp(q.name, "\\255\\255", 8), 0);
	cr_expect_eq(q.type, DNS_AAAA);
	bytes[at - 62] = 62; /* one more is too long */
	bytes[at] = 0xff;
	bytes[at + 1] = 0;
	cr_expect_eq(dns_question(bytes, at + 6, &q), -1);
}

Test(runner_dns, answers)
{
	static const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 172, 29, 0, 3};
	static const uint8_t address[] = {172, 29, 0, 3};
	struct dns_question q;
	uint8_t got[DNS_MESSAGE_MAX];
	uint32_t binary;

	memcpy(&binary, address, 4);
	cr_assert_eq(dns_question(query, sizeof(query), &q), 0);
	cr_assert_eq(dns_answer(query, &q, DNS_FOUND, binary, got), sizeof(query) + 16);
	cr_expect_eq(
		memcmp(got, (uint8_t[]){0x12, 0x34, 0x85, 0x80, 0, 1, 0, 1, 0, 0, 0, 0}, 12), 0);
	cr_expect_eq(memcmp(got + 12, query + 12, sizeof(query) - 12), 0);
	cr_expect_eq(memcmp(got + sizeof(query), record, sizeof(record)), 0);
	cr_assert_eq(dns_answer(query, &q, DNS_NO_DATA, 0, got), sizeof(query));
	cr_expect_eq(got[3], 0x80);
	cr_expect_eq(got[7], 0);
	cr_assert_eq(dns_answer(query, &q, DNS_NO_NAME, 0, got), sizeof(query));
	cr_expect_eq(got[3], 0x83);
	cr_expect_eq(got[7], 0);
}
