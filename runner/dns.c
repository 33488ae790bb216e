#include "runner/dns.h"

#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum {
	HEADER = 12,
	FLAG_RESPONSE = 0x80, /* of the third byte */
	FLAG_OPCODE = 0x78,
	FLAG_AUTHORITY = 0x04,
	FLAG_CUT = 0x02,
	FLAG_WANTED = 0x01, /* recursion, copied into the answer */
	FLAG_RECURSION = 0x80, /* of the fourth: resolvers complain of servers that have none */
	FLAG_DNSSEC = 0x80, /* of the third byte of an OPT record's time to live */
	CLASS_IN = 1,
	LABEL_MAX = 63,
	TTL_S = 1,
	PLAIN_UDP_MAX = 512,
	PAYLOAD = 1232, /* ours: nothing of it gets fragmented (dnsflagday.net/2020) */
	RECORD = 10, /* type, class, time to live, length */
	OPT_LEN = 11,
};

static uint16_t u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put_u16(uint8_t *p, size_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
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

		if (n > LABEL_MAX || n >= len - *at || *at + n + 2 - begin > DNS_WIRE_MAX ||
			!add_label(name, &used, bytes + *at + 1, n)) {
			return false;
		}
		*at += n + 1;
	}
	name[used] = '\0';
	return (*at)++ < len;
}

/* Over a record's name, with a pointer or without. */
static bool skip_name(const uint8_t *bytes, size_t len, size_t *at)
{
	while (*at < len && bytes[*at] && bytes[*at] <= LABEL_MAX) {
		*at += bytes[*at] + 1U;
	}
	if (*at < len && bytes[*at]) {
		(*at)++;
	}
	return (*at)++ < len;
}

/* An OPT record's type stands at p. */
static bool read_opt(const uint8_t *p, bool is_root, struct dns_question *q)
{
	if (q->edns || !is_root) {
		return false;
	}
	q->edns = true;
	q->payload = u16(p + 2);
	q->dnssec = p[6] & FLAG_DNSSEC;
	if (p[5]) {
		q->problem = DNS_BAD_VERSION;
	}
	return true;
}

/* What stands behind the question: of interest is only whether and how it speaks EDNS. */
static bool read_records(const uint8_t *bytes, size_t len, size_t at, struct dns_question *q)
{
	size_t n = (size_t)u16(bytes + 6) + u16(bytes + 8) + u16(bytes + 10);

	for (size_t i = 0; i < n; i++) {
		bool is_root = at < len && !bytes[at];
		size_t data;

		if (!skip_name(bytes, len, &at) || at > len || len - at < RECORD) {
			return false;
		}
		data = u16(bytes + at + 8);
		if (len - at - RECORD < data ||
			(u16(bytes + at) == DNS_OPT && !read_opt(bytes + at, is_root, q))) {
			return false;
		}
		at += RECORD + data;
	}
	return true;
}

static enum dns_result read_question(const uint8_t *bytes, size_t len, struct dns_question *q)
{
	size_t at = HEADER;

	if (bytes[2] & FLAG_OPCODE) {
		return DNS_NOT_IMPLEMENTED;
	}
	if (u16(bytes + 4) != 1 || !read_name(bytes, len, &at, q->name) || len - at < 4) {
		return DNS_MALFORMED;
	}
	q->type = u16(bytes + at);
	q->end = at + 4;
	if (!read_records(bytes, len, q->end, q)) {
		return DNS_MALFORMED;
	}
	return q->problem == DNS_FOUND && u16(bytes + at + 2) != CLASS_IN ? DNS_REFUSED
									  : q->problem;
}

int dns_question(const uint8_t *bytes, size_t len, struct dns_question *ret)
{
	*ret = (struct dns_question){0};
	if (len < HEADER || len > DNS_QUERY_MAX || (bytes[2] & FLAG_RESPONSE)) {
		return -1;
	}
	ret->problem = read_question(bytes, len, ret);
	return 0;
}

int dns_stream_next(struct dns_stream *stream, uint8_t ret[DNS_QUERY_MAX], size_t *ret_len)
{
	size_t len = stream->got < 2 ? 0 : u16(stream->bytes);

	if (len > DNS_QUERY_MAX) {
		return -1;
	}
	if (stream->got < 2 + len) {
		return 0;
	}
	memcpy(ret, stream->bytes + 2, len);
	stream->got -= 2 + len;
	memmove(stream->bytes, stream->bytes + 2 + len, stream->got);
	*ret_len = len;
	return 1;
}

size_t dns_udp_max(const struct dns_question *question)
{
	if (!question->edns || question->payload < PLAIN_UDP_MAX) {
		return PLAIN_UDP_MAX;
	}
	return question->payload < PAYLOAD ? question->payload : PAYLOAD;
}

/* Of a response code the OPT record has all but the last four bits. */
static unsigned code_of(enum dns_result result)
{
	static const uint8_t codes[] = {
		[DNS_FOUND] = 0,
		[DNS_NO_DATA] = 0,
		[DNS_NO_NAME] = 3,
		[DNS_MALFORMED] = 1,
		[DNS_NOT_IMPLEMENTED] = 4,
		[DNS_REFUSED] = 5,
		[DNS_BAD_VERSION] = 16,
	};

	return codes[result];
}

static size_t put_opt(const struct dns_question *question, unsigned code, uint8_t *ret)
{
	memset(ret, 0, OPT_LEN);
	put_u16(ret + 1, DNS_OPT);
	put_u16(ret + 3, PAYLOAD);
	ret[5] = (uint8_t)(code >> 4);
	ret[7] = question->dnssec ? FLAG_DNSSEC : 0;
	return OPT_LEN;
}

static size_t put_record(const struct dns_record *record, uint8_t *ret)
{
	put_u16(ret, 0xc000 | HEADER); /* a pointer to the question's name */
	put_u16(ret + 2, record->type);
	put_u16(ret + 4, CLASS_IN);
	put_u16(ret + 6, 0);
	put_u16(ret + 8, TTL_S);
	put_u16(ret + 10, record->len);
	memcpy(ret + 2 + RECORD, record->data, record->len);
	return 2U + RECORD + record->len;
}

size_t dns_answer(const uint8_t *bytes, const struct dns_question *question, enum dns_result result,
	const struct dns_record *records, size_t n, size_t max, uint8_t ret[DNS_ANSWER_MAX])
{
	unsigned code = code_of(question->problem ? question->problem : result);
	size_t end = max - (question->edns ? OPT_LEN : 0);
	size_t len = question->end ? question->end : HEADER;
	size_t i = 0;

	memcpy(ret, bytes, len);
	memset(ret + 4, 0, HEADER - 4);
	ret[5] = question->end != 0;
	ret[2] = (uint8_t)(FLAG_RESPONSE | (bytes[2] & (FLAG_OPCODE | FLAG_WANTED)));
	ret[3] = (uint8_t)(FLAG_RECURSION | (code & 15));
	if (!question->problem) {
		ret[2] |= FLAG_AUTHORITY;
		n = result == DNS_FOUND ? n : 0;
		for (; i < n && 2U + RECORD + records[i].len <= end - len; i++) {
			len += put_record(&records[i], ret + len);
		}
		put_u16(ret + 6, i);
		ret[2] |= i < n ? FLAG_CUT : 0;
	}
	if (question->edns) {
		ret[11] = 1;
		len += put_opt(question, code, ret + len);
	}
	return len;
}

size_t dns_wire_name(const char *name, uint8_t ret[DNS_WIRE_MAX])
{
	size_t at = 0;

	while (*name) {
		size_t n = strcspn(name, ".");

		if (!n || n > LABEL_MAX || at + n + 2 > DNS_WIRE_MAX) {
			return 0;
		}
		ret[at] = (uint8_t)n;
		memcpy(ret + at + 1, name, n);
		at += n + 1;
		name += n + (name[n] == '.');
	}
	ret[at++] = 0;
	return at;
}

/* Where the suffix begins, and is all there is behind; NULL: it is another name. */
static const char *before(const char *name, const char *suffix)
{
	size_t len = strlen(name);
	size_t end = strlen(suffix);

	return len > end && strcasecmp(name + len - end, suffix) == 0 ? name + len - end : NULL;
}

static bool read_reverse4(const char *name, const char *end, uint8_t address[16])
{
	for (int i = 3; i >= 0; i--) {
		unsigned value = 0;
		int digits = 0;

		for (; isdigit((unsigned char)*name) && digits < 3; digits++) {
			value = value * 10 + (unsigned)(*name++ - '0');
		}
		if (!digits || value > 255 || *name != '.') {
			return false;
		}
		address[i] = (uint8_t)value;
		name += i > 0;
	}
	return name == end;
}

static bool read_reverse6(const char *name, const char *end, uint8_t address[16])
{
	static const char digits[] = "0123456789abcdef";

	if (end - name != 63) {
		return false;
	}
	memset(address, 0, 16);
	for (int i = 0; i < 32; i++) {
		const char *digit = strchr(digits, tolower((unsigned char)name[i * 2]));

		if (!digit || !*digit || name[i * 2 + 1] != '.') {
			return false;
		}
		address[15 - i / 2] |= (uint8_t)((digit - digits) << (i % 2 ? 4 : 0));
	}
	return true;
}

int dns_reverse(const char *name, uint8_t ret_address[16])
{
	const char *end = before(name, ".in-addr.arpa");

	if (end) {
		return read_reverse4(name, end, ret_address) ? AF_INET : 0;
	}
	end = before(name, ".ip6.arpa");
	return end && read_reverse6(name, end, ret_address) ? AF_INET6 : 0;
}
