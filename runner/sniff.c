#include "runner/sniff.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/escape.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { STATUS_LINE_MAX = 200, LOCATION_MAX = 1000 };

static size_t trimmed(const struct line *l)
{
	size_t len = l->len;

	while (len && (l->s[len - 1] == '\r' || l->s[len - 1] == ' ' || l->s[len - 1] == '\t')) {
		len--;
	}
	return len;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "HTTP/1.1 200 OK": version, a space, three digits. */
static int status_of(const char *s, size_t len)
{
	if (len < 12 || strncmp(s, "HTTP/", 5) != 0 || !is_digit(s[5]) || s[6] != '.' ||
		!is_digit(s[7]) || s[8] != ' ' || !is_digit(s[9]) || !is_digit(s[10]) ||
		!is_digit(s[11]) || (len > 12 && is_digit(s[12]))) {
		return 0;
	}
	return (s[9] - '0') * 100 + (s[10] - '0') * 10 + (s[11] - '0');
}

static char *header_value(const struct line *l, const char *name)
{
	size_t name_len = strlen(name);
	size_t len = trimmed(l);
	size_t at = name_len + 1;

	if (len <= name_len || strncasecmp(l->s, name, name_len) != 0 || l->s[name_len] != ':') {
		return NULL;
	}
	while (at < len && (l->s[at] == ' ' || l->s[at] == '\t')) {
		at++;
	}
	len = len - at < LOCATION_MAX ? len : at + LOCATION_MAX;
	return xstrndup(l->s + at, len - at);
}

/* What nginx, Apache, Go, Jetty and Tomcat, and Node say. */
static bool says_https_port(const char *bytes, size_t len)
{
	static const char *const phrases[] = {"plain HTTP request was sent to HTTPS port",
		"speaking plain HTTP to an SSL-enabled server port",
		"client sent an HTTP request to an HTTPS server", "requires TLS",
		"combination of host and port requires TLS", "HTTP request on an HTTPS port", NULL};

	for (const char *const *phrase = phrases; *phrase; phrase++) {
		if (str_ifind(bytes, len, *phrase)) {
			return true;
		}
	}
	return false;
}

bool sniff_http(const char *bytes, size_t len, struct sniff_http *ret)
{
	const char *at = bytes;
	struct sniff_http http = {0};
	struct line l;

	if (!line_next(&at, bytes + len, &l)) {
		return false;
	}
	http.status = status_of(l.s, trimmed(&l));
	if (http.status < 100 || http.status > 599) {
		return false;
	}
	http.status_line =
		xstrndup(l.s, trimmed(&l) < STATUS_LINE_MAX ? trimmed(&l) : STATUS_LINE_MAX);
	while (!http.complete && line_next(&at, bytes + len, &l)) {
		http.complete = trimmed(&l) == 0;
		if (!http.location) {
			http.location = header_value(&l, "Location");
		}
	}
	http.wants_https = http.status >= 400 && says_https_port(bytes, len);
	*ret = http;
	return true;
}

void sniff_http_release(struct sniff_http *http)
{
	free(http->status_line);
	free(http->location);
	*http = (struct sniff_http){0};
}

bool sniff_https_redirect(const struct sniff_http *http, const char *host, const char *path)
{
	static const char scheme[] = "https://";
	const char *at = http->location;
	size_t host_len;
	size_t name_len;

	if (http->status < 300 || http->status > 399 || !at ||
		strncasecmp(at, scheme, sizeof(scheme) - 1) != 0) {
		return false;
	}
	at += sizeof(scheme) - 1;
	host_len = strcspn(at, "/?#");
	name_len = strcspn(at, ":/?#");
	return (name_len == strlen(host) && strncasecmp(at, host, name_len) == 0) ||
	       (path && str_eq(at + host_len, path));
}

static bool is_record(const char *bytes, size_t len, unsigned char type)
{
	const unsigned char *b = (const unsigned char *)bytes;

	return len >= 5 && b[0] == type && b[1] == 3 && b[2] <= 4 && (b[3] << 8 | b[4]) > 0 &&
	       b[3] <= 0x41;
}

bool sniff_tls_alert(const char *bytes, size_t len)
{
	return is_record(bytes, len, 21);
}

bool sniff_tls(const char *bytes, size_t len)
{
	return is_record(bytes, len, 22) || sniff_tls_alert(bytes, len);
}

/* clang-format off */
static const unsigned char client_hello[] = {
	0x16, 0x03, 0x01, 0x00, 0x63,		/* handshake record, 99 bytes */
	0x01, 0x00, 0x00, 0x5f,			/* ClientHello, 95 bytes */
	0x03, 0x03,				/* TLS 1.2: who has only 1.3 sends an alert */
	'a', 's', 's', 'a', 'y', ' ', 'a', 's', 'k', 's', ' ', 'i', 'f', ' ', 't', 'h',
	'i', 's', ' ', 'p', 'o', 'r', 't', ' ', 's', 'p', 'e', 'a', 'k', 's', ' ', '?',
	0x00,					/* no session */
	0x00, 0x14,				/* 10 cipher suites */
	0xc0, 0x2f, 0xc0, 0x30, 0xc0, 0x2b, 0xc0, 0x2c, 0xcc, 0xa8, 0xcc, 0xa9,
	0x00, 0x9c, 0x00, 0x2f, 0x00, 0x35, 0x00, 0xff,
	0x01, 0x00,				/* no compression */
	0x00, 0x22,				/* extensions, 34 bytes */
	0x00, 0x0a, 0x00, 0x06, 0x00, 0x04, 0x00, 0x1d, 0x00, 0x17,	/* x25519, secp256r1 */
	0x00, 0x0b, 0x00, 0x02, 0x01, 0x00,				/* uncompressed points */
	0x00, 0x0d, 0x00, 0x0e, 0x00, 0x0c,				/* signatures */
	0x04, 0x03, 0x08, 0x04, 0x04, 0x01, 0x05, 0x03, 0x08, 0x05, 0x05, 0x01,
};
/* clang-format on */

const void *sniff_client_hello(size_t *ret_len)
{
	*ret_len = sizeof(client_hello);
	return client_hello;
}

char *sniff_excerpt(const char *bytes, size_t len, size_t max)
{
	struct buf b;

	buf_init(&b, max * 4 + 8);
	(void)escape_to(&b, ESCAPE_TERMINAL, bytes, len < max ? len : max, NULL);
	return buf_steal(&b);
}
