/* The network world: reachable from its outside, and no way further. */
#include "tests/sandbox/test.h"

#include "base/alloc.h"
#include "base/sys_file.h"
#include "runner/outside.h"
#include "sandbox/netlink.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>

#define GATEWAY "172.29.0.1"
#define GATEWAY6 "fd61:7373:6179::1"
#define PATIENCE "30000" /* ms, where an answer has to come */

static struct run r;

/* What an instance says that tries to reach somebody, a line. */
static bool says(struct sandbox_plan plan, const char *text)
{
	bool good = run_all(&r, plan) && EXPECT(str_eq(r.out, text));

	if (!good) {
		printf("# said '%s', not '%s'\n", r.out, text);
	}
	return good;
}

static bool is_refused(struct sandbox_plan plan)
{
	bool good = run_all(&r, plan) && EXPECT(str_eq(r.out, "No route to host\n") ||
						 str_eq(r.out, "Network is unreachable\n"));

	if (!good) {
		printf("# said '%s'\n", r.out);
	}
	return good;
}

/* In a network namespace as it comes. */
static int look_for_ipv6(void *arg, struct err *err)
{
	AUTO(buf) struct buf off;

	buf_init(&off, 8);
	*(bool *)arg = file_read(AT_FDCWD, "/proc/sys/net/ipv6/conf/default/disable_ipv6", &off,
			       err) == 0 &&
		       str_eq(buf_str(&off), "0\n");
	return 0;
}

/* What every other test here goes by. Switched off (ipv6.disable=1, ipv6.disable_ipv6=1, or compiled
 * out), there is a world all the same. */
static void ipv6_where_there_is(struct fixture *f)
{
	bool has_ipv6 = false;
	struct err err;

	if (EXPECT(netns_call(-1, look_for_ipv6, &has_ipv6, &err) == 0)) {
		EXPECT(world_ipv6(f->world) == has_ipv6);
		EXPECT((world_address6(f->world, 0) != NULL) == has_ipv6);
		printf("# %s IPv6\n", has_ipv6 ? "with" : "without");
	}
}

static void nowhere_to_go(struct fixture *f)
{
	static const char *const outside[] = {
		"192.0.2.1", "8.8.8.8", "10.0.0.1", "2001:db8::1", "fd00::1"};

	for (size_t i = 0; i < ARRAY_SIZE(outside); i++) {
		if (world_ipv6(f->world) || !strchr(outside[i], ':')) {
			is_refused(plan_new(f, "connect", outside[i], "80", NULL));
		}
	}
	/* Our own loopback is not the instance's. */
	says(plan_new(f, "connect", "127.0.0.1", "22", NULL), "Connection refused\n");
	says(plan_new(f, "connect", GATEWAY, "80", NULL), "Connection refused\n");
	if (world_ipv6(f->world)) {
		says(plan_new(f, "connect", "::1", "22", NULL), "Connection refused\n");
		says(plan_new(f, "connect", GATEWAY6, "80", NULL), "Connection refused\n");
	}
}

/* The kernel answers only a few a second unless told otherwise, and who is not answered tries for
 * minutes. */
static void refused_each_time(struct fixture *f)
{
	is_refused(plan_new(f, "connect", "192.0.2.1", "80", "200", NULL));
	if (world_ipv6(f->world)) {
		is_refused(plan_new(f, "connect", "2001:db8::1", "80", "200", NULL));
	}
}

static int dial(const struct fixture *f, unsigned n, uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct err err;
	int fd = world_socket(f->world, AF_INET, SOCK_STREAM, &err);

	if (!EXPECT(fd >= 0)) {
		printf("# %s\n", err.msg);
		return -1;
	}
	inet_pton(AF_INET, world_address(f->world, n), &a.sin_addr);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void reachable_from_outside(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "serve", "0.0.0.0", "8080", NULL);
	char text[16] = "";
	int fd;

	plan.address = 3;
	if (run_start(&r, &plan, false) && run_wait_for(&r, "ready\n")) {
		fd = dial(f, 3, 8080);
		if (EXPECT(fd >= 0)) {
			EXPECT(read(fd, text, sizeof(text) - 1) == 7 && str_eq(text, "served\n"));
			close(fd);
		}
		run_finish(&r);
		EXPECT(r.exit.code == 0);
	}
	run_free(&r);
}

/* What listens on 127.0.0.1 only cannot be reached from another host. */
static void loopback_is_private(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "serve", "127.0.0.1", "8080", NULL);

	plan.address = 4;
	if (run_start(&r, &plan, false) && run_wait_for(&r, "ready\n")) {
		EXPECT(dial(f, 4, 8080) == -1);
	}
	run_free(&r);
}

/* ---- names, and what is seen of an instance ----------------------------------------------- */

/* An outside that watches a world, and what it saw. */
struct watched {
	struct world *world; /* one of its own */
	struct loop loop;
	struct outside *outside;
	struct observation seen;
	struct task_observation *obs;
};

static void on_contact(const struct obs_contact *contact, void *arg)
{
	struct watched *w = arg;

	observation_contact(w->obs, 0, contact);
}

static bool watch_world(struct watched *w)
{
	struct err err;

	*w = (struct watched){0};
	w->obs = observation_add(&w->seen, NULL);
	if (loop_init(&w->loop, &err) || world_new(&w->world, &err) ||
		outside_new(&w->loop, w->world, on_contact, w, &w->outside, &err)) {
		printf("# %s\n", err.msg);
		return EXPECT(!"a world can be watched");
	}
	run_loop = &w->loop;
	return true;
}

static void watch_release(struct watched *w)
{
	run_loop = NULL;
	outside_free(w->outside);
	world_free(w->world);
	loop_release(&w->loop);
	observation_release(&w->seen);
}

static struct sandbox_plan plan_in(
	const struct watched *w, unsigned address, struct sandbox_plan plan)
{
	plan.world = w->world;
	plan.address = address;
	return plan;
}

/* How often; 0: it was not seen. */
static uint64_t seen(const struct obs_contacts *all, int instance, const char *protocol,
	const char *name_or_address, uint16_t port)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct obs_contact *c = &all->v[i];

		if (c->instance == instance && str_eq(c->protocol, protocol) && c->port == port &&
			str_eq(c->name ? c->name : c->address, name_or_address)) {
			return c->count;
		}
	}
	return 0;
}

static const struct obs_contact *between(const struct watched *w, int from, int to, uint16_t port)
{
	for (size_t i = 0; i < w->obs->between.n; i++) {
		const struct obs_contact *c = &w->obs->between.v[i];

		if (c->instance == from && c->peer == to && c->port == port) {
			return c;
		}
	}
	return NULL;
}

/* What the last packets told may not have been read yet. */
static void catch_up(struct watched *w)
{
	EXPECT(loop_turn(&w->loop, NULL) == 0);
}

/* One serves, the other asks for its name and connects. */
static bool met(struct fixture *f, struct watched *w, bool v6)
{
	static struct run server;
	struct sandbox_plan plan =
		plan_in(w, 7, plan_new(f, "serve", v6 ? "::" : "0.0.0.0", "5432", NULL));
	const char *address = v6 ? "fd61:7373:6179::9" : "172.29.0.9";
	auto_free char *answer = xasprintf("code 0 %s\n", address);
	bool good = false;

	outside_name(w->outside, "db", address);
	if (run_start(&server, &plan, false) && run_wait_for(&server, "ready\n")) {
		good = says(plan_in(w, 8,
				    plan_new(f, "ask", v6 ? GATEWAY6 : GATEWAY, "udp", "DB",
					    v6 ? "28" : "1", PATIENCE, NULL)),
			       answer) &&
		       says(plan_in(w, 8, plan_new(f, "connect", address, "5432", NULL)),
			       "connected\n") &&
		       run_finish(&server);
	}
	run_free(&server);
	catch_up(w);
	return good && EXPECT(seen(&w->obs->contacts, 8, "dns", "DB", 0) == (v6 ? 2 : 1)) &&
	       EXPECT(seen(&w->obs->between, 8, "tcp", address, 5432) == 1) &&
	       EXPECT(between(w, 8, 7, 5432));
}

static bool tried(const struct watched *w, int instance, const char *address)
{
	uint64_t n = seen(&w->obs->contacts, instance, "tcp", address, 443);

	/* On a busy machine the kernel may try again before it has seen the answer. */
	if (!EXPECT(n >= 1)) {
		printf("# %s\n", address);
	}
	return n >= 1;
}

/* Nothing was said of an answer, of neighbour discovery, or of the name server's own port. */
static bool nothing_else(const struct watched *w, size_t contacts, size_t others)
{
	bool good = EXPECT(w->obs->contacts.n == contacts) & EXPECT(w->obs->between.n == others);

	for (size_t i = 0; !good && i < w->obs->contacts.n; i++) {
		auto_free char *text = contact_text(&w->obs->contacts.v[i]);

		printf("# %d: %s\n", w->obs->contacts.v[i].instance, text);
	}
	return good;
}

/* Three addresses of one kind, by three instances: refused, dropped, and refused again. */
static bool refused_and_dropped(
	struct fixture *f, struct watched *w, unsigned first, const char *const *to)
{
	struct err err;
	bool good = is_refused(plan_in(w, first, plan_new(f, "connect", to[0], "443", NULL))) &&
		    EXPECT(world_outside(w->world, WORLD_DROP, &err) == 0) &&
		    says(plan_in(w, first + 1, plan_new(f, "reach", to[1], "443", "500", NULL)),
			    "no answer\n") &&
		    EXPECT(world_outside(w->world, WORLD_REFUSE, &err) == 0) &&
		    is_refused(plan_in(w, first + 2, plan_new(f, "connect", to[2], "443", NULL)));

	catch_up(w);
	for (unsigned i = 0; i < 3; i++) {
		good = good && tried(w, (int)(first + i), to[i]);
	}
	return good;
}

static bool a_whole_world(struct fixture *f)
{
	static const char *const to[] = {"192.0.2.7", "192.0.2.8", "192.0.2.9"};
	static const char *const to6[] = {"2001:db8::7", "2001:db8::8", "2001:db8::9"};
	static struct watched w;
	bool good = watch_world(&w) && met(f, &w, false) && refused_and_dropped(f, &w, 4, to);

	if (good && world_ipv6(w.world)) {
		good = met(f, &w, true) && refused_and_dropped(f, &w, 10, to6) &&
		       nothing_else(&w, 7, 2) &&
		       /* nobody tells it where else to go */
		       says(plan_in(&w, 1,
				    plan_new(f, "cat", "/proc/sys/net/ipv6/conf/eth0/accept_ra",
					    NULL)),
			       "0\n");
	} else if (good) {
		good = nothing_else(&w, 4, 1);
	}
	watch_release(&w);
	return good;
}

static void as_root(struct fixture *f)
{
	EXPECT(a_whole_world(f));
}

static bool in_a_mode(struct fixture *g)
{
	return fixture_open(g) && a_whole_world(g);
}

static void with_subordinate_ids(struct fixture *f)
{
	in_mode(f, MODE_SUBORDINATE, NULL, in_a_mode);
}

static void with_a_single_id(struct fixture *f)
{
	in_mode(f, MODE_SINGLE, NULL, in_a_mode);
}

static void inside_unshare(struct fixture *f)
{
	in_mode(f, MODE_UNSHARED, NULL, in_a_mode);
}

static struct sandbox_plan ask(struct fixture *f, const struct watched *w, const char *how,
	const char *name, const char *type, const char *ms)
{
	return plan_in(w, 2, plan_new(f, "ask", GATEWAY, how, name, type, ms, NULL));
}

static unsigned count_words(const char *text)
{
	unsigned n = 0;

	for (; *text; text++) {
		n += *text == ' ';
	}
	return n;
}

/* A service of sixty instances: 512 bytes have room for 30 of them, 1232 for 75. */
static void many_addresses(struct fixture *f)
{
	static struct watched w;

	if (watch_world(&w)) {
		for (unsigned n = 0; n < 60; n++) {
			outside_name(w.outside, "service.example", world_address(w.world, n));
		}
		if (run_all(&r, ask(f, &w, "udp", "service.example", "1", PATIENCE))) {
			EXPECT(str_starts(r.out, "code 0 cut 172.29.0.2 172.29.0.3 "));
			EXPECT(count_words(r.out) == 2 + 29);
		}
		if (run_all(&r, ask(f, &w, "edns", "service.example", "1", PATIENCE))) {
			EXPECT(str_starts(r.out, "code 0 172.29.0.2 "));
			EXPECT(count_words(r.out) == 1 + 60);
		}
		if (run_all(&r, ask(f, &w, "tcp", "service.example", "1", PATIENCE))) {
			EXPECT(str_starts(r.out, "code 0 172.29.0.2 "));
			EXPECT(count_words(r.out) == 1 + 60);
		}
		outside_forget(w.outside, "172.29.0.2");
		if (run_all(&r, ask(f, &w, "tcp", "service.example", "1", PATIENCE))) {
			EXPECT(str_starts(r.out, "code 0 172.29.0.3 "));
			EXPECT(count_words(r.out) == 1 + 59);
		}
	}
	watch_release(&w);
}

static void who_has_an_address(struct fixture *f)
{
	static struct watched w;

	if (watch_world(&w)) {
		outside_name(w.outside, "db", "172.29.0.2");
		outside_name(w.outside, "db.clinic", "172.29.0.2");
		says(ask(f, &w, "udp", "2.0.29.172.in-addr.arpa", "12", PATIENCE),
			"code 0 db db.clinic\n");
		says(ask(f, &w, "udp", "9.0.29.172.in-addr.arpa", "12", PATIENCE), "code 3\n");
		says(ask(f, &w, "udp", "1.2.0.192.in-addr.arpa", "12", PATIENCE), "code 3\n");
		says(ask(f, &w, "udp", "db", "28", PATIENCE), "code 0\n");
		says(ask(f, &w, "udp", "db", "33", PATIENCE), "code 0\n");
		says(ask(f, &w, "tcp", "elsewhere", "1", PATIENCE), "code 3\n");
		EXPECT(seen(&w.obs->contacts, 2, "dns", "1.2.0.192.in-addr.arpa", 0) == 1);
		EXPECT(seen(&w.obs->contacts, 2, "dns", "elsewhere", 0) == 1);
		nothing_else(&w, 3, 0);
	}
	watch_release(&w);
}

static void dropped_questions(struct fixture *f)
{
	static struct watched w;
	struct err err;

	if (watch_world(&w) && EXPECT(world_outside(w.world, WORLD_DROP, &err) == 0)) {
		outside_name(w.outside, "db", "172.29.0.2");
		says(ask(f, &w, "udp", "elsewhere", "1", "300"), "no answer\n");
		says(ask(f, &w, "tcp", "elsewhere", "1", "300"), "no answer\n");
		says(ask(f, &w, "udp", "db", "1", PATIENCE), "code 0 172.29.0.2\n");
		says(ask(f, &w, "udp", "1.0.29.172.in-addr.arpa", "12", PATIENCE), "code 3\n");
		EXPECT(seen(&w.obs->contacts, 2, "dns", "elsewhere", 0) == 2);
	}
	watch_release(&w);
}

/* Of a conversation by UDP only who began it is told. */
static void datagrams_between(struct fixture *f)
{
	static struct run server;
	static struct watched w;
	struct sandbox_plan plan;
	bool v6;

	if (!watch_world(&w)) {
		watch_release(&w);
		return;
	}
	v6 = world_ipv6(w.world);
	plan = plan_in(&w, 1, plan_new(f, "serve-udp", v6 ? "::" : "0.0.0.0", "9000", NULL));
	if (run_start(&server, &plan, false) && run_wait_for(&server, "ready\n")) {
		says(plan_in(&w, 2,
			     plan_new(f, "send", "172.29.0.3", "9000", "hello", PATIENCE, NULL)),
			"hello\n");
		if (v6) {
			says(plan_in(&w, 2,
				     plan_new(f, "send", "fd61:7373:6179::3", "9000", "there",
					     PATIENCE, NULL)),
				"there\n");
		}
		says(plan_in(&w, 3, plan_new(f, "send", "172.29.0.99", "9000", "nobody", NULL)),
			"");
	}
	run_free(&server);
	catch_up(&w);
	EXPECT(seen(&w.obs->between, 2, "udp", "172.29.0.3", 9000) == 1);
	EXPECT(seen(&w.obs->between, 2, "udp", "fd61:7373:6179::3", 9000) == v6);
	nothing_else(&w, 0, v6 ? 2 : 1);
	watch_release(&w);
}

/* It is told by the wire that a packet comes along, not by what it says. */
static void forged_source(struct fixture *f)
{
	static struct watched w;

	if (watch_world(&w)) {
		says(plan_in(&w, 3, plan_new(f, "forge", "172.29.0.2", "192.0.2.7", "123", NULL)),
			"sent\n");
		catch_up(&w);
		EXPECT(seen(&w.obs->contacts, 3, "udp", "192.0.2.7", 123) == 1);
		nothing_else(&w, 1, 0);
	}
	watch_release(&w);
}

static void without_a_world(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "connect", "192.0.2.1", "80", NULL);

	plan.world = NULL;
	if (run_all(&r, plan)) {
		EXPECT(str_eq(r.out, "Network is unreachable\n"));
	}
	plan = plan_new(f, "connect", "127.0.0.1", "80", NULL);
	plan.world = NULL;
	if (run_all(&r, plan)) {
		EXPECT(str_eq(r.out, "Connection refused\n"));
	}
}

const struct test tests_network[] = {
	{"IPv6 where the kernel has it", ipv6_where_there_is},
	{"no way out, and told so at once", nowhere_to_go},
	{"reachable from the outside of the world", reachable_from_outside},
	{"loopback is private", loopback_is_private},
	{"many refusals", refused_each_time},
	{"a world of instances", as_root},
	{"a world of a user with subordinate ids", with_subordinate_ids},
	{"a world of a user with a single id", with_a_single_id},
	{"a world inside unshare -r", inside_unshare},
	{"a name with many addresses", many_addresses},
	{"names of addresses, and other types", who_has_an_address},
	{"questions that nobody answers", dropped_questions},
	{"datagrams between instances", datagrams_between},
	{"a forged source", forged_source},
	{"an instance alone", without_a_world},
	{NULL, NULL},
};
