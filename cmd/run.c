/* assay run: the image in the sandbox, with our streams, until it ends. */
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/sys_file.h"
#include "cmd/dry_run.h"
#include "cmd/run_world.h"
#include "cmd/subject.h"
#include "cmd/terminal.h"
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

/* What attend() waits for. */
enum {
	P_STDOUT,
	P_STDERR,
	P_SIGNALS,
	P_EXIT,
	P_WORLD,
	P_TERMINAL,
	POLLS = P_TERMINAL + TERMINAL_POLLS
};

/* Everything that `run` holds. */
struct attached {
	struct policy policy;
	struct strv env;
	struct product *product;
	const struct task *task;
	struct subject subject;
	struct launch launch;
	struct run_world around;
	struct sandbox *sandbox;
	struct terminal terminal;
	bool hung_up; /* the terminal is gone, or SIGHUP said so */
	int signalled; /* what was passed on last */
	int ended_by; /* what made us end it */
	bool told_to_end;
	struct err lost; /* output that could not be written */
};

static void attached_release(struct attached *a)
{
	terminal_release(&a->terminal);
	sandbox_free(a->sandbox);
	run_world_release(&a->around);
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

/* As under docker run -it; but an output that goes elsewhere stays a pipe, with what the product
 * wrote and nothing else. */
static int plan_terminal(struct attached *a, struct err *err)
{
	struct sandbox_plan *plan = &a->launch.plan;
	bool named = false;

	if (terminal_open(&a->terminal, plan->host, plan->uid, plan->gid, err)) {
		return -1;
	}
	plan->terminal = true;
	plan->stdin_fd = a->terminal.slave;
	plan->stdout_fd = isatty(STDOUT_FILENO) ? a->terminal.slave : -1;
	plan->stderr_fd = isatty(STDERR_FILENO) ? a->terminal.slave : -1;
	for (size_t i = 0; i < plan->env.n; i++) {
		named = named || strncmp(plan->env.v[i], "TERM=", 5) == 0;
	}
	if (!named) {
		strv_add(&plan->env, "TERM=xterm");
	}
	return 0;
}

static int plan(struct attached *a, const struct options *options, struct err *err)
{
	struct launch_options launch = {
		.image = a->subject.image,
		.tree = a->subject.tree,
		.layers = &a->subject.layers,
		.extra_env = &a->env,
		.arguments = options->command.n ? &options->command
			     : a->task          ? &a->task->options
						: NULL,
		.name = "run-1",
	};
	uint64_t mib = options->memory                          ? options->memory
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
	a->launch.plan.read_only = options->read_only || a->policy.read_only;
	strv_add_all(&a->launch.plan.tmpfs, &options->tmpfs);
	a->launch.plan.stdin_fd = STDIN_FILENO;
	a->launch.plan.stdout_fd = -1;
	a->launch.plan.stderr_fd = -1;
	return terminal_is_ours() ? plan_terminal(a, err) : 0;
}

/* Copy what is there; false at the end of the stream, and when it cannot be written: err is set. */
static bool copy_some(int from, int to, struct err *err)
{
	char bytes[65536];
	ssize_t got = read(from, bytes, sizeof(bytes));

	if (got < 0) {
		return errno == EAGAIN || errno == EINTR;
	}
	return got > 0 && file_write_fd(to, bytes, (size_t)got, err) == 0;
}

/* What becomes of a signal to PID 1. The kernel drops what it has no handler for. */
enum handling { DROPPED, IGNORED, EXPECTED, TOO_LATE };

/* Read at once: the masks of one that has just ended are empty. */
static enum handling handling_of(const struct sandbox *sb, int sig)
{
	static const struct {
		const char *mask;
		enum handling handling;
	} masks[] = {{"\nSigCgt:", EXPECTED}, {"\nSigBlk:", EXPECTED}, {"\nSigIgn:", IGNORED}};
	auto_free char *path = xasprintf("/proc/%d/status", (int)sandbox_pid(sb));
	AUTO(buf) struct buf text;

	buf_init(&text, STATUS_MAX);
	if (file_read(AT_FDCWD, path, &text, NULL) || strstr(buf_str(&text), "\nState:\tZ") ||
		strstr(buf_str(&text), "\nState:\tX")) {
		return TOO_LATE;
	}
	for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
		const char *at = strstr(buf_str(&text), masks[i].mask);

		if (at && strtoull(at + 8, NULL, 16) >> (sig - 1) & 1) {
			return masks[i].handling;
		}
	}
	return DROPPED;
}

static void end_by(struct attached *a, int sig)
{
	sandbox_kill(a->sandbox);
	a->ended_by = sig;
	a->told_to_end = true;
}

/* The product's to handle, as under Docker; but who cannot, or is asked twice, is ended at once. */
static void pass_on(struct attached *a, int sig)
{
	enum handling handling = handling_of(a->sandbox, sig);

	if (handling == TOO_LATE) {
		a->told_to_end = true; /* with the status it has */
	} else if (handling == EXPECTED && a->signalled != sig) {
		(void)sandbox_signal(a->sandbox, sig, NULL);
	} else {
		end_by(a, sig);
	}
	a->signalled = sig;
}

/* A terminal that goes away is seen as the end of input and as SIGHUP: one event. */
static void hang_up(struct attached *a)
{
	if (!a->hung_up) {
		a->hung_up = true;
		pass_on(a, SIGHUP);
	}
}

/* Ctrl-C is the line discipline's. But a process that would die of it anywhere else does not as
 * PID 1, and alone in its namespace it leaves the user with no key to end it. */
static void watch_keys(struct attached *a)
{
	int sig = terminal_signal(&a->terminal);
	pid_t pids[2];
	size_t n;

	if (sig && sandbox_processes(a->sandbox, pids, ARRAY_SIZE(pids), &n, NULL) == 0 && n == 1 &&
		handling_of(a->sandbox, sig) == DROPPED) {
		end_by(a, sig);
	}
}

static void take_signal(struct attached *a, int signals)
{
	struct signalfd_siginfo info;
	bool at_terminal = a->terminal.master >= 0;
	int sig;

	if (read(signals, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
		return;
	}
	sig = (int)info.ssi_signo;
	if (sig == SIGWINCH || sig == SIGCONT) {
		terminal_resize(&a->terminal);
		if (sig == SIGCONT && terminal_is_ours()) {
			(void)terminal_raw(&a->terminal, NULL);
		}
	} else if (sig == SIGHUP && at_terminal) {
		hang_up(a);
	} else {
		pass_on(a, sig);
	}
}

/* Copy what is there to copy of one output; forget it at its end. Where nobody takes it, the product
 * is told so, or it would wait for ever; and a reader that has seen enough is no loss. */
static void take_output(struct attached *a, struct pollfd *p, int to, const char *name)
{
	struct err err = {0};

	if (p->fd < 0 || !p->revents || copy_some(p->fd, to, &err)) {
		return;
	}
	if (err.code) {
		sandbox_close_output(a->sandbox, p->fd);
	}
	if (err.code && err.sys != EPIPE) {
		(void)err_wrap(&err, "%s", name);
		a->lost = err;
	}
	p->fd = -1;
}

static bool is_attached(const struct attached *a, const struct pollfd *fds)
{
	if (fds[P_EXIT].fd >= 0 || fds[P_STDOUT].fd >= 0 || fds[P_STDERR].fd >= 0) {
		return true;
	}
	/* who was told to end does not wait for a screen that stands still */
	return !a->told_to_end && !terminal_is_drained(&a->terminal);
}

/* Stay attached: streams out, keys and signals in, until PID 1 has ended and its output is
 * drained. */
static void attend(struct attached *a, int signals)
{
	struct sandbox *sb = a->sandbox;
	struct pollfd fds[POLLS] = {
		[P_STDOUT] = {sandbox_stdout(sb), POLLIN, 0},
		[P_STDERR] = {sandbox_stderr(sb), POLLIN, 0},
		[P_SIGNALS] = {signals, POLLIN, 0},
		[P_EXIT] = {sandbox_exit_fd(sb), POLLIN, 0},
		[P_WORLD] = {run_world_fd(&a->around), POLLIN, 0},
	};

	while (is_attached(a, fds)) {
		terminal_poll(&a->terminal, fds + P_TERMINAL);
		if (poll(fds, ARRAY_SIZE(fds), run_world_timeout(&a->around)) < 0) {
			if (errno == EINTR) {
				continue;
			}
			return;
		}
		run_world_turn(&a->around);
		take_output(a, &fds[P_STDOUT], STDOUT_FILENO, "standard output");
		take_output(a, &fds[P_STDERR], STDERR_FILENO, "standard error");
		if (fds[P_SIGNALS].revents & POLLIN) {
			take_signal(a, signals);
		}
		if (terminal_copy(&a->terminal, fds + P_TERMINAL)) {
			watch_keys(a);
		}
		if (fds[P_EXIT].fd >= 0 && terminal_is_hung_up(&a->terminal)) {
			hang_up(a);
		}
		if (fds[P_EXIT].fd >= 0 && fds[P_EXIT].revents) {
			fds[P_EXIT].fd = -1;
			terminal_let_go(&a->terminal);
		}
	}
}

/* From here on signals come as events: a descriptor, or -1. */
static int catch_signals(bool terminal, struct err *err)
{
	static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGCONT};
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(caught) - (terminal ? 0 : 2); i++) {
		sigaddset(&set, caught[i]);
	}
	loop_hold_signals(true);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_sys(err, "signalfd") : fd;
}

static int attach(struct attached *a, enum world_outside outside, struct err *err)
{
	bool terminal = a->terminal.master >= 0;
	auto_fd int signals = -1;

	if (run_world_start(&a->around, outside, a->launch.hostname, err)) {
		return -1;
	}
	a->launch.plan.world = run_world(&a->around);
	signals = catch_signals(terminal, err);
	if (signals < 0) {
		return -1;
	}
	if (sandbox_start(&a->launch.plan, &a->sandbox, err) ||
		(terminal && terminal_is_ours() && terminal_raw(&a->terminal, err))) {
		return -1;
	}
	if (terminal) {
		terminal_resize(&a->terminal); /* it may have changed before signals were caught */
	}
	attend(a, signals);
	terminal_release(&a->terminal);
	run_world_stop(&a->around);
	return 0;
}

/* The codes of docker run: 127 not found, 126 cannot be executed, 125 our own failure. */
static int start_failure(const struct err *err, const char *remedy)
{
	(void)fail_with_remedy(err, remedy);
	if (err->code == ERR_MALFORMED && err->sys) {
		return err->sys == ENOENT ? 127 : 126;
	}
	return err->code == ERR_USAGE ? EXIT_USAGE : EXIT_RUN_FAILED;
}

static int open_all(struct attached *a, const struct options *options, struct err *err)
{
	if (policy_read(options, &a->policy, err) || environment_read(options, &a->env, err) ||
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
	if (run_world_open(
		    &a->around, options, a->product, a->task, &a->subject, &a->policy, err)) {
		return -1;
	}
	return plan(a, options, err);
}

int verb_run(const struct options *options)
{
	__attribute__((cleanup(attached_release))) struct attached a = {0};
	struct err err = {0};
	struct sandbox_exit ended;

	terminal_init(&a.terminal);
	if (options->operands.n != 1) {
		return fail_usage("run takes one IMAGE; a command goes behind '--'");
	}
	if (open_all(&a, options, &err)) {
		return start_failure(&err, NULL);
	}
	if (options->dry_run) {
		AUTO(buf) struct buf text;

		buf_init(&text, 1 << 20);
		if (dry_run_services(&a.around.runner, a.task, &text, &err) ||
			sandbox_plan_print(&a.launch.plan, &text, &err) ||
			print_out(buf_str(&text), text.len, &err)) {
			return start_failure(&err, NULL);
		}
		return 0;
	}
	if (options->keep) {
		workspace_keep(a.subject.workspace);
	}
	if (attach(&a, outside_read(options), &err)) {
		terminal_release(&a.terminal); /* before anything is said */
		return start_failure(&err, run_world_remedy(&a.around));
	}
	if (options->verbose) {
		run_world_tell(&a.around);
	}
	if (a.lost.code) {
		return start_failure(&a.lost, NULL);
	}
	ended = sandbox_exit_status(a.sandbox);
	if (a.ended_by) {
		return 128 + a.ended_by;
	}
	return ended.signal ? 128 + ended.signal : ended.code;
}
