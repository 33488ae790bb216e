/* What was seen, in the text report: a line for every task, with --verbose its timeline. */
#include "reports/text_parts.h"

#include "base/alloc.h"
#include "base/str.h"

static char *memory_text(const struct obs_memory *m)
{
	if (!m->mechanism) {
		return xasprintf(
			"peak %.1f MiB, no limit enforced", (double)m->peak_used / 1048576);
	}
	if (m->oom_kills) { /* what the samples saw of it is not how far it went */
		return xasprintf("killed at its limit of %.0f MiB", (double)m->limit / 1048576);
	}
	return xasprintf("peak %.1f of %.0f MiB", (double)m->peak_used / 1048576,
		(double)m->limit / 1048576);
}

static char *early_end_text(const struct obs_exit *e)
{
	return e->signal ? xasprintf("killed by signal %d after %.2f s, before it was ready",
				   e->signal, e->t_s)
			 : xasprintf("ended with exit code %d after %.2f s, before it was ready",
				   e->code, e->t_s);
}

static char *experiment_line(const struct task_observation *seen)
{
	AUTO(strv) struct strv parts = {0};

	if (seen->state == OBS_UNSERVED) {
		return xasprintf("not judged: %s", seen->why);
	}
	if (seen->state != OBS_STARTED) {
		return xasprintf("not started: %s", seen->why ? seen->why : "");
	}
	if (seen->ready) {
		strv_addf(&parts, "ready after %.2f s (%s)", seen->ready_s,
			seen->ready_by ? seen->ready_by : "it stayed alive");
	} else if (seen->exit_early.ended) {
		strv_take(&parts, early_end_text(&seen->exit_early));
	} else {
		strv_addf(&parts, "not ready within %.0f s", seen->boot_limit_s);
	}
	if (seen->killed_by_us) {
		strv_addf(&parts, "ended by the limit on %s", seen->killed_by_us);
	}
	strv_take(&parts, memory_text(&seen->memory));
	if (seen->stop.gone) {
		strv_addf(&parts, "stopped in %.3f s", seen->stop.took_s);
	} else if (seen->stop.tried) {
		strv_addf(&parts, "not stopped within %.0f s", seen->stop.limit_s);
	}
	return strv_join(&parts, ", ");
}

#define CONTACTS_SHOWN 6

/* "asked for 'db' (not known), 3 times; tcp to 192.0.2.7 port 5432" */
static char *contacts_line(const struct obs_contacts *contacts)
{
	AUTO(strv) struct strv parts = {0};

	for (size_t i = 0; i < contacts->n && i < CONTACTS_SHOWN; i++) {
		strv_take(&parts, contact_text(&contacts->v[i]));
	}
	if (contacts->n > CONTACTS_SHOWN || contacts->dropped) {
		strv_add(&parts, "and others");
	}
	return strv_join(&parts, "; ");
}

#define CALLS_SHOWN 6

/* "mount by /usr/bin/app, 3 times; bpf by several processes" */
static char *refused_line(const struct task_observation *seen)
{
	AUTO(strv) struct strv parts = {0};
	size_t n = seen->refused.n;

	for (size_t i = 0; i < n && i < CALLS_SHOWN; i++) {
		const struct obs_refused *r = &seen->refused.v[i];
		const char *by = *r->exe ? r->exe : *r->comm ? r->comm : "several processes";

		if (r->count > 1) {
			strv_addf(&parts, "%s by %s, %llu times", r->call, by,
				(unsigned long long)r->count);
		} else {
			strv_addf(&parts, "%s by %s", r->call, by);
		}
	}
	if (n > CALLS_SHOWN) {
		strv_add(&parts, "and others");
	}
	return strv_join(&parts, "; ");
}

/* whose: "db: ", or "" for the product. */
static void put_contacts(struct text *t, const char *whose, const struct task_observation *seen)
{
	const struct {
		const char *title;
		const struct obs_contacts *contacts;
	} both[] = {
		{seen->outside_drops ? "dropped" : "outside", &seen->contacts},
		{"between", &seen->between},
	};

	for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
		auto_free char *line = contacts_line(both[i].contacts);
		auto_free char *all = xasprintf("%s%s", whose, line);

		if (both[i].contacts->n) {
			put_field(t, both[i].title, all);
		}
	}
}

static void put_missed(struct text *t, uint64_t n)
{
	if (n) {
		auto_free char *line = xasprintf(
			"%llu packets came too fast to be seen: there may have been other contacts",
			(unsigned long long)n);

		put_field(t, "missed", line);
	}
}

static void put_timeline(struct text *t, const struct task_observation *seen)
{
	for (size_t i = 0; i < seen->timeline.n; i++) {
		const struct obs_event *e = &seen->timeline.v[i];
		auto_free char *line = xasprintf("%9.3f s  %s%s%s", e->t_s, e->event,
			e->detail ? ": " : "", e->detail ? e->detail : "");

		layout_tab(&t->l, COLUMN_SUMMARY);
		layout_wrap(&t->l, COLUMN_SUMMARY + 13, STYLE_DIM, line);
		layout_end(&t->l);
	}
}

static void put_services(struct text *t, const struct service_observations *services)
{
	for (size_t i = 0; i < services->n; i++) {
		const struct service_observation *s = &services->v[i];
		auto_free char *what = experiment_line(s->seen);
		auto_free char *line = xasprintf("%s: %s", s->name, what);

		put_field(t, "service", line);
		if (t->verbose) {
			auto_free char *whose = xasprintf("%s: ", s->name);

			put_contacts(t, whose, s->seen);
			put_timeline(t, s->seen);
		}
	}
}

void put_experiments(struct text *t)
{
	const struct observation *observation = t->result->observation;

	for (size_t i = 0; observation && i < observation->n; i++) {
		const struct task_observation *seen = &observation->v[i];
		auto_free char *what = experiment_line(seen);
		const char *label = !seen->task         ? "the image's own command"
				    : seen->task->label ? seen->task->label
							: seen->task->id;
		auto_free char *line = xasprintf("%s: %s", label ? label : "task", what);

		if (!i) {
			layout_end(&t->l);
		}
		put_services(t, &seen->services);
		put_field(t, "seen", line);
		put_contacts(t, "", seen);
		put_missed(t, seen->outside_missed);
		if (seen->refused.n) {
			auto_free char *refused = refused_line(seen);

			put_field(t, "refused", refused);
		}
		if (t->verbose) {
			put_timeline(t, seen);
		}
	}
}
