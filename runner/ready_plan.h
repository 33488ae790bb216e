/*
 * ready_plan.h - what readiness of a task or of a service means (R12), decided as data. Pure.
 *
 * In this order: a cron task's exit 0; what the product file declares of it (readiness); the
 * image's HEALTHCHECK; all ports of the product file; any exposed port; alive for a while.
 */
#ifndef RUNNER_READY_PLAN_H
#define RUNNER_READY_PLAN_H

#include "product/policy.h"
#include "product/regular.h"
#include "runner/ports.h"

enum ready_kind {
	READY_HTTP,
	READY_LOG,
	READY_COMMAND,
	READY_PORTS, /* all of them */
	READY_ANY_PORT,
	READY_ALIVE,
	READY_CRON,
};

struct ready_plan {
	enum ready_kind kind;
	char *text; /* "port 8080 accepts connections" */
	struct port_list ports; /* HTTP: the first one */
	const char *http_path; /* borrowed from the declaration */
	struct regular *log; /* what a line has to have */
	struct strv command;
	uint64_t try_ms; /* one try may take */
	uint64_t first_ms; /* between two tries, growing by half from first to last */
	uint64_t last_ms;
	uint64_t limit_s; /* ready within */
};

/* declared and task may be NULL. ERR_MALFORMED when what is declared cannot be waited for. */
int ready_plan(const struct image_config *config, const struct readiness *declared,
	const struct task *task, const struct limits *limits, struct ready_plan *ret,
	struct err *err);
void ready_plan_release(struct ready_plan *plan);

#endif
