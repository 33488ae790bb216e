/* Did it become ready by itself? What it waited for, and what it said when it did not. */
#include "checks/seen.h"

#include "checks/check.h"

#include "base/alloc.h"

#include <string.h>

enum { LINES = 10, HOST_MAX = 256 };

static json_t *evidence_of(const struct task_observation *t)
{
	json_t *e = json_pack("{s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o}", "command",
		json_strv(&t->command), "world", json_text(t->world), "waited_for",
		json_text(t->ready_by), "ready", t->ready, "ready_s",
		t->ready ? seen_seconds(t->ready_s) : json_null(), "limit_s",
		seen_seconds(t->boot_limit_s), "timeline", seen_timeline(t), "last_lines",
		seen_last_lines(t, LINES));

	return e;
}

/* "https://fhir.example.org:8443/r4" gives "fhir.example.org". */
static bool host_of(const char *uri, char host[HOST_MAX])
{
	const char *at = uri ? strstr(uri, "://") : NULL;
	size_t len;

	at = at ? at + 3 : uri ? uri : "";
	len = strcspn(at, ":/?# ");
	if (len < 4 || len >= HOST_MAX || !memchr(at, '.', len)) {
		return false;
	}
	memcpy(host, at, len);
	host[len] = '\0';
	return true;
}

/* A destination that the product file declares, nobody gave it, and that its output names. */
static const char *missed_destination(const struct check_context *ctx, char host[HOST_MAX])
{
	for (size_t i = 0; ctx->product && i < ctx->product->networking.n; i++) {
		const struct interface *to = &ctx->product->networking.v[i];

		if ((host_of(to->uri, host) || host_of(to->name, host)) &&
			seen_says(ctx->observation, host)) {
			return host;
		}
	}
	return NULL;
}

/* Was it perhaps kept from starting by what it declares to need and was not given? */
static bool lacked_something(const struct check_context *ctx, struct outcome *out)
{
	char host[HOST_MAX];
	const char *missed = missed_destination(ctx, host);

	if (missed) {
		outcome_not_tested(out,
			"give it the destination as a service, or a value that makes it do without",
			"not ready, and its output names '%s', a declared destination that it was "
			"not given",
			missed);
	} else if (ctx->product && ctx->product->n_runtime_dependencies) {
		outcome_not_tested(out, "give it what it depends on as a service",
			"not ready, and it declares %zu runtime dependencies that it was not given",
			ctx->product->n_runtime_dependencies);
	}
	return missed || (ctx->product && ctx->product->n_runtime_dependencies);
}

/* Why nothing could be reached, when the kernel knows: it listens, but elsewhere. */
static char *elsewhere(const struct task_observation *t)
{
	const struct obs_port *other = NULL;
	bool closed = false;

	for (size_t i = 0; i < t->ports.n; i++) {
		const struct obs_port *p = &t->ports.v[i];

		if (p->declared && p->loopback_only) {
			return xasprintf(
				"; port %u is listened on, but only on the loopback address",
				(unsigned)p->port);
		}
		closed = closed || (p->declared && !p->listening);
		other = !p->declared && p->listening ? p : other;
	}
	if (closed && other) {
		return xasprintf(
			"; it listens on port %u, which is not declared", (unsigned)other->port);
	}
	return xstrdup("");
}

static void judge_end(const struct task_observation *t, struct outcome *out)
{
	auto_free char *how = seen_exit(&t->exit_early);
	auto_free char *last = seen_last_line(t);

	if (t->ready) {
		outcome_fail(out, "ended", evidence_of(t),
			"it became ready after %.2f s and ended by itself after %.2f s (%s)",
			t->ready_s, t->exit_early.t_s, how);
	} else {
		outcome_fail(out, "ended", evidence_of(t),
			"it ended after %.2f s (%s) before it was ready%s%s%s%s", t->exit_early.t_s,
			how,
			t->memory.oom_kills ? "; the kernel killed it at its memory limit" : "",
			*last ? "; it said last: '" : "", last, *last ? "'" : "");
	}
}

static void judge_not_ready(const struct task_observation *t, struct outcome *out)
{
	auto_free char *where = elsewhere(t);
	auto_free char *said = seen_last_line(t);
	const char *last = seen_event(t, "not-ready");

	outcome_fail(out, "not ready", evidence_of(t), "not ready within %g s: %s%s%s%s%s",
		t->boot_limit_s, last ? last : t->ready_by, where, *said ? "; it said last: '" : "",
		said, *said ? "'" : "");
}

static void judge_killed(const struct check_context *ctx, struct outcome *out)
{
	const struct task_observation *t = ctx->observation;
	const struct limits *limits = &ctx->policy->limits;

	if (str_eq(t->killed_by_us, "disk")) {
		outcome_fail(out, "disk", evidence_of(t),
			"it was ended for writing more than the %llu MiB that an instance may",
			(unsigned long long)limits->disk_mib);
	} else if (str_eq(t->killed_by_us, "files")) {
		outcome_fail(out, "files", evidence_of(t),
			"it was ended for making more than the %llu files that an instance may",
			(unsigned long long)limits->files);
	} else {
		outcome_fail(out, "run time", evidence_of(t),
			"it was ended after %llu s, not ready yet",
			(unsigned long long)limits->run_s);
	}
}

static void judge_ready(const struct task_observation *t, struct outcome *out)
{
	outcome_evidence(out, evidence_of(t));
	outcome_summary(out, "ready after %.2f s: %s%s", t->ready_s, t->ready_by,
		t->waited_alive_only ? ", as there is no port, health check or readiness to ask"
				     : "");
}

static int run(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	const struct task_observation *t = ctx->observation;
	const char *refused = seen_event(t, "not-executed");
	/* The kernel's kill at the limit, once it was ready, is memory-held's to judge. */
	bool oom_later = t->ready && t->memory.oom_kills;

	(void)err;
	if (refused) {
		outcome_fail(out, "not executed", evidence_of(t),
			"its command could not be executed: %s", refused);
	} else if (t->killed_by_us && (!t->ready || !str_eq(t->killed_by_us, "run time"))) {
		judge_killed(ctx, out);
	} else if (!t->ready && lacked_something(ctx, out)) {
		outcome_evidence(out, evidence_of(t));
	} else if (t->exit_early.ended && !(t->cron && t->ready) && !oom_later) {
		judge_end(t, out);
	} else if (!t->ready) {
		judge_not_ready(t, out);
	} else {
		judge_ready(t, out);
	}
	return 0;
}

const struct check check_bootstraps = {
	.id = "bootstraps",
	.requirement = "R12",
	.title = "it becomes ready without a human, a terminal or the Internet",
	.reason =
		"a platform starts instances at any time, with nobody there to finish their set-up",
	.remedy =
		"make the entry set up all that it needs from its environment; say how to see that it "
		"is ready with a HEALTHCHECK or with \"x-assay\".\"readiness\", and give values for "
		"what it requires with --env or in \"x-assay\".\"environment\"",
	.stage = STAGE_DYNAMIC,
	.needs = NEEDS_BOOT | NEEDS_EXECUTABLE,
	.per_task = true,
	.run = run,
};
