/*
 * sandbox_test INSIDE: starts real instances and looks at them from both sides. Prints "ok N name"
 * or "not ok N name" per test, and "N passed, N failed, N skipped" at the end; exit 0 only when none
 * failed.
 */
#include "tests/sandbox/test.h"

#include "base/alloc.h"
#include "base/sys_file.h"
#include "base/sys_time.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

struct loop *run_loop;
static unsigned failures;
static const char *skipped;

bool expect(bool good, const char *what, const char *file, int line)
{
	if (!good) {
		printf("# %s:%d: %s\n", file, line, what);
		failures++;
	}
	return good;
}

void skip(const char *why)
{
	skipped = why;
}

bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

struct sandbox_plan plan_new(struct fixture *f, const char *verb, ...)
{
	struct sandbox_plan p = {
		.host = &f->host,
		.workspace = f->workspace,
		.world = f->world,
		.address = f->n_instances % 200,
		.hostname = "product",
		.stdin_fd = -1,
		.stdout_fd = -1,
		.stderr_fd = -1,
		.cwd = "/",
		.memory = UINT64_C(256) << 20,
		.pids = 100,
	};
	static char name[32];
	const char *arg;
	va_list ap;

	snprintf(name, sizeof(name), "i-%u", f->n_instances++);
	p.name = name;
	strv_add(&p.lower, f->layer);
	p.lower_shifted = f->host.mode != HOST_ROOT;
	strv_add(&p.env, "PATH=/bin:/");
	strv_add(&p.argv, "inside");
	strv_add(&p.argv, verb);
	va_start(ap, verb);
	while ((arg = va_arg(ap, const char *)) != NULL) {
		strv_add(&p.argv, arg);
	}
	va_end(ap);
	return p;
}

void plan_release(struct sandbox_plan *plan)
{
	strv_release(&plan->lower);
	strv_release(&plan->argv);
	strv_release(&plan->env);
	strv_release(&plan->volumes);
	strv_release(&plan->tmpfs);
	strv_release(&plan->hosts);
}

bool run_start(struct run *r, struct sandbox_plan *plan, bool quiet)
{
	int failed;

	memset(r, 0, sizeof(*r));
	failed = sandbox_start(plan, &r->sb, &r->err);
	plan_release(plan);
	if (failed && !quiet) {
		printf("# %s\n", r->err.msg);
		EXPECT(!"the instance starts");
	}
	return !failed;
}

/* false at the end of the file */
static bool take(int fd, char *to, size_t size, size_t *len)
{
	char sink[4096];
	bool full = *len + 1 >= size;
	ssize_t n = full ? read(fd, sink, sizeof(sink)) : read(fd, to + *len, size - *len - 1);

	if (n > 0 && !full) {
		*len += (size_t)n;
		to[*len] = '\0';
	}
	return n > 0 || (n < 0 && errno == EAGAIN);
}

/* Read on until `enough` says so. */
static bool pump(struct run *r, const char *text)
{
	uint64_t deadline = time_now_ns() + DEADLINE_S * NS_PER_S;
	struct pollfd p[4] = {
		{.fd = sandbox_stdout(r->sb), .events = POLLIN},
		{.fd = sandbox_stderr(r->sb), .events = POLLIN},
		{.fd = sandbox_exit_fd(r->sb), .events = POLLIN},
		{.fd = run_loop ? run_loop->epoll : -1, .events = POLLIN},
	};

	while (!text || !strstr(r->out, text)) {
		if (!text && p[0].fd < 0 && p[1].fd < 0 && p[2].fd < 0) {
			return true;
		}
		if (text && p[0].fd < 0) {
			return EXPECT(!"the expected output arrives");
		}
		if (poll(p, 4, time_left_ms(deadline)) <= 0) {
			return EXPECT(!"it ends before the deadline");
		}
		if (p[3].revents && !EXPECT(loop_turn(run_loop, NULL) == 0)) {
			return false;
		}
		if (p[0].revents && !take(p[0].fd, r->out, sizeof(r->out), &r->out_len)) {
			p[0].fd = -1;
		}
		if (p[1].revents && !take(p[1].fd, r->error, sizeof(r->error), &r->error_len)) {
			p[1].fd = -1;
		}
		if (p[2].fd >= 0 && p[2].revents) {
			r->exit = sandbox_exit_status(r->sb);
			EXPECT(r->exit.ended);
			p[2].fd = -1;
		}
	}
	return true;
}

bool run_wait_for(struct run *r, const char *text)
{
	return pump(r, text);
}

bool run_finish(struct run *r)
{
	return pump(r, NULL);
}

void run_free(struct run *r)
{
	sandbox_free(r->sb);
	r->sb = NULL;
}

bool run_all(struct run *r, struct sandbox_plan plan)
{
	bool good = run_start(r, &plan, false) && run_finish(r);

	run_free(r);
	return good;
}

bool readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, DEADLINE_S * 1000) == 1;
}

void copy_program(const char *from, const char *to, unsigned owner, mode_t mode)
{
	AUTO(buf) struct buf b;
	struct err err;

	buf_init(&b, 64 << 20);
	if (file_read(AT_FDCWD, from, &b, &err) ||
		file_write(AT_FDCWD, to, buf_str(&b), b.len, &err) ||
		lchown(to, owner, owner) < 0 || chmod(to, mode) < 0) {
		perror(to);
		exit(2);
	}
}

void make_layer(const struct fixture *f, const char *path, unsigned owner)
{
	static const char *const directories[] = {"", "/bin", "/etc", "/data", "/data/sub"};
	char name[4096];

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		snprintf(name, sizeof(name), "%s%s", path, directories[i]);
		if (mkdir(name, 0755) < 0 || lchown(name, owner, owner) < 0) {
			perror(name);
			exit(2);
		}
	}
	snprintf(name, sizeof(name), "%s/bin/inside", path);
	copy_program(f->inside, name, owner, 0755);
	snprintf(name, sizeof(name), "%s/data/sub/file", path);
	(void)file_write(AT_FDCWD, name, "seed\n", 5, NULL);
	if (lchown(name, owner, owner) < 0) {
		perror(name);
	}
}

bool fixture_open(struct fixture *f)
{
	struct err err;
	char *base = xasprintf("%s/home", f->scratch);
	bool good = true;

	if (host_enter(&f->host, &err) || workspace_open(base, &f->host, &f->workspace, &err) ||
		world_new(&f->world, &err)) {
		printf("# %s\n", err.msg);
		good = false;
	}
	free(base);
	return good;
}

void fixture_close(struct fixture *f)
{
	world_free(f->world);
	workspace_free(f->workspace);
	f->world = NULL;
	f->workspace = NULL;
}

static const struct test *const groups[] = {tests_process, tests_limits, tests_view, tests_network,
	tests_end, tests_modes, tests_escapes, tests_layouts, tests_bounds, tests_rights};

static unsigned passed, failed, left_out;

static void run_test(struct fixture *f, const struct test *t)
{
	failures = 0;
	skipped = NULL;
	t->run(f);
	if (failures) {
		failed++;
	} else if (skipped) {
		left_out++;
	} else {
		passed++;
	}
	printf("%s %u %s%s%s\n", failures ? "not ok" : "ok", passed + failed + left_out, t->name,
		skipped ? " # skip " : "", skipped ? skipped : "");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct fixture f = {.inside = argv[1]};
	char scratch[] = "/var/tmp/assay-sandbox-test-XXXXXX";

	if (argc < 2) {
		fprintf(stderr, "usage: sandbox_test INSIDE [NAME]\n");
		return 64;
	}
	if (!mkdtemp(scratch) || chmod(scratch, 0755) < 0) {
		perror(scratch);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	f.scratch = scratch;
	f.layer = xasprintf("%s/layer", scratch);
	f.escapes = xasprintf("%.*s/escapes", (int)(strrchr(f.inside, '/') - f.inside), f.inside);
	make_layer(&f, f.layer, 0);
	if (!fixture_open(&f)) {
		return 2;
	}
	for (size_t g = 0; g < ARRAY_SIZE(groups); g++) {
		for (const struct test *t = groups[g]; t->name; t++) {
			if (argc < 3 || strcmp(argv[2], t->name) == 0) {
				run_test(&f, t);
			}
		}
	}
	fixture_close(&f);
	(void)dir_remove(AT_FDCWD, scratch, NULL);
	free(f.layer);
	free(f.escapes);
	printf("%u passed, %u failed, %u skipped\n", passed, failed, left_out);
	return failed || !passed;
}
