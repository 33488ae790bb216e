#include "runner/memory.h"

#include "base/alloc.h"

enum {
	SAMPLE_MS = 100,
	SAMPLES_MAX = 1200, /* then every other one is dropped and half as many are taken */
};

static void thin(struct boot *b)
{
	struct obs_memory *m = &b->obs->memory;
	size_t kept = 0;

	for (size_t i = 0; i < m->samples.n; i += 2) {
		m->samples.v[kept++] = m->samples.v[i];
	}
	m->samples.n = kept;
	b->memory_every_ms *= 2;
}

static void sample(struct boot *b)
{
	struct obs_memory *m = &b->obs->memory;
	struct obs_memory_sample *s;
	struct sandbox_memory now;

	if (sandbox_memory(b->sb, &now, NULL)) {
		return;
	}
	if (m->samples.n >= SAMPLES_MAX) {
		thin(b);
	}
	s = ARRAY_PUSH(&m->samples);
	*s = (struct obs_memory_sample){.t_s = boot_now(b), .used = now.used, .total = now.total};
	m->peak_used = now.used > m->peak_used ? now.used : m->peak_used;
	m->peak_kernel = now.peak;
	if (now.oom_kills > m->oom_kills) {
		observation_event(b->obs, boot_now(b), "oom-kill", "%llu in all",
			(unsigned long long)now.oom_kills);
		m->oom_kills = now.oom_kills;
	}
}

static void on_tick(void *arg)
{
	struct boot *b = arg;

	sample(b);
	loop_timer_set(b->loop, &b->memory_tick, b->memory_every_ms, on_tick, b);
}

void memory_begin(struct boot *b)
{
	struct obs_memory *m = &b->obs->memory;
	const char *mechanism = sandbox_memory_mechanism(b->sb);

	if (!mechanism) {
		m->why_not = xstrdup(b->options->host->cgroup_why);
		m->remedy = xstrdup(b->options->host->cgroup_remedy);
		return;
	}
	m->mechanism = xstrdup(mechanism);
	m->limit = sandbox_memory_limit(b->sb);
	m->swap_limited = sandbox_swap_limited(b->sb);
	b->memory_every_ms = SAMPLE_MS;
	on_tick(b);
}

void memory_end(struct boot *b)
{
	loop_timer_cancel(b->loop, &b->memory_tick);
	if (b->obs->memory.mechanism) {
		sample(b);
	}
}
