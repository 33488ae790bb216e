#include "runner/probe.h"

#include "base/alloc.h"
#include "runner/ports.h"
#include "runner/sniff.h"
#include "runner/talk.h"

#include <string.h>
#include <strings.h>

enum {
	LISTENERS_MAX = 512,
	OTHERS_MAX = 32, /* ports that nobody declared */
	CONNECT_MS = 5000,
	ANSWER_MS = 10000, /* the first request of a product may have much to load */
	TLS_MS = 3000,
	SLACK_MS = 2000,
	FIRST_BYTES = 120,
};

/* A path that no product has: one that enforces TLS sends it to https all the same. */
#define NO_PAGE "/assay-asks-for-no-page"

enum question { ASK_GET, ASK_NO_PAGE, ASK_FORWARDED, ASK_TLS };

struct probe_port {
	struct probe *probe;
	struct obs_port *to;
	struct talk talk;
	enum question question;
	const char *path; /* that was redirected, NULL: only / was asked */
	char *bytes; /* of the question */
};

struct probe {
	struct boot *b;
	struct probe_port *ports;
	size_t n;
	size_t running;
};

static void ask(struct probe_port *p, enum question question);

/* ---- answers ------------------------------------------------------------------------------ */

static bool head_is_complete(const char *bytes, size_t len)
{
	struct sniff_http http;
	bool complete;

	if (!sniff_http(bytes, len, &http)) {
		/* "HTTP/1.1 200" may still be on its way, TLS and banners are not waited for. */
		return len >= 16 || sniff_tls(bytes, len);
	}
	/* The page of a "plain HTTP to HTTPS port" error, always a 400, comes behind the head. */
	complete = http.complete && http.status != 400;
	sniff_http_release(&http);
	return complete;
}

static bool leads_to_https(const struct probe_port *p, const struct sniff_http *http)
{
	return sniff_https_redirect(http, p->probe->b->address, p->path);
}

/* To https, wherever: on another host it may be a sign-on page, or TLS enforced under a name of the
 * product's own. Another path tells. */
static bool is_to_any_https(const struct sniff_http *http)
{
	return http->status >= 300 && http->status < 400 && http->location &&
	       strncasecmp(http->location, "https://", 8) == 0;
}

static void note_http(struct obs_port *to, struct sniff_http *http, bool is_tls_port)
{
	to->spoke_http = true;
	to->status = http->status;
	to->status_line = steal_ptr(http->status_line);
	to->location = steal_ptr(http->location);
	to->tls_required = is_tls_port;
}

/* Returns whether there is another question to ask, and which. */
static bool hear_get(struct probe_port *p, enum question *ret_next)
{
	const struct buf *answer = &p->talk.answer;
	const char *bytes = buf_str(answer);
	struct obs_port *to = p->to;
	struct sniff_http http;
	bool more;

	to->state = p->talk.connected ? OBS_PORT_OPEN : OBS_PORT_CLOSED;
	if (!p->talk.connected) {
		return false;
	}
	if (answer->len) {
		to->first_bytes = sniff_excerpt(bytes, answer->len, FIRST_BYTES);
	}
	if (!sniff_http(bytes, answer->len, &http)) {
		to->tls_required = sniff_tls(bytes, answer->len);
		*ret_next = ASK_TLS;
		return true;
	}
	to->redirect_to_https = leads_to_https(p, &http);
	more = http.wants_https || is_to_any_https(&http);
	*ret_next = http.wants_https        ? ASK_TLS
		    : to->redirect_to_https ? ASK_FORWARDED
					    : ASK_NO_PAGE;
	note_http(to, &http, http.wants_https);
	sniff_http_release(&http);
	return more;
}

static bool hear_no_page(struct probe_port *p, enum question *ret_next)
{
	struct sniff_http http;

	if (!sniff_http(buf_str(&p->talk.answer), p->talk.answer.len, &http)) {
		return false;
	}
	p->path = NO_PAGE;
	p->to->redirect_to_https = leads_to_https(p, &http);
	*ret_next = ASK_FORWARDED;
	sniff_http_release(&http);
	return p->to->redirect_to_https;
}

static void hear_forwarded(struct probe_port *p)
{
	struct sniff_http http;

	if (sniff_http(buf_str(&p->talk.answer), p->talk.answer.len, &http)) {
		p->to->redirect_with_proto = leads_to_https(p, &http);
		sniff_http_release(&http);
	}
}

static void hear_tls(struct probe_port *p)
{
	p->to->tls = sniff_tls(buf_str(&p->talk.answer), p->talk.answer.len);
	p->to->tls_required = p->to->tls_required || (p->to->tls && !p->to->spoke_http);
}

static void on_end(void *arg)
{
	struct probe_port *p = arg;
	enum question next = ASK_GET;
	bool more = false;

	switch (p->question) {
	case ASK_GET:
		more = hear_get(p, &next);
		break;
	case ASK_NO_PAGE:
		more = hear_no_page(p, &next);
		break;
	case ASK_FORWARDED:
		hear_forwarded(p);
		break;
	case ASK_TLS:
		hear_tls(p);
		break;
	}
	p->probe->running--;
	if (more) {
		ask(p, next);
	}
}

/* ---- questions ---------------------------------------------------------------------------- */

static void ask(struct probe_port *p, enum question question)
{
	struct boot *b = p->probe->b;
	struct talk_request request = {
		.address = b->address,
		.port = p->to->port,
		.connect_ms = CONNECT_MS,
		.answer_ms = question == ASK_TLS ? TLS_MS : ANSWER_MS,
		.enough = head_is_complete,
	};

	p->question = question;
	free(p->bytes);
	p->bytes = xasprintf("GET %s HTTP/1.1\r\nHost: %s:%u\r\nUser-Agent: assay/" ASSAY_VERSION
			     "\r\nAccept: */*\r\n%sConnection: close\r\n\r\n",
		question == ASK_NO_PAGE ? NO_PAGE
		: p->path               ? p->path
					: "/",
		b->address, (unsigned)p->to->port,
		question == ASK_FORWARDED ? "X-Forwarded-Proto: https\r\n" : "");
	request.bytes = p->bytes;
	request.len = strlen(p->bytes);
	if (question == ASK_TLS) {
		request.bytes = sniff_client_hello(&request.len);
		request.enough = NULL;
	}
	if (talk_start(&p->talk, b->loop, b->world, &request, on_end, p, NULL) == 0) {
		p->probe->running++;
	}
}

static void probe_release(struct probe *probe)
{
	for (size_t i = 0; i < probe->n; i++) {
		talk_release(&probe->ports[i].talk);
		free(probe->ports[i].bytes);
	}
	free(probe->ports);
}

static bool is_probed(void *arg)
{
	const struct probe *probe = arg;

	return probe->running == 0;
}

/* ---- which ports -------------------------------------------------------------------------- */

static struct obs_port *port_entry(struct task_observation *obs, uint16_t port)
{
	for (size_t i = 0; i < obs->ports.n; i++) {
		if (obs->ports.v[i].port == port) {
			return &obs->ports.v[i];
		}
	}
	return NULL;
}

void probe_listeners(struct boot *b)
{
	struct listener listeners[LISTENERS_MAX];
	struct task_observation *obs = b->obs;
	struct port_list ports;
	size_t n = b->ended_ns ? 0 : listeners_of(sandbox_pid(b->sb), listeners, LISTENERS_MAX);

	ports_of(b->image->config, obs->task, &ports);
	for (size_t i = 0; i < ports.n; i++) {
		struct obs_port *to = ARRAY_PUSH(&obs->ports);

		*to = (struct obs_port){.port = ports.v[i], .declared = true};
	}
	for (size_t i = 0; i < n; i++) {
		struct obs_port *to = port_entry(obs, listeners[i].port);

		if (!to && obs->ports.n >= ports.n + OTHERS_MAX) {
			continue;
		}
		if (!to) {
			to = ARRAY_PUSH(&obs->ports);
			to->port = listeners[i].port;
		}
		to->loopback_only = listeners[i].loopback && (to->loopback_only || !to->listening);
		to->listening = true;
	}
}

int probe_run(struct boot *b, struct err *err)
{
	AUTO(probe) struct probe probe = {.b = b};
	int rc;

	probe_listeners(b);
	probe.ports = xcalloc(b->obs->ports.n, sizeof(*probe.ports));
	for (size_t i = 0; i < b->obs->ports.n; i++) {
		struct obs_port *to = &b->obs->ports.v[i];

		if (to->loopback_only && !to->declared) {
			continue;
		}
		probe.ports[probe.n] = (struct probe_port){.probe = &probe, .to = to};
		ask(&probe.ports[probe.n++], ASK_GET);
	}
	rc = boot_wait(b, CONNECT_MS + 3 * ANSWER_MS + TLS_MS + SLACK_MS, is_probed, &probe, err);
	observation_event(b->obs, boot_now(b), "probed", "%zu ports", b->obs->ports.n);
	return rc < 0 ? -1 : 0;
}
