#include "runner/name_server.h"

#include "base/alloc.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
	PORT = 53,
	AT_ONCE = 256, /* datagrams, before others have their turn */
	TURNS_BEHIND = 64, /* to catch up with what was said by one that has ended */
	CONNECTIONS = 32, /* then the oldest one has to go */
};

struct connection {
	struct name_server *server;
	int fd;
	uint64_t turn;
	int instance;
	struct dns_stream stream;
};

struct name_server {
	struct loop *loop;
	const struct world *world;
	const struct names *names;
	name_server_fn fn;
	void *arg;
	int udp;
	int tcp;
	uint64_t turns;
	struct connection *connections[CONNECTIONS];
	uint8_t room[2 + DNS_ANSWER_MAX];
};

/* An address of either kind, also IPv4's in the form that a socket for both gives it. */
union peer {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static int instance_of(const union peer *peer)
{
	if (peer->any.sa_family == AF_INET) {
		return world_instance(AF_INET, &peer->v4.sin_addr);
	}
	if (IN6_IS_ADDR_V4MAPPED(&peer->v6.sin6_addr)) {
		return world_instance(AF_INET, &peer->v6.sin6_addr.s6_addr[12]);
	}
	return world_instance(AF_INET6, &peer->v6.sin6_addr);
}

/* Who has an address of ours is no matter of the outside, and is never left waiting: servers ask it
 * of every client. */
static bool is_own_address(const char *name)
{
	uint8_t address[16];
	int family = dns_reverse(name, address);

	return family && world_is_inside(family, address);
}

/* Into room + 2; 0: there is no answer to it. */
static size_t answer(
	struct name_server *s, const uint8_t *bytes, size_t len, int instance, bool tcp)
{
	struct dns_question question;
	struct names_found found = {.n = 0};
	enum dns_result result = DNS_FOUND;

	if (dns_question(bytes, len, &question)) {
		return 0;
	}
	if (question.problem == DNS_FOUND) {
		bool own = is_own_address(question.name);

		result = names_look_up(s->names, &question, &found);
		if (!own && s->fn) {
			s->fn(instance, question.name, result != DNS_NO_NAME, s->arg);
		}
		if (!own && result == DNS_NO_NAME && world_outside_is(s->world) == WORLD_DROP) {
			return 0;
		}
	}
	return dns_answer(bytes, &question, result, found.v, found.n,
		tcp ? DNS_ANSWER_MAX : dns_udp_max(&question), s->room + 2);
}

/* Some of what has come; false: that was all. */
static bool take_datagrams(struct name_server *s)
{
	for (int i = 0; i < AT_ONCE; i++) {
		uint8_t bytes[DNS_QUERY_MAX + 1];
		union peer from = {.any.sa_family = AF_UNSPEC};
		socklen_t from_len = sizeof(from);
		ssize_t got =
			recvfrom(s->udp, bytes, sizeof(bytes), MSG_DONTWAIT, &from.any, &from_len);
		size_t len;

		if (got < 0) {
			return false;
		}
		len = answer(s, bytes, (size_t)got, instance_of(&from), false);
		if (len) {
			(void)sendto(s->udp, s->room + 2, len, MSG_DONTWAIT | MSG_NOSIGNAL,
				&from.any, from_len);
		}
	}
	return true;
}

static void on_datagram(void *arg)
{
	(void)take_datagrams(arg);
}

uint64_t name_server_catch_up(struct name_server *s)
{
	for (int i = 0; i < TURNS_BEHIND && take_datagrams(s); i++) {
	}
	return world_socket_missed(s->udp);
}

/* ---- TCP: RFC 7766 ------------------------------------------------------------------------ */

static void hang_up(struct connection *c)
{
	struct name_server *s = c->server;

	for (size_t i = 0; i < CONNECTIONS; i++) {
		if (s->connections[i] == c) {
			s->connections[i] = NULL;
		}
	}
	loop_forget(s->loop, c->fd);
	cleanup_fd(&c->fd);
	free(c);
}

/* The messages that are complete; false: there is no talking with this one. An answer that does not
 * fit into the socket has nobody who reads the one before. */
static bool answer_all(struct connection *c)
{
	struct name_server *s = c->server;
	uint8_t bytes[DNS_QUERY_MAX];
	size_t len;
	int next;

	while ((next = dns_stream_next(&c->stream, bytes, &len)) == 1) {
		size_t put = answer(s, bytes, len, c->instance, true);

		s->room[0] = (uint8_t)(put >> 8);
		s->room[1] = (uint8_t)put;
		if (put && send(c->fd, s->room, 2 + put, MSG_DONTWAIT | MSG_NOSIGNAL) !=
				   (ssize_t)(2 + put)) {
			return false;
		}
	}
	return next == 0;
}

static void on_stream(void *arg)
{
	struct connection *c = arg;
	struct dns_stream *in = &c->stream;
	ssize_t got = recv(c->fd, in->bytes + in->got, sizeof(in->bytes) - in->got, MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (got > 0) {
		in->got += (size_t)got;
	}
	if (got <= 0 || !answer_all(c)) {
		hang_up(c);
	}
}

/* A free place, or that of the oldest. */
static size_t make_place(struct name_server *s)
{
	size_t oldest = 0;

	for (size_t i = 0; i < CONNECTIONS; i++) {
		if (!s->connections[i]) {
			return i;
		}
		if (s->connections[i]->turn < s->connections[oldest]->turn) {
			oldest = i;
		}
	}
	hang_up(s->connections[oldest]);
	return oldest;
}

static void on_connection(void *arg)
{
	struct name_server *s = arg;
	union peer from = {.any.sa_family = AF_UNSPEC};
	socklen_t from_len = sizeof(from);
	auto_fd int fd = accept4(s->tcp, &from.any, &from_len, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct connection *c;
	size_t place;

	if (fd < 0) {
		return;
	}
	place = make_place(s);
	c = xcalloc(1, sizeof(*c));
	*c = (struct connection){
		.server = s, .fd = fd, .turn = s->turns++, .instance = instance_of(&from)};
	if (loop_watch(s->loop, fd, EPOLLIN, on_stream, c, NULL)) {
		free(c);
		return;
	}
	(void)steal_fd(&fd);
	s->connections[place] = c;
}

/* ---- both --------------------------------------------------------------------------------- */

/* Bound to port 53, for both kinds of addresses where there are two; -1 on error. */
static int open_port(const struct world *world, int type, struct err *err)
{
	int family = world_ipv6(world) ? AF_INET6 : AF_INET;
	auto_fd int fd = world_socket(world, family, type | SOCK_NONBLOCK, err);
	union peer at = {.v6 = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)}};
	int no = 0;
	int yes = 1;

	if (fd < 0) {
		return -1;
	}
	if (family == AF_INET) {
		at.v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(PORT)};
	}
	/* another server may have been here a moment ago, with connections */
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no))) {
		return err_sys(err, "serve IPv4 and IPv6");
	}
	if (bind(fd, &at.any, family == AF_INET ? sizeof(at.v4) : sizeof(at.v6)) ||
		(type == SOCK_STREAM && listen(fd, CONNECTIONS))) {
		return err_sys(err, "bind port %d", PORT);
	}
	return steal_fd(&fd);
}

int name_server_new(struct loop *loop, const struct world *world, const struct names *names,
	name_server_fn fn, void *arg, struct name_server **ret, struct err *err)
{
	AUTO_PTR(name_server) struct name_server *s = xcalloc(1, sizeof(*s));

	s->loop = loop;
	s->world = world;
	s->names = names;
	s->fn = fn;
	s->arg = arg;
	s->tcp = -1;
	s->udp = open_port(world, SOCK_DGRAM, err);
	if (s->udp < 0 || loop_watch(loop, s->udp, EPOLLIN, on_datagram, s, err)) {
		return -1;
	}
	s->tcp = open_port(world, SOCK_STREAM, err);
	if (s->tcp < 0 || loop_watch(loop, s->tcp, EPOLLIN, on_connection, s, err)) {
		return -1;
	}
	*ret = steal_ptr(s);
	return 0;
}

void name_server_free(struct name_server *s)
{
	if (!s) {
		return;
	}
	for (size_t i = 0; i < CONNECTIONS; i++) {
		if (s->connections[i]) {
			hang_up(s->connections[i]);
		}
	}
	loop_forget(s->loop, s->udp);
	loop_forget(s->loop, s->tcp);
	cleanup_fd(&s->udp);
	cleanup_fd(&s->tcp);
	free(s);
}
