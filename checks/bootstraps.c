/* Did it become ready by itself? What it waited for, and what it said when it did not. */
#include "checks/seen.h"

#include "checks/check.h"

#include "base/alloc.h"

#include <string.h>

enum { LINES = 10, CONTACTS = 10, NAMES = 3, HOST_MAX = 256 };

/* Whom it asked for, and whom it tried to reach: what it was waiting for is often among them. */
static json_t *contacts_of(const struct task_observation *t)
{
	const struct obs_contacts *both[] = {&t->contacts, &t->between};
	json_t *all = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
		for (size_t j = 0; j < both[i]->n && j < CONTACTS; j++) {
			auto_free char *one = contact_text(&both[i]->v[j]);

			json_array_append_new(all, json_text(one));
		}
	}
	return all;
}

static json_t *evidence_of(const struct task_observation *t)
{
	json_t *e = json_pack("{s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o}", "command",
		json_strv(&t->command), "world", json_text(t->world), "waited_for",
		json_text(t->ready_by), "ready", t->ready, "ready_s",
		t->ready ? seen_seconds(t->ready_s) : json_null(), "limit_s",
		seen_seconds(t->boot_limit_s), "timeline", seen_timeline(t), "last_lines",
		seen_last_lines(t, LINES), "contacts", contacts_of(t));

	return e;
}

/* "https://name@fhir.example.org:8443/r4" gives "fhir.example.org". */
static bool host_of(const char *uri, char host[HOST_MAX])
{
	const char *at = uri ? strstr(uri, "://") : NULL;
	size_t len;

	at = at ? at + 3 : uri ? uri : "";
	len = strcspn(at, "@/?# ");
	at += at[len] == '@' ? len + 1 : 0;
	len = strcspn(at, ":/?# ");
	if (!len || len >= HOST_MAX) {
		return false;
	}
	memcpy(host, at, len);
	host[len] = '\0';
	return true;
}

static bool was_given(const struct task_observation *t, const char *host)
{
	for (size_t i = 0; i < t->services.n; i++) {
		if (strcasecmp(t->services.v[i].name, host) == 0) {
			return true;
		}
	}
	return false;
}

/* It asked for the name, and nobody has it. */
static bool asked_in_vain(const struct task_observation *t, const char *host)
{
	for (size_t i = 0; i < t->contacts.n; i++) {
		const struct obs_contact *c = &t->contacts.v[i];

		if (c->name && !c->answered && strcasecmp(c->name, host) == 0) {
			return true;
		}
	}
	return false;
}

/* How we know that it wanted this destination, which nobody gave it; else NULL. In what it says only
 * names with a dot are looked for: others are words, too. */
static const char *missed(const struct task_observation *t, const char *uri, char host[HOST_MAX])
{
	if (!host_of(uri, host) || was_given(t, host)) {
		return NULL;
	}
	if (asked_in_vain(t, host)) {
		return "it asked in vain for";
	}
	return strlen(host) >= 4 && strchr(host, '.') && seen_says(t, host) ? "its output names"
									    : NULL;
}

/* As missed(), of the destinations that the product file declares. */
static const char *missed_destination(const struct check_context *ctx, char host[HOST_MAX])
{
	const char *how = NULL;

	for (size_t i = 0; !how && ctx->product && i < ctx->product->networking.n; i++) {
		const struct interface *to = &ctx->product->networking.v[i];

		how = missed(ctx->observation, to->uri, host);
		how = how ? how : missed(ctx->observation, to->name, host);
	}
	return how;
}

/* Was it perhaps kept from starting by what it declares to need and was not given? */
static bool lacked_something(const struct check_context *ctx, struct outcome *out)
{
	char host[HOST_MAX];
	const char *how = missed_destination(ctx, host);
	size_t needs = ctx->product ? ctx->product->n_runtime_dependencies : 0;
	size_t given = ctx->observation->services.n;

	if (how) {
		outcome_not_tested(out,
			"give it the destination as a service, or a value that makes it do without",
			"not ready, and %s '%s', a declared destination that it was not given", how,
			host);
	} else if (needs > given) {
		outcome_not_tested(out, "give it what it depends on as a service",
			"not ready, and it declares %zu runtime dependencies, of which %zu were "
			"given",
			needs, given);
	}
	return how || needs > given;
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

/* "; it asked in vain for 'db', 'cache'", or "". */
static char *unknown_names(const struct task_observation *t)
{
	AUTO(strv) struct strv names = {0};
	auto_free char *all = NULL;

	for (size_t i = 0; i < t->contacts.n && names.n < NAMES; i++) {
		const struct obs_contact *c = &t->contacts.v[i];

		if (c->name && !c->answered) {
			strv_addf(&names, "'%s'", c->name);
		}
	}
	all = strv_join(&names, ", ");
	return names.n ? xasprintf("; it asked in vain for %s", all) : xstrdup("");
}

static void judge_end(const struct task_observation *t, struct outcome *out)
{
	auto_free char *how = seen_exit(&t->exit_early);
	auto_free char *last = seen_last_line(t);
	auto_free char *names = unknown_names(t);

	if (t->ready) {
		outcome_fail(out, "ended", evidence_of(t),
			"it became ready after %.2f s and ended by itself after %.2f s (%s)",
			t->ready_s, t->exit_early.t_s, how);
	} else {
		outcome_fail(out, "ended", evidence_of(t),
			"it ended after %.2f s (%s) before it was ready%s%s%s%s%s",
			t->exit_early.t_s, how,
			t->memory.oom_kills ? "; the kernel killed it at its memory limit" : "",
			names, *last ? "; it said last: '" : "", last, *last ? "'" : "");
	}
}

static void judge_not_ready(const struct task_observation *t, struct outcome *out)
{
	auto_free char *where = elsewhere(t);
	auto_free char *said = seen_last_line(t);
	auto_free char *names = unknown_names(t);
	const char *last = seen_event(t, "not-ready");

	outcome_fail(out, "not ready", evidence_of(t), "not ready within %g s: %s%s%s%s%s%s",
		t->boot_limit_s, last ? last : t->ready_by, where, names,
		*said ? "; it said last: '" : "", said, *said ? "'" : "");
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
		"is ready with a HEALTHCHECK or with \"x-assay\".\"readiness\"; give values for what "
		"it requires with --env or in \"x-assay\".\"environment\", and what it needs beside "
		"it with --service NAME=IMAGE or in \"x-assay\".\"services\"",
	.stage = STAGE_DYNAMIC,
	.needs = NEEDS_BOOT | NEEDS_EXECUTABLE,
	.per_task = true,
	.run = run,
};
