/*
 * bench/sandbox: from a plan to the first instruction of a program that only ends, and back, against
 * other starters of the same root directory, in turns, so that all see the same machine.
 *
 *	sandbox DIR ROUNDS [NAME COMMAND]...	DIR has rootfs/true, a static program
 *
 * Then so many instances one after another, and twenty at once; what stays behind is counted.
 */
#include "sandbox/sandbox.h"
#include "base/alloc.h"
#include "base/sys_file.h"
#include "base/sys_time.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define MAX_OTHERS 4
#define MAX_ROUNDS 1000
#define AT_ONCE 20
#define WAIT_MS 30000

struct bench {
	struct host host;
	struct workspace *workspace;
	char *rootfs;
	unsigned rounds;
	size_t n_others;
	char **others; /* NAME, COMMAND, ... */
};

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

static double ms_since(uint64_t start)
{
	return (double)(time_now_ns() - start) / 1e6;
}

/* One instance; the milliseconds to its end, and until nothing of it is left. */
static double ours(const struct bench *b, struct world *world, unsigned n, double *ret_ended)
{
	struct sandbox_plan plan = {.host = &b->host,
		.workspace = b->workspace,
		.world = world,
		.address = n % 200,
		.hostname = "bench",
		.cwd = "/",
		.stdin_fd = -1,
		.stdout_fd = 1,
		.stderr_fd = 2,
		.memory = UINT64_C(256) << 20,
		.pids = 100,
		.watch_refused = true}; /* as for `check` */
	auto_free char *name = xasprintf("bench-%u", n);
	struct sandbox *sb = NULL;
	struct pollfd p = {.events = POLLIN};
	uint64_t start = time_now_ns();
	struct err err;

	plan.name = name;
	strv_add(&plan.lower, b->rootfs);
	strv_add(&plan.argv, "/true");
	strv_add(&plan.env, "PATH=/");
	if (sandbox_start(&plan, &sb, &err)) {
		give_up(err.msg);
	}
	p.fd = sandbox_exit_fd(sb);
	if (poll(&p, 1, WAIT_MS) != 1 || sandbox_exit_status(sb).code != 0) {
		give_up("the program did not end well");
	}
	*ret_ended = ms_since(start);
	sandbox_free(sb);
	strv_release(&plan.lower);
	strv_release(&plan.argv);
	strv_release(&plan.env);
	return ms_since(start);
}

static double theirs(char *command)
{
	char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, command, NULL};
	uint64_t start = time_now_ns();
	int status;
	pid_t pid;

	if (posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ) ||
		waitpid(pid, &status, 0) != pid || status != 0) {
		give_up(command);
	}
	return ms_since(start);
}

static int compare(const void *a, const void *b)
{
	const double *x = a;
	const double *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double median(double *v, unsigned n)
{
	qsort(v, n, sizeof(*v), compare);
	return v[n / 2];
}

static void in_turns(const struct bench *b, struct world *world)
{
	static double own[MAX_ROUNDS], ended[MAX_ROUNDS], other[MAX_OTHERS][MAX_ROUNDS];
	double m;

	for (unsigned i = 0; i < b->rounds; i++) {
		own[i] = ours(b, world, i, &ended[i]);
		for (size_t o = 0; o < b->n_others; o++) {
			other[o][i] = theirs(b->others[2 * o + 1]);
		}
	}
	m = median(own, b->rounds);
	printf("assay: %.2f ms until all is gone, %.2f ms until the program has ended\n", m,
		median(ended, b->rounds));
	for (size_t o = 0; o < b->n_others; o++) {
		double t = median(other[o], b->rounds);

		printf("%s: %.2f ms; assay takes %.2f times that\n", b->others[2 * o], t, m / t);
	}
}

static size_t count_entries(const char *path)
{
	auto_dir DIR *d = opendir(path);
	const struct dirent *e;
	size_t n = 0;
	int rc = -1;

	while (d && (rc = dir_next(d, &e, NULL)) > 0) {
		n++;
	}
	if (rc) {
		give_up("no list of what is open");
	}
	return n;
}

struct job {
	const struct bench *bench;
	struct world *world;
	unsigned n;
};

static void *one_job(void *arg)
{
	const struct job *job = arg;
	double ended;

	(void)ours(job->bench, job->world, job->n, &ended);
	return NULL;
}

static void many(const struct bench *b, struct world *world)
{
	size_t descriptors = count_entries("/proc/self/fd");
	pthread_t threads[AT_ONCE];
	struct job jobs[AT_ONCE];
	double first = 0;
	double ended;
	uint64_t start = time_now_ns();

	for (unsigned i = 0; i < 100; i++) {
		(void)ours(b, world, 10000 + i, &ended);
		first = i == 9 ? ms_since(start) * 10 : first;
	}
	printf("100 one after another: %.0f ms; %.2f times ten times the first ten\n",
		ms_since(start), ms_since(start) / first);
	start = time_now_ns();
	for (unsigned i = 0; i < AT_ONCE; i++) {
		jobs[i] = (struct job){b, world, 20000 + i};
		if (pthread_create(&threads[i], NULL, one_job, &jobs[i])) {
			give_up("no thread");
		}
	}
	for (unsigned i = 0; i < AT_ONCE; i++) {
		pthread_join(threads[i], NULL);
	}
	printf("%d at once: %.0f ms\n", AT_ONCE, ms_since(start));
	if (count_entries("/proc/self/fd") != descriptors ||
		waitpid(-1, NULL, WNOHANG | __WALL) != -1) {
		give_up("descriptors or children stay behind");
	}
}

int main(int argc, char **argv)
{
	struct bench b = {.others = argv + 3};
	struct world *world = NULL;
	auto_free char *home = NULL;
	struct err err;

	if (argc < 3 || argc % 2 == 0 || argc > 3 + 2 * MAX_OTHERS) {
		give_up("usage: sandbox DIR ROUNDS [NAME COMMAND]...");
	}
	b.rounds = (unsigned)strtoul(argv[2], NULL, 10);
	b.n_others = (size_t)(argc - 3) / 2;
	b.rootfs = xasprintf("%s/rootfs", argv[1]);
	home = xasprintf("%s/home", argv[1]);
	if (!b.rounds || b.rounds > MAX_ROUNDS) {
		give_up("1 to 1000 rounds");
	}
	if (host_enter(&b.host, &err) || workspace_open(home, &b.host, &b.workspace, &err) ||
		world_new(&world, &err)) {
		give_up(err.msg);
	}
	in_turns(&b, world);
	many(&b, world);
	world_free(world);
	workspace_free(b.workspace);
	free(b.rootfs);
	return 0;
}
