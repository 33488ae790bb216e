/* Do the ports that speak HTTP speak it without TLS? */
#include "checks/seen.h"

#include "checks/check.h"

#include "base/alloc.h"

#include <stdio.h>

static const char *what_it_speaks(const struct obs_port *p)
{
	if (p->tls_required) {
		return "TLS only";
	}
	if (p->spoke_http) {
		return p->tls ? "HTTP, and TLS" : "HTTP";
	}
	if (p->loopback_only) {
		return "listens on loopback only";
	}
	if (p->state == OBS_PORT_CLOSED) {
		return "closed";
	}
	return p->first_bytes ? "another protocol" : "open, and says nothing to HTTP or TLS";
}

static json_t *describe(const struct obs_port *p)
{
	return json_pack("{s:i, s:b, s:s, s:o, s:o, s:o}", "port", (int)p->port, "declared",
		p->declared, "speaks", what_it_speaks(p), "status_line", json_text(p->status_line),
		"location", json_text(p->location), "first_bytes", json_text(p->first_bytes));
}

/* A port that nobody declared is not part of the offer. */
static void judge_undeclared(const struct obs_port *p, const char *subject, struct outcome *out)
{
	if (p->tls_required) {
		outcome_warn(out, subject, describe(p),
			"port %u, which is not declared, accepts nothing but TLS",
			(unsigned)p->port);
	} else {
		outcome_evidence(out, describe(p));
	}
}

static void judge_port(const struct obs_port *p, struct outcome *out)
{
	char subject[16];

	(void)snprintf(subject, sizeof(subject), "port %u", (unsigned)p->port);
	if (!p->declared) {
		judge_undeclared(p, subject, out);
	} else if (p->tls_required) {
		outcome_fail(out, subject, describe(p),
			"port %u accepts nothing but TLS: a plain request got %s",
			(unsigned)p->port,
			p->status_line   ? p->status_line
			: p->first_bytes ? "an answer that is no HTTP"
					 : "no answer");
	} else if (p->redirect_to_https && p->redirect_with_proto) {
		outcome_fail(out, subject, describe(p),
			"port %u sends every plain request to https, also one that says it came "
			"through a TLS proxy",
			(unsigned)p->port);
	} else if (p->redirect_to_https) {
		outcome_warn(out, subject, describe(p),
			"port %u sends a plain request to https, unless it says "
			"'X-Forwarded-Proto: https'",
			(unsigned)p->port);
	} else {
		outcome_evidence(out, describe(p));
	}
}

struct tally {
	size_t declared;
	size_t heard; /* declared and reachable from outside */
	size_t http; /* declared ones that speak it in plain or behind TLS */
};

static struct tally count(const struct task_observation *t)
{
	struct tally n = {0};

	for (size_t i = 0; i < t->ports.n; i++) {
		const struct obs_port *p = &t->ports.v[i];

		n.declared += p->declared ? 1 : 0;
		n.heard += p->declared && p->state == OBS_PORT_OPEN ? 1 : 0;
		n.http += p->declared && (p->spoke_http || p->tls_required) ? 1 : 0;
	}
	return n;
}

static void conclude(const struct task_observation *t, struct outcome *out)
{
	auto_free char *cut = seen_cut_short(t);
	struct tally n = count(t);

	if (n.http) {
		outcome_summary(out, "%zu of %zu declared ports speak HTTP", n.http, n.declared);
	} else if (cut) {
		outcome_not_tested(
			out, "see bootstraps", "no port was heard to speak HTTP; %s", cut);
	} else if (n.declared && !n.heard) {
		outcome_not_tested(out, "have it listen on its declared ports, on all addresses",
			"none of the %zu declared ports could be reached", n.declared);
	} else if (n.declared) {
		outcome_not_applicable(
			out, "none of the %zu declared ports speaks HTTP", n.declared);
	} else if (t->ports.n) {
		outcome_not_tested(out,
			"declare the ports of the task, or EXPOSE them in the image",
			"it listens on %zu ports, none of which is declared or exposed",
			t->ports.n);
	} else {
		outcome_not_applicable(out, "it declares no port and listens on none");
	}
}

static int run(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	const struct task_observation *t = ctx->observation;

	(void)err;
	if (t->cron) {
		outcome_not_applicable(out, "a cron task serves nobody");
		return 0;
	}
	for (size_t i = 0; i < t->ports.n; i++) {
		judge_port(&t->ports.v[i], out);
	}
	conclude(t, out);
	return 0;
}

const struct check check_plain_http = {
	.id = "plain-http",
	.requirement = "R09",
	.title = "it answers plain HTTP on its ports",
	.reason =
		"encryption is the platform's: a product that insists on TLS of its own cannot be put "
		"behind its proxies",
	.remedy =
		"listen without TLS, and do not redirect to https, or only when X-Forwarded-Proto "
		"says http",
	.stage = STAGE_DYNAMIC,
	.needs = NEEDS_READY | NEEDS_EXECUTABLE,
	.per_task = true,
	.run = run,
};
