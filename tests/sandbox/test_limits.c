/* Limits that hold, and what is measured. */
#include "tests/sandbox/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define MIB (UINT64_C(1) << 20)

static struct run r;

static bool no_memory_limit(const struct fixture *f)
{
	if (!f->host.cgroup[0]) {
		skip(f->host.cgroup_why);
	}
	return !f->host.cgroup[0];
}

static void memory_kills(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "memory", "128", "0", NULL);
	struct sandbox_memory m;
	struct err err;

	if (no_memory_limit(f)) {
		plan_release(&plan);
		return;
	}
	plan.memory = 32 * MIB;
	if (run_start(&r, &plan, false)) {
		EXPECT(sandbox_memory_limit(r.sb) == 32 * MIB);
		EXPECT(sandbox_memory_mechanism(r.sb) &&
			has(sandbox_memory_mechanism(r.sb), "memory"));
		run_finish(&r);
		EXPECT(r.exit.signal == SIGKILL);
		EXPECT(sandbox_memory(r.sb, &m, &err) == 0 && m.oom_kills >= 1);
	}
	run_free(&r);
}

static void memory_kills_a_child(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "child-memory", "128", NULL);
	struct sandbox_memory m;
	struct err err;

	if (no_memory_limit(f)) {
		plan_release(&plan);
		return;
	}
	plan.memory = 32 * MIB;
	if (run_start(&r, &plan, false) && run_finish(&r)) {
		EXPECT(r.exit.code == 0);
		EXPECT(str_eq(r.out, "child signal 9\n"));
		EXPECT(sandbox_memory(r.sb, &m, &err) == 0 && m.oom_kills == 1);
	}
	run_free(&r);
}

static void memory_is_measured(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "memory", "24", "16", NULL);
	struct sandbox_memory m;
	struct err err;

	if (no_memory_limit(f)) {
		plan_release(&plan);
		return;
	}
	if (run_start(&r, &plan, false) && run_wait_for(&r, "ready\n")) {
		EXPECT(sandbox_memory(r.sb, &m, &err) == 0);
		/* 40 MiB touched, the program itself has well under one more */
		if (!EXPECT(m.used >= 39 * MIB && m.used < 43 * MIB)) {
			printf("# used %lu total %lu\n", (unsigned long)m.used,
				(unsigned long)m.total);
		}
		EXPECT(m.total >= m.used && m.oom_kills == 0);
		EXPECT(m.peak == 0 || m.peak >= m.used);
	}
	run_free(&r);
}

static void processes_are_limited(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "forks", NULL);

	if (no_memory_limit(f)) {
		plan_release(&plan);
		return;
	}
	plan.pids = 20;
	if (run_all(&r, plan)) {
		EXPECT(str_eq(r.out, "19 Resource temporarily unavailable\n"));
	}
}

static void processes_are_listed(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "daemons", NULL);
	struct err err;
	pid_t pids[10];
	size_t n = 0;

	if (run_start(&r, &plan, false) && run_wait_for(&r, "ready\n")) {
		/* The grandchild may not have been forked yet. */
		do {
			if (!EXPECT(sandbox_processes(r.sb, pids, 10, &n, &err) == 0)) {
				break;
			}
		} while (n < 3);
		EXPECT(n == 3);
		EXPECT(pids[0] == sandbox_pid(r.sb) || pids[1] == sandbox_pid(r.sb) ||
			pids[2] == sandbox_pid(r.sb));
	}
	run_free(&r);
}

static void file_size(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "large", "/large", NULL);

	plan.file_size = MIB;
	if (run_all(&r, plan)) {
		EXPECT(str_eq(r.out, "File too large\n"));
	}
}

static void resource_limits(struct fixture *f)
{
	if (run_all(&r, plan_new(f, "limits", NULL))) {
		EXPECT(has(r.out, "nofile 1024 of ") && str_ends(r.out, " core 0\n"));
	}
}

/* Who may not raise a limit takes what there is. */
static bool with_few_files(struct fixture *g)
{
	struct rlimit few = {200, 300};

	return EXPECT(setrlimit(RLIMIT_NOFILE, &few) == 0) && fixture_open(g) &&
	       run_all(&r, plan_new(g, "limits", NULL)) &&
	       EXPECT(str_eq(r.out, "nofile 300 of 300 core 0\n"));
}

static void limits_that_cannot_be_raised(struct fixture *f)
{
	in_mode(f, MODE_SINGLE, NULL, with_few_files);
}

/* A machine without a usable cgroup: the product runs, and nobody claims a limit. */
static void without_cgroup(struct fixture *f)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct fixture g = *f;
		struct sandbox_plan plan;
		struct sandbox_memory m;
		struct err err;
		bool good;

		setenv("ASSAY_CGROUP", "none", 1);
		good = EXPECT(fixture_open(&g)) && EXPECT(!g.host.cgroup[0]) &&
		       EXPECT(g.host.cgroup_why[0] && g.host.cgroup_remedy[0]);
		plan = plan_new(&g, "ignore", NULL);
		good = good && run_start(&r, &plan, false) && run_wait_for(&r, "ready\n") &&
		       EXPECT(sandbox_memory_mechanism(r.sb) == NULL) &&
		       EXPECT(sandbox_memory_limit(r.sb) == 0) &&
		       EXPECT(sandbox_memory(r.sb, &m, &err) < 0 && err.code == ERR_UNSUPPORTED);
		run_free(&r);
		fixture_close(&g);
		fflush(stdout);
		_exit(!good);
	}
	EXPECT(waitpid(pid, &status, 0) == pid && status == 0);
}

const struct test tests_limits[] = {
	{"the memory limit kills PID 1", memory_kills},
	{"the memory limit kills a child and is counted", memory_kills_a_child},
	{"anonymous and shared memory are measured", memory_is_measured},
	{"a fork bomb meets the process limit", processes_are_limited},
	{"all processes are listed", processes_are_listed},
	{"files have a largest size", file_size},
	{"open files and cores", resource_limits},
	{"open files on a machine that forbids more", limits_that_cannot_be_raised},
	{"without a cgroup nothing is claimed", without_cgroup},
	{NULL, NULL},
};
