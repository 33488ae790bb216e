#include "network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* ADDRESS PORT */
static socklen_t read_address(char **arg, union address *ret)
{
	in_port_t port = htons((uint16_t)atoi(arg[1]));

	memset(ret, 0, sizeof(*ret));
	if (strchr(arg[0], ':')) {
		ret->v6.sin6_family = AF_INET6;
		ret->v6.sin6_port = port;
		inet_pton(AF_INET6, arg[0], &ret->v6.sin6_addr);
		return sizeof(ret->v6);
	}
	ret->v4.sin_family = AF_INET;
	ret->v4.sin_port = port;
	inet_pton(AF_INET, arg[0], &ret->v4.sin_addr);
	return sizeof(ret->v4);
}

/* connect ADDRESS PORT [TIMES]: one after the other; says how the last one went */
int network_connect(char **arg)
{
	union address a;
	socklen_t len = read_address(arg, &a);

	for (int left = arg[2] ? atoi(arg[2]) : 1; left > 0; left--) {
		int fd = socket(a.any.sa_family, SOCK_STREAM, 0);
		int failed = connect(fd, &a.any, len);

		if (left == 1 || !failed) {
			printf("%s\n", failed ? strerror(errno) : "connected");
			return 0;
		}
		close(fd);
	}
	return 0;
}

/* reach ADDRESS PORT MS: the same, waiting no longer than that */
int network_reach(char **arg)
{
	union address a;
	socklen_t len = read_address(arg, &a);
	int fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	int error = 0;
	socklen_t size = sizeof(error);

	if (connect(fd, &a.any, len) == 0) {
		printf("connected\n");
	} else if (errno != EINPROGRESS) {
		printf("%s\n", strerror(errno));
	} else if (poll(&p, 1, atoi(arg[2])) != 1) {
		printf("no answer\n");
	} else {
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
		printf("%s\n", error ? strerror(error) : "connected");
	}
	return 0;
}

/* serve ADDRESS PORT: one connection */
int network_serve(char **arg)
{
	union address a;
	socklen_t len = read_address(arg, &a);
	int fd = socket(a.any.sa_family, SOCK_STREAM, 0);
	int c;

	if (bind(fd, &a.any, len) < 0 || listen(fd, 5) < 0 || write(1, "ready\n", 6) != 6) {
		return 1;
	}
	c = accept(fd, NULL, NULL);
	return write(c, "served\n", 7) != 7;
}

/* serve-udp ADDRESS PORT: an echo, until the end */
int network_serve_udp(char **arg)
{
	union address a;
	socklen_t len = read_address(arg, &a);
	int fd = socket(a.any.sa_family, SOCK_DGRAM, 0);
	char text[512];

	if (bind(fd, &a.any, len) < 0 || write(1, "ready\n", 6) != 6) {
		return 1;
	}
	for (;;) {
		ssize_t n;

		len = sizeof(a);
		n = recvfrom(fd, text, sizeof(text), 0, &a.any, &len);
		if (n < 0 || sendto(fd, text, (size_t)n, 0, &a.any, len) != n) {
			return 1;
		}
	}
}

/* send ADDRESS PORT TEXT [MS]: by UDP; with MS, print what comes back */
int network_send(char **arg)
{
	union address a;
	socklen_t len = read_address(arg, &a);
	int fd = socket(a.any.sa_family, SOCK_DGRAM, 0);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char text[512];
	ssize_t n;

	if (connect(fd, &a.any, len) < 0 || send(fd, arg[2], strlen(arg[2]), 0) < 0) {
		printf("%s\n", strerror(errno));
		return 0;
	}
	if (arg[3] && poll(&p, 1, atoi(arg[3])) == 1) {
		n = recv(fd, text, sizeof(text), 0);
		printf("%.*s\n", n < 0 ? 0 : (int)n, text);
	}
	return 0;
}

/* forge FROM TO PORT: a datagram that lies about who sent it */
int network_forge(char **arg)
{
	unsigned char packet[28] = {
		0x45, [3] = sizeof(packet), [8] = 64, [9] = IPPROTO_UDP, [20] = 0x30, [25] = 8};
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	int port = atoi(arg[2]);

	inet_pton(AF_INET, arg[0], packet + 12);
	inet_pton(AF_INET, arg[1], packet + 16);
	memcpy(&to.sin_addr, packet + 16, 4);
	packet[22] = (unsigned char)(port >> 8);
	packet[23] = (unsigned char)port;
	printf("%s\n",
		sendto(fd, packet, sizeof(packet), 0, (const struct sockaddr *)&to, sizeof(to)) < 0
			? strerror(errno)
			: "sent");
	return 0;
}

static size_t put_question(unsigned char *q, const char *name, int type, int edns)
{
	static const unsigned char head[] = {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
	static const unsigned char opt[] = {0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, 0};
	size_t len = sizeof(head);

	memcpy(q, head, sizeof(head));
	q[11] = (unsigned char)edns;
	while (*name) {
		size_t n = strcspn(name, ".");

		q[len++] = (unsigned char)n;
		memcpy(q + len, name, n);
		len += n;
		name += n + (name[n] == '.');
	}
	q[len++] = 0;
	q[len++] = 0;
	q[len++] = (unsigned char)type;
	q[len++] = 0;
	q[len++] = 1;
	if (edns) {
		memcpy(q + len, opt, sizeof(opt));
		len += sizeof(opt);
	}
	return len;
}

/* A wire name of a PTR record, which is written out. */
static void say_name(const unsigned char *at)
{
	const char *dot = "";

	while (*at) {
		printf("%s%.*s", dot, *at, (const char *)at + 1);
		dot = ".";
		at += *at + 1;
	}
}

static void say_answer(const unsigned char *m, size_t question)
{
	const unsigned char *at = m + question;
	char text[INET6_ADDRSTRLEN];

	printf("code %d%s", m[3] & 15, m[2] & 2 ? " cut" : "");
	for (int n = m[6] << 8 | m[7]; n > 0; n--) {
		int type = at[3];

		printf(" ");
		if (type == 12) {
			say_name(at + 12);
		} else {
			printf("%s", inet_ntop(type == 28 ? AF_INET6 : AF_INET, at + 12, text,
					     sizeof(text)));
		}
		at += 12 + (at[10] << 8 | at[11]);
	}
	printf("\n");
}

/* ask SERVER udp|edns|tcp NAME TYPE MS */
int network_ask(char **arg)
{
	char port[] = "53";
	char *where[] = {arg[0], port};
	int tcp = strcmp(arg[1], "tcp") == 0;
	union address a;
	socklen_t len = read_address(where, &a);
	int fd = socket(a.any.sa_family, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	static unsigned char q[2 + 512], answer[2 + 65536];
	int edns = strcmp(arg[1], "edns") == 0;
	size_t n = put_question(q + 2, arg[2], atoi(arg[3]), edns);
	size_t got = 0;

	q[0] = (unsigned char)(n >> 8);
	q[1] = (unsigned char)n;
	if (connect(fd, &a.any, len) < 0 || send(fd, tcp ? q : q + 2, tcp ? n + 2 : n, 0) < 0) {
		printf("%s\n", strerror(errno));
		return 1;
	}
	for (;;) {
		ssize_t more;

		if (poll(&p, 1, atoi(arg[4])) != 1) {
			printf("no answer\n");
			return 0;
		}
		more = recv(fd, answer + (tcp ? 0 : 2) + got, sizeof(answer) - 2 - got, 0);
		if (more <= 0) {
			printf("%s\n", more ? strerror(errno) : "hung up");
			return 0;
		}
		got += (size_t)more;
		if (!tcp || (got >= 2 && got >= 2 + ((size_t)answer[0] << 8 | answer[1]))) {
			break;
		}
	}
	say_answer(answer + 2, n - (edns ? 11 : 0));
	return 0;
}
