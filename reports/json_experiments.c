/* "experiments": what was seen, as it was seen. */
#include "base/alloc.h"
#include "reports/parts.h"

#include <math.h>
#include <string.h>

/* Milliseconds are what is known; more digits would only look precise. */
static json_t *seconds(double t)
{
	return json_real(isfinite(t) ? round(t * 1000) / 1000 : 0);
}

static json_t *count(uint64_t n)
{
	return json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n);
}

static json_t *exit_json(const struct obs_exit *e)
{
	if (!e->ended) {
		return json_null();
	}
	return json_pack(
		"{s:i, s:i, s:o}", "code", e->code, "signal", e->signal, "t_s", seconds(e->t_s));
}

static json_t *timeline_json(const struct task_observation *t)
{
	json_t *all = json_array();

	for (size_t i = 0; i < t->timeline.n; i++) {
		const struct obs_event *e = &t->timeline.v[i];

		json_array_append_new(
			all, json_pack("{s:o, s:o, s:o}", "t_s", seconds(e->t_s), "event",
				     json_text(e->event), "detail", json_text(e->detail)));
	}
	return all;
}

static json_t *samples_json(const struct obs_memory *m)
{
	json_t *all = json_array();

	for (size_t i = 0; i < m->samples.n; i++) {
		const struct obs_memory_sample *s = &m->samples.v[i];

		json_array_append_new(
			all, json_pack("{s:o, s:o, s:o}", "t_s", seconds(s->t_s), "used",
				     count(s->used), "total", count(s->total)));
	}
	return all;
}

static json_t *memory_limit_json(const struct obs_memory *m)
{
	return json_pack("{s:o, s:o, s:o, s:b, s:o, s:o, s:o}", "mechanism",
		json_text(m->mechanism), "why_not", json_text(m->why_not), "limit", count(m->limit),
		"swap_limited", m->swap_limited, "peak_used", count(m->peak_used), "peak_kernel",
		count(m->peak_kernel), "oom_kills", count(m->oom_kills));
}

static json_t *text_of(const char *s, size_t len)
{
	return s ? json_text_n(s, len) : json_string("");
}

static json_t *stream_json(const struct obs_stream *s)
{
	return json_pack("{s:o, s:o, s:b, s:o, s:o}", "bytes", count(s->bytes), "lines",
		count(s->lines), "truncated", s->truncated, "head", text_of(s->head, s->head_len),
		"tail", text_of(s->tail, s->tail_len));
}

static json_t *logs_json(const struct task_observation *t)
{
	return json_pack("{s:o, s:o, s:{s:o, s:o}}", "stdout", stream_json(&t->out), "stderr",
		stream_json(&t->err), "syslog", "datagrams", count(t->syslog_datagrams), "first",
		json_text(t->syslog_first));
}

static json_t *files_json(const struct task_observation *t)
{
	json_t *all = json_array();

	for (size_t i = 0; i < t->files.n; i++) {
		const struct obs_file *f = &t->files.v[i];

		json_array_append_new(all,
			json_pack("{s:o, s:o, s:b, s:b, s:b, s:o, s:o, s:o}", "path",
				json_text(f->path), "size", count(f->size), "existed", f->existed,
				"grew", f->grew, "regular", f->regular, "timestamped_lines",
				count(f->timestamped_lines), "looked_at_lines",
				count(f->looked_at_lines), "excerpt", json_text(f->excerpt)));
	}
	return all;
}

static json_t *port_json(const struct obs_port *p)
{
	return json_pack("{s:i, s:b, s:s, s:b, s:b, s:b, s:i, s:o, s:o, s:b, s:b, s:b, s:b, s:o}",
		"port", (int)p->port, "declared", p->declared, "state",
		p->state == OBS_PORT_OPEN ? "open" : "closed", "listening", p->listening,
		"loopback_only", p->loopback_only, "spoke_http", p->spoke_http, "status", p->status,
		"status_line", json_text(p->status_line), "location", json_text(p->location),
		"redirect_to_https", p->redirect_to_https, "redirect_with_proto",
		p->redirect_with_proto, "tls", p->tls, "tls_required", p->tls_required,
		"first_bytes", json_text(p->first_bytes));
}

static json_t *ports_json(const struct task_observation *t)
{
	json_t *all = json_array();

	for (size_t i = 0; i < t->ports.n; i++) {
		json_array_append_new(all, port_json(&t->ports.v[i]));
	}
	return all;
}

static json_t *step_json(const struct obs_smoke_step *s)
{
	return json_pack("{s:o, s:o, s:b, s:b, s:o, s:o, s:o, s:i, s:o, s:o}", "suite",
		json_text(s->suite ? s->suite->name : NULL), "step",
		json_text(s->step ? s->step->name : NULL), "passed", s->passed, "skipped",
		s->skipped, "t_s", seconds(s->t_s), "took_s", seconds(s->took_s), "request",
		json_text(s->request), "status", s->status, "problem", json_text(s->problem),
		"excerpt", json_text(s->excerpt));
}

static json_t *smoke_json(const struct task_observation *t)
{
	json_t *all = json_array();

	for (size_t i = 0; i < t->smoke.n; i++) {
		json_array_append_new(all, step_json(&t->smoke.v[i]));
	}
	return all;
}

static json_t *contacts_json(const struct obs_contacts *contacts)
{
	json_t *all = json_array();

	for (size_t i = 0; i < contacts->n; i++) {
		const struct obs_contact *c = &contacts->v[i];
		json_t *one = json_pack("{s:o, s:o, s:i, s:s, s:o, s:i}", "t_s", seconds(c->t_s),
			"count", count(c->count), "instance", c->instance, "protocol", c->protocol,
			"address", json_text(c->address), "port", (int)c->port);

		if (c->between) {
			json_object_set_new(one, "peer", json_integer(c->peer));
			json_object_set_new(one, "service", json_text(c->service));
		} else {
			json_object_set_new(one, "name", json_text(c->name));
			json_object_set_new(one, "answered", json_boolean(c->answered));
		}
		json_array_append_new(all, one);
	}
	return all;
}

static json_t *outside_json(const struct task_observation *t)
{
	return json_pack("{s:b, s:s, s:b, s:o, s:o, s:o}", "watched", t->outside_watched, "packets",
		t->outside_drops ? "dropped" : "refused", "ipv6", t->ipv6, "contacts",
		contacts_json(&t->contacts), "dropped", count(t->contacts.dropped), "missed",
		count(t->outside_missed));
}

static json_t *between_json(const struct task_observation *t)
{
	return json_pack("{s:o, s:o}", "contacts", contacts_json(&t->between), "dropped",
		count(t->between.dropped));
}

static json_t *refused_json(const struct task_observation *t)
{
	json_t *all = json_array();

	for (size_t i = 0; i < t->refused.n; i++) {
		const struct obs_refused *r = &t->refused.v[i];

		json_array_append_new(
			all, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "t_s",
				     seconds(r->t_s), "count", count(r->count), "call",
				     json_text(r->call), "arch", json_text(r->arch), "argument",
				     r->has_argument ? json_integer(r->argument) : json_null(),
				     "comm", json_text(r->comm), "exe", json_text(r->exe)));
	}
	return json_pack("{s:b, s:o, s:o, s:o}", "watched", t->refused_watched, "why_not",
		json_text(t->refused_why), "calls", all, "missed", count(t->refused_missed));
}

/* The numbers of the signals in a mask of /proc/PID/status. */
static json_t *signals_json(uint64_t mask)
{
	json_t *all = json_array();

	for (int n = 1; n <= 64; n++) {
		if (mask >> (n - 1) & 1) {
			json_array_append_new(all, json_integer(n));
		}
	}
	return all;
}

static json_t *processes_json(const struct obs_processes *list)
{
	json_t *all = json_array();

	for (size_t i = 0; i < list->n; i++) {
		const struct obs_process *p = &list->v[i];
		char state[2] = {p->state ? p->state : '?', '\0'};

		json_array_append_new(all,
			json_pack("{s:i, s:i, s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o, s:o}}", "pid",
				p->pid, "ppid", p->ppid, "comm", json_text(p->comm), "cmdline",
				json_text(p->cmdline), "exe", json_text(p->exe), "state",
				json_text(state), "signals", "caught", signals_json(p->sig_caught),
				"ignored", signals_json(p->sig_ignored), "blocked",
				signals_json(p->sig_blocked), "pending",
				signals_json(p->sig_pending)));
	}
	return all;
}

static json_t *stop_json(const struct obs_stop *s)
{
	if (!s->tried) {
		return json_null();
	}
	return json_pack("{s:i, s:o, s:b, s:o, s:b, s:o, s:o, s:o}", "signal", s->signal, "sent_s",
		seconds(s->sent_s), "gone", s->gone, "took_s",
		s->gone ? seconds(s->took_s) : json_null(), "forced", s->forced, "limit_s",
		seconds(s->limit_s), "exit", exit_json(&s->exit), "survivors",
		processes_json(&s->survivors));
}

static json_t *ready_json(const struct task_observation *t)
{
	return json_pack("{s:b, s:o, s:o, s:o, s:b}", "ready", t->ready, "by",
		json_text(t->ready_by), "t_s", t->ready ? seconds(t->ready_s) : json_null(),
		"limit_s", seconds(t->boot_limit_s), "only_stayed_alive", t->waited_alive_only);
}

static const char *state_name(enum obs_state state)
{
	switch (state) {
	case OBS_NOT_STARTED:
		return "not-started";
	case OBS_STARTED:
		return "started";
	case OBS_UNSERVED:
		return "unserved";
	case OBS_BROKEN:
		return "broken";
	}
	return "unknown";
}

static void set(json_t *object, const char *name, json_t *value)
{
	json_object_set_new(object, name, value);
}

/* What is known of every instance, a service's too. */
static void set_instance(json_t *e, const struct task_observation *t)
{
	set(e, "state", json_string(state_name(t->state)));
	set(e, "why", json_text(t->why));
	set(e, "command", json_strv(&t->command));
	set(e, "world", json_text(t->world));
	set(e, "readiness", ready_json(t));
	set(e, "exit_early", exit_json(&t->exit_early));
	set(e, "ended_by_limit", json_text(t->killed_by_us));
	set(e, "timeline", timeline_json(t));
	set(e, "memory_limit", memory_limit_json(&t->memory));
	set(e, "logs", logs_json(t));
	set(e, "outside", outside_json(t));
	set(e, "between", between_json(t));
	set(e, "stop", stop_json(&t->stop));
	set(e, "left_nothing", json_boolean(t->left_nothing));
}

static json_t *services_json(const struct task_observation *t)
{
	json_t *all = json_array();

	for (size_t i = 0; i < t->services.n; i++) {
		const struct service_observation *s = &t->services.v[i];
		json_t *e = json_object();

		set(e, "name", json_text(s->name));
		set(e, "image", json_text(s->image));
		set_instance(e, s->seen);
		json_array_append_new(all, e);
	}
	return all;
}

static json_t *experiment_json(const struct task_observation *t)
{
	json_t *e = json_object();

	set(e, "name", json_string("boot"));
	set(e, "task", t->task ? json_text(t->task->id) : json_null());
	set_instance(e, t);
	set(e, "remedy", json_text(t->remedy));
	set(e, "missing_environment", json_strv(&t->missing_env));
	set(e, "cron", json_boolean(t->cron));
	set(e, "memory", samples_json(&t->memory));
	set(e, "ports", ports_json(t));
	set(e, "services", services_json(t));
	set(e, "refused", refused_json(t));
	set(e, "smoke", smoke_json(t));
	set(e, "written_bytes", count(t->written_bytes));
	set(e, "files_capped", json_boolean(t->files_capped));
	set(e, "files", files_json(t));
	set(e, "processes_at_rest", processes_json(&t->at_rest));
	return e;
}

json_t *experiments_json(const struct observation *observation)
{
	json_t *all = json_array();

	for (size_t i = 0; observation && i < observation->n; i++) {
		json_array_append_new(all, experiment_json(&observation->v[i]));
	}
	return all;
}
