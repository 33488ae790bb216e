/* assay run: the image in the sandbox, with our streams, until it ends. */
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/sys_file.h"
#include "cmd/subject.h"
#include "cmd/verbs.h"
#include "product/policy.h"
#include "runner/launch.h"
#include "runner/loop.h"
#include "sandbox/sandbox.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>

#define STATUS_MAX 65536

/* Everything that `run` holds. */
struct attached {
	struct policy policy;
	struct strv env;
	struct product *product;
	const struct task *task;
	struct subject subject;
	struct launch launch;
	struct world *world;
	struct sandbox *sandbox;
	int signalled; /* what was passed on last */
	int ended_by; /* what made us end it */
};

static void attached_release(struct attached *a)
{
	sandbox_free(a->sandbox);
	world_free(a->world);
	launch_release(&a->launch);
	subject_release(&a->subject);
	product_free(a->product);
	strv_release(&a->env);
	policy_release(&a->policy);
}

/* With a product file the task's declared values come first, --env wins. */
static void merge_environment(struct attached *a)
{
	AUTO(strv) struct strv values = {0};
	AUTO(strv) struct strv missing = {0};

	if (a->product) {
		product_environment(a->product, a->task, &values, &missing);
	}
	strv_add_all(&values, &a->env);
	strv_release(&a->env);
	a->env = values;
	values = (struct strv){0};
}

static int plan(struct attached *a, const struct options *options, struct err *err)
{
	struct launch_options launch = {
		.image = a->subject.image,
		.tree = a->subject.tree,
		.layers = &a->subject.layers,
		.extra_env = &a->env,
		.arguments = options->command.n ? &options->command
			: a->task		? &a->task->options
						: NULL,
		.name = "run-1",
	};
	uint64_t mib = options->memory			 ? options->memory
		: a->task && a->task->memory_maximum > 0 ? (uint64_t)a->task->memory_maximum
							 : a->policy.limits.default_memory;

	if (launch_plan(&launch, &a->launch, err)) {
		return -1;
	}
	a->launch.plan.host = &a->subject.host;
	a->launch.plan.workspace = a->subject.workspace;
	a->launch.plan.lower_shifted = !a->subject.host.idmapped_mounts;
	a->launch.plan.memory = mib << 20;
	a->launch.plan.pids = a->policy.limits.pids;
	a->launch.plan.cpus = (double)a->policy.limits.cpus;
	a->launch.plan.stdin_fd = STDIN_FILENO;
	a->launch.plan.stdout_fd = -1;
	a->launch.plan.stderr_fd = -1;
	return 0;
}

/* Copy what is there; false at the end of the stream. */
static bool copy_some(int from, int to)
{
	char bytes[65536];
	ssize_t got = read(from, bytes, sizeof(bytes));

	if (got < 0) {
		return errno == EAGAIN || errno == EINTR;
	}
	return got > 0 && file_write_fd(to, bytes, (size_t)got, NULL) == 0;
}

/* Whether PID 1 has a handler, or blocks the signal to wait for it; the kernel drops all others. */
static bool is_expected(const struct sandbox *sb, int sig)
{
	static const char *const masks[] = {"\nSigCgt:", "\nSigBlk:"};
	auto_free char *path = xasprintf("/proc/%d/status", (int)sandbox_pid(sb));
	AUTO(buf) struct buf text;
	bool expected = false;

	buf_init(&text, STATUS_MAX);
	if (file_read(AT_FDCWD, path, &text, NULL)) {
		return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
		const char *at = strstr(buf_str(&text), masks[i]);

		expected = expected || (at && strtoull(at + 8, NULL, 16) >> (sig - 1) & 1);
	}
	return expected;
}

/* The product's to handle, as under Docker; but who cannot, or is asked twice, is ended at once. */
static void pass_on(struct attached *a, int sig)
{
	if (a->signalled == sig || !is_expected(a->sandbox, sig)) {
		sandbox_kill(a->sandbox);
		a->ended_by = sig;
	} else {
		(void)sandbox_signal(a->sandbox, sig, NULL);
	}
	a->signalled = sig;
}

/* Stay attached: streams out, signals in, until PID 1 has ended and its output is drained. */
static void attend(struct attached *a, int signals)
{
	struct sandbox *sb = a->sandbox;
	struct pollfd fds[] = {
		{sandbox_stdout(sb), POLLIN, 0},
		{sandbox_stderr(sb), POLLIN, 0},
		{signals, POLLIN, 0},
		{sandbox_exit_fd(sb), POLLIN, 0},
	};

	while (fds[3].fd >= 0 || fds[0].fd >= 0 || fds[1].fd >= 0) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR) {
			return;
		}
		if (fds[0].fd >= 0 && fds[0].revents && !copy_some(fds[0].fd, STDOUT_FILENO)) {
			fds[0].fd = -1;
		}
		if (fds[1].fd >= 0 && fds[1].revents && !copy_some(fds[1].fd, STDERR_FILENO)) {
			fds[1].fd = -1;
		}
		if (fds[2].revents & POLLIN) {
			struct signalfd_siginfo info;

			if (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
				pass_on(a, (int)info.ssi_signo);
			}
		}
		if (fds[3].fd >= 0 && fds[3].revents) {
			fds[3].fd = -1;
		}
	}
}

static int attach(struct attached *a, struct err *err)
{
	auto_fd int signals = -1;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	loop_hold_signals(true);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0) {
		return err_sys(err, "signalfd");
	}
	if (world_new(&a->world, err)) {
		return -1;
	}
	a->launch.plan.world = a->world;
	if (sandbox_start(&a->launch.plan, &a->sandbox, err)) {
		return -1;
	}
	attend(a, signals);
	return 0;
}

/* The codes of docker run: 127 not found, 126 cannot be executed, 125 our own failure. */
static int start_failure(const struct err *err)
{
	(void)fail_with(err);
	if (err->code == ERR_MALFORMED && err->sys) {
		return err->sys == ENOENT ? 127 : 126;
	}
	return err->code == ERR_USAGE ? EXIT_USAGE : EXIT_RUN_FAILED;
}

static int open_all(struct attached *a, const struct options *options, struct err *err)
{
	policy_init(&a->policy);
	if (environment_read(options, &a->env, err) ||
		product_read(options, &a->product, &a->task, err)) {
		return -1;
	}
	if (a->product && !a->task && a->product->n_tasks) {
		a->task = &a->product->tasks[0];
	}
	merge_environment(a);
	if (subject_open(options, options->operands.v[0], true, NULL, &a->subject, err)) {
		return -1;
	}
	if (!a->subject.image->config) {
		const struct violations *v = &a->subject.image->violations;

		return err_set(err, ERR_MALFORMED, "%s",
			v->n ? v->v[v->n - 1].message : "no image could be chosen");
	}
	if (!a->subject.runnable) {
		*err = a->subject.cannot;
		return -1;
	}
	return plan(a, options, err);
}

int verb_run(const struct options *options)
{
	__attribute__((cleanup(attached_release))) struct attached a = {0};
	struct err err = {0};
	struct sandbox_exit ended;

	if (options->operands.n != 1) {
		return fail_usage("run takes one IMAGE; a command goes behind '--'");
	}
	if (open_all(&a, options, &err)) {
		return start_failure(&err);
	}
	if (options->dry_run) {
		AUTO(buf) struct buf text;

		buf_init(&text, 1 << 20);
		if (sandbox_plan_print(&a.launch.plan, &text, &err) ||
			print_out(buf_str(&text), text.len, &err)) {
			return start_failure(&err);
		}
		return 0;
	}
	if (options->keep) {
		workspace_keep(a.subject.workspace);
	}
	if (attach(&a, &err)) {
		return start_failure(&err);
	}
	ended = sandbox_exit_status(a.sandbox);
	if (a.ended_by) {
		return 128 + a.ended_by;
	}
	return ended.signal ? 128 + ended.signal : ended.code;
}
