#include "runner/dns.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
	HEADER = 12,
	FLAG_RESPONSE = 0x80, /* of the third byte */
	FLAG_OPCODE = 0x78,
	FLAG_WANTED = 0x01, /* recursion, copied into the answer */
	FLAG_AUTHORITY = 0x04,
	FLAG_RECURSION = 0x80, /* of the fourth: resolvers complain of servers that have none */
	CODE_NO_NAME = 3,
	CLASS_IN = 1,
	LABEL_MAX = 63,
	WIRE_NAME_MAX = 255,
	TTL_S = 1,
};

static uint16_t u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static bool is_plain(uint8_t c)
{
	return isalnum(c) || c == '-' || c == '_';
}

/* One label behind what name has; false when there is no more room. */
static bool add_label(char name[DNS_NAME_MAX], size_t *len, const uint8_t *label, size_t n)
{
	if (*len) {
		name[(*len)++] = '.';
	}
	for (size_t i = 0; i < n; i++) {
		if (*len + 5 >= DNS_NAME_MAX) {
			return false;
		}
		if (is_plain(label[i])) {
			name[(*len)++] = (char)label[i];
		} else {
			*len += (size_t)snprintf(name + *len, 5, "\\%03u", label[i]);
		}
	}
	return *len + 1 < DNS_NAME_MAX;
}

/* The name at *at, which is moved behind it. No pointers: a question has nothing to point to. */
static bool read_name(const uint8_t *bytes, size_t len, size_t *at, char name[DNS_NAME_MAX])
{
	size_t begin = *at;
	size_t used = 0;

	while (*at < len && bytes[*at]) {
		size_t n = bytes[*at];

		if (n > LABEL_MAX || n >= len - *at || *at + n + 2 - begin > WIRE_NAME_MAX ||
			!add_label(name, &used, bytes + *at + 1, n)) {
			return false;
		}
		*at += n + 1;
	}
	name[used] = '\0';
	return (*at)++ < len;
}

int dns_question(const uint8_t *bytes, size_t len, struct dns_question *ret)
{
	size_t at = HEADER;

	if (len < HEADER || len > DNS_MESSAGE_MAX || (bytes[2] & (FLAG_RESPONSE | FLAG_OPCODE)) ||
		u16(bytes + 4) != 1 || !read_name(bytes, len, &at, ret->name) || len - at < 4 ||
		u16(bytes + at + 2) != CLASS_IN) {
		return -1;
	}
	ret->type = u16(bytes + at);
	ret->end = at + 4;
	return 0;
}

size_t dns_answer(const uint8_t *bytes, const struct dns_question *question, enum dns_result result,
	uint32_t address, uint8_t ret[DNS_MESSAGE_MAX])
{
	/* a pointer to the question's name, type A, class IN, TTL, four bytes */
	static const uint8_t record[] = {0xc0, HEADER, 0, DNS_A, 0, CLASS_IN, 0, 0, 0, TTL_S, 0, 4};
	size_t len = question->end;

	memcpy(ret, bytes, len);
	ret[2] = (uint8_t)(FLAG_RESPONSE | FLAG_AUTHORITY | (bytes[2] & FLAG_WANTED));
	ret[3] = (uint8_t)(FLAG_RECURSION | (result == DNS_NO_NAME ? CODE_NO_NAME : 0));
	memset(ret + 6, 0, HEADER - 6);
	if (result == DNS_FOUND && len + sizeof(record) + sizeof(address) <= DNS_MESSAGE_MAX) {
		ret[7] = 1;
		memcpy(ret + len, record, sizeof(record));
		len += sizeof(record);
		memcpy(ret + len, &address, sizeof(address));
		len += sizeof(address);
	}
	return len;
}
