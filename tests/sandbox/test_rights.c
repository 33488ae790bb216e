/* What the seccomp rules refuse is refused and counted, in every mode; what Docker allows works. */
#include "tests/sandbox/test.h"

#include "base/alloc.h"
#include "base/sys_time.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct run r;

/* How often a call was refused to processes of that name (NULL: any); rows are counted, too. */
static uint64_t refused(const char *call, const char *comm, unsigned *ret_rows)
{
	struct sandbox_refused row;
	uint64_t n = 0;
	unsigned rows = 0;

	for (size_t i = 0; sandbox_refused(r.sb, i, &row); i++) {
		if (str_eq(row.call, call) && (!comm || str_eq(row.comm, comm))) {
			n += row.count;
			rows++;
		}
	}
	if (ret_rows) {
		*ret_rows = rows;
	}
	return n;
}

static bool watched(struct sandbox_plan *plan)
{
	plan->watch_refused = true;
	return run_start(&r, plan, false) && run_finish(&r) &&
	       EXPECT(sandbox_refused_error(r.sb) == 0);
}

/* The errnos are those of test_view.c, where nobody watches. */
static bool counted(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "calls", "163", "250", "248", "321", "323", "425",
		"304", "169", "435", "467", "9999", "39", "163", "237", NULL);
	uint64_t before = time_now_ns();
	struct sandbox_refused row;
	bool good = watched(&plan);

	good = good &&
	       EXPECT(str_eq(r.out, "163 -1 1\n250 -1 1\n248 -1 1\n321 -1 1\n323 -1 1\n425 -1 1\n"
				    "304 -1 1\n169 -1 1\n435 -1 38\n467 -1 38\n9999 -1 38\n39 1 0\n"
				    "163 -1 1\n237 -1 1\n"));
	good = good && EXPECT(refused("acct", "inside", NULL) == 2) &&
	       EXPECT(refused("bpf", "inside", NULL) == 1) &&
	       EXPECT(refused("io_uring_setup", "inside", NULL) == 1) &&
	       EXPECT(refused("clone3", NULL, NULL) == 0) &&
	       EXPECT(refused("mbind", NULL, NULL) == 0); /* a quiet one */
	good = good && EXPECT(sandbox_refused(r.sb, 0, &row)) && EXPECT(str_eq(row.call, "acct")) &&
	       EXPECT(str_eq(row.arch, "x86-64")) && EXPECT(str_eq(row.exe, "/bin/inside")) &&
	       EXPECT(row.first_ns >= before && row.first_ns <= time_now_ns()) &&
	       EXPECT(!row.has_argument) && EXPECT(sandbox_refused(r.sb, 1, &row)) &&
	       EXPECT(str_eq(row.call, "keyctl") && row.has_argument && row.argument == 0) &&
	       EXPECT(!sandbox_refused(r.sb, 8, &row));
	run_free(&r);
	return good;
}

/* Rows are bounded, and nothing is lost: what comes too late is counted by its call alone. */
static bool bounded(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "refused-names", "200", NULL);
	unsigned rows = 0;
	bool good = watched(&plan) && EXPECT(r.exit.code == 0) &&
		    EXPECT(refused("acct", NULL, &rows) == 200) && EXPECT(rows == 65) &&
		    EXPECT(refused("acct", "name-0", NULL) == 1) &&
		    EXPECT(refused("acct", "", NULL) == 136) &&
		    EXPECT(refused("swapoff", "", NULL) == 1);

	run_free(&r);
	return good;
}

/* Many at once, interrupted by signals: each gets EPERM, and each is counted. A signal before the
 * keeper has read the question makes the kernel ask again, so there may be a few more. */
static bool busy(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "refused-often", "8", "500", NULL);
	uint64_t n = 0;
	bool good = watched(&plan) && EXPECT(str_eq(r.out, "0 bad\n")) &&
		    EXPECT((n = refused("mount", "inside", NULL)) >= 4000);

	if (good && n > 4000) {
		printf("# %llu asked again\n", (unsigned long long)n - 4000);
	}
	run_free(&r);
	return good;
}

/* A command in a running instance counts, too. */
static bool commands(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "handle", NULL);
	struct strv argv = {0};
	struct sandbox_exit e;
	struct err err;
	bool good;
	int fd = -1;

	plan.watch_refused = true;
	strv_add(&argv, "inside");
	strv_add(&argv, "calls");
	strv_add(&argv, "163");
	good = run_start(&r, &plan, false) && run_wait_for(&r, "ready\n");
	for (int i = 0; good && i < 40; i++) {
		good = EXPECT(sandbox_exec(r.sb, &argv, &fd, &err) == 0) && EXPECT(readable(fd));
		if (good) {
			e = sandbox_exec_result(fd);
			good = EXPECT(e.ended && e.code == 0);
			close(fd);
		}
	}
	good = good && EXPECT(refused("acct", "inside", NULL) == 40);
	strv_release(&argv);
	run_free(&r);
	return good;
}

static bool own_filter(struct fixture *f, bool watch)
{
	struct sandbox_plan plan = plan_new(f, "own-filter", NULL);
	bool good;

	plan.watch_refused = watch;
	good = run_start(&r, &plan, false) && run_finish(&r) &&
	       EXPECT(str_eq(r.out, "mount 25 umount 1\n")) &&
	       EXPECT(!watch || refused("umount2", NULL, NULL) == 1) &&
	       EXPECT(refused("mount", NULL, NULL) == 0);
	run_free(&r);
	return good;
}

/* 14: EFAULT. With ours it cannot have its own, so it is ended before it could notice. */
static bool own_listener(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "own-listener", NULL);
	bool good = watched(&plan) && EXPECT(str_eq(r.out, "asked 14\n")) &&
		    EXPECT(r.exit.signal == SIGKILL) && EXPECT(sandbox_own_listener(r.sb));

	run_free(&r);
	plan = plan_new(f, "own-listener", NULL);
	good = good && run_start(&r, &plan, false) && run_finish(&r) &&
	       EXPECT(str_eq(r.out, "asked 14\nhas it 0\n")) && EXPECT(r.exit.code == 0) &&
	       EXPECT(sandbox_refused_error(r.sb) == ENODATA) &&
	       EXPECT(!sandbox_own_listener(r.sb));
	run_free(&r);
	return good;
}

static bool allowed(struct fixture *f, uint32_t uid, bool watch, const char *tried)
{
	struct sandbox_plan plan =
		plan_new(f, "allowed", f->host.mode == HOST_SINGLE ? "one" : "many", NULL);
	struct sandbox_refused row;
	bool good;

	plan.uid = plan.gid = uid;
	plan.watch_refused = watch;
	good = run_start(&r, &plan, false) && run_finish(&r) && EXPECT(str_eq(r.out, tried)) &&
	       EXPECT(!sandbox_refused(r.sb, 0, &row));
	if (!good) {
		printf("# %s\n", r.out);
	}
	run_free(&r);
	return good;
}

static bool rights(struct fixture *g)
{
	bool single;

	if (!fixture_open(g)) {
		return false;
	}
	single = g->host.mode == HOST_SINGLE;
	return counted(g) && bounded(g) && busy(g) && commands(g) && own_filter(g, false) &&
	       own_filter(g, true) && own_listener(g) &&
	       allowed(g, 0, false, single ? "36 tried\n" : "38 tried\n") &&
	       allowed(g, 0, true, single ? "36 tried\n" : "38 tried\n") &&
	       allowed(g, 1000, true, "30 tried\n");
}

static void as_root(struct fixture *f)
{
	in_mode(f, MODE_ROOT, NULL, rights);
}

static void as_subordinate(struct fixture *f)
{
	in_mode(f, MODE_SUBORDINATE, NULL, rights);
}

static void as_single(struct fixture *f)
{
	in_mode(f, MODE_SINGLE, NULL, rights);
}

static void as_unshared(struct fixture *f)
{
	in_mode(f, MODE_UNSHARED, NULL, rights);
}

/* What a container engine that listens does to us. */
static bool be_listened_to(void)
{
	struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog program = {1, code};

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
		       &program) >= 0;
}

/* What doctor says of it: it is missing, and there is a remedy. */
static bool doctor_finds(bool good)
{
	struct host_facts facts = {0};
	bool found = false;

	host_examine(&facts);
	for (unsigned long i = 0; i < facts.n; i++) {
		if (str_eq(facts.v[i].name, "counting refused calls")) {
			found = EXPECT(facts.v[i].good == good) &&
				EXPECT(facts.v[i].needed && !facts.v[i].remedy == good);
		}
	}
	host_facts_release(&facts);
	return EXPECT(found);
}

static bool below_a_listener(struct fixture *g)
{
	struct sandbox_plan plan;
	bool good;

	if (!doctor_finds(true) || !fixture_open(g) || !EXPECT(be_listened_to()) ||
		!doctor_finds(false)) {
		return false;
	}
	plan = plan_new(g, "calls", "163", "435", NULL);
	plan.watch_refused = true;
	good = run_start(&r, &plan, false) && run_finish(&r) &&
	       EXPECT(str_eq(r.out, "163 -1 1\n435 -1 38\n")) &&
	       EXPECT(sandbox_refused_error(r.sb) == EBUSY) &&
	       EXPECT(refused("acct", NULL, NULL) == 0);
	run_free(&r);
	return good;
}

static void unwatched(struct fixture *f)
{
	in_mode(f, MODE_ROOT, NULL, below_a_listener);
}

const struct test tests_rights[] = {
	{"what is refused is counted, what is allowed works, as root", as_root},
	{"the same with subordinate ids", as_subordinate},
	{"the same with a single id", as_single},
	{"the same inside unshare -r", as_unshared},
	{"below somebody else's listener nothing is counted", unwatched},
	{NULL, NULL},
};
