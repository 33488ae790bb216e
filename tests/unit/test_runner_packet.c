#include "runner/packet.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>

/* 172.29.0.2 to 192.0.2.7, port 5432, SYN; the header has one word of options. */
static const uint8_t syn[] = {0x46, 0, 0, 44, 0, 1, 0x40, 0, 64, 6, 0, 0, 172, 29, 0, 2, 192, 0, 2,
	7, 1, 1, 1, 0, 0xc0, 0x01, 0x15, 0x38, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x02, 0, 0, 0, 0, 0,
	0};

Test(runner_packet, v4_tcp)
{
	struct packet p;

	cr_assert(packet_read(syn, sizeof(syn), &p));
	cr_expect_eq(p.family, AF_INET);
	cr_expect_eq(memcmp(p.from, (uint8_t[]){172, 29, 0, 2}, 4), 0);
	cr_expect_eq(memcmp(p.to, (uint8_t[]){192, 0, 2, 7}, 4), 0);
	cr_expect_eq(p.port, 5432);
	cr_expect(p.attempt);
}

Test(runner_packet, only_the_first_of_a_connection_is_an_attempt)
{
	static const struct {
		uint8_t flags;
		bool attempt;
	} rows[] = {{0x02, true}, {0xc2, true} /* with ECN */, {0x12, false}, {0x10, false},
		{0x04, false}, {0x11, false}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t bytes[sizeof(syn)];
		struct packet p;

		memcpy(bytes, syn, sizeof(syn));
		bytes[37] = rows[i].flags;
		cr_assert(packet_read(bytes, sizeof(bytes), &p));
		cr_expect_eq(p.attempt, rows[i].attempt, "flags %#x", rows[i].flags);
	}
}

/* What would be ports in a later fragment are bytes of its content. */
Test(runner_packet, later_fragment)
{
	uint8_t bytes[sizeof(syn)];
	struct packet p;

	memcpy(bytes, syn, sizeof(syn));
	bytes[7] = 1;
	cr_assert(packet_read(bytes, sizeof(bytes), &p));
	cr_expect_eq(p.port, 0);
	cr_expect_not(p.attempt);
}

Test(runner_packet, v6_udp)
{
	static const uint8_t bytes[] = {0x60, 0, 0, 0, 0, 8, 17, 64, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 2, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0x80,
		0, 0, 53, 0, 8, 0, 0};
	struct packet p;

	cr_assert(packet_read(bytes, sizeof(bytes), &p));
	cr_expect_eq(p.family, AF_INET6);
	cr_expect_eq(p.to[0], 0x20);
	cr_expect_eq(p.to[15], 9);
	cr_expect_eq(p.port, 53);
	cr_expect_eq(p.from_port, 0x8000);
	cr_expect(p.attempt);
}

/* A packet of IPv6 with this next header and these bytes behind. */
static struct packet read_v6(uint8_t next, const uint8_t *bytes, size_t len)
{
	uint8_t all[80] = {0x60, [6] = next, [7] = 64, [8] = 0xfd, [23] = 2, [24] = 0x20, [39] = 9};
	struct packet p;

	memcpy(all + 40, bytes, len);
	cr_assert(packet_read(all, 40 + len, &p));
	return p;
}

Test(runner_packet, v6_tcp)
{
	uint8_t tcp[20] = {0xc0, 1, 0x15, 0x38, [12] = 0x50, [13] = 0x02};

	cr_expect(read_v6(6, tcp, 20).attempt);
	cr_expect_eq(read_v6(6, tcp, 20).port, 5432);
	cr_expect_not(read_v6(6, tcp, 13).attempt); /* the flags are not there */
	tcp[13] = 0x12;
	cr_expect_not(read_v6(6, tcp, 20).attempt);
}

/* Questions are; answers, and what a kernel says of its own accord, are not. */
Test(runner_packet, icmp)
{
	static const struct {
		uint8_t type;
		bool attempt;
	} rows4[] = {{8, true}, {13, true}, {0, false}, {3, false}, {11, false}},
	  rows6[] = {{128, true}, {129, false}, {1, false}, {135, false}, {136, false},
		  {133, false}, {143, false}};

	for (size_t i = 0; i < sizeof(rows4) / sizeof(rows4[0]); i++) {
		uint8_t bytes[28] = {0x45, [9] = 1, [20] = rows4[i].type, [22] = 1};
		struct packet p;

		cr_assert(packet_read(bytes, sizeof(bytes), &p));
		cr_expect_eq(p.attempt, rows4[i].attempt, "type %u", rows4[i].type);
		cr_expect_eq(p.port, 0);
	}
	for (size_t i = 0; i < sizeof(rows6) / sizeof(rows6[0]); i++) {
		cr_expect_eq(read_v6(58, (uint8_t[8]){rows6[i].type}, 8).attempt, rows6[i].attempt,
			"type %u", rows6[i].type);
	}
	cr_expect_not(read_v6(58, (uint8_t[1]){0}, 0).attempt);
}

static struct packet datagram(uint8_t from, uint16_t from_port, uint8_t to, uint16_t port)
{
	return (struct packet){.family = AF_INET,
		.from = {172, 29, 0, from},
		.to = {172, 29, 0, to},
		.protocol = 17,
		.from_port = from_port,
		.port = port,
		.attempt = true};
}

/* Who speaks first has begun, whatever follows in both directions. */
Test(runner_packet, flows)
{
	static struct flows flows;
	struct packet there = datagram(2, 40000, 3, 53);
	struct packet back = datagram(3, 53, 2, 40000);
	struct packet other = datagram(3, 54, 2, 40000);

	cr_expect(flows_begin(&flows, &there));
	cr_expect_not(flows_begin(&flows, &back));
	cr_expect_not(flows_begin(&flows, &there));
	cr_expect(flows_begin(&flows, &other));
	other = datagram(4, 40000, 3, 53); /* another client of the same */
	cr_expect(flows_begin(&flows, &other));
	cr_expect_not(flows_begin(&flows, &back));
}

Test(runner_packet, cut_short_and_none)
{
	struct packet p;

	for (size_t len = 0; len < 24; len++) {
		cr_expect_not(packet_read(syn, len, &p), "%zu bytes", len);
	}
	cr_expect(packet_read(syn, 24, &p)); /* whom it is for is known, the port is not */
	cr_expect_eq(p.port, 0);
	cr_expect_not(packet_read((uint8_t[]){0x50}, 1, &p));
	cr_expect_not(packet_read((uint8_t[40]){0x44}, 40, &p)); /* a header of 16 bytes */
}

Test(runner_packet, protocols)
{
	static const struct {
		uint8_t number;
		const char *name;
	} rows[] = {
		{6, "tcp"}, {17, "udp"}, {1, "icmp"}, {58, "icmp"}, {47, "ip 47"}, {255, "ip 255"}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[8];

		packet_protocol(rows[i].number, text);
		cr_expect_str_eq(text, rows[i].name);
	}
}
