#include "runner/ready.h"

#include "base/alloc.h"
#include "runner/talk.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

/* How long the end of a command that was killed is waited for; the disk may hold it. */
enum { COMMAND_END_MS = 2000 };

struct ready {
	struct boot *b;
	const struct ready_plan *plan;
	bool met;
	char *last; /* what the last try that failed was told */
	struct loop_timer timer;
	uint64_t delay_ms;
	struct talk talks[PORTS_MAX];
	bool open[PORTS_MAX];
	size_t talking;
	int exec_fd;
	bool exec_late;
	struct loop_timer exec_timer;
};

static void attempt(void *arg);

static void again(struct ready *r)
{
	if (r->met) {
		return;
	}
	loop_timer_set(r->b->loop, &r->timer, r->delay_ms, attempt, r);
	r->delay_ms += r->delay_ms / 2;
	r->delay_ms = r->delay_ms < r->plan->last_ms ? r->delay_ms : r->plan->last_ms;
}

static void __attribute__((format(printf, 2, 3))) told(struct ready *r, const char *fmt, ...)
{
	va_list ap;

	free(r->last);
	va_start(ap, fmt);
	r->last = xvasprintf(fmt, ap);
	va_end(ap);
}

/* ---- ports -------------------------------------------------------------------------------- */

static void on_connected(void *arg)
{
	struct ready *r = arg;
	size_t n_open = 0;

	for (size_t i = 0; i < r->plan->ports.n; i++) {
		struct talk *t = &r->talks[i];

		if (t->state == TALK_ENDED) {
			r->open[i] = t->connected;
			if (!t->connected) {
				told(r, "port %u: %s", (unsigned)r->plan->ports.v[i],
					strerror(t->error));
			}
			talk_release(t);
			r->talking--;
		}
		n_open += r->open[i] ? 1 : 0;
	}
	r->met = r->plan->kind == READY_ANY_PORT ? n_open > 0 : n_open == r->plan->ports.n;
	if (r->talking == 0) {
		again(r);
	}
}

static void try_ports(struct ready *r)
{
	for (size_t i = 0; i < r->plan->ports.n; i++) {
		struct talk_request request = {
			.address = r->b->address,
			.port = r->plan->ports.v[i],
			.connect_ms = r->plan->try_ms,
		};

		if (!r->open[i] && talk_start(&r->talks[i], r->b->loop, r->b->world, &request,
					   on_connected, r, NULL) == 0) {
			r->talking++;
		}
	}
	if (r->talking == 0) {
		again(r);
	}
}

/* ---- HTTP --------------------------------------------------------------------------------- */

static void on_answer(const struct http_response *response, void *arg)
{
	struct ready *r = arg;

	r->met = response->status >= 200 && response->status < 400;
	if (response->error) {
		told(r, "GET %s: %s", r->plan->http_path, response->error);
	} else {
		told(r, "GET %s: status %d", r->plan->http_path, response->status);
	}
	again(r);
}

static void try_http(struct ready *r)
{
	struct http_request request = {
		.address = r->b->address,
		.port = r->plan->ports.v[0],
		.path = r->plan->http_path,
		.timeout_ms = r->plan->try_ms,
	};

	if (http_start(r->b->http, &request, on_answer, r, NULL)) {
		again(r);
	}
}

/* ---- commands ----------------------------------------------------------------------------- */

static void forget_command(struct ready *r)
{
	loop_timer_cancel(r->b->loop, &r->exec_timer);
	loop_forget(r->b->loop, r->exec_fd);
}

static void on_command_end(void *arg)
{
	struct ready *r = arg;
	const char *name = r->plan->command.v[0];
	struct sandbox_exit e;

	forget_command(r);
	e = sandbox_exec_result(r->exec_fd);
	cleanup_fd(&r->exec_fd);
	r->exec_fd = -1;
	r->met = e.ended && e.signal == 0 && e.code == 0 && !r->exec_late;
	if (r->exec_late) {
		told(r, "'%s' took longer than %llu ms", name, (unsigned long long)r->plan->try_ms);
	} else if (e.signal) {
		told(r, "'%s' was killed by SIG%s", name, sigabbrev_np(e.signal));
	} else {
		told(r, "'%s' ended with %d", name, e.code);
	}
	again(r);
}

/* As Docker does; else those that hang would pile up, try by try, and count as the product's. */
static void on_command_late(void *arg)
{
	struct ready *r = arg;

	r->exec_late = true;
	sandbox_exec_kill(r->exec_fd);
}

/* Whatever it is doing. */
static void end_command(struct ready *r)
{
	struct pollfd p = {.fd = r->exec_fd, .events = POLLIN};

	forget_command(r);
	if (r->exec_fd >= 0) {
		sandbox_exec_kill(r->exec_fd);
		if (poll(&p, 1, COMMAND_END_MS) > 0) {
			(void)sandbox_exec_result(r->exec_fd);
		}
		cleanup_fd(&r->exec_fd);
		r->exec_fd = -1;
	}
}

static void try_command(struct ready *r)
{
	struct err err = {0};

	if (sandbox_exec(r->b->sb, &r->plan->command, &r->exec_fd, &err)) {
		r->exec_fd = -1;
		told(r, "'%s': %s", r->plan->command.v[0], err.msg);
		again(r);
		return;
	}
	r->exec_late = false;
	loop_timer_set(r->b->loop, &r->exec_timer, r->plan->try_ms, on_command_late, r);
	if (loop_watch(r->b->loop, r->exec_fd, EPOLLIN, on_command_end, r, &err)) {
		end_command(r);
		told(r, "'%s': %s", r->plan->command.v[0], err.msg);
		again(r);
	}
}

/* ---- a line of the log -------------------------------------------------------------------- */

static void on_line(const char *line, size_t len, void *arg)
{
	struct ready *r = arg;

	(void)len;
	r->met = r->met || regular_find(r->plan->log, line);
}

static void listen_to_log(struct ready *r)
{
	r->b->out.on_line = r->b->err.on_line = on_line;
	r->b->out.arg = r->b->err.arg = r;
}

static void attempt(void *arg)
{
	struct ready *r = arg;

	switch (r->plan->kind) {
	case READY_HTTP:
		try_http(r);
		break;
	case READY_COMMAND:
		try_command(r);
		break;
	case READY_PORTS:
	case READY_ANY_PORT:
		try_ports(r);
		break;
	case READY_LOG:
	case READY_ALIVE:
	case READY_CRON:
		break;
	}
}

/* ---- waiting ------------------------------------------------------------------------------ */

static void ready_release(struct ready *r)
{
	loop_timer_cancel(r->b->loop, &r->timer);
	end_command(r);
	for (size_t i = 0; i < r->plan->ports.n; i++) {
		talk_release(&r->talks[i]);
	}
	http_cancel_all(r->b->http);
	r->b->out.on_line = r->b->err.on_line = NULL;
	free(r->last);
}

static bool is_met(void *arg)
{
	const struct ready *r = arg;

	return r->met;
}

/* Alive for its while, or ended with 0: what decides is how the wait ended. */
static bool met_by_waiting(const struct ready *r)
{
	const struct obs_exit *e = &r->b->obs->exit_early;

	if (r->plan->kind == READY_ALIVE) {
		return !boot_over(r->b);
	}
	return r->plan->kind == READY_CRON && e->ended && e->code == 0;
}

static void conclude(struct ready *r)
{
	struct task_observation *obs = r->b->obs;

	obs->ready = r->met || met_by_waiting(r);
	if (obs->ready) {
		obs->ready_s = boot_now(r->b);
		obs->log_bytes_at_ready = r->b->out.bytes + r->b->err.bytes;
		observation_event(obs, obs->ready_s, "ready", "%s", r->plan->text);
	} else {
		observation_event(obs, boot_now(r->b), "not-ready", "waited for: %s%s%s",
			r->plan->text, r->last ? "; last: " : "", r->last ? r->last : "");
	}
}

int ready_wait(struct boot *b, const struct ready_plan *plan, struct err *err)
{
	AUTO(ready)
	struct ready r = {.b = b, .plan = plan, .delay_ms = plan->first_ms, .exec_fd = -1};
	uint64_t limit_s = plan->limit_s;

	b->obs->ready_by = xstrdup(plan->text);
	b->obs->cron = plan->kind == READY_CRON;
	b->obs->waited_alive_only = plan->kind == READY_ALIVE;
	b->obs->boot_limit_s = (double)limit_s;
	if (plan->kind == READY_LOG) {
		listen_to_log(&r);
	}
	if (plan->kind == READY_ALIVE) {
		limit_s = b->options->policy->limits.alive_s;
	}
	attempt(&r);
	if (boot_wait(b, limit_s * 1000, is_met, &r, err) < 0) {
		return -1;
	}
	conclude(&r);
	return 0;
}

static bool can_be_asked(const struct ready_plan *plan)
{
	return plan->kind == READY_HTTP || plan->kind == READY_COMMAND ||
	       plan->kind == READY_PORTS || plan->kind == READY_ANY_PORT;
}

int ready_again(struct boot *b, const struct ready_plan *plan, char **ret_told, struct err *err)
{
	AUTO(ready)
	struct ready r = {.b = b, .plan = plan, .delay_ms = plan->first_ms, .exec_fd = -1};

	*ret_told = NULL;
	if (boot_over(b) || !can_be_asked(plan)) {
		return boot_over(b) ? 0 : 1;
	}
	attempt(&r);
	if (boot_wait(b, plan->try_ms, is_met, &r, err) < 0) {
		return -1;
	}
	*ret_told = r.met ? NULL : steal_ptr(r.last);
	return r.met ? 1 : 0;
}
