#include "runner/load.h"

#include "base/alloc.h"
#include "runner/ports.h"

enum {
	REQUESTS = 200,
	AT_ONCE = 8,
	LOAD_MS = 10000,
	REQUEST_MS = 10000,
	PAUSE_MS = 50, /* after a request that failed: no busy loop against a closed port */
};

static void fill(struct load *load);

static void on_pause(void *arg)
{
	fill(arg);
}

static void on_answer(const struct http_response *response, void *arg)
{
	struct load *load = arg;

	if (response->status) {
		load->answered++;
		fill(load);
		return;
	}
	load->failed++;
	if (!load->stopping) {
		loop_timer_set(load->b->loop, &load->pause, PAUSE_MS, on_pause, load);
	}
}

static void fill(struct load *load)
{
	struct http_request request = {
		.address = load->b->address,
		.port = load->port,
		.path = load->path,
		.timeout_ms = REQUEST_MS,
	};

	while (!load->stopping && http_running(load->b->http) < AT_ONCE) {
		if (http_start(load->b->http, &request, on_answer, load, NULL)) {
			load->stopping = true;
			return;
		}
		load->asked++;
	}
}

static const struct obs_smoke_step *first_get(const struct task_observation *obs)
{
	for (size_t i = 0; i < obs->smoke.n; i++) {
		const struct obs_smoke_step *s = &obs->smoke.v[i];

		if (s->status && (!s->step->method || str_eq(s->step->method, "GET"))) {
			return s;
		}
	}
	return NULL;
}

static void choose(struct load *load)
{
	const struct task_observation *obs = load->b->obs;
	const struct obs_smoke_step *get = first_get(obs);
	struct port_list ports;

	if (get) {
		ports_of(load->b->image->config, obs->task, &ports);
		load->port = get->step->port ? (uint16_t)get->step->port : ports.v[0];
		load->path = xstrdup(get->step->path);
		return;
	}
	if (load->b->ready_path) {
		load->port = load->b->ready_port;
		load->path = xstrdup(load->b->ready_path);
		return;
	}
	for (size_t i = 0; i < obs->ports.n && !load->port; i++) {
		if (obs->ports.v[i].spoke_http && !obs->ports.v[i].tls_required) {
			load->port = obs->ports.v[i].port;
			load->path = xstrdup("/");
		}
	}
}

void load_start(struct load *load, struct boot *b)
{
	*load = (struct load){.b = b, .began_s = boot_now(b)};
	choose(load);
	if (load->port) {
		fill(load);
	}
}

static bool is_enough(void *arg)
{
	const struct load *load = arg;

	return load->answered + load->failed >= REQUESTS || load->stopping;
}

int load_wait(struct load *load, struct err *err)
{
	struct boot *b = load->b;

	if (!load->port) {
		return 0;
	}
	if (boot_wait(b, LOAD_MS, is_enough, load, err) < 0) {
		return -1;
	}
	b->obs->load = (struct obs_load){
		.tried = true,
		.target = xasprintf("GET %s on port %u, %d at a time", load->path,
			(unsigned)load->port, AT_ONCE),
		.answered = load->answered,
		.failed = load->failed,
		.took_s = boot_now(b) - load->began_s,
	};
	observation_event(b->obs, boot_now(b), "load", "%s: %llu answered, %llu failed in %.2f s",
		b->obs->load.target, (unsigned long long)load->answered,
		(unsigned long long)load->failed, b->obs->load.took_s);
	return 0;
}

void load_stop(struct load *load)
{
	load->stopping = true;
	loop_timer_cancel(load->b->loop, &load->pause);
}

void load_release(struct load *load)
{
	if (load->b) {
		load_stop(load);
		http_cancel_all(load->b->http);
	}
	free(load->path);
	*load = (struct load){0};
}
