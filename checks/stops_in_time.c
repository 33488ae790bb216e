/* Was everything gone in time after the stop signal? On failure: who stayed, and why. */
#include "checks/seen.h"

#include "checks/check.h"

#include "base/alloc.h"

static bool has_signal(uint64_t mask, int signal)
{
	return signal >= 1 && signal <= 64 && (mask >> (signal - 1) & 1);
}

/* Why this process is still there: signal(7), pid_namespaces(7). */
static const char *why_alive(const struct obs_process *p, int signal)
{
	if (has_signal(p->sig_ignored, signal)) {
		return "ignores the signal";
	}
	if (has_signal(p->sig_caught, signal)) {
		return "has a handler for the signal, and did not end";
	}
	if (has_signal(p->sig_blocked, signal)) {
		return "blocks the signal";
	}
	if (p->pid == 1) {
		return "has no handler for the signal, and the kernel drops such a signal for PID 1";
	}
	return "never got the signal: it has no handler, so it would have ended";
}

static json_t *describe_process(const struct obs_process *p, int signal)
{
	char state[2] = {p->state ? p->state : '?', '\0'};

	return json_pack("{s:i, s:i, s:o, s:o, s:o, s:s, s:s}", "pid", p->pid, "ppid", p->ppid,
		"comm", json_text(p->comm), "cmdline", json_text(p->cmdline), "exe",
		json_text(p->exe), "state", state, "why", why_alive(p, signal));
}

static json_t *describe(const struct task_observation *t, const struct edition *edition)
{
	const struct obs_stop *s = &t->stop;
	auto_free char *name = seen_signal(s->signal);
	auto_free char *exit = s->exit.ended ? seen_exit(&s->exit) : NULL;
	json_t *survivors = json_array();

	for (size_t i = 0; i < s->survivors.n; i++) {
		json_array_append_new(survivors, describe_process(&s->survivors.v[i], s->signal));
	}
	return json_pack("{s:s, s:I, s:b, s:o, s:b, s:o, s:o, s:o}", "signal", name, "limit_ms",
		(json_int_t)edition->stop_limit_ms, "gone_by_itself", s->gone, "took_s",
		s->gone ? seen_seconds(s->took_s) : json_null(), "killed", s->forced, "exit",
		json_text(exit), "alive_at_the_limit", survivors, "under_load",
		json_text(t->load.target));
}

/* "PID 1 (python3) has no handler for SIGTERM, and ..." for the one that matters most. */
static char *blame(const struct obs_stop *s)
{
	const struct obs_process *p = s->survivors.n ? &s->survivors.v[0] : NULL;
	auto_free char *name = seen_signal(s->signal);

	if (!p) {
		return xstrdup("");
	}
	if (p->pid == 1 &&
		!has_signal(p->sig_ignored | p->sig_caught | p->sig_blocked, s->signal)) {
		return xasprintf(
			"; PID 1 (%s) has no handler for %s, and the kernel drops such a "
			"signal for PID 1: start it under an init shim (tini) or add a handler",
			p->comm, name);
	}
	return xasprintf("; PID %d (%s) %s", p->pid, p->comm, why_alive(p, s->signal));
}

static void judge(const struct check_context *ctx, struct outcome *out)
{
	const struct task_observation *t = ctx->observation;
	const struct obs_stop *s = &t->stop;
	double limit_s = (double)ctx->edition->stop_limit_ms / 1000;
	auto_free char *name = seen_signal(s->signal);
	auto_free char *who = blame(s);

	if (s->gone && s->took_s <= limit_s) {
		outcome_evidence(out, describe(t, ctx->edition));
		outcome_summary(out, "gone %.3f s after %s", s->took_s, name);
	} else if (s->gone) {
		outcome_fail(out, "stop", describe(t, ctx->edition),
			"it took %.3f s to stop after %s, more than %g s%s", s->took_s, name,
			limit_s, who);
	} else {
		outcome_fail(out, "stop", describe(t, ctx->edition),
			"it was still running %g s after %s (%zu process%s)%s", limit_s, name,
			s->survivors.n, s->survivors.n == 1 ? "" : "es", who);
	}
}

/* A job whose whole life is shorter than the limit is always gone in time. */
static void judge_cron(const struct check_context *ctx, struct outcome *out)
{
	double took_s = ctx->observation->exit_early.t_s;

	if (took_s * 1000 <= (double)ctx->edition->stop_limit_ms) {
		outcome_not_applicable(
			out, "a cron task that ends by itself, after %.2f s", took_s);
	} else {
		outcome_not_tested(out, "test it with work that takes longer",
			"a cron task; it had ended by itself, after %.2f s", took_s);
	}
}

static int run(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	const struct task_observation *t = ctx->observation;
	auto_free char *cut = seen_cut_short(t);

	(void)err;
	if (t->cron) {
		judge_cron(ctx, out);
	} else if (!t->stop.tried || (!t->stop.gone && !t->stop.forced)) {
		outcome_not_tested(out, "see bootstraps", "it could not be stopped: %s",
			cut ? cut : "the run was cut short");
	} else {
		judge(ctx, out);
	}
	return 0;
}

const struct check check_stops_in_time = {
	.id = "stops-in-time",
	.requirement = "R13",
	.title = "it stops within the time that the specification gives it",
	.reason =
		"a platform moves and updates instances by stopping them, and kills what does not "
		"stop: requests and data are lost",
	.remedy =
		"handle the stop signal in the entry process; with a shell entry use exec; with a "
		"program that has no handler use an init shim such as tini; or declare the signal "
		"that it understands with STOPSIGNAL",
	.stage = STAGE_DYNAMIC,
	.needs = NEEDS_READY | NEEDS_EXECUTABLE,
	.per_task = true,
	.run = run,
};
