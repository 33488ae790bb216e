#include "runner/names.h"

#include "base/alloc.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

/* AF_INET, AF_INET6, or 0; the bytes that it has not are zero. */
static int read_address(const char *text, uint8_t ret[16])
{
	memset(ret, 0, 16);
	if (inet_pton(AF_INET, text, ret) == 1) {
		return AF_INET;
	}
	return inet_pton(AF_INET6, text, ret) == 1 ? AF_INET6 : 0;
}

static bool is_at(const struct known_name *known, int family, const uint8_t address[16])
{
	return known->family == family && memcmp(known->address, address, 16) == 0;
}

void names_add(struct names *names, const char *name, const char *address)
{
	size_t len = strlen(name);
	struct known_name new = {0};
	struct known_name *known;

	new.family = read_address(address, new.address);
	len -= len && name[len - 1] == '.';
	if (!new.family || !len) {
		return;
	}
	new.name = xstrndup(name, len);
	for (size_t i = 0; i < names->n; i++) {
		if (is_at(&names->v[i], new.family, new.address) &&
			strcasecmp(names->v[i].name, new.name) == 0) {
			free(new.name);
			return;
		}
	}
	new.wire_len = (uint16_t)dns_wire_name(new.name, new.wire);
	known = ARRAY_PUSH(names);
	*known = new;
}

void names_forget(struct names *names, const char *address)
{
	uint8_t bytes[16];
	int family = read_address(address, bytes);
	size_t kept = 0;

	for (size_t i = 0; i < names->n; i++) {
		if (is_at(&names->v[i], family, bytes)) {
			free(names->v[i].name);
		} else {
			names->v[kept++] = names->v[i];
		}
	}
	names->n = kept;
}

void names_release(struct names *names)
{
	for (size_t i = 0; i < names->n; i++) {
		free(names->v[i].name);
	}
	free(names->v);
	*names = (struct names){0};
}

static void add_record(struct names_found *found, uint16_t type, const uint8_t *data, uint16_t len)
{
	if (found->n < NAMES_FOUND_MAX && len) {
		found->v[found->n++] = (struct dns_record){type, len, data};
	}
}

static void add_address(struct names_found *found, uint16_t wanted, const struct known_name *known)
{
	uint16_t type = known->family == AF_INET ? DNS_A : DNS_AAAA;

	if (wanted == type || wanted == DNS_ANY) {
		add_record(found, type, known->address, known->family == AF_INET ? 4 : 16);
	}
}

enum dns_result names_look_up(
	const struct names *names, const struct dns_question *question, struct names_found *ret)
{
	uint8_t address[16] = {0};
	int reverse = dns_reverse(question->name, address);
	bool wants_name = question->type == DNS_PTR || question->type == DNS_ANY;
	bool is_there = false;

	ret->n = 0;
	for (size_t i = 0; i < names->n; i++) {
		const struct known_name *known = &names->v[i];

		if (reverse && is_at(known, reverse, address)) {
			is_there = true;
			if (wants_name) {
				add_record(ret, DNS_PTR, known->wire, known->wire_len);
			}
		} else if (!reverse && strcasecmp(known->name, question->name) == 0) {
			is_there = true;
			add_address(ret, question->type, known);
		}
	}
	if (!is_there) {
		return DNS_NO_NAME;
	}
	return ret->n ? DNS_FOUND : DNS_NO_DATA;
}
