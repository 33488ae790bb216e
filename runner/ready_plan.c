#include "runner/ready_plan.h"

#include "base/alloc.h"
#include "base/sys_time.h"

enum {
	SOCKET_TRY_MS = 5000,
	SOCKET_FIRST_MS = 20,
	SOCKET_LAST_MS = 250,
	COMMAND_TRY_MS = 30000, /* HEALTHCHECK's default timeout */
	COMMAND_FIRST_MS = 100,
	COMMAND_LAST_MS = 5000,
};

static void by(struct ready_plan *p, enum ready_kind kind, char *text)
{
	bool command = kind == READY_COMMAND;

	p->kind = kind;
	p->text = text;
	p->try_ms = command ? COMMAND_TRY_MS : SOCKET_TRY_MS;
	p->first_ms = command ? COMMAND_FIRST_MS : SOCKET_FIRST_MS;
	p->last_ms = command ? COMMAND_LAST_MS : SOCKET_LAST_MS;
}

static int by_http(struct ready_plan *p, const struct readiness *d, struct err *err)
{
	if (p->ports.n == 0) {
		return err_set(err, ERR_MALFORMED,
			"readiness asks for GET %.100s, and there is no port to ask", d->http_path);
	}
	p->http_path = d->http_path;
	by(p, READY_HTTP,
		xasprintf("GET %s on port %u answers 2xx or 3xx", d->http_path,
			(unsigned)p->ports.v[0]));
	return 0;
}

static int by_log(struct ready_plan *p, const struct readiness *d, struct err *err)
{
	const char *why;

	p->log = regular_new(d->log);
	if (!p->log) {
		(void)regular_kind(d->log, &why);
		return err_set(err, ERR_MALFORMED,
			"readiness waits for a line with /%.200s/, which is no POSIX extended "
			"regular expression: %s",
			d->log, why);
	}
	by(p, READY_LOG, xasprintf("a line of its output matches /%s/", d->log));
	return 0;
}

/* *ret_found: it says something that can be waited for. */
static int by_declaration(
	struct ready_plan *p, const struct readiness *d, bool *ret_found, struct err *err)
{
	*ret_found = true;
	if (d->port && d->port <= UINT16_MAX && (d->http_path || (!d->log && !d->command.n))) {
		p->ports = (struct port_list){.v = {(uint16_t)d->port}, .n = 1};
	}
	if (d->http_path) {
		return by_http(p, d, err);
	}
	if (d->log) {
		return by_log(p, d, err);
	}
	if (d->command.n) {
		strv_add_all(&p->command, &d->command);
		by(p, READY_COMMAND,
			xasprintf("the readiness command '%s' ends with 0", d->command.v[0]));
	} else if (d->port) {
		by(p, READY_PORTS, xasprintf("port %u accepts connections", (unsigned)d->port));
	} else {
		*ret_found = false;
	}
	return 0;
}

/* {"CMD", argv...} or {"CMD-SHELL", line}; {"NONE"} and {} are none. */
static bool by_healthcheck(struct ready_plan *p, const struct image_config *config)
{
	const struct healthcheck *h = &config->healthcheck;
	bool shell = h->test.n == 2 && str_eq(h->test.v[0], "CMD-SHELL");

	if (!h->present || h->test.n < 2 || (!shell && !str_eq(h->test.v[0], "CMD"))) {
		return false;
	}
	if (shell && config->shell.n) {
		strv_add_all(&p->command, &config->shell);
	} else if (shell) {
		strv_add(&p->command, "/bin/sh");
		strv_add(&p->command, "-c");
	}
	for (size_t i = 1; i < h->test.n; i++) {
		strv_add(&p->command, h->test.v[i]);
	}
	by(p, READY_COMMAND, xstrdup("the image's HEALTHCHECK ends with 0"));
	if (h->timeout_ns >= NS_PER_MS) {
		p->try_ms = h->timeout_ns / NS_PER_MS;
	}
	/* Asked more often than its interval says: that is meant for a product that runs. */
	if (h->interval_ns >= NS_PER_MS && h->interval_ns / NS_PER_MS < p->last_ms) {
		p->last_ms = h->interval_ns / NS_PER_MS;
		p->first_ms = p->first_ms < p->last_ms ? p->first_ms : p->last_ms;
	}
	return true;
}

static void by_ports(struct ready_plan *p)
{
	struct strv names = {0};
	auto_free char *text = NULL;

	for (size_t i = 0; i < p->ports.n; i++) {
		strv_addf(&names, "%u", (unsigned)p->ports.v[i]);
	}
	text = strv_join(&names, ", ");
	strv_release(&names);
	if (p->ports.n == 1) {
		by(p, READY_PORTS, xasprintf("port %s accepts connections", text));
	} else if (p->ports.from_product) {
		by(p, READY_PORTS, xasprintf("ports %s accept connections", text));
	} else {
		by(p, READY_ANY_PORT, xasprintf("one of the ports %s accepts connections", text));
	}
}

int ready_plan(const struct image_config *config, const struct readiness *d,
	const struct task *task, const struct limits *limits, struct ready_plan *ret,
	struct err *err)
{
	bool found = false;

	*ret = (struct ready_plan){.limit_s = limits->boot_s};
	ports_of(config, task, &ret->ports);
	if (d && d->present && d->deadline_s) {
		ret->limit_s = d->deadline_s;
	}
	if (task && task->cron) {
		by(ret, READY_CRON, xstrdup("exit 0 (a cron task)"));
		return 0;
	}
	if (d && d->present && by_declaration(ret, d, &found, err)) {
		return -1;
	}
	if (found || by_healthcheck(ret, config)) {
		return 0;
	}
	if (ret->ports.n) {
		by_ports(ret);
		return 0;
	}
	by(ret, READY_ALIVE, xasprintf("alive for %llu s", (unsigned long long)limits->alive_s));
	return 0;
}

void ready_plan_release(struct ready_plan *plan)
{
	free(plan->text);
	regular_free(plan->log);
	strv_release(&plan->command);
	*plan = (struct ready_plan){0};
}
