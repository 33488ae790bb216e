/* What readiness means, in the order of RULES' R12. */
#include "runner/ready_plan.h"

#include "base/cleanup.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct limits limits = {.boot_s = 120, .alive_s = 5};

static struct product *product_of(const char *task)
{
	char text[2048];

	(void)snprintf(text, sizeof(text),
		"{\"product\":{\"name\":\"p\"},\"configuration\":[{\"default\":true,\"task\":[{\"id\":"
		"\"00000000-0000-4000-8000-000000000001\",\"memory_maximum\":64%s}]}]}",
		task);
	return product_parse("t.json", text, strlen(text));
}

/* The plan for one task and an image that exposes 8080 and 9090; the caller releases. */
static int plan_for(const char *task, struct healthcheck health, struct product **ret_product,
	struct ready_plan *ret, struct err *err)
{
	char *ports[] = {(char[]){"8080/tcp"}, (char[]){"9090/tcp"}, NULL};
	struct image_config config;

	config = (struct image_config){
		.exposed_ports = {.v = ports, .n = 2},
		.healthcheck = health,
	};
	*ret_product = task ? product_of(task) : NULL;
	if (*ret_product) {
		cr_assert_eq((*ret_product)->n_tasks, 1);
	}
	return ready_plan(&config,
		task ? product_readiness(*ret_product, &(*ret_product)->tasks[0]) : NULL,
		task ? &(*ret_product)->tasks[0] : NULL, &limits, ret, err);
}

struct row {
	const char *task; /* NULL: no product file */
	bool health;
	enum ready_kind kind;
	const char *text;
	uint64_t limit_s;
};

static const struct row rows[] = {
	{NULL, false, READY_ANY_PORT, "one of the ports 8080, 9090 accepts connections", 120},
	{NULL, true, READY_COMMAND, "the image's HEALTHCHECK ends with 0", 120},
	{",\"ports\":[3000,3001]", false, READY_PORTS, "ports 3000, 3001 accept connections", 120},
	{",\"ports\":[3000]", true, READY_COMMAND, "the image's HEALTHCHECK ends with 0", 120},
	{",\"ports\":[3000],\"x-assay\":{\"readiness\":{\"http\":\"/health\",\"deadline\":7}}",
		true, READY_HTTP, "GET /health on port 3000 answers 2xx or 3xx", 7},
};

Test(runner_ready_plan, order)
{
	char *words[] = {(char[]){"CMD"}, (char[]){"/check"}, NULL};
	struct healthcheck health = {.present = true, .test = {.v = words, .n = 2}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		AUTO(ready_plan) struct ready_plan plan = {0};
		AUTO_PTR(product) struct product *product = NULL;
		struct err err = {0};

		cr_expect_eq(plan_for(r->task, r->health ? health : (struct healthcheck){0},
				     &product, &plan, &err),
			0, "row %zu: %s", i, err.msg);
		cr_expect_eq(plan.kind, r->kind, "row %zu", i);
		cr_expect_str_eq(plan.text, r->text, "row %zu", i);
		cr_expect_eq(plan.limit_s, r->limit_s, "row %zu", i);
	}
}

Test(runner_ready_plan, cron_is_ready_when_it_ended)
{
	AUTO(ready_plan) struct ready_plan plan = {0};
	AUTO_PTR(product) struct product *product = NULL;

	cr_assert_eq(
		plan_for(",\"cron\":\"0 0 * * *\"", (struct healthcheck){0}, &product, &plan, NULL),
		0);
	cr_assert_eq(plan.kind, READY_CRON);
}

Test(runner_ready_plan, nothing_to_ask)
{
	struct image_config config = {0};
	AUTO(ready_plan) struct ready_plan plan = {0};

	cr_assert_eq(ready_plan(&config, NULL, NULL, &limits, &plan, NULL), 0);
	cr_assert_eq(plan.kind, READY_ALIVE);
	cr_assert_str_eq(plan.text, "alive for 5 s");
}

Test(runner_ready_plan, what_cannot_be_waited_for)
{
	static const struct {
		const char *task;
		const char *says;
	} bad[] = {
		{",\"x-assay\":{\"readiness\":{\"log\":\"((\"}}", "/((/"},
		{",\"x-assay\":{\"readiness\":{\"log\":\"up \\\\d\"}}", "/up \\d/"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		AUTO(ready_plan) struct ready_plan plan = {0};
		AUTO_PTR(product) struct product *product = NULL;
		struct err err = {0};

		cr_assert_eq(
			plan_for(bad[i].task, (struct healthcheck){0}, &product, &plan, &err), -1);
		cr_expect_eq(err.code, ERR_MALFORMED);
		cr_expect_not_null(strstr(err.msg, bad[i].says), "%s", err.msg);
	}
}

/* Docker: CMD-SHELL goes through the image's SHELL, /bin/sh -c without; NONE takes it away. */
Test(runner_ready_plan, health_check_forms)
{
	char *shell[] = {(char[]){"CMD-SHELL"}, (char[]){"curl -f localhost || exit 1"}, NULL};
	char *none[] = {(char[]){"NONE"}, NULL};
	AUTO(ready_plan) struct ready_plan plan = {0};
	AUTO(ready_plan) struct ready_plan alive = {0};
	struct image_config config = {.healthcheck = {.present = true,
					      .test = {.v = shell, .n = 2},
					      .interval_ns = UINT64_C(2000000000),
					      .timeout_ns = UINT64_C(3000000000)}};

	cr_assert_eq(ready_plan(&config, NULL, NULL, &limits, &plan, NULL), 0);
	cr_assert_eq(plan.command.n, 3);
	cr_assert_str_eq(plan.command.v[0], "/bin/sh");
	cr_assert_str_eq(plan.command.v[1], "-c");
	cr_assert_str_eq(plan.command.v[2], "curl -f localhost || exit 1");
	cr_assert_eq(plan.try_ms, 3000);
	cr_assert_eq(plan.last_ms, 2000);
	config.healthcheck.test = (struct strv){.v = none, .n = 1};
	cr_assert_eq(ready_plan(&config, NULL, NULL, &limits, &alive, NULL), 0);
	cr_assert_eq(alive.kind, READY_ALIVE);
}
