/* Nothing stays behind, whoever ends first. */
#include "tests/sandbox/test.h"

#include "base/alloc.h"
#include "base/sys_file.h"
#include "base/sys_time.h"
#include "sandbox/workspace_private.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define MAX_PIDS 16

static struct run r;

static int open_pid(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static void all_end_with_pid_1(struct fixture *f)
{
	struct sandbox_plan plan = plan_new(f, "daemons", NULL);
	pid_t pids[MAX_PIDS];
	int fds[MAX_PIDS];
	size_t n = 0;
	struct err err;

	if (run_start(&r, &plan, false) && run_wait_for(&r, "ready\n")) {
		do {
			EXPECT(sandbox_processes(r.sb, pids, MAX_PIDS, &n, &err) == 0);
		} while (n < 3);
		for (size_t i = 0; i < n; i++) {
			fds[i] = open_pid(pids[i]);
			EXPECT(fds[i] >= 0);
		}
		sandbox_kill(r.sb);
		run_finish(&r);
		EXPECT(readable(sandbox_gone_fd(r.sb)));
		for (size_t i = 0; i < n; i++) {
			EXPECT(readable(fds[i]));
			close(fds[i]);
		}
		EXPECT(sandbox_processes(r.sb, pids, MAX_PIDS, &n, &err) == 0 && n == 0);
	}
	run_free(&r);
}

/* In a process of its own: start an instance, name its processes and the run, and wait to be
 * killed. */
static _Noreturn void starter(const struct fixture *f, int out)
{
	struct fixture g = *f;
	struct sandbox_plan plan;
	pid_t pids[MAX_PIDS] = {0};
	char id[16] = "";
	size_t n = 0;
	struct err err;

	if (!fixture_open(&g)) {
		_exit(1);
	}
	plan = plan_new(&g, "daemons", NULL);
	if (!run_start(&r, &plan, false) || !run_wait_for(&r, "ready\n")) {
		_exit(1);
	}
	while (n < 3) {
		if (sandbox_processes(r.sb, pids, MAX_PIDS - 1, &n, &err)) {
			_exit(1);
		}
	}
	snprintf(id, sizeof(id), "%s", workspace_id(g.workspace));
	(void)file_write_fd(out, pids, sizeof(pids), NULL);
	(void)file_write_fd(out, id, sizeof(id), NULL);
	for (;;) {
		pause();
	}
}

static bool exists_in(const char *dir, const char *prefix)
{
	auto_dir DIR *d = opendir(dir);
	const struct dirent *e;

	while (d && (e = readdir(d)) != NULL) {
		if (str_starts(e->d_name, prefix)) {
			return true;
		}
	}
	return false;
}

static bool has_cgroup(const struct fixture *f, const char *id)
{
	const struct cgroup_place *place = workspace_cgroups(f->workspace);
	char prefix[64];

	snprintf(prefix, sizeof(prefix), "assay-%s-", id);
	for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
		if (place->dir[c][0] && exists_in(place->dir[c], prefix)) {
			return true;
		}
	}
	return false;
}

static void assay_is_killed(struct fixture *f)
{
	pid_t pids[MAX_PIDS] = {0};
	int fds[MAX_PIDS];
	char id[16];
	char path[4096];
	struct workspace *next = NULL;
	struct err err;
	int p[2];
	pid_t pid;
	size_t n = 0;

	EXPECT(pipe2(p, O_CLOEXEC) == 0);
	pid = fork();
	if (pid == 0) {
		starter(f, p[1]);
	}
	close(p[1]);
	if (!EXPECT(read(p[0], pids, sizeof(pids)) == (ssize_t)sizeof(pids)) ||
		!EXPECT(read(p[0], id, sizeof(id)) == (ssize_t)sizeof(id))) {
		return;
	}
	for (; pids[n]; n++) {
		fds[n] = open_pid(pids[n]);
		EXPECT(fds[n] >= 0);
	}
	EXPECT(n == 3);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (size_t i = 0; i < n; i++) {
		EXPECT(readable(fds[i]));
		close(fds[i]);
	}
	close(p[0]);
	/* The next run clears the rest. */
	snprintf(path, sizeof(path), "%s/home/runs", f->scratch);
	EXPECT(exists_in(path, id));
	EXPECT(!f->host.cgroup[0] || has_cgroup(f, id));
	snprintf(path, sizeof(path), "%s/home", f->scratch);
	EXPECT(workspace_open(path, &f->host, &next, &err) == 0);
	EXPECT(!has_cgroup(f, id));
	snprintf(path, sizeof(path), "%s/home/runs", f->scratch);
	EXPECT(!exists_in(path, id));
	EXPECT(exists_in(path, workspace_id(f->workspace)));
	workspace_free(next);
}

static unsigned other_runs(const struct fixture *f)
{
	char path[4096];
	unsigned n = 0;

	snprintf(path, sizeof(path), "%s/home/runs", f->scratch);
	{
		auto_dir DIR *d = opendir(path);
		const struct dirent *e;

		while (d && (e = readdir(d)) != NULL) {
			n += e->d_name[0] != '.' && !str_starts(e->d_name, "new-") &&
			     !str_eq(e->d_name, workspace_id(f->workspace));
		}
	}
	return n;
}

/* At whatever moment of the start the kill comes. */
static void killed_while_starting(struct fixture *f)
{
	uint64_t deadline = time_now_ns() + DEADLINE_S * NS_PER_S;
	char path[4096];
	struct workspace *next = NULL;
	struct err err;

	for (unsigned i = 0; i < 40; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			struct fixture g = *f;
			struct sandbox_plan plan;

			if (fixture_open(&g)) {
				plan = plan_new(&g, "ignore", NULL);
				run_start(&r, &plan, true);
			}
			_exit(0);
		}
		usleep(i * 700);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	/* A keeper that has just been cloned holds the lock until it sees that assay is gone. */
	snprintf(path, sizeof(path), "%s/home", f->scratch);
	do {
		EXPECT(workspace_open(path, &f->host, &next, &err) == 0);
		workspace_free(next);
	} while (other_runs(f) && time_now_ns() < deadline);
	EXPECT(!other_runs(f));
}

static void read_text(const char *path, struct buf *b)
{
	buf_clear(b);
	EXPECT(file_read(AT_FDCWD, path, b, NULL) == 0);
}

static size_t open_descriptors(void)
{
	auto_dir DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	while (d && readdir(d)) {
		n++;
	}
	return n;
}

static void no_leftovers(struct fixture *f)
{
	AUTO(buf) struct buf before;
	AUTO(buf) struct buf after;
	size_t fds;

	buf_init(&before, 1 << 20);
	buf_init(&after, 1 << 20);
	run_all(&r, plan_new(f, "hello", NULL));
	read_text("/proc/self/mountinfo", &before);
	fds = open_descriptors();
	for (int i = 0; i < 3; i++) {
		struct sandbox_plan plan = plan_new(f, "hello", NULL);

		plan.tracked_log = true;
		strv_add(&plan.volumes, "/data");
		run_all(&r, plan);
		plan = plan_new(f, "no-such-verb", NULL);
		strv_release(&plan.argv);
		strv_add(&plan.argv, "/missing");
		EXPECT(!run_start(&r, &plan, true));
	}
	read_text("/proc/self/mountinfo", &after);
	EXPECT(str_eq(buf_str(&before), buf_str(&after)));
	EXPECT(open_descriptors() == fds);
	EXPECT(waitpid(-1, NULL, WNOHANG | __WALL) == -1 && errno == ECHILD);
	EXPECT(!has_cgroup(f, workspace_id(f->workspace)));
}

static void kept_runs_stay(struct fixture *f)
{
	struct workspace *w = NULL;
	struct workspace *next = NULL;
	struct err err;
	char path[4096];
	char *dir = NULL;
	struct stat st;

	snprintf(path, sizeof(path), "%s/home", f->scratch);
	if (EXPECT(workspace_open(path, &f->host, &w, &err) == 0)) {
		dir = xstrdup(workspace_dir(w));
		workspace_keep(w);
		workspace_free(w);
		EXPECT(workspace_open(path, &f->host, &next, &err) == 0);
		EXPECT(stat(dir, &st) == 0);
		workspace_free(next);
		EXPECT(dir_remove(AT_FDCWD, dir, NULL) == 0);
	}
	free(dir);
}

static void floods_are_ended(struct fixture *f)
{
	/* Nobody reads: the pipe is full, the writer waits, and ends all the same. */
	struct sandbox_plan plan = plan_new(f, "cat", "/dev/zero", NULL);

	if (run_start(&r, &plan, false)) {
		sandbox_kill(r.sb);
		EXPECT(readable(sandbox_exit_fd(r.sb)));
		EXPECT(readable(sandbox_gone_fd(r.sb)));
		EXPECT(sandbox_exit_status(r.sb).signal == SIGKILL);
	}
	run_free(&r);
}

const struct test tests_end[] = {
	{"orphans end with PID 1", all_end_with_pid_1},
	{"assay killed: all end, the next run clears", assay_is_killed},
	{"assay killed while starting", killed_while_starting},
	{"no mounts, descriptors, children or groups stay", no_leftovers},
	{"runs that are kept stay", kept_runs_stay},
	{"a flood is ended", floods_are_ended},
	{NULL, NULL},
};
