/* A process as Docker starts one: exit codes, signals to PID 1, streams, failures to start. */
#include "tests/sandbox/test.h"

#include "base/alloc.h"
#include "base/sys_file.h"

#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

static struct run r;

static void hello(struct fixture *f)
{
	if (run_all(&r, plan_new(f, "hello", "world", "7", NULL))) {
		EXPECT(r.exit.code == 7 && r.exit.signal == 0);
		EXPECT(str_eq(r.out, "hello world\n"));
		EXPECT(str_eq(r.error, "to stderr\n"));
	}
}

static void crash(struct fixture *f)
{
	if (run_all(&r, plan_new(f, "crash", NULL))) {
		EXPECT(r.exit.code == -1 && r.exit.signal == SIGILL);
	}
}

/* The program answers SIGUSR1: when that comes after SIGTERM, SIGTERM did nothing. */
static void term_without_handler(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "ignore", NULL);
	struct err err;

	if (run_start(&r, &plan, false) && run_wait_for(&r, "ready\n")) {
		EXPECT(sandbox_signal(r.sb, SIGTERM, &err) == 0);
		EXPECT(sandbox_signal(r.sb, SIGINT, &err) == 0);
		EXPECT(sandbox_signal(r.sb, SIGUSR1, &err) == 0);
		run_wait_for(&r, "usr1\n");
		EXPECT(!sandbox_exit_status(r.sb).ended);
		sandbox_kill(r.sb);
		run_finish(&r);
		EXPECT(r.exit.code == -1 && r.exit.signal == SIGKILL);
	}
	run_free(&r);
}

static void term_with_handler(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "handle", NULL);
	struct err err;

	if (run_start(&r, &plan, false) && run_wait_for(&r, "ready\n")) {
		EXPECT(sandbox_signal(r.sb, SIGTERM, &err) == 0);
		run_finish(&r);
		EXPECT(r.exit.code == 42);
		EXPECT(readable(sandbox_gone_fd(r.sb)));
	}
	run_free(&r);
}

static void reopened_streams(struct fixture *f)
{
	static const char *const paths[] = {"/dev/stdout", "/proc/self/fd/1", "/dev/fd/1"};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct sandbox_plan plan = plan_new(f, "reopen", paths[i], NULL);

		plan.uid = plan.gid = f->host.mode == HOST_SINGLE ? 0 : 1000;
		if (run_all(&r, plan)) {
			EXPECT(str_eq(r.out, "reopened\n"));
		}
	}
}

static void identity(struct fixture *f)
{
	static const uint32_t groups[] = {1000, 4, 27};
	struct sandbox_plan plan = plan_new(f, "who", NULL);

	plan.uid = 1000;
	plan.gid = 1001;
	plan.groups = groups;
	plan.n_groups = ARRAY_SIZE(groups);
	plan.cwd = "/srv/made/for/it";
	strv_add(&plan.env, "A=b c");
	strv_add(&plan.env, "EMPTY=");
	if (run_all(&r, plan)) {
		EXPECT(has(r.out, "pid 1 ppid 0 uid 1000 gid 1001 groups 1000 4 27\n") ||
			has(r.out, "pid 1 ppid 0 uid 1000 gid 1001 groups 4 27 1000\n"));
		EXPECT(has(r.out, "cwd /srv/made/for/it umask 0022 session 1\n"));
		EXPECT(has(r.out, "env PATH=/bin:/\nenv A=b c\nenv EMPTY=\n"));
	}
}

static void high_ids(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "who", NULL);

	plan.uid = plan.gid = 2000000;
	if (run_all(&r, plan)) {
		EXPECT(has(r.out, "uid 2000000 gid 2000000"));
	}
	plan = plan_new(f, "who", NULL);
	plan.uid = f->host.n_ids;
	EXPECT(!run_start(&r, &plan, true) && r.err.code == ERR_UNSUPPORTED);
}

static void only_three_descriptors(struct fixture *f)
{
	if (run_all(&r, plan_new(f, "fds", NULL))) {
		EXPECT(str_eq(r.out, "0 1 2 "));
	}
}

static void expect_failure(struct fixture *f, const char *program, int sys)
{
	struct sandbox_plan plan = plan_new(f, "", NULL);

	strv_release(&plan.argv);
	strv_add(&plan.argv, program);
	EXPECT(!run_start(&r, &plan, true));
	if (!EXPECT(r.err.code == ERR_MALFORMED && r.err.sys == sys)) {
		printf("# %s: %s\n", program, r.err.msg);
	}
	run_free(&r);
}

static void commands_that_cannot_run(struct fixture *f)
{
	char path[4096];

	expect_failure(f, "no-such-program", ENOENT);
	expect_failure(f, "/bin", EACCES);
	expect_failure(f, "/data/sub/file", EACCES);
	snprintf(path, sizeof(path), "%s/data/junk", f->layer);
	(void)file_write(AT_FDCWD, path,
		"\x7f"
		"ELF?",
		5, NULL);
	EXPECT(chmod(path, 0755) == 0);
	expect_failure(f, "/data/junk", ENOEXEC);
	EXPECT(unlink(path) == 0);
}

static void exec_inside(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "handle", NULL);
	struct strv argv = {0};
	struct sandbox_exit e;
	struct err err;
	pid_t pids[4];
	size_t n = 0;
	int fd = -1;

	plan.uid = 1000;
	if (run_start(&r, &plan, false) && run_wait_for(&r, "ready\n")) {
		strv_add(&argv, "inside");
		strv_add(&argv, "kill1");
		strv_add(&argv, "0");
		if (EXPECT(sandbox_exec(r.sb, &argv, &fd, &err) == 0) && EXPECT(readable(fd))) {
			e = sandbox_exec_result(fd);
			EXPECT(e.ended && e.code == 5);
			close(fd);
		}
		strv_release(&argv);
		strv_add(&argv, "no-such-program");
		if (EXPECT(sandbox_exec(r.sb, &argv, &fd, &err) == 0) && EXPECT(readable(fd))) {
			e = sandbox_exec_result(fd);
			EXPECT(e.ended && e.code == 127);
			close(fd);
		}
		strv_release(&argv);
		/* One that takes too long ends alone: the instance stays. */
		strv_add(&argv, "inside");
		strv_add(&argv, "pause");
		if (EXPECT(sandbox_exec(r.sb, &argv, &fd, &err) == 0)) {
			EXPECT(!sandbox_exec_result(fd).ended);
			sandbox_exec_kill(fd);
			EXPECT(readable(fd));
			e = sandbox_exec_result(fd);
			EXPECT(e.ended && e.signal == SIGKILL);
			EXPECT(!sandbox_exit_status(r.sb).ended);
			close(fd);
		}
		strv_release(&argv);
		/* One that would never end goes with the instance. */
		strv_add(&argv, "inside");
		strv_add(&argv, "pause");
		EXPECT(sandbox_exec(r.sb, &argv, &fd, &err) == 0);
		do {
			EXPECT(sandbox_processes(r.sb, pids, 4, &n, &err) == 0);
		} while (n < 2);
		EXPECT(!sandbox_exec_result(fd).ended);
		sandbox_kill(r.sb);
		EXPECT(readable(fd));
		e = sandbox_exec_result(fd);
		EXPECT(e.ended && e.signal == SIGKILL);
		close(fd);
	}
	strv_release(&argv);
	run_free(&r);
}

static void terminal(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "terminal", NULL);
	int outer, inner;

	if (!EXPECT(openpty(&outer, &inner, NULL, NULL, NULL) == 0)) {
		return;
	}
	EXPECT(fchown(inner, f->host.first_id, f->host.first_id) == 0);
	plan.terminal = true;
	plan.stdin_fd = inner;
	if (run_all(&r, plan)) {
		EXPECT(str_eq(r.out, "1 1 1\n"));
	}
	close(outer);
	close(inner);
}

static void syslog_is_seen(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "syslog", "<13>to syslog", NULL);
	char text[100] = "";

	plan.tracked_log = true;
	plan.uid = 1000;
	if (run_start(&r, &plan, false) && run_finish(&r)) {
		EXPECT(r.exit.code == 0);
		EXPECT(recv(sandbox_syslog_fd(r.sb), text, sizeof(text) - 1, 0) == 13);
		EXPECT(str_eq(text, "<13>to syslog"));
	}
	run_free(&r);
}

static void given_descriptors(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "hello", "file", NULL);
	char path[4096];
	AUTO(buf) struct buf b;
	int fd;

	buf_init(&b, 4096);
	snprintf(path, sizeof(path), "%s/out", f->scratch);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	plan.stdout_fd = fd;
	if (run_start(&r, &plan, false)) {
		EXPECT(sandbox_stdout(r.sb) == -1);
		run_finish(&r);
		EXPECT(file_read(AT_FDCWD, path, &b, NULL) == 0);
		EXPECT(str_eq(buf_str(&b), "hello file\n"));
	}
	run_free(&r);
	close(fd);
}

struct pair {
	struct sandbox_plan plan;
	struct run run;
	pthread_t thread;
};

static void *in_a_thread(void *arg)
{
	struct pair *p = arg;

	if (run_start(&p->run, &p->plan, false)) {
		run_finish(&p->run);
	}
	run_free(&p->run);
	return NULL;
}

static void started_by_threads(struct fixture *f)
{
	static struct pair pairs[3];
	static const char *const names[] = {"thread-1", "thread-2", "thread-3"};

	for (unsigned i = 0; i < 3; i++) {
		pairs[i].plan = plan_new(f, "hello", names[i], "3", NULL);
		pairs[i].plan.name = names[i];
		EXPECT(pthread_create(&pairs[i].thread, NULL, in_a_thread, &pairs[i]) == 0);
	}
	for (unsigned i = 0; i < 3; i++) {
		EXPECT(pthread_join(pairs[i].thread, NULL) == 0);
		EXPECT(pairs[i].run.exit.code == 3 && has(pairs[i].run.out, names[i]));
	}
}

const struct test tests_process[] = {
	{"hello and an exit code", hello},
	{"a crash is a signal", crash},
	{"SIGTERM without a handler does nothing to PID 1", term_without_handler},
	{"SIGTERM with a handler arrives", term_with_handler},
	{"/dev/stdout can be opened anew by uid 1000", reopened_streams},
	{"user, groups, directory, environment", identity},
	{"ids above 65535, and above what there is", high_ids},
	{"no descriptor but three", only_three_descriptors},
	{"commands that cannot be executed", commands_that_cannot_run},
	{"commands in a running instance", exec_inside},
	{"a controlling terminal", terminal},
	{"/dev/log is listened to", syslog_is_seen},
	{"stdout to a file", given_descriptors},
	{"three instances started by three threads", started_by_threads},
	{NULL, NULL},
};
