#include "runner/boot.h"

#include "base/alloc.h"
#include "base/escape.h"
#include "base/sys_time.h"
#include "runner/memory.h"
#include "runner/procs.h"
#include "runner/refused.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
	SYSLOG_PORT = 514,
	DATAGRAMS_AT_ONCE = 256,
	GONE_MS = 10000, /* for the kernel to end what was killed */
	DRAIN_MS = 10000, /* for the output that is still in the pipes */
	MEMORY_MIB_MAX = 1 << 26,
	LEFT_MAX = 1024,
	SERVICE_LOG_KIB = 64, /* of a service's output, which is evidence only */
};

double boot_now(const struct boot *b)
{
	return b->started_ns ? (double)(time_now_ns() - b->started_ns) / 1e9 : 0;
}

bool boot_over(const struct boot *b)
{
	return b->ended_ns || b->obs->killed_by_us || experiment_lost(b->experiment);
}

uint64_t boot_mib(uint64_t mib)
{
	return (mib < MEMORY_MIB_MAX ? mib : MEMORY_MIB_MAX) << 20;
}

uint64_t boot_memory_limit(const struct runner_options *options, const struct task *task)
{
	uint64_t mib = options->policy->limits.default_memory;

	if (options->memory_mib) {
		mib = options->memory_mib;
	} else if (task && task->memory_maximum > 0) {
		double declared = task->memory_maximum < MEMORY_MIB_MAX ? task->memory_maximum
									: MEMORY_MIB_MAX;

		mib = (uint64_t)declared;
		mib += (double)mib < declared ? 1 : 0;
	}
	return boot_mib(mib);
}

void boot_kill(struct boot *b, const char *why)
{
	if (b->obs->killed_by_us || b->ended_ns) {
		return;
	}
	b->obs->killed_by_us = why;
	observation_event(b->obs, boot_now(b), "killed", "limit reached: %s", why);
	sandbox_kill(b->sb);
}

/* ---- what the loop tells ------------------------------------------------------------------ */

static void on_stdout(void *arg)
{
	struct boot *b = arg;

	if (capture_read(&b->out, b->out_fd)) {
		loop_forget(b->loop, b->out_fd);
		b->out_fd = -1;
	}
}

static void on_stderr(void *arg)
{
	struct boot *b = arg;

	if (capture_read(&b->err, b->err_fd)) {
		loop_forget(b->loop, b->err_fd);
		b->err_fd = -1;
	}
}

/* To the world's port 514 everybody may send; /dev/log is the instance's own. */
static bool is_ours(const struct boot *b, const struct sockaddr_in *from)
{
	return from->sin_family != AF_INET ||
	       world_instance(AF_INET, &from->sin_addr) == (int)b->number;
}

static void hear(struct boot *b, int fd)
{
	char text[512];

	for (int i = 0; i < DATAGRAMS_AT_ONCE; i++) {
		struct sockaddr_in from = {0};
		socklen_t from_len = sizeof(from);
		ssize_t got = recvfrom(fd, text, sizeof(text) - 1, MSG_DONTWAIT,
			(struct sockaddr *)&from, &from_len);

		if (got < 0) {
			return;
		}
		if (!is_ours(b, &from)) {
			continue;
		}
		text[got] = '\0';
		if (b->obs->syslog_datagrams++ == 0) {
			b->obs->syslog_first = escape_dup(ESCAPE_UTF8, text);
			observation_event(
				b->obs, boot_now(b), "syslog", "%s", b->obs->syslog_first);
		}
	}
}

static void on_dev_log(void *arg)
{
	struct boot *b = arg;

	hear(b, sandbox_syslog_fd(b->sb));
}

static void on_udp_log(void *arg)
{
	struct boot *b = arg;

	hear(b, b->syslog_fd);
}

static void note_end(struct boot *b)
{
	struct sandbox_exit e = sandbox_exit_status(b->sb);
	struct obs_exit *to = b->obs->stop.tried ? &b->obs->stop.exit : &b->obs->exit_early;

	*to = (struct obs_exit){
		.ended = true, .code = e.code, .signal = e.signal, .t_s = boot_now(b)};
	if (e.signal) {
		observation_event(b->obs, to->t_s, "exited", "SIG%s", sigabbrev_np(e.signal));
	} else {
		observation_event(b->obs, to->t_s, "exited", "code %d", e.code);
	}
}

static void on_exit_fd(void *arg)
{
	struct boot *b = arg;

	loop_forget(b->loop, sandbox_exit_fd(b->sb));
	b->ended_ns = time_now_ns();
	/* What a limit of ours has killed did not end by itself. */
	if (!b->obs->killed_by_us && !b->ending) {
		note_end(b);
	}
}

static void on_gone_fd(void *arg)
{
	struct boot *b = arg;

	loop_forget(b->loop, sandbox_gone_fd(b->sb));
	b->gone_ns = time_now_ns();
}

static void on_deadline(void *arg)
{
	boot_kill(arg, "run time");
}

static void on_limit_passed(const char *what, void *arg)
{
	boot_kill(arg, what);
}

static uint64_t count_unlinked(void *arg)
{
	const struct boot *b = arg;

	return b->ended_ns ? 0 : procs_unlinked_bytes(b->sb);
}

/* ---- beginning ---------------------------------------------------------------------------- */

/* Nobody needs it; a product that logs to a syslog server by broadcast or to its gateway is
 * seen. */
static void listen_for_syslog(struct boot *b)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(SYSLOG_PORT)};
	int fd = world_socket(b->world, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, NULL);

	if (fd < 0) {
		return;
	}
	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) ||
		loop_watch(b->loop, fd, EPOLLIN, on_udp_log, b, NULL)) {
		cleanup_fd(&fd);
		return;
	}
	b->syslog_fd = fd;
}

void boot_init(struct boot *b, struct experiment *x, unsigned number, struct task_observation *obs)
{
	const struct runner_options *o = x->options;

	*b = (struct boot){
		.experiment = x,
		.obs = obs,
		.options = o,
		.loop = &x->loop,
		.world = x->world,
		.http = x->http,
		.number = number,
		.image = o->image,
		.tree = o->tree,
		.layers = o->layers,
		.memory = boot_memory_limit(o, obs->task),
		.out_fd = -1,
		.err_fd = -1,
		.syslog_fd = -1,
	};
	(void)snprintf(b->address, sizeof(b->address), "%s", world_address(x->world, number));
	obs->outside_watched = x->watched;
	obs->outside_drops = world_outside_is(x->world) == WORLD_DROP;
	obs->ipv6 = world_ipv6(x->world);
}

static void forget_sandbox(struct boot *b)
{
	if (b->sb) {
		loop_forget(b->loop, b->out_fd);
		loop_forget(b->loop, b->err_fd);
		loop_forget(b->loop, sandbox_syslog_fd(b->sb));
		loop_forget(b->loop, sandbox_exit_fd(b->sb));
		loop_forget(b->loop, sandbox_gone_fd(b->sb));
	}
	b->out_fd = b->err_fd = -1;
}

void boot_release(struct boot *b)
{
	if (!b->options) {
		return;
	}
	experiment_leave(b->experiment, b);
	forget_sandbox(b);
	files_watch_release(&b->files);
	loop_timer_cancel(b->loop, &b->deadline);
	loop_timer_cancel(b->loop, &b->memory_tick);
	sandbox_free(b->sb);
	loop_forget(b->loop, b->syslog_fd);
	cleanup_fd(&b->syslog_fd);
	launch_release(&b->launch);
	capture_release(&b->out);
	capture_release(&b->err);
	strv_release(&b->env);
	strv_release(&b->arguments);
	free(b->name);
	*b = (struct boot){0};
}

static int plan(struct boot *b, struct err *err)
{
	const struct runner_options *o = b->options;
	const struct limits *limits = &o->policy->limits;
	struct launch_options options = {
		.image = b->image,
		.tree = b->tree,
		.layers = b->layers,
		.extra_env = &b->env,
		.arguments = &b->arguments,
		.name = b->name,
		.hostname = b->hostname,
	};
	struct sandbox_plan *p = &b->launch.plan;

	if (launch_plan(&options, &b->launch, err)) {
		return -1;
	}
	p->host = o->host;
	p->workspace = o->workspace;
	p->world = b->world;
	p->address = b->number;
	p->lower_shifted = o->layers_shifted;
	p->memory = b->memory;
	p->pids = limits->pids;
	p->cpus = (double)limits->cpus;
	p->file_size = limits->disk_mib << 20;
	p->read_only = o->policy->read_only;
	p->tracked_log = true;
	p->watch_refused = !b->unwatched && !b->service;
	return 0;
}

static void watch_files(struct boot *b)
{
	const struct limits *limits = &b->options->policy->limits;

	b->files = (struct files_watch){
		.loop = b->loop,
		.limit = {.bytes = limits->disk_mib << 20, .files = limits->files},
		.passed = on_limit_passed,
		.unlinked = count_unlinked,
		.arg = b,
	};
	files_places_add(&b->files.places, sandbox_upper(b->sb), "");
	for (size_t i = 0; i < b->launch.plan.volumes.n; i++) {
		files_places_add(
			&b->files.places, sandbox_volume(b->sb, i), b->launch.plan.volumes.v[i]);
	}
	files_watch_start(&b->files);
}

static int watch(struct boot *b, struct err *err)
{
	struct loop *l = b->loop;

	b->out_fd = sandbox_stdout(b->sb);
	b->err_fd = sandbox_stderr(b->sb);
	if (loop_watch(l, b->out_fd, EPOLLIN, on_stdout, b, err) ||
		loop_watch(l, b->err_fd, EPOLLIN, on_stderr, b, err) ||
		loop_watch(l, sandbox_exit_fd(b->sb), EPOLLIN, on_exit_fd, b, err) ||
		loop_watch(l, sandbox_gone_fd(b->sb), EPOLLIN, on_gone_fd, b, err)) {
		return -1;
	}
	if (sandbox_syslog_fd(b->sb) >= 0 &&
		loop_watch(l, sandbox_syslog_fd(b->sb), EPOLLIN, on_dev_log, b, err)) {
		return -1;
	}
	if (!b->service) {
		listen_for_syslog(b);
	}
	boot_allow(b, b->options->policy->limits.run_s * 1000);
	watch_files(b);
	memory_begin(b);
	return 0;
}

void boot_allow(struct boot *b, uint64_t ms)
{
	loop_timer_set(b->loop, &b->deadline, ms, on_deadline, b);
}

static uint64_t missed_so_far(const struct boot *b)
{
	return b->experiment->outside ? outside_catch_up(b->experiment->outside) : 0;
}

int boot_start(struct boot *b, struct err *err)
{
	uint64_t kib = b->options->policy->limits.log_kib;
	size_t cap = (size_t)(b->service && kib > SERVICE_LOG_KIB ? SERVICE_LOG_KIB : kib) * 1024;

	if (plan(b, err)) {
		return -1;
	}
	capture_init(&b->out, cap);
	capture_init(&b->err, cap);
	if (b->experiment->outside) {
		outside_name(b->experiment->outside, b->launch.hostname, b->address);
	}
	b->missed = missed_so_far(b);
	if (!b->experiment->watched) {
		observation_event(b->obs, 0, "outside-not-watched", "%s", b->experiment->why_not);
	}
	experiment_enter(b->experiment, b);
	strv_add_all(&b->obs->command, &b->launch.plan.argv);
	if (sandbox_start(&b->launch.plan, &b->sb, err)) {
		return -1;
	}
	b->started_ns = time_now_ns();
	b->obs->world = xstrdup(sandbox_describe(b->sb));
	observation_event(b->obs, boot_now(b), "started", NULL);
	return watch(b, err);
}

/* ---- waiting and ending ------------------------------------------------------------------- */

struct waiting {
	struct boot *b;
	bool (*done)(void *arg);
	void *arg;
	bool was_done;
};

static bool is_settled(void *arg)
{
	struct waiting *w = arg;

	w->was_done = w->done && w->done(w->arg);
	return w->was_done || boot_over(w->b);
}

int boot_wait(struct boot *b, uint64_t ms, bool (*done)(void *arg), void *arg, struct err *err)
{
	struct waiting w = {.b = b, .done = done, .arg = arg};

	if (loop_wait(b->loop, time_now_ns() + ms * NS_PER_MS, is_settled, &w, err) < 0) {
		return -1;
	}
	return w.was_done ? 1 : 0;
}

void boot_look(struct boot *b, struct obs_processes *ret)
{
	struct err err = {0};

	if (procs_look(b->sb, ret, &err)) {
		observation_event(b->obs, boot_now(b), "error", "%s", err.msg);
	}
}

static bool is_gone(void *arg)
{
	const struct boot *b = arg;

	return b->gone_ns != 0;
}

static bool is_drained(void *arg)
{
	const struct boot *b = arg;

	return b->out_fd < 0 && b->err_fd < 0;
}

static bool is_alive(pid_t pid)
{
	return kill(pid, 0) == 0 || errno == EPERM;
}

/* Frees the sandbox and looks whether anything of it is still there. */
static void end_sandbox(struct boot *b)
{
	pid_t pids[LEFT_MAX];
	pid_t first = sandbox_pid(b->sb);
	size_t n = 0;
	bool left = b->gone_ns == 0;

	left = sandbox_processes(b->sb, pids, LEFT_MAX, &n, NULL) || left;
	sandbox_free(b->sb);
	b->sb = NULL;
	for (size_t i = 0; i < n; i++) {
		left = left || is_alive(pids[i]);
	}
	b->obs->left_nothing = !left && !(first > 0 && is_alive(first));
}

void boot_finish(struct boot *b)
{
	loop_timer_cancel(b->loop, &b->deadline);
	loop_timer_cancel(b->loop, &b->files.timer);
	http_cancel_all(b->http);
	memory_end(b);
	b->ending = true;
	sandbox_kill(b->sb);
	(void)loop_wait(b->loop, time_now_ns() + GONE_MS * NS_PER_MS, is_gone, b, NULL);
	(void)loop_wait(b->loop, time_now_ns() + DRAIN_MS * NS_PER_MS, is_drained, b, NULL);
	b->obs->outside_missed = missed_so_far(b) - b->missed;
	forget_sandbox(b);
	if (!b->service) {
		refused_note(b);
	}
	end_sandbox(b);
	capture_finish(&b->out, &b->obs->out);
	capture_finish(&b->err, &b->obs->err);
	observation_event(b->obs, boot_now(b), "gone", NULL);
}
