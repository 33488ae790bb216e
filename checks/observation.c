#include "checks/observation.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct task_observation *observation_add(struct observation *obs, const struct task *task)
{
	struct task_observation *t = ARRAY_PUSH(obs);

	t->task = task;
	return t;
}

const struct task_observation *observation_of(
	const struct observation *obs, const struct task *task)
{
	for (size_t i = 0; i < obs->n; i++) {
		if (obs->v[i].task == task) {
			return &obs->v[i];
		}
	}
	return NULL;
}

void observation_event(
	struct task_observation *t, double t_s, const char *event, const char *fmt, ...)
{
	struct obs_event *e = ARRAY_PUSH(&t->timeline);
	va_list ap;

	e->t_s = t_s;
	e->event = xstrdup(event);
	if (fmt) {
		va_start(ap, fmt);
		e->detail = xvasprintf(fmt, ap);
		va_end(ap);
	}
}

static void processes_release(struct obs_processes *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->v[i].comm);
		free(list->v[i].cmdline);
		free(list->v[i].exe);
	}
	free(list->v);
}

static void files_release(struct task_observation *t)
{
	for (size_t i = 0; i < t->files.n; i++) {
		free(t->files.v[i].path);
		free(t->files.v[i].excerpt);
	}
	free(t->files.v);
}

static void ports_release(struct task_observation *t)
{
	for (size_t i = 0; i < t->ports.n; i++) {
		free(t->ports.v[i].status_line);
		free(t->ports.v[i].location);
		free(t->ports.v[i].first_bytes);
	}
	free(t->ports.v);
}

static void smoke_release(struct task_observation *t)
{
	for (size_t i = 0; i < t->smoke.n; i++) {
		free(t->smoke.v[i].request);
		free(t->smoke.v[i].problem);
		free(t->smoke.v[i].excerpt);
	}
	free(t->smoke.v);
}

static void timeline_release(struct task_observation *t)
{
	for (size_t i = 0; i < t->timeline.n; i++) {
		free(t->timeline.v[i].event);
		free(t->timeline.v[i].detail);
	}
	free(t->timeline.v);
}

static void stream_release(struct obs_stream *stream)
{
	free(stream->head);
	free(stream->tail);
}

static bool same_contact(const struct obs_contact *a, const struct obs_contact *b)
{
	return a->instance == b->instance && a->port == b->port && a->answered == b->answered &&
	       str_eq(a->protocol, b->protocol) && str_eq(a->name, b->name) &&
	       str_eq(a->address, b->address);
}

void observation_contact(struct task_observation *t, double t_s, const struct obs_contact *contact)
{
	struct obs_contacts *all = contact->between ? &t->between : &t->contacts;
	struct obs_contact *new;

	for (size_t i = 0; i < all->n; i++) {
		if (same_contact(&all->v[i], contact)) {
			all->v[i].count++;
			return;
		}
	}
	if (all->n >= CONTACTS_MAX) {
		all->dropped++;
		return;
	}
	new = ARRAY_PUSH(all);
	*new = *contact;
	new->t_s = t_s;
	new->count = 1;
	new->name = xstrdup(contact->name);
	new->service = xstrdup(contact->service);
	new->address = xstrdup(contact->address);
}

char *contact_text(const struct obs_contact *c)
{
	auto_free char *port = c->port ? xasprintf(" port %u", c->port) : xstrdup("");
	auto_free char *to =
		c->service ? xasprintf("'%s' (%s)", c->service, c->address) : xstrdup(c->address);
	auto_free char *times = c->count > 1
					? xasprintf(", %llu times", (unsigned long long)c->count)
					: xstrdup("");

	return c->name ? xasprintf("asked for '%s'%s%s", c->name, c->answered ? "" : " (not known)",
				 times)
		       : xasprintf("%s to %s%s%s", c->protocol, to, port, times);
}

static void contacts_release(struct obs_contacts *all)
{
	for (size_t i = 0; i < all->n; i++) {
		free(all->v[i].name);
		free(all->v[i].service);
		free(all->v[i].address);
	}
	free(all->v);
}

static void refused_release(struct task_observation *t)
{
	for (size_t i = 0; i < t->refused.n; i++) {
		free(t->refused.v[i].call);
		free(t->refused.v[i].arch);
		free(t->refused.v[i].comm);
		free(t->refused.v[i].exe);
	}
	free(t->refused.v);
	free(t->refused_why);
}

struct task_observation *service_observation_add(
	struct service_observations *services, const char *name, const char *image)
{
	struct service_observation *s = ARRAY_PUSH(services);

	s->name = xstrdup(name);
	s->image = xstrdup(image);
	s->seen = xcalloc(1, sizeof(*s->seen));
	return s->seen;
}

static void task_observation_release(struct task_observation *t);

static void services_release(struct task_observation *t)
{
	for (size_t i = 0; i < t->services.n; i++) {
		struct service_observation *s = &t->services.v[i];

		task_observation_release(s->seen);
		free(s->seen);
		free(s->name);
		free(s->image);
	}
	free(t->services.v);
}

static void task_observation_release(struct task_observation *t)
{
	free(t->why);
	free(t->remedy);
	strv_release(&t->missing_env);
	strv_release(&t->command);
	free(t->world);
	free(t->ready_by);
	stream_release(&t->out);
	stream_release(&t->err);
	free(t->syslog_first);
	free(t->memory.mechanism);
	free(t->memory.why_not);
	free(t->memory.remedy);
	free(t->memory.samples.v);
	files_release(t);
	ports_release(t);
	smoke_release(t);
	free(t->load.target);
	processes_release(&t->at_rest);
	processes_release(&t->stop.survivors);
	contacts_release(&t->contacts);
	contacts_release(&t->between);
	refused_release(t);
	services_release(t);
	timeline_release(t);
}

void observation_clear(struct task_observation *t)
{
	const struct task *task = t->task;

	task_observation_release(t);
	*t = (struct task_observation){.task = task};
}

void observation_release(struct observation *obs)
{
	for (size_t i = 0; i < obs->n; i++) {
		task_observation_release(&obs->v[i]);
	}
	free(obs->v);
	*obs = (struct observation){0};
}
