/* What was seen of a running product, judged by the dynamic checks and written as one of the reports,
 * chosen by the input's size. Fields: the product file, the image's name, stop signal and port; then
 * of each task its texts and, as single bytes, its numbers, in the order in which observe() asks. */
#include "tests/fuzz/kit.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "checks/engine.h"
#include "product/edition.h"
#include "reports/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A text of the product's, or none. */
static char *text(struct fuzz_input *in)
{
	char *s = fuzz_field(in);

	if (!*s) {
		free(s);
		return NULL;
	}
	return s;
}

static double seconds(struct fuzz_input *in)
{
	return (double)fuzz_byte(in) / 4;
}

static uint64_t mask(struct fuzz_input *in)
{
	return (uint64_t)fuzz_byte(in) << 56 | (uint64_t)fuzz_byte(in) << 8 | fuzz_byte(in);
}

static struct obs_exit exit_from(struct fuzz_input *in)
{
	uint8_t how = fuzz_byte(in);

	return (struct obs_exit){
		how & 1, how & 2 ? -1 : how >> 2, how & 2 ? how >> 2 : 0, seconds(in)};
}

static struct obs_stream stream_from(struct fuzz_input *in)
{
	struct obs_stream s = {.truncated = fuzz_byte(in) & 1};

	s.head = text(in);
	s.tail = text(in);
	s.head_len = s.head ? strlen(s.head) : 0;
	s.tail_len = s.tail ? strlen(s.tail) : 0;
	s.bytes = s.head_len + s.tail_len;
	s.lines = fuzz_byte(in);
	return s;
}

static void processes_from(struct fuzz_input *in, struct obs_processes *to)
{
	for (unsigned n = fuzz_byte(in) % 4; n; n--) {
		*ARRAY_PUSH(to) = (struct obs_process){.pid = 1 + fuzz_byte(in) % 8,
			.ppid = fuzz_byte(in) % 8,
			.state = (char)fuzz_byte(in),
			.sig_caught = mask(in),
			.sig_ignored = mask(in),
			.sig_blocked = mask(in),
			.sig_pending = mask(in),
			.comm = fuzz_field(in),
			.cmdline = fuzz_field(in),
			.exe = fuzz_field(in)};
	}
}

static void files_from(struct fuzz_input *in, struct task_observation *t)
{
	for (unsigned n = fuzz_byte(in) % 4; n; n--) {
		uint8_t flags = fuzz_byte(in);

		*ARRAY_PUSH(&t->files) = (struct obs_file){.existed = flags & 1,
			.grew = flags & 2,
			.regular = flags & 4,
			.timestamped_lines = flags >> 4,
			.looked_at_lines = flags >> 3,
			.size = fuzz_byte(in),
			.path = fuzz_field(in),
			.excerpt = text(in)};
	}
}

static void ports_from(struct fuzz_input *in, struct task_observation *t)
{
	for (unsigned n = fuzz_byte(in) % 4; n; n--) {
		unsigned flags = fuzz_byte(in) | (unsigned)fuzz_byte(in) << 8;
		struct obs_port *p = ARRAY_PUSH(&t->ports);

		*p = (struct obs_port){.port = fuzz_byte(in),
			.declared = flags & 1,
			.state = flags & 2 ? OBS_PORT_OPEN : OBS_PORT_CLOSED,
			.loopback_only = flags & 4,
			.listening = flags & 8,
			.spoke_http = flags & 16,
			.redirect_to_https = flags & 32,
			.redirect_with_proto = flags & 64,
			.tls = flags & 128,
			.tls_required = flags & 256,
			.status = 100 + fuzz_byte(in) * 2};
		p->status_line = p->spoke_http ? fuzz_field(in) : NULL;
		p->location = text(in);
		p->first_bytes = text(in);
	}
}

static void contacts_from(struct fuzz_input *in, struct task_observation *t)
{
	t->outside_watched = fuzz_byte(in) & 1;
	t->outside_drops = t->outside_watched && fuzz_byte(in) & 1;
	for (unsigned n = fuzz_byte(in) % 4; n; n--) {
		auto_free char *name = text(in);
		auto_free char *address = text(in);
		uint8_t flags = fuzz_byte(in);
		struct obs_contact c = {.name = name,
			.address = address,
			.port = fuzz_byte(in),
			.instance = flags % 3 - 1,
			.between = flags & 64,
			.peer = flags / 4 % 3 - 1,
			.answered = flags & 128};

		(void)snprintf(c.protocol, sizeof(c.protocol), "%s", name ? "dns" : "tcp");

		observation_contact(t, seconds(in), &c);
	}
}

static void refused_from(struct fuzz_input *in, struct task_observation *t)
{
	t->refused_watched = fuzz_byte(in) & 1;
	t->refused_why = t->refused_watched ? NULL : text(in);
	for (unsigned n = fuzz_byte(in) % 4; n; n--) {
		*ARRAY_PUSH(&t->refused) = (struct obs_refused){.t_s = seconds(in),
			.count = 1 + fuzz_byte(in),
			.has_argument = fuzz_byte(in) & 1,
			.argument = (uint32_t)mask(in),
			.call = fuzz_field(in),
			.arch = xstrdup("x86-64"),
			.comm = fuzz_field(in),
			.exe = fuzz_field(in)};
	}
}

static void stop_from(struct fuzz_input *in, struct obs_stop *s)
{
	uint8_t flags = fuzz_byte(in);

	s->tried = flags & 1;
	s->gone = flags & 2;
	s->forced = flags & 4;
	s->signal = 1 + flags % 31;
	s->sent_s = seconds(in);
	s->took_s = seconds(in);
	s->limit_s = 30;
	s->exit = exit_from(in);
	processes_from(in, &s->survivors);
}

static void memory_from(struct fuzz_input *in, struct obs_memory *m)
{
	m->mechanism = text(in);
	m->why_not = m->mechanism ? NULL : fuzz_field(in);
	m->remedy = text(in);
	m->limit = (uint64_t)fuzz_byte(in) << 24;
	m->peak_used = (uint64_t)fuzz_byte(in) << 24;
	m->oom_kills = fuzz_byte(in) % 3;
	m->swap_limited = fuzz_byte(in) & 1;
	for (unsigned n = fuzz_byte(in) % 4; n; n--) {
		*ARRAY_PUSH(&m->samples) =
			(struct obs_memory_sample){seconds(in), fuzz_byte(in), fuzz_byte(in)};
	}
}

static void state_from(struct fuzz_input *in, struct task_observation *t)
{
	static const enum obs_state states[] = {
		OBS_STARTED, OBS_NOT_STARTED, OBS_BROKEN, OBS_UNSERVED};
	uint8_t flags = fuzz_byte(in);

	t->state = states[flags % 4];
	t->why = t->state == OBS_STARTED ? NULL : fuzz_field(in);
	t->remedy = t->state == OBS_STARTED ? NULL : text(in);
	t->ready = flags & 4;
	t->cron = flags & 8;
	t->left_nothing = flags & 16;
	t->files_capped = flags & 32;
	t->waited_alive_only = flags & 64;
	t->killed_by_us = flags & 128 ? "disk" : NULL;
	t->world = flags & 128 ? NULL : xstrdup("namespaces");
}

static void observe(struct fuzz_input *in, struct task_observation *t)
{
	state_from(in, t);
	strv_take(&t->command, fuzz_field(in));
	t->ready_by = text(in);
	t->ready_s = seconds(in);
	t->boot_limit_s = 120;
	t->exit_early = exit_from(in);
	t->out = stream_from(in);
	t->err = stream_from(in);
	t->syslog_datagrams = fuzz_byte(in);
	t->syslog_first = text(in);
	memory_from(in, &t->memory);
	files_from(in, t);
	ports_from(in, t);
	contacts_from(in, t);
	refused_from(in, t);
	processes_from(in, &t->at_rest);
	stop_from(in, &t->stop);
	while (in->left && t->timeline.n < 4) {
		auto_free char *event = fuzz_field(in);
		auto_free char *detail = fuzz_field(in);

		observation_event(t, seconds(in), event, "%s", detail);
	}
}

/* What was not exercised is no pass; what nothing enforced was not held. */
static void check_verdicts(const struct result *result)
{
	for (size_t i = 0; i < result->n_checks; i++) {
		const struct check_result *c = &result->checks[i];
		const struct task_observation *seen = observation_of(result->observation, c->task);

		MUST(c->check->stage == STAGE_DYNAMIC);
		if (!seen || seen->state != OBS_STARTED) {
			MUST(c->verdict == VERDICT_NOT_APPLICABLE ||
				c->verdict == VERDICT_NOT_TESTED || c->verdict == VERDICT_ERROR);
		} else if (str_eq(c->check->id, "memory-held")) {
			MUST(c->verdict != VERDICT_PASS ||
				(seen->memory.mechanism && seen->memory.swap_limited));
		}
	}
}

static void judge(const struct image *image, const struct product *product,
	const struct observation *observation, size_t format)
{
	struct selection selection = {.stage_dynamic = true};
	AUTO_PTR(engine) struct engine *engine = engine_new(&selection);
	struct policy policy;
	struct result result = {0};
	const struct check_context ctx = {.image = image,
		.product = product,
		.policy = &policy,
		.edition = edition_default()};

	policy_init(&policy);
	engine_run(engine, &ctx, observation, NULL, &result);
	MUST(result.n_checks && result.n_requirements);
	check_verdicts(&result);
	fuzz_report(&result, format);
	result_release(&result);
	policy_release(&policy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	auto_free char *file = fuzz_field(&in);
	AUTO_PTR(product)
	struct product *product =
		*file ? product_parse("marketplace.json", file, strlen(file)) : NULL;
	AUTO_PTR(image) struct image *image = fuzz_image(NULL, 0);
	struct observation observation = {0};

	image->config = xcalloc(1, sizeof(*image->config));
	image->reference.text = fuzz_field(&in);
	image->config->stop_signal = text(&in);
	strv_take(&image->config->exposed_ports, fuzz_field(&in));
	if (!product || !product->n_tasks) {
		observe(&in, observation_add(&observation, NULL));
	}
	for (size_t i = 0; product && i < product->n_tasks && i < 3; i++) {
		observe(&in, observation_add(&observation, &product->tasks[i]));
	}
	judge(image, product, &observation, size % n_report_formats);
	observation_release(&observation);
	return 0;
}
