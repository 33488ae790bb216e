#include "runner/dns.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What `dig +noedns db.example A` sends, with the id 0x1234. */
static const uint8_t query[] = {0x12, 0x34, 0x01, 0x20, 0, 1, 0, 0, 0, 0, 0, 0, 2, 'd', 'b', 7, 'e',
	'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 1, 0, 1};

/* What stands behind it with EDNS: the root, OPT, 1232 bytes, version 0, DO, an option of 2 bytes. */
static const uint8_t opt[] = {0, 0, 41, 4, 0xd0, 0, 0, 0x80, 0, 0, 6, 0, 10, 0, 2, 1, 2};

struct message {
	uint8_t bytes[600];
	size_t len;
};

/* The question with these records behind it, n of them. */
static struct message with_records(const uint8_t *records, size_t len, uint8_t n)
{
	struct message m = {.len = sizeof(query) + len};

	memcpy(m.bytes, query, sizeof(query));
	memcpy(m.bytes + sizeof(query), records, len);
	m.bytes[11] = n;
	return m;
}

Test(runner_dns, question)
{
	struct dns_question q;

	cr_assert_eq(dns_question(query, sizeof(query), &q), 0);
	cr_expect_eq(q.problem, DNS_FOUND);
	cr_expect_str_eq(q.name, "db.example");
	cr_expect_eq(q.type, DNS_A);
	cr_expect_eq(q.end, sizeof(query));
	cr_expect_not(q.edns);
	cr_expect_eq(dns_udp_max(&q), 512);
}

Test(runner_dns, edns)
{
	struct message m = with_records(opt, sizeof(opt), 1);
	struct dns_question q;

	cr_assert_eq(dns_question(m.bytes, m.len, &q), 0);
	cr_expect_eq(q.problem, DNS_FOUND);
	cr_expect_eq(q.end, sizeof(query));
	cr_expect(q.edns && q.dnssec);
	cr_expect_eq(q.payload, 1232);
	cr_expect_eq(dns_udp_max(&q), 1232);
	q.payload = 700;
	cr_expect_eq(dns_udp_max(&q), 700);
	q.payload = 40; /* RFC 6891, 6.2.3: as if it were 512 */
	cr_expect_eq(dns_udp_max(&q), 512);
	q.payload = 65535; /* ours is the smaller one */
	cr_expect_eq(dns_udp_max(&q), 1232);
}

/* Every beginning of it, and every way of being something else. */
Test(runner_dns, problems)
{
	static const struct {
		size_t at;
		uint8_t value;
		enum dns_result problem;
	} damage[] = {{2, 0x29, DNS_NOT_IMPLEMENTED} /* another opcode */,
		{5, 0, DNS_MALFORMED} /* no question */, {5, 2, DNS_MALFORMED},
		{12, 0xc0, DNS_MALFORMED} /* a pointer */, {12, 64, DNS_MALFORMED},
		{12, 200, DNS_MALFORMED}, {11, 1, DNS_MALFORMED} /* a record that is not there */,
		{27, 3, DNS_REFUSED} /* class CHAOS */};
	struct dns_question q;

	for (size_t len = 0; len < sizeof(query); len++) {
		if (len < 12) {
			cr_expect_eq(dns_question(query, len, &q), -1, "%zu bytes", len);
			continue;
		}
		cr_assert_eq(dns_question(query, len, &q), 0, "%zu bytes", len);
		cr_expect_eq(q.problem, DNS_MALFORMED, "%zu bytes", len);
	}
	for (size_t i = 0; i < COUNT(damage); i++) {
		uint8_t bytes[sizeof(query)];

		memcpy(bytes, query, sizeof(query));
		bytes[damage[i].at] = damage[i].value;
		cr_assert_eq(dns_question(bytes, sizeof(bytes), &q), 0, "row %zu", i);
		cr_expect_eq(q.problem, damage[i].problem, "row %zu", i);
	}
}

/* Two servers must never talk to each other. */
Test(runner_dns, answers_are_not_answered)
{
	uint8_t bytes[sizeof(query)];
	struct dns_question q;

	memcpy(bytes, query, sizeof(query));
	bytes[2] |= 0x80;
	cr_expect_eq(dns_question(bytes, sizeof(bytes), &q), -1);
}

Test(runner_dns, wrong_edns)
{
	static const uint8_t twice[] = {
		0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0, 0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0};
	static const uint8_t named[] = {1, 'a', 0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0};
	static const uint8_t other[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0}; /* no OPT */
	struct message m = with_records(twice, sizeof(twice), 2);
	struct dns_question q;

	cr_assert_eq(dns_question(m.bytes, m.len, &q), 0);
	cr_expect_eq(q.problem, DNS_MALFORMED);
	m = with_records(named, sizeof(named), 1);
	cr_assert_eq(dns_question(m.bytes, m.len, &q), 0);
	cr_expect_eq(q.problem, DNS_MALFORMED);
	m = with_records(other, sizeof(other), 1);
	cr_assert_eq(dns_question(m.bytes, m.len, &q), 0);
	cr_expect_eq(q.problem, DNS_FOUND);
	cr_expect_not(q.edns);
	for (size_t len = 0; len < sizeof(opt); len++) {
		m = with_records(opt, len, 1);
		cr_assert_eq(dns_question(m.bytes, m.len, &q), 0);
		cr_expect_eq(q.problem, DNS_MALFORMED, "%zu bytes", len);
	}
}

/* RFC 6891, 6.1.3: the answer's code has 12 bits, of which BADVERS (16) needs five. */
Test(runner_dns, edns_of_another_version)
{
	struct message m = with_records(opt, sizeof(opt), 1);
	struct dns_question q;
	uint8_t got[DNS_ANSWER_MAX];

	m.bytes[sizeof(query) + 6] = 1;
	cr_assert_eq(dns_question(m.bytes, m.len, &q), 0);
	cr_expect_eq(q.problem, DNS_BAD_VERSION);
	cr_assert_eq(dns_answer(m.bytes, &q, DNS_FOUND, NULL, 0, 512, got), sizeof(query) + 11);
	cr_expect_eq(got[3], 0x80);
	cr_expect_eq(got[11], 1);
	cr_expect_eq(memcmp(got + sizeof(query),
			     (uint8_t[]){0, 0, 41, 4, 0xd0, 1, 0, 0x80, 0, 0, 0}, 11),
		0);
}

/* RFC 1035, 2.3.4: 255 bytes on the wire, of which each may take four characters. */
Test(runner_dns, longest_name)
{
	uint8_t bytes[512] = {0, 1, 0, 0, 0, 1};
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
	cr_expect_eq(q.problem, DNS_FOUND);
	cr_expect_eq(strlen(q.name), (63 * 3 + 61) * 4 + 3);
	cr_expect_eq(strncmp(q.name, "\\255\\255", 8), 0);
	cr_expect_eq(q.type, DNS_AAAA);
	bytes[at - 62] = 62; /* one more is too long */
	bytes[at] = 0xff;
	bytes[at + 1] = 0;
	bytes[at + 3] = DNS_AAAA;
	bytes[at + 5] = 1;
	cr_assert_eq(dns_question(bytes, at + 6, &q), 0);
	cr_expect_eq(q.problem, DNS_MALFORMED);
}

Test(runner_dns, answers)
{
	static const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 172, 29, 0, 3};
	static const uint8_t address[] = {172, 29, 0, 3};
	static const struct dns_record found = {DNS_A, 4, address};
	struct dns_question q;
	uint8_t got[DNS_ANSWER_MAX];

	cr_assert_eq(dns_question(query, sizeof(query), &q), 0);
	cr_assert_eq(dns_answer(query, &q, DNS_FOUND, &found, 1, 512, got), sizeof(query) + 16);
	cr_expect_eq(
		memcmp(got, (uint8_t[]){0x12, 0x34, 0x85, 0x80, 0, 1, 0, 1, 0, 0, 0, 0}, 12), 0);
	cr_expect_eq(memcmp(got + 12, query + 12, sizeof(query) - 12), 0);
	cr_expect_eq(memcmp(got + sizeof(query), record, sizeof(record)), 0);
	cr_assert_eq(dns_answer(query, &q, DNS_NO_DATA, &found, 1, 512, got), sizeof(query));
	cr_expect_eq(got[3], 0x80);
	cr_expect_eq(got[7], 0);
	cr_assert_eq(dns_answer(query, &q, DNS_NO_NAME, &found, 1, 512, got), sizeof(query));
	cr_expect_eq(got[3], 0x83);
	cr_expect_eq(got[7], 0);
}

/* A message that could not be read is answered with its id only. */
Test(runner_dns, answers_to_what_is_wrong)
{
	static const uint8_t cut[] = {0x12, 0x34, 0x01, 0x20, 0, 1, 0, 0, 0, 0, 0, 0, 2, 'd'};
	struct dns_question q;
	uint8_t got[DNS_ANSWER_MAX];

	cr_assert_eq(dns_question(cut, sizeof(cut), &q), 0);
	cr_assert_eq(dns_answer(cut, &q, DNS_FOUND, NULL, 0, 512, got), 12);
	cr_expect_eq(
		memcmp(got, (uint8_t[]){0x12, 0x34, 0x81, 0x81, 0, 0, 0, 0, 0, 0, 0, 0}, 12), 0);
}

/* 40 addresses: 28 + 16 each, so 512 bytes take 30 of them; with EDNS 29, for OPT takes 11. */
Test(runner_dns, cut_answers)
{
	static const uint8_t address[] = {172, 29, 0, 3};
	struct message m = with_records(opt, sizeof(opt), 1);
	struct dns_record found[40];
	struct dns_question q;
	uint8_t got[DNS_ANSWER_MAX];

	for (size_t i = 0; i < COUNT(found); i++) {
		found[i] = (struct dns_record){DNS_A, 4, address};
	}
	cr_assert_eq(dns_question(query, sizeof(query), &q), 0);
	cr_expect_eq(dns_answer(query, &q, DNS_FOUND, found, 30, 512, got), 28 + 30 * 16);
	cr_expect_eq(got[2], 0x85);
	cr_expect_eq(dns_answer(query, &q, DNS_FOUND, found, 40, 512, got), 28 + 30 * 16);
	cr_expect_eq(got[2], 0x87); /* TC */
	cr_expect_eq(got[7], 30);
	cr_expect_eq(
		dns_answer(query, &q, DNS_FOUND, found, 40, DNS_ANSWER_MAX, got), 28 + 40 * 16);
	cr_expect_eq(got[2], 0x85);
	cr_assert_eq(dns_question(m.bytes, m.len, &q), 0);
	cr_expect_eq(dns_answer(m.bytes, &q, DNS_FOUND, found, 40, 512, got), 28 + 29 * 16 + 11);
	cr_expect_eq(got[2], 0x87);
	cr_expect_eq(got[7], 29);
	cr_expect_eq(got[11], 1);
}

/* Two messages, for A and for AAAA, in pieces of every size. */
Test(runner_dns, stream)
{
	static const uint8_t types[] = {DNS_A, DNS_AAAA};
	uint8_t all[2 * (2 + sizeof(query))];
	uint8_t got[DNS_QUERY_MAX];
	size_t len;

	for (size_t i = 0; i < 2; i++) {
		uint8_t *at = all + i * sizeof(all) / 2;

		at[0] = 0;
		at[1] = sizeof(query);
		memcpy(at + 2, query, sizeof(query));
		at[2 + sizeof(query) - 3] = types[i];
	}
	for (size_t piece = 1; piece <= sizeof(all); piece++) {
		struct dns_stream s = {0};
		int seen = 0;

		for (size_t at = 0; at < sizeof(all); at += piece) {
			size_t n = sizeof(all) - at < piece ? sizeof(all) - at : piece;

			memcpy(s.bytes + s.got, all + at, n);
			s.got += n;
			while (dns_stream_next(&s, got, &len) == 1) {
				cr_assert_lt(seen, 2);
				cr_expect_eq(len, sizeof(query));
				cr_expect_eq(memcmp(got, query, sizeof(query) - 4), 0);
				cr_expect_eq(got[sizeof(query) - 3], types[seen++]);
			}
		}
		cr_expect_eq(seen, 2, "pieces of %zu", piece);
		cr_expect_eq(s.got, 0);
	}
}

Test(runner_dns, stream_bounds)
{
	static struct dns_stream s = {.got = 2 + DNS_QUERY_MAX, .bytes = {DNS_QUERY_MAX >> 8}};
	uint8_t got[DNS_QUERY_MAX];
	size_t len;

	cr_assert_eq(dns_stream_next(&s, got, &len), 1);
	cr_expect_eq(len, DNS_QUERY_MAX);
	cr_expect_eq(dns_stream_next(&s, got, &len), 0);
	s.got = 2;
	s.bytes[1] = 1;
	cr_expect_eq(dns_stream_next(&s, got, &len), -1);
	s.bytes[0] = s.bytes[1] = 0; /* a message of nothing is one */
	cr_assert_eq(dns_stream_next(&s, got, &len), 1);
	cr_expect_eq(len, 0);
}

Test(runner_dns, wire_names)
{
	static const char *const wrong[] = {".", "a..b", ".a",
		"0123456789012345678901234567890123456789012345678901234567890123.example"};
	uint8_t got[DNS_WIRE_MAX];
	char text[300] = "";

	cr_expect_eq(dns_wire_name("db.example", got), 12);
	cr_expect_eq(memcmp(got, query + 12, 12), 0);
	cr_expect_eq(dns_wire_name("db.example.", got), 12);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		cr_expect_eq(dns_wire_name(wrong[i], got), 0, "'%s'", wrong[i]);
	}
	for (size_t i = 0; i < 253; i++) { /* 127 labels of one character */
		text[i] = i % 2 ? '.' : 'a';
	}
	cr_expect_eq(dns_wire_name(text, got), 255);
	text[253] = 'a';
	cr_expect_eq(dns_wire_name(text, got), 0);
}

Test(runner_dns, reverse)
{
	static const struct {
		const char *name;
		const char *address; /* NULL: none */
	} rows[] = {
		{"3.0.29.172.in-addr.arpa", "172.29.0.3"},
		{"3.0.29.172.IN-ADDR.ARPA", "172.29.0.3"},
		{"255.255.255.255.in-addr.arpa", "255.255.255.255"},
		{"3.0.29.256.in-addr.arpa", NULL},
		{"0.29.172.in-addr.arpa", NULL},
		{"9.3.0.29.172.in-addr.arpa", NULL},
		{"3..29.172.in-addr.arpa", NULL},
		{"3.0.29.172.in-addr.arpa.example", NULL},
		{"in-addr.arpa", NULL},
		{"db.example", NULL},
		{"b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa",
			"4321:0:1:2:3:4:567:89ab"}, /* RFC 3596, 2.5 */
		{"B.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa",
			"4321:0:1:2:3:4:567:89ab"},
		{"g.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa", NULL},
		{"a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa", NULL},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t address[16] = {0};
		char text[INET6_ADDRSTRLEN] = "";
		int family = dns_reverse(rows[i].name, address);

		if (!rows[i].address) {
			cr_expect_eq(family, 0, "row %zu", i);
			continue;
		}
		cr_assert_neq(family, 0, "row %zu", i);
		inet_ntop(family, address, text, sizeof(text));
		cr_expect_str_eq(text, rows[i].address, "row %zu", i);
	}
}
