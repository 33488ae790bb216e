/* Did it stay within the memory that it declares? Only an enforced limit proves it. */
#include "checks/seen.h"

#include "checks/check.h"

#include "base/alloc.h"

enum { SAMPLES_SHOWN = 40 };

#define MIB_BYTES 1048576.0
#define MIB_MAX 1e9 /* no machine has a petabyte */

/* What run-time systems say when memory ran out; these words have no other meaning. */
static const char *const exhausted[] = {"java.lang.OutOfMemoryError", "std::bad_alloc",
	"JavaScript heap out of memory", "fatal error: runtime: out of memory",
	"OutOfMemoryException", "Allowed memory size of", NULL};
/* These may be about something else. */
static const char *const suspicious[] = {
	"Cannot allocate memory", "out of memory", "MemoryError", NULL};

static const char *says_any(const struct task_observation *t, const char *const *texts)
{
	for (; *texts; texts++) {
		if (seen_says(t, *texts)) {
			return *texts;
		}
	}
	return NULL;
}

static json_t *timeline(const struct obs_memory *m)
{
	size_t step = m->samples.n / SAMPLES_SHOWN + 1;
	json_t *list = json_array();

	for (size_t i = 0; i < m->samples.n; i += step) {
		const struct obs_memory_sample *s = &m->samples.v[i];

		json_array_append_new(list, json_pack("[o, I, I]", seen_seconds(s->t_s),
						    (json_int_t)s->used, (json_int_t)s->total));
	}
	return list;
}

static json_t *describe(const struct task_observation *t)
{
	const struct obs_memory *m = &t->memory;

	return json_pack("{s:o, s:I, s:b, s:I, s:I, s:I, s:o, s:I, s:I, s:o}", "mechanism",
		json_text(m->mechanism), "limit_bytes", (json_int_t)m->limit, "swap_off",
		m->swap_limited, "peak_used_bytes", (json_int_t)m->peak_used,
		"peak_with_page_cache_bytes", (json_int_t)m->peak_kernel, "oom_kills",
		(json_int_t)m->oom_kills, "load", json_text(t->load.target), "load_answered",
		(json_int_t)t->load.answered, "load_failed", (json_int_t)t->load.failed,
		"samples_s_used_total", timeline(m));
}

/* In bytes, fractions of a MiB rounded up as the runner does; 0: nobody declares one. */
static double declared_limit(const struct check_context *ctx)
{
	uint64_t mib;

	if (ctx->memory_mib) {
		return (double)ctx->memory_mib * MIB_BYTES;
	}
	if (!ctx->task || ctx->task->memory_maximum <= 0 || ctx->task->memory_maximum > MIB_MAX) {
		return 0;
	}
	mib = (uint64_t)ctx->task->memory_maximum;
	return (double)(mib + ((double)mib < ctx->task->memory_maximum ? 1 : 0)) * MIB_BYTES;
}

/* Whether the limit was there at all. */
static bool was_enforced(const struct check_context *ctx, struct outcome *out)
{
	const struct task_observation *t = ctx->observation;
	const struct obs_memory *m = &t->memory;
	double declared = declared_limit(ctx);

	if (!t->world) {
		outcome_not_tested(out, "see bootstraps", "its command could not be executed");
	} else if (declared <= 0) {
		outcome_not_tested(out,
			"declare the task's memory_maximum, or give a limit in MiB with --memory",
			"no memory limit is declared");
	} else if (!m->mechanism) {
		outcome_not_tested(out,
			m->remedy && *m->remedy ? m->remedy
						: "run where a memory control group can be used",
			"nothing enforced the limit: %s",
			m->why_not && *m->why_not ? m->why_not : "no usable control group");
	} else if (m->limit == 0 || (double)m->limit > declared) {
		outcome_not_tested(out, "see what assay doctor says of the control groups",
			"the kernel's limit was %llu bytes, not the %.0f declared",
			(unsigned long long)m->limit, declared);
	} else if (!m->swap_limited) {
		outcome_not_tested(out,
			"turn swap off, or boot with swapaccount=1 so that it can be limited",
			"swap could not be limited, so the product may have used more than memory");
	} else {
		return true;
	}
	return false;
}

/* Whether it did enough to tell. */
static bool was_exercised(const struct task_observation *t, struct outcome *out)
{
	auto_free char *cut = seen_cut_short(t);

	if (!t->ready) {
		outcome_not_tested(out, "see bootstraps for what kept it from becoming ready",
			"it did not become ready");
	} else if (cut && !t->cron) {
		outcome_not_tested(out, "see bootstraps", "%s", cut);
	} else if (t->load.tried && t->load.answered == 0) {
		outcome_not_tested(out, "see what it says of requests",
			"no request of the load (%s) was "
			"answered",
			t->load.target);
	} else {
		return true;
	}
	return false;
}

static void judge_use(const struct task_observation *t, struct outcome *out)
{
	const struct obs_memory *m = &t->memory;
	const char *text = says_any(t, suspicious);

	if (text) {
		outcome_warn(out, "output", describe(t), "its output says '%s'", text);
		return;
	}
	outcome_evidence(out, describe(t));
	outcome_summary(out, "at most %.1f of %.0f MiB used, held by %s%s",
		(double)m->peak_used / MIB_BYTES, (double)m->limit / MIB_BYTES, m->mechanism,
		t->load.tried ? "" : "; without a load, as no port speaks HTTP");
}

static int run(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	const struct task_observation *t = ctx->observation;
	const char *text = says_any(t, exhausted);

	(void)err;
	if (declared_limit(ctx) > 0 && t->memory.oom_kills) {
		outcome_fail(out, "oom-kill", describe(t),
			"the kernel killed %llu of its processes at the limit of %.0f MiB",
			(unsigned long long)t->memory.oom_kills,
			(double)t->memory.limit / MIB_BYTES);
		return 0;
	}
	if (!was_enforced(ctx, out)) {
		outcome_evidence(out, describe(t));
		return 0;
	}
	if (text) {
		outcome_fail(out, "allocation", describe(t),
			"within the limit of %.0f MiB it ran out of memory: its output says '%s'",
			(double)t->memory.limit / MIB_BYTES, text);
	} else if (was_exercised(t, out)) {
		judge_use(t, out);
	} else {
		outcome_evidence(out, describe(t));
	}
	return 0;
}

const struct check check_memory_held = {
	.id = "memory-held",
	.requirement = "R10",
	.title = "it stays within the memory that it declares",
	.reason = "a platform reserves what is declared, and kills what takes more",
	.remedy = "declare what it really needs, or bound its caches, pools and heap (-Xmx, "
		  "--max-old-space-size, worker counts) below the limit",
	.stage = STAGE_DYNAMIC,
	.needs = NEEDS_BOOT | NEEDS_EXECUTABLE,
	.per_task = true,
	.run = run,
};
