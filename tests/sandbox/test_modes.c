/* Without root: an ordinary user with subordinate ids, and one with nothing but an id. */
#include "tests/sandbox/test.h"

#include "base/alloc.h"
#include "base/sys_file.h"
#include "sandbox/cgroup_place.h"
#include "sandbox/ids.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB (UINT64_C(1) << 20)

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

/* ---- control groups of version 1 that were given to a user -------------------------------- */

static const char *const controllers[] = {"memory", "pids", "cpu"};

/* For each controller our own group, and one below it in which we and our children are. */
struct given {
	char *own[ARRAY_SIZE(controllers)];
	char *dir[ARRAY_SIZE(controllers)];
};

static bool move_into(const char *group)
{
	auto_free char *path = xasprintf("%s/cgroup.procs", group);

	return EXPECT(file_poke(AT_FDCWD, path, "0", NULL) == 0);
}

/* As whoever looks after a machine would: a directory that belongs to the user, and him in it. */
static bool give(struct given *g, const char *mounts, const char *groups, uid_t uid)
{
	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++) {
		struct cgroup_view v;

		if (!cgroup_view_read(mounts, groups, controllers[i], &v)) {
			return false;
		}
		g->own[i] = xstrdup(v.own[0] ? v.own : v.mount);
		g->dir[i] = xasprintf("%s/given-%d", g->own[i], (int)getpid());
		if (!EXPECT(mkdir(g->dir[i], 0755) == 0 && chown(g->dir[i], uid, uid) == 0) ||
			!move_into(g->dir[i])) {
			return false;
		}
	}
	return true;
}

/* A group that could be removed has no other below it: nothing was left behind. */
static void take_back(struct given *g)
{
	for (size_t i = 0; i < ARRAY_SIZE(controllers) && g->dir[i]; i++) {
		move_into(g->own[i]);
		EXPECT(rmdir(g->dir[i]) == 0);
		free(g->own[i]);
		free(g->dir[i]);
	}
}

static bool held_by_groups(struct fixture *g)
{
	struct sandbox_plan plan;
	struct sandbox_memory m;
	struct err err;
	bool good;

	if (!fixture_open(g) || !EXPECT(str_eq(g->host.cgroup, "cgroup v1"))) {
		return false;
	}
	plan = plan_new(g, "memory", "128", "0", NULL);
	plan.memory = 32 * MIB;
	good = run_start(&r, &plan, false) && EXPECT(sandbox_memory_limit(r.sb) == 32 * MIB) &&
	       run_finish(&r) && EXPECT(r.exit.signal == SIGKILL) &&
	       EXPECT(sandbox_memory(r.sb, &m, &err) == 0 && m.oom_kills >= 1);
	run_free(&r);
	return good;
}

static void given_groups(struct fixture *f, enum test_mode mode)
{
	struct given g = {0};
	AUTO(buf) struct buf mounts;
	AUTO(buf) struct buf groups;
	struct cgroup_view v;

	buf_init(&mounts, MIB);
	buf_init(&groups, MIB);
	EXPECT(file_read(AT_FDCWD, "/proc/self/mountinfo", &mounts, NULL) == 0 &&
		file_read(AT_FDCWD, "/proc/self/cgroup", &groups, NULL) == 0);
	if (!cgroup_view_read(buf_str(&mounts), buf_str(&groups), controllers[0], &v)) {
		skip("the control groups of memory are not of version 1");
		return;
	}
	if (EXPECT(give(&g, buf_str(&mounts), buf_str(&groups), mode_user(mode)))) {
		in_mode(f, mode, NULL, held_by_groups);
	}
	take_back(&g);
}

static void groups_of_subordinate(struct fixture *f)
{
	given_groups(f, MODE_SUBORDINATE);
}

static void groups_of_single(struct fixture *f)
{
	given_groups(f, MODE_SINGLE);
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
	{"control groups v1 given to a user with subordinate ids", groups_of_subordinate},
	{"control groups v1 given to a user with a single id", groups_of_single},
	{"what doctor finds", examine},
	{"an unused range of ids", unused_ranges},
	{NULL, NULL},
};
