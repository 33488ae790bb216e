/* Without root: an ordinary user with subordinate ids, and one with nothing but an id. */
#include "tests/sandbox/test.h"

#include "base/alloc.h"
#include "base/sys_file.h"
#include "sandbox/ids.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define NOBODYS_ID 61234

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

#define SUB_FIRST 600000
#define SUB_LINE "nobody:600000:65536\n"

/* Give "nobody" subordinate ids in a mount namespace of our own, where newuidmap reads them. */
static bool grant_ids(const struct fixture *f)
{
	static const char *const files[] = {"/etc/subuid", "/etc/subgid"};
	char *path = xasprintf("%s/subordinate", f->scratch);
	bool good = unshare(CLONE_NEWNS) == 0 &&
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
		    file_write(AT_FDCWD, path, SUB_LINE, strlen(SUB_LINE), NULL) == 0;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		good = good && mount(path, files[i], NULL, MS_BIND, NULL) == 0;
	}
	free(path);
	return EXPECT(good);
}

static bool become(uid_t uid, gid_t gid)
{
	/* Changing ids makes a process undumpable, as a program started by the user is not: its
	 * /proc files would stay root's. */
	return EXPECT(setgroups(0, NULL) == 0 && setresgid(gid, gid, gid) == 0 &&
		      setresuid(uid, uid, uid) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0 &&
		      chdir("/") == 0);
}

/* In a child: become uid for good, enter, and run a few instances. owner is who owns the layer. */
static void as_user(struct fixture *f, uid_t uid, gid_t gid, uint32_t owner, enum host_mode mode)
{
	struct fixture g = *f;
	int status;
	pid_t pid;

	g.scratch = xasprintf("%s/user-%u", f->scratch, uid);
	g.layer = xasprintf("%s/layer", g.scratch);
	EXPECT(mkdir(g.scratch, 0755) == 0);
	make_layer(&g, g.layer, owner);
	EXPECT(lchown(g.scratch, uid, gid) == 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		bool good = (mode != HOST_SUBORDINATE || grant_ids(f)) && become(uid, gid) &&
			    fixture_open(&g) && EXPECT(g.host.mode == mode) && outputs(&g, 0) &&
			    outputs(&g, 1000) && term_and_exec(&g);

		fixture_close(&g);
		fflush(stdout);
		_exit(!good);
	}
	EXPECT(waitpid(pid, &status, 0) == pid && status == 0);
	free(g.scratch);
	free(g.layer);
}

static void single_id(struct fixture *f)
{
	as_user(f, NOBODYS_ID, NOBODYS_ID, NOBODYS_ID, HOST_SINGLE);
}

static void subordinate_ids(struct fixture *f)
{
	const struct passwd *pw = getpwnam("nobody");

	if (!pw || access("/usr/bin/newuidmap", X_OK) < 0 || access("/etc/subuid", F_OK) < 0 ||
		access("/etc/subgid", F_OK) < 0) {
		skip("no newuidmap, /etc/subuid or user nobody here (Debian package uidmap)");
		return;
	}
	as_user(f, pw->pw_uid, pw->pw_gid, SUB_FIRST, HOST_SUBORDINATE);
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
	{"what doctor finds", examine},
	{"an unused range of ids", unused_ranges},
	{NULL, NULL},
};
