/* What an instance sends to its outside: a question of a DNS client, many over TCP, or a packet. */
#include "tests/fuzz/kit.h"

#include "base/cleanup.h"
#include "runner/dns.h"
#include "runner/names.h"
#include "runner/packet.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Some names, for good. */
static const struct names *known_names(void)
{
	static struct names names;

	if (!names.n) {
		names_add(&names, "db.example", "172.29.0.3");
		names_add(&names, "db.example", "fd61:7373:6179::3");
		names_add(&names, "db", "172.29.0.3");
		names_add(&names, "no..name.of.the.wire", "172.29.0.3");
		for (uint8_t n = 0; n < 100; n++) {
			char address[] = "172.29.0.1xx";

			address[10] = (char)('0' + n / 10);
			address[11] = (char)('0' + n % 10);
			names_add(&names, "many", address);
		}
	}
	return &names;
}

static unsigned u16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* As many records as it says, each of which ends where the next one begins, the last at the end. */
static void check_records(const uint8_t *answer, size_t len, size_t at)
{
	unsigned n = u16(answer + 6);

	MUST(u16(answer + 4) == (at > 12) && u16(answer + 8) == 0 && u16(answer + 10) <= 1);
	for (unsigned i = 0; i < n + u16(answer + 10); i++) {
		size_t name = i < n ? 2 : 1;

		MUST(len - at >= name + 10);
		MUST(i < n ? u16(answer + at) == 0xc00c
			   : !answer[at] && u16(answer + at + 1) == 41);
		at += name + 10 + u16(answer + at + name + 8);
		MUST(at <= len);
	}
	MUST(at == len);
}

static void check_answer(const uint8_t *bytes, const struct dns_question *q, enum dns_result result,
	const struct names_found *found, size_t max)
{
	static uint8_t answer[DNS_ANSWER_MAX];
	size_t n = dns_answer(bytes, q, result, found->v, found->n, max, answer);
	size_t question = q->end ? q->end : 12;
	struct dns_question again;

	MUST(n >= question && n <= max);
	MUST(memcmp(answer, bytes, 2) == 0 && memcmp(answer + 12, bytes + 12, question - 12) == 0);
	check_records(answer, n, question);
	MUST(q->edns == (u16(answer + 10) == 1));
	/* a part of the addresses is never taken for all of them */
	MUST(q->problem || result != DNS_FOUND || (answer[2] & 2) || u16(answer + 6) == found->n);
	/* nobody gets two servers to talk to each other */
	MUST(dns_question(answer, n, &again) == -1);
}

static void ask(const uint8_t *bytes, size_t len)
{
	struct dns_question q;
	struct names_found found;
	uint8_t address[16];
	enum dns_result result;

	if (dns_question(bytes, len, &q)) {
		return;
	}
	MUST(memchr(q.name, 0, sizeof(q.name)) && q.end <= len && (q.end > 12 || !q.end));
	MUST(q.problem != DNS_FOUND || q.end);
	MUST(dns_udp_max(&q) >= 512 && dns_udp_max(&q) <= 1232);
	result = names_look_up(known_names(), &q, &found);
	MUST((result == DNS_FOUND) == (found.n > 0));
	(void)dns_reverse(q.name, address);
	check_answer(bytes, &q, result, &found, dns_udp_max(&q));
	check_answer(bytes, &q, result, &found, DNS_ANSWER_MAX);
}

/* The bytes of a connection, as they come: in pieces. The same messages come out as in one piece. */
static void ask_by_tcp(const uint8_t *bytes, size_t len, size_t piece)
{
	static struct dns_stream s;
	static uint8_t message[DNS_QUERY_MAX];
	size_t told = 0; /* where in bytes the next message begins */
	int next = 0;

	s.got = 0;
	for (size_t at = 0; at < len && next == 0;) {
		size_t n = sizeof(s.bytes) - s.got < piece ? sizeof(s.bytes) - s.got : piece;
		size_t got;

		n = len - at < n ? len - at : n;
		MUST(n > 0);
		memcpy(s.bytes + s.got, bytes + at, n);
		s.got += n;
		at += n;
		while ((next = dns_stream_next(&s, message, &got)) == 1) {
			MUST(got == u16(bytes + told) && told + 2 + got <= at);
			MUST(memcmp(message, bytes + told + 2, got) == 0);
			ask(message, got);
			told += 2 + got;
		}
		MUST(next == 0 ? told + s.got == at : u16(bytes + told) > DNS_QUERY_MAX);
	}
}

static void see(const uint8_t *bytes, size_t len)
{
	static struct flows flows;
	struct packet p;
	struct packet back;
	char protocol[8];

	if (!packet_read(bytes, len, &p)) {
		return;
	}
	back = p;
	MUST(p.family == AF_INET ? len >= 20 : p.family == AF_INET6 && len >= 40);
	MUST(p.family == AF_INET6 || (!p.from[4] && !p.to[15]));
	MUST((p.protocol == IPPROTO_TCP || p.protocol == IPPROTO_UDP) || !(p.port | p.from_port));
	packet_protocol(p.protocol, protocol);
	MUST(memchr(protocol, 0, sizeof(protocol)) && *protocol);
	memcpy(back.from, p.to, sizeof(back.from));
	memcpy(back.to, p.from, sizeof(back.to));
	back.from_port = p.port;
	back.port = p.from_port;
	(void)flows_begin(&flows, &p);
	MUST(!flows_begin(&flows, &p) && !flows_begin(&flows, &back));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	uint8_t piece = fuzz_byte(&in);
	size_t len;
	auto_free char *bytes = fuzz_rest(&in, &len);

	if (piece) {
		ask_by_tcp((const uint8_t *)bytes, len, piece);
	} else {
		ask((const uint8_t *)bytes, len);
		see((const uint8_t *)bytes, len);
	}
	return 0;
}
