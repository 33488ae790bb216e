#include "runner/smoke.h"

#include "base/alloc.h"
#include "base/json.h"
#include "runner/expect.h"
#include "runner/ports.h"
#include "runner/sniff.h"

#include <string.h>

enum { EXCERPT = 300 };

struct asking {
	struct obs_smoke_step *to;
	bool answered;
};

static void on_answer(const struct http_response *response, void *arg)
{
	struct asking *a = arg;

	a->answered = true;
	a->to->status = response->status;
	a->to->took_s = response->took_s;
	a->to->problem = expect_judge(&a->to->step->expect, response);
	a->to->passed = a->to->problem == NULL;
	a->to->excerpt = sniff_excerpt(buf_str(&response->body), response->body.len, EXCERPT);
}

static bool is_answered(void *arg)
{
	const struct asking *a = arg;

	return a->answered;
}

static uint16_t port_of(const struct boot *b, const struct smoke_step *step)
{
	struct port_list ports;

	if (step->port && step->port <= UINT16_MAX) {
		return (uint16_t)step->port;
	}
	ports_of(b->image->config, b->obs->task, &ports);
	return ports.n ? ports.v[0] : 0;
}

static int ask(struct boot *b, struct obs_smoke_step *to, uint16_t port, struct err *err)
{
	const struct smoke_step *step = to->step;
	auto_free char *json = step->json ? json_dumps(step->json, JSON_ENCODE_ANY) : NULL;
	const char *body = json ? json : step->body;
	uint64_t limit_ms = b->options->policy->limits.step_s * 1000;
	struct asking asking = {.to = to};
	struct http_request request = {
		.method = step->method,
		.address = b->address,
		.port = port,
		.path = step->path,
		.headers = &step->headers,
		.content_type = json ? "application/json" : NULL,
		.body = body,
		.body_len = body ? strlen(body) : 0,
		.timeout_ms = limit_ms,
	};
	struct err refused = {0};
	int rc;

	if (http_start(b->http, &request, on_answer, &asking, &refused)) {
		to->problem = xasprintf("cannot be asked: %s", refused.msg);
		return 0;
	}
	rc = boot_wait(b, limit_ms + 1000, is_answered, &asking, err);
	/* What is still on its way would answer into a frame that is gone. */
	http_cancel_all(b->http);
	if (!asking.answered) {
		to->problem = xstrdup(boot_over(b) ? "no answer: the product has ended"
						   : "no answer within its time");
	}
	return rc < 0 ? -1 : 0;
}

static int run_step(struct boot *b, const struct smoke_suite *suite, const struct smoke_step *step,
	bool skip, struct err *err)
{
	struct obs_smoke_step *to = ARRAY_PUSH(&b->obs->smoke);
	uint16_t port = port_of(b, step);

	to->suite = suite;
	to->step = step;
	to->skipped = skip;
	to->t_s = boot_now(b);
	to->request = xasprintf("%s http://%s:%u%s", step->method ? step->method : "GET",
		b->address, (unsigned)port, step->path ? step->path : "/");
	if (skip) {
		return 0;
	}
	if (!port || !step->path) {
		to->problem = xstrdup(port ? "the step has no path" : "there is no port to ask");
		return 0;
	}
	return ask(b, to, port, err);
}

static int run_suite(struct boot *b, const struct smoke_suite *suite, struct err *err)
{
	size_t first = b->obs->smoke.n;
	size_t good = 0;

	for (size_t i = 0; i < suite->steps.n; i++) {
		size_t n = b->obs->smoke.n;
		const struct obs_smoke_step *before = n > first ? &b->obs->smoke.v[n - 1] : NULL;
		bool pointless =
			before && (before->skipped || (!before->passed && !before->status));

		if (run_step(b, suite, &suite->steps.v[i], pointless, err)) {
			return -1;
		}
		good += b->obs->smoke.v[n].passed ? 1 : 0;
	}
	observation_event(b->obs, boot_now(b), "smoke", "suite '%s': %zu of %zu steps passed",
		suite->name ? suite->name : "", good, suite->steps.n);
	return 0;
}

int smoke_run(struct boot *b, struct err *err)
{
	const struct product *product = b->options->product;
	auto_free const struct smoke_suite **suites = NULL;
	size_t n = 0;

	if (product) {
		suites = product_smoke(product, b->obs->task, &n);
	}
	for (size_t i = 0; i < n; i++) {
		if (run_suite(b, suites[i], err)) {
			return -1;
		}
		b->obs->smoke_ran = true;
	}
	return 0;
}
