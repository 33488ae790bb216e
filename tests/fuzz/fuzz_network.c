/* What an instance sends to its outside: a question of a DNS client, or a packet. */
#include "tests/fuzz/kit.h"

#include "base/cleanup.h"
#include "runner/dns.h"
#include "runner/packet.h"

#include <string.h>
#include <sys/socket.h>

static void ask(const uint8_t *bytes, size_t len)
{
	struct dns_question q;
	uint8_t answer[DNS_MESSAGE_MAX];

	if (dns_question(bytes, len, &q)) {
		return;
	}
	MUST(memchr(q.name, 0, sizeof(q.name)) && q.end <= len);
	for (enum dns_result result = DNS_FOUND; result <= DNS_NO_NAME; result++) {
		size_t n = dns_answer(bytes, &q, result, 1, answer);

		MUST(n >= q.end && n <= DNS_MESSAGE_MAX);
		MUST(memcmp(answer, bytes, 2) == 0 && (answer[2] & 0x80));
		MUST(memcmp(answer + 12, bytes + 12, q.end - 12) == 0);
	}
	/* nobody gets two servers to talk to each other */
	MUST(dns_question(answer, q.end, &q) == -1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	size_t len;
	auto_free char *bytes = fuzz_rest(&in, &len);
	struct packet p;

	ask((const uint8_t *)bytes, len);
	if (packet_read((const uint8_t *)bytes, len, &p)) {
		MUST(p.family == AF_INET || p.family == AF_INET6);
		MUST(len >= 20);
	}
	return 0;
}
