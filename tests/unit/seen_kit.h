/*
 * seen_kit.h - dynamic checks over hand-made observations: a context with all that they may look
 * at, and the verdict that the engine's rules derive.
 */
#ifndef TESTS_UNIT_SEEN_KIT_H
#define TESTS_UNIT_SEEN_KIT_H

#include "base/alloc.h"
#include "checks/check.h"
#include "checks/verdict.h"

#include <criterion/criterion.h>
#include <string.h>

struct seen_kit {
	struct task_observation t;
	struct task task;
	struct product product;
	struct policy policy;
	struct image_config config;
	struct image image;
	struct check_context ctx;
	bool no_product;
	/* of the last judgement */
	struct check_result result;
};

static inline void seen_kit_release(struct seen_kit *k)
{
	check_result_release(&k->result);
	policy_release(&k->policy);
}

/* A service that was started and became ready after 1.5 s, with nothing else to be said of it. The
 * strings in it are the test's: nothing of it is released. */
static inline void seen_kit_ready(struct seen_kit *k)
{
	*k = (struct seen_kit){0};
	policy_init(&k->policy);
	k->t.state = OBS_STARTED;
	k->t.world = (char *)(uintptr_t) "user namespace, cgroup v1";
	k->t.ready = true;
	k->t.ready_s = 1.5;
	k->t.boot_limit_s = 120;
	k->t.ready_by = (char *)(uintptr_t) "port 8080 accepts connections";
	k->t.task = &k->task;
}

static inline enum verdict seen_kit_judge(struct seen_kit *k, const struct check *check)
{
	struct outcome out = {0};
	struct err err = {0};

	k->product.tasks = &k->task;
	k->product.n_tasks = 1;
	k->image.config = &k->config;
	k->ctx = (struct check_context){
		.image = &k->image,
		.product = k->no_product ? NULL : &k->product,
		.task = k->no_product ? NULL : &k->task,
		.observation = &k->t,
		.policy = &k->policy,
		.edition = edition_default(),
		.memory_mib = k->ctx.memory_mib,
	};
	cr_assert_eq(check->run(&k->ctx, &out, &err), 0, "%s", err.msg);
	check_result_release(&k->result);
	k->result = (struct check_result){.check = check};
	verdict_derive(&out, &err, 0, &k->policy, "2026-01-31", &k->result);
	outcome_release(&out);
	if (k->result.verdict == VERDICT_PASS) {
		cr_expect_gt(json_array_size(k->result.evidence), 0, "a pass without evidence");
	}
	return k->result.verdict;
}

/* The message of the only finding. */
static inline const char *seen_kit_message(const struct seen_kit *k)
{
	cr_assert_eq(k->result.findings.n, 1);
	return k->result.findings.v[0].message;
}

/* Borrowed text as observations hold it. */
static inline char *text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static inline struct obs_stream said(const char *s)
{
	struct obs_stream stream = {.bytes = strlen(s), .head = text(s), .head_len = strlen(s)};

	for (const char *p = s; *p; p++) {
		stream.lines += *p == '\n';
	}
	return stream;
}

#endif
