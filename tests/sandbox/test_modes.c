/* Without root: an ordinary user with subordinate ids, and one with nothing but an id. */
#include "tests/sandbox/test.h"

#include "base/alloc.h"
#include "base/sys_file.h"
#include "sandbox/ids.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>

static struct run r;

static bool outputs(struct fixture *f, uint32_t uid)
{
	struct sandbox_plan plan = plan_new(f, "reopen", "/dev/stdout", NULL);
	bool good;

	plan.uid = plan.gid = uid;
	good = run_all(&r, plan) && EXPECT(str_eq(r.out, "reopened\n"));
	plan = plan_new(f, "who", NULL);
	plan.uid = plan.gid = uid;
	strv_add(&plan.volumes, "/data");
	good = good && run_all(&r, plan) &&
	       EXPECT(uid ? has(r.out, "pid 1 ppid 0 uid 1000 gid 1000")
			  : has(r.out, "uid 0 gid 0"));
	plan = plan_new(f, "connect", "192.0.2.1", "80", NULL);
	plan.uid = plan.gid = uid;
	good = good && run_all(&r, plan) &&
	       EXPECT(str_eq(r.out, "No route to host\n") ||
		       str_eq(r.out, "Network is unreachable\n"));
	plan = plan_new(f, "cat", "/proc/self/status", "/data/sub/file", NULL);
	plan.uid = plan.gid = uid;
	good = good && run_all(&r, plan) && EXPECT(has(r.out, "CapBnd:\t00000000a80425fb\n")) &&
	       EXPECT(has(r.out, "Seccomp:\t2\n")) && EXPECT(str_ends(r.out, "seed\n"));
	return good;
}

static bool term_and_exec(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "handle", NULL);
	struct strv argv = {0};
	struct sandbox_exit e;
	struct err err;
	int fd;
	bool good = false;

	strv_add(&argv, "inside");
	strv_add(&argv, "kill1");
	strv_add(&argv, "0");
	if (run_start(&r, &plan, false) && run_wait_for(&r, "ready\n") &&
		EXPECT(sandbox_exec(r.sb, &argv, &fd, &err) == 0) && EXPECT(readable(fd))) {
		e = sandbox_exec_result(fd);
		close(fd);
		good = EXPECT(e.ended && e.code == 5) &&
		       EXPECT(sandbox_signal(r.sb, SIGTERM, &err) == 0) && run_finish(&r) &&
		       EXPECT(r.exit.code == 42);
	}
	strv_release(&argv);
	run_free(&r);
	return good;
}

/* Enter and run a few instances. */
static bool few_instances(struct fixture *g)
{
	return fixture_open(g) && outputs(g, 0) && outputs(g, 1000) && term_and_exec(g);
}

static void single_id(struct fixture *f)
{
	in_mode(f, MODE_SINGLE, NULL, few_instances);
}

static void subordinate_ids(struct fixture *f)
{
	in_mode(f, MODE_SUBORDINATE, NULL, few_instances);
}

static void inside_unshare(struct fixture *f)
{
	in_mode(f, MODE_UNSHARED, NULL, few_instances);
}

static void examine(struct fixture *f)
{
	struct host_facts facts;

	(void)f;
	host_examine(&facts);
	EXPECT(facts.n >= 8);
	for (unsigned long i = 0; i < facts.n; i++) {
		EXPECT(facts.v[i].name && facts.v[i].detail && facts.v[i].detail[0]);
		EXPECT(facts.v[i].good ? !facts.v[i].remedy
				       : facts.v[i].remedy || !facts.v[i].needed);
	}
	host_facts_release(&facts);
}

static void unused_ranges(struct fixture *f)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/subuid", f->scratch);
	EXPECT(file_write(AT_FDCWD, path, "a:100000:65536\n", 15, NULL) == 0);
	EXPECT(ids_unused_range(path, "/no/such/file", 65536) == 0x70000000);
	EXPECT(file_write(AT_FDCWD, path, "a:1879000000:100000\nb:junk\n", 27, NULL) == 0);
	/* 1879100000 rounded up to a multiple of 65536 */
	EXPECT(ids_unused_range(path, path, 65536) == 1879113728);
	EXPECT(file_write(AT_FDCWD, path, "a:1:4294967294\n", 15, NULL) == 0);
	EXPECT(ids_unused_range(path, path, 65536) == 0);
}

const struct test tests_modes[] = {
	{"a user with subordinate ids", subordinate_ids},
	{"a user with a single id", single_id},
	{"inside unshare -r", inside_unshare},
	{"what doctor finds", examine},
	{"an unused range of ids", unused_ranges},
	{NULL, NULL},
};
