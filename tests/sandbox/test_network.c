/* The network world: reachable from its outside, and no way further. */
#include "tests/sandbox/test.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>

static struct run r;

static void nowhere_to_go(struct fixture *f)
{
	static const char *const outside[] = {"192.0.2.1", "8.8.8.8", "10.0.0.1"};

	for (int i = 0; i < 3; i++) {
		if (run_all(&r, plan_new(f, "connect", outside[i], "80", NULL))) {
			EXPECT(str_eq(r.out, "No route to host\n") ||
				str_eq(r.out, "Network is unreachable\n"));
		}
	}
	/* Our own loopback is not the instance's. */
	if (run_all(&r, plan_new(f, "connect", "127.0.0.1", "22", NULL))) {
		EXPECT(str_eq(r.out, "Connection refused\n"));
	}
	if (run_all(&r, plan_new(f, "connect", "172.29.0.1", "80", NULL))) {
		EXPECT(str_eq(r.out, "Connection refused\n"));
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

static void instances_reach_each_other(struct fixture *f)
{
	static struct run other;
	struct sandbox_plan plan = plan_new(f, "serve", "0.0.0.0", "5432", NULL);

	plan.address = 5;
	if (run_start(&r, &plan, false) && run_wait_for(&r, "ready\n")) {
		plan = plan_new(f, "connect", world_address(f->world, 5), "5432", NULL);
		plan.address = 6;
		if (run_all(&other, plan)) {
			EXPECT(str_eq(other.out, "connected\n"));
		}
		run_finish(&r);
	}
	run_free(&r);
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
	{"no way out, and told so at once", nowhere_to_go},
	{"reachable from the outside of the world", reachable_from_outside},
	{"loopback is private", loopback_is_private},
	{"instances reach each other", instances_reach_each_other},
	{"an instance alone", without_a_world},
	{NULL, NULL},
};
