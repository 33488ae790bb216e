#include "runner/services.h"

#include "base/alloc.h"
#include "base/sys_time.h"
#include "checks/seen.h"
#include "runner/ready.h"
#include "runner/stop.h"

#include <stdarg.h>
#include <stdio.h>

#define DOCTOR "see what `assay doctor` says of this machine"

enum {
	/* What a boot of the product takes beyond its run time: to be ended, drained, looked at. */
	BEYOND_MS = 60000,
	SETTLE_MS = 2000, /* a service closes its connections before it ends */
	LAST_LINES = 3,
};

/* The first problem counts. remedy NULL: the usual one. */
static void __attribute__((format(printf, 4, 5)))
problem(struct services *s, const struct service_run *r, const char *remedy, const char *fmt, ...)
{
	const char *name = r->spec->name;
	auto_free char *what = NULL;
	va_list ap;

	if (s->problem) {
		return;
	}
	va_start(ap, fmt);
	what = xvasprintf(fmt, ap);
	va_end(ap);
	s->culprit = r;
	s->problem = xasprintf("service '%s' %s", name, what);
	s->remedy = remedy ? xstrdup(remedy)
			   : xasprintf("mend \"x-assay\".\"services\" of the product file (image, "
				       "environment, memory, readiness), or give an image "
				       "with --service %s=IMAGE, and what it has to be told "
				       "with --service-env %s:KEY=VALUE",
				     name, name);
}

/* Why one is over, or NULL while it is not; the caller frees. */
static char *how_it_ended(const struct service_run *r)
{
	const struct task_observation *t = r->boot.obs;
	auto_free char *how = NULL;

	if (t->killed_by_us) {
		return xasprintf("was ended by its limit on %s", t->killed_by_us);
	}
	if (!t->exit_early.ended) {
		return NULL;
	}
	how = seen_exit(&t->exit_early);
	if (t->memory.oom_kills) {
		return xasprintf("was killed at its memory limit of %llu MiB after %.2f s (%s)",
			(unsigned long long)(r->boot.memory >> 20), t->exit_early.t_s, how);
	}
	return xasprintf("ended after %.2f s (%s)", t->exit_early.t_s, how);
}

/* Whether one that was ready is over now: a problem. */
static bool is_one_lost(struct services *s, const char *when)
{
	const struct boot *lost = experiment_lost(s->experiment);

	for (size_t i = 0; lost && i < s->n; i++) {
		if (&s->v[i].boot == lost) {
			auto_free char *how = how_it_ended(&s->v[i]);

			problem(s, &s->v[i], NULL, "%s, %s", how ? how : "was ended", when);
		}
	}
	return lost != NULL;
}

/* ---- starting ----------------------------------------------------------------------------- */

static void plan_boot(struct service_run *r, const char *name)
{
	const struct runner_service *spec = r->spec;
	const struct service *declared = spec->declared;
	struct boot *b = &r->boot;
	uint64_t mib = declared && declared->memory ? declared->memory
						    : b->options->policy->limits.service_memory;

	b->service = true;
	b->image = spec->image;
	b->tree = spec->tree;
	b->layers = spec->layers;
	b->hostname = spec->name;
	b->memory = boot_mib(mib);
	b->name = xasprintf("%s-%s", name, spec->name);
	strv_add_all(&b->env, &spec->env);
}

static int begin(struct services *s, struct service_run *r)
{
	struct err err = {0};

	if (boot_start(&r->boot, &err) == 0) {
		r->boot.obs->state = OBS_STARTED;
		return 0;
	}
	r->boot.obs->why = xstrdup(err.msg);
	if (err.code == ERR_MALFORMED) {
		problem(s, r, NULL, "cannot be executed: %s", err.msg);
	} else {
		problem(s, r, DOCTOR, "cannot be started: %s", err.msg);
	}
	return -1;
}

static int wait_until_ready(struct services *s, struct service_run *r)
{
	const struct task_observation *t = r->boot.obs;
	auto_free char *how = NULL;
	struct err err = {0};

	if (ready_wait(&r->boot, &r->plan, &err)) {
		problem(s, r, NULL, "could not be waited for: %s", err.msg);
		return -1;
	}
	how = how_it_ended(r);
	if (how) {
		problem(s, r, NULL, "%s before it was ready (%s)", how, r->plan.text);
		return -1;
	}
	if (is_one_lost(s, "while others were started")) {
		return -1;
	}
	if (!t->ready) {
		const char *last = seen_event(t, "not-ready");

		problem(s, r, NULL, "was not ready within %g s: %s", t->boot_limit_s,
			last ? last : r->plan.text);
		return -1;
	}
	return 0;
}

static int start_one(struct services *s, struct service_run *r, const char *name)
{
	const struct runner_service *spec = r->spec;
	struct err err = {0};

	if (!spec->image) {
		r->boot.obs->why = xstrdup(spec->why);
		problem(s, r, NULL, "%s", spec->why);
		return -1;
	}
	if (!s->experiment->outside) {
		problem(s, r, DOCTOR, "cannot be found by its name: %s", s->experiment->why_not);
		return -1;
	}
	if (ready_plan(spec->image->config, spec->declared ? &spec->declared->readiness : NULL,
		    NULL, &s->experiment->options->policy->limits, &r->plan, &err)) {
		problem(s, r, NULL, "cannot be waited for: %s", err.msg);
		return -1;
	}
	plan_boot(r, name);
	return begin(s, r) || wait_until_ready(s, r) ? -1 : 0;
}

static size_t count_of(const struct runner_services *all, const struct task *task)
{
	size_t n = 0;

	for (size_t i = 0; all && i < all->n; i++) {
		n += all->v[i].task == task ? 1 : 0;
	}
	return n;
}

int services_start(struct services *s, struct experiment *x, const struct task *task,
	const char *name, struct service_observations *observations)
{
	const struct runner_services *all = x->options->services;
	size_t n = count_of(all, task);

	*s = (struct services){.experiment = x};
	if (!n) {
		return 0;
	}
	/* They are known by their addresses, so there is no growing afterwards. */
	s->v = xcalloc(n, sizeof(*s->v));
	for (size_t i = 0; i < all->n; i++) {
		const struct runner_service *spec = &all->v[i];
		struct service_run *r = &s->v[s->n];

		if (spec->task != task) {
			continue;
		}
		r->spec = spec;
		boot_init(&r->boot, x, EXPERIMENT_SERVICE + (unsigned)s->n,
			service_observation_add(observations, spec->name, spec->reference));
		s->n++;
		services_allow(s);
		if (s->n > EXPERIMENT_SERVICES_MAX) {
			problem(s, r, "declare fewer services",
				"is one more than the %d that there may be",
				EXPERIMENT_SERVICES_MAX);
			return -1;
		}
		if (start_one(s, r, name)) {
			return -1;
		}
	}
	return 0;
}

static bool is_running(const struct service_run *r)
{
	return r->boot.sb && !r->boot.ended_ns && !r->boot.obs->killed_by_us;
}

void services_allow(struct services *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (is_running(&s->v[i])) {
			boot_allow(&s->v[i].boot,
				s->experiment->options->policy->limits.run_s * 1000 + BEYOND_MS);
		}
	}
}

/* ---- while the product runs, and after ---------------------------------------------------- */

static bool is_lost(void *arg)
{
	return experiment_lost(arg) != NULL;
}

static bool all_ended(void *arg)
{
	const struct services *s = arg;

	for (size_t i = 0; i < s->n; i++) {
		if (s->v[i].boot.sb && !s->v[i].boot.ended_ns) {
			return false;
		}
	}
	return true;
}

static void ask(struct services *s, struct service_run *r)
{
	auto_free char *told = NULL;
	struct err err = {0};
	int rc = ready_again(&r->boot, &r->plan, &told, &err);

	if (rc < 0) {
		problem(s, r, DOCTOR, "could not be asked again: %s", err.msg);
	} else if (rc == 0 && !is_one_lost(s, "when the product had run")) {
		problem(s, r, NULL, "was not ready any more when the product had run (%s)%s%s",
			r->plan.text, told ? ": " : "", told ? told : "");
	}
}

void services_check(struct services *s, bool trouble)
{
	struct experiment *x = s->experiment;

	if (!s->n || s->problem) {
		return;
	}
	if (trouble) {
		(void)loop_wait(&x->loop, time_now_ns() + SETTLE_MS * NS_PER_MS, is_lost, x, NULL);
	}
	if (is_one_lost(s, "while the product ran")) {
		return;
	}
	for (size_t i = 0; i < s->n && !s->problem; i++) {
		ask(s, &s->v[i]);
	}
}

static void end_one(struct service_run *r)
{
	struct boot *b = &r->boot;

	if (!b->sb) {
		return;
	}
	if (b->obs->stop.tried && b->ended_ns) {
		stop_note(b);
	} else if (b->obs->stop.tried) {
		b->obs->stop.forced = true;
		observation_event(b->obs, boot_now(b), "killed", "it did not stop by itself");
	}
	boot_finish(b);
}

static void add_last_words(struct services *s)
{
	auto_free char *words = NULL;
	auto_free char *before = NULL;

	if (!s->culprit) {
		return;
	}
	words = seen_last_words(s->culprit->boot.obs, LAST_LINES);
	if (*words) {
		before = s->problem;
		s->problem = xasprintf("%s; it said last: %s", before, words);
	}
}

void services_stop(struct services *s)
{
	uint64_t limit_ms;

	if (!s->n) {
		return;
	}
	limit_ms = s->experiment->options->edition->stop_limit_ms;
	for (size_t i = 0; i < s->n; i++) {
		struct service_run *r = &s->v[i];

		if (is_running(r)) {
			r->boot.obs->stop.limit_s = (double)limit_ms / 1e3;
			(void)stop_send(&r->boot, NULL);
		}
	}
	(void)loop_wait(
		&s->experiment->loop, time_now_ns() + limit_ms * NS_PER_MS, all_ended, s, NULL);
	for (size_t i = 0; i < s->n; i++) {
		end_one(&s->v[i]);
	}
	add_last_words(s);
}

void services_release(struct services *s)
{
	for (size_t i = 0; i < s->n; i++) {
		boot_release(&s->v[i].boot);
		ready_plan_release(&s->v[i].plan);
	}
	free(s->v);
	free(s->problem);
	free(s->remedy);
	*s = (struct services){0};
}
