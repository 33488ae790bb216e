#include "runner/ports.h"

#include "base/buf.h"
#include "base/str.h"
#include "base/sys_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum { NET_TEXT_MAX = 4 * 1024 * 1024 };

bool ports_has(const struct port_list *list, uint16_t port)
{
	for (size_t i = 0; i < list->n; i++) {
		if (list->v[i] == port) {
			return true;
		}
	}
	return false;
}

static void add(struct port_list *list, uint64_t port)
{
	if (port > 0 && port <= UINT16_MAX && list->n < PORTS_MAX &&
		!ports_has(list, (uint16_t)port)) {
		list->v[list->n++] = (uint16_t)port;
	}
}

/* "8080", "8080/tcp", "53/udp", and the ranges that Docker accepts: "8000-8010/tcp". */
static void add_exposed(struct port_list *list, const char *text)
{
	unsigned first;
	unsigned last;
	char protocol[8] = "tcp";
	int used = 0;

	if (sscanf(text, "%5u-%5u%n", &first, &last, &used) != 2) {
		if (sscanf(text, "%5u%n", &first, &used) != 1) {
			return;
		}
		last = first;
	}
	if (text[used] == '/' && sscanf(text + used, "/%7s", protocol) != 1) {
		return;
	}
	if (!str_eq(protocol, "tcp")) {
		return;
	}
	for (; first <= last && last <= UINT16_MAX && list->n < PORTS_MAX; first++) {
		add(list, first);
	}
}

void ports_of(const struct image_config *config, const struct task *task, struct port_list *ret)
{
	*ret = (struct port_list){.from_product = task && task->n_ports};
	for (size_t i = 0; task && i < task->n_ports; i++) {
		add(ret, task->ports[i]);
	}
	for (size_t i = 0; !ret->from_product && i < config->exposed_ports.n; i++) {
		add_exposed(ret, config->exposed_ports.v[i]);
	}
}

/* The kernel prints an address as 32-bit words in host order: 127.0.0.1 is 0100007F, ::1 ends in
 * 01000000, and an IPv4 address mapped into IPv6 stands in the last word. */
static bool is_loopback(const char *hex)
{
	size_t len = strlen(hex);

	if (len == 8) {
		return str_eq(hex + 6, "7F");
	}
	return str_eq(hex, "00000000000000000000000001000000") ||
	       (len == 32 && strncmp(hex, "0000000000000000FFFF0000", 24) == 0 &&
		       str_eq(hex + 30, "7F"));
}

void listeners_parse(const char *text, struct listener *ret, size_t max, size_t *n)
{
	const char *at = text;
	const char *end = text + strlen(text);
	struct line l;

	while (*n < max && line_next(&at, end, &l)) {
		char row[200]; /* sscanf(3) looks for the end of what it is given: not that of all rows */
		char address[33];
		unsigned port;
		unsigned state;

		/* "0: 0100007F:1F90 00000000:0000 0A ..." */
		(void)snprintf(row, sizeof(row), "%.*s", (int)l.len, l.s);
		if (sscanf(row, " %*u: %32[0-9A-F]:%4X %*[0-9A-F]:%*4X %2X", address, &port,
			    &state) != 3 ||
			state != 0x0a) {
			continue;
		}
		ret[(*n)++] = (struct listener){
			.port = (uint16_t)port,
			.loopback = is_loopback(address),
		};
	}
}

size_t listeners_of(pid_t pid, struct listener *ret, size_t max)
{
	static const char *const files[] = {"tcp", "tcp6"};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		AUTO(buf) struct buf text;
		char path[64];

		buf_init(&text, NET_TEXT_MAX);
		(void)snprintf(path, sizeof(path), "/proc/%d/net/%s", (int)pid, files[i]);
		/* A flood of sockets is cut at the cap: what was read still counts. */
		(void)file_read(AT_FDCWD, path, &text, NULL);
		listeners_parse(buf_str(&text), ret, max, &n);
	}
	return n;
}
