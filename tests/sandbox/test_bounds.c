/* Products that do their worst all end when they are told to, and nothing of them is left. */
#include "tests/sandbox/test.h"

#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>

#define MIB (UINT64_C(1) << 20)
#define MAX_PIDS 256

static const struct bound {
	const char *verb;
	const char *argument;
	uint64_t memory;
	uint64_t pids;
	const char *says; /* once it has reached its bound or done its worst */
	bool needs_group;
} bounds[] = {
	{"bomb", NULL, 256 * MIB, 64, "full\n", true},
	{"hog-memory", NULL, 32 * MIB, 64, "eating\n", true},
	{"hog-descriptors", NULL, 256 * MIB, 64, "full\n", false},
	{"hog-sockets", NULL, 256 * MIB, 64, "full\n", false},
	{"hog-inodes", "2000", 256 * MIB, 64, "full\n", false},
	{"stubborn-tree", "40", 256 * MIB, 64, "ready\n", false},
	{"stopped", NULL, 256 * MIB, 64, "ready\n", false},
	{"subreapers", "20", 256 * MIB, 64, "ready\n", false},
	{"daemonized", NULL, 256 * MIB, 64, "ready\n", false},
	{"traced", NULL, 256 * MIB, 64, "ready\n", false},
};

static struct run r;

/* All processes that were there have ended when sandbox_free() returns. */
static bool ends(struct fixture *f, const struct bound *b)
{
	struct sandbox_plan plan = plan_new(f, b->verb, b->argument, NULL);
	pid_t pids[MAX_PIDS];
	int fds[MAX_PIDS];
	size_t n = 0;
	struct err err;
	bool good;

	plan.memory = b->memory;
	plan.pids = b->pids;
	good = run_start(&r, &plan, false) && run_wait_for(&r, b->says) &&
	       EXPECT(sandbox_processes(r.sb, pids, MAX_PIDS, &n, &err) == 0);
	for (size_t i = 0; i < n; i++) {
		fds[i] = (int)syscall(SYS_pidfd_open, pids[i], 0);
	}
	if (good && n && !b->needs_group) {
		/* What PID 1 has a handler for is its own affair; SIGKILL is everybody's. */
		good = EXPECT(sandbox_signal(r.sb, SIGTERM, &err) == 0);
	}
	run_free(&r);
	for (size_t i = 0; i < n; i++) {
		good = (fds[i] < 0 || EXPECT(readable(fds[i]))) && good;
		if (fds[i] >= 0) {
			close(fds[i]);
		}
	}
	if (!good) {
		printf("# bound %s, %zu processes\n", b->verb, n);
	}
	return good;
}

static bool all_bounds(struct fixture *g)
{
	bool good = fixture_open(g);

	for (size_t i = 0; good && i < ARRAY_SIZE(bounds); i++) {
		if (!bounds[i].needs_group || g->host.cgroup[0]) {
			good = ends(g, &bounds[i]);
		}
	}
	return good;
}

static void as_root(struct fixture *f)
{
	in_mode(f, MODE_ROOT, NULL, all_bounds);
}

static void as_subordinate(struct fixture *f)
{
	in_mode(f, MODE_SUBORDINATE, NULL, all_bounds);
}

static void as_single(struct fixture *f)
{
	in_mode(f, MODE_SINGLE, NULL, all_bounds);
}

const struct test tests_bounds[] = {
	{"the worst products end, as root", as_root},
	{"the worst products end, with subordinate ids", as_subordinate},
	{"the worst products end, with a single id", as_single},
	{NULL, NULL},
};
