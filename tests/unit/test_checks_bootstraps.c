/* Ready or not, and whose fault: R12 over hand-made observations. */
#include "seen_kit.h"

extern const struct check check_bootstraps;

Test(checks_bootstraps, ready_passes)
{
	AUTO(seen_kit) struct seen_kit k;

	seen_kit_ready(&k);
	cr_assert_eq(seen_kit_judge(&k, &check_bootstraps), VERDICT_PASS);
	cr_assert_str_eq(k.result.summary, "ready after 1.50 s: port 8080 accepts connections");
}

Test(checks_bootstraps, not_ready_fails_with_what_it_said)
{
	AUTO(seen_kit) struct seen_kit k;
	struct obs_event event = {.t_s = 120,
		.event = text("not-ready"),
		.detail = text(
			"waited for: port 8080 accepts connections; last: port 8080: refused")};

	seen_kit_ready(&k);
	k.t.ready = false;
	k.t.err = said("one\nno licence found\n");
	k.t.timeline.v = &event;
	k.t.timeline.n = 1;
	cr_assert_eq(seen_kit_judge(&k, &check_bootstraps), VERDICT_FAIL);
	cr_assert(strstr(seen_kit_message(&k), "not ready within 120 s"));
	cr_assert(strstr(seen_kit_message(&k), "it said last: 'no licence found'"));
	cr_assert(strstr(seen_kit_message(&k), "last: port 8080: refused"));
}

Test(checks_bootstraps, loopback_only_is_told)
{
	AUTO(seen_kit) struct seen_kit k;
	struct obs_port port = {
		.port = 8080, .declared = true, .listening = true, .loopback_only = true};

	seen_kit_ready(&k);
	k.t.ready = false;
	k.t.ports.v = &port;
	k.t.ports.n = 1;
	cr_assert_eq(seen_kit_judge(&k, &check_bootstraps), VERDICT_FAIL);
	cr_assert(strstr(seen_kit_message(&k), "only on the loopback address"));
}

Test(checks_bootstraps, another_port_is_told)
{
	AUTO(seen_kit) struct seen_kit k;
	struct obs_port ports[] = {
		{.port = 8080, .declared = true},
		{.port = 8081, .listening = true},
	};

	seen_kit_ready(&k);
	k.t.ready = false;
	k.t.ports.v = ports;
	k.t.ports.n = 2;
	cr_assert_eq(seen_kit_judge(&k, &check_bootstraps), VERDICT_FAIL);
	cr_assert(strstr(seen_kit_message(&k), "it listens on port 8081, which is not declared"));
}

struct end_row {
	bool ready;
	bool cron;
	int code;
	int signal;
	uint64_t oom_kills;
	enum verdict verdict;
};

/* An early exit 0 of a service is a failure; a cron task's is what it is for. */
static const struct end_row end_rows[] = {
	{false, false, 1, 0, 0, VERDICT_FAIL},
	{false, false, 0, 0, 0, VERDICT_FAIL},
	{false, false, -1, 11, 0, VERDICT_FAIL},
	{false, false, -1, 9, 1, VERDICT_FAIL},
	{true, false, 0, 0, 0, VERDICT_FAIL},
	{true, true, 0, 0, 0, VERDICT_PASS},
	{false, true, 1, 0, 0, VERDICT_FAIL},
	/* killed at its limit once it was ready: memory-held's to judge */
	{true, false, -1, 9, 1, VERDICT_PASS},
};

Test(checks_bootstraps, ends)
{
	for (size_t i = 0; i < ARRAY_SIZE(end_rows); i++) {
		const struct end_row *r = &end_rows[i];
		AUTO(seen_kit) struct seen_kit k;

		seen_kit_ready(&k);
		k.t.ready = r->ready;
		k.t.cron = r->cron;
		k.t.memory.oom_kills = r->oom_kills;
		k.t.exit_early = (struct obs_exit){
			.ended = true, .code = r->code, .signal = r->signal, .t_s = 2};
		cr_expect_eq(seen_kit_judge(&k, &check_bootstraps), r->verdict, "row %zu: %s", i,
			k.result.summary);
	}
}

Test(checks_bootstraps, limits_of_ours)
{
	static const struct {
		const char *why;
		bool ready;
		enum verdict verdict;
	} rows[] = {
		{"disk", false, VERDICT_FAIL}, {"disk", true, VERDICT_FAIL},
		{"files", false, VERDICT_FAIL}, {"run time", false, VERDICT_FAIL},
		{"run time", true, VERDICT_PASS}, /* it was ready: our tests took too long */
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(seen_kit) struct seen_kit k;

		seen_kit_ready(&k);
		k.t.ready = rows[i].ready;
		k.t.killed_by_us = rows[i].why;
		cr_expect_eq(seen_kit_judge(&k, &check_bootstraps), rows[i].verdict, "row %zu", i);
	}
}

Test(checks_bootstraps, a_command_that_is_not_there)
{
	AUTO(seen_kit) struct seen_kit k;
	struct obs_event event = {
		.event = text("not-executed"), .detail = text("execute '/app': No such file")};

	seen_kit_ready(&k);
	k.t.ready = false;
	k.t.exit_early = (struct obs_exit){.ended = true, .code = 127};
	k.t.timeline.v = &event;
	k.t.timeline.n = 1;
	cr_assert_eq(seen_kit_judge(&k, &check_bootstraps), VERDICT_FAIL);
	cr_assert_str_eq(seen_kit_message(&k),
		"its command could not be executed: execute '/app': No such file");
}

/* RULES, R12: waiting for a declared destination that nobody gave cannot be judged; waiting for an
 * undeclared one fails. */
Test(checks_bootstraps, a_declared_destination_was_missing)
{
	struct interface to = {
		.name = text("terminology"), .uri = text("https://tx.example.org/r4")};
	static const struct {
		const char *output;
		enum verdict verdict;
	} rows[] = {
		{"cannot resolve tx.example.org\n", VERDICT_NOT_TESTED},
		{"cannot resolve other.example.net\n", VERDICT_FAIL},
		{"", VERDICT_FAIL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(seen_kit) struct seen_kit k;

		seen_kit_ready(&k);
		k.t.ready = false;
		k.t.err = said(rows[i].output);
		k.product.networking.v = &to;
		k.product.networking.n = 1;
		cr_expect_eq(seen_kit_judge(&k, &check_bootstraps), rows[i].verdict, "row %zu", i);
	}
}

/* What it asked for by name counts as what it says does; a service of that name was given. */
Test(checks_bootstraps, a_declared_destination_was_asked_for)
{
	static const struct {
		const char *uri;
		const char *asked;
		bool answered;
		const char *given;
		enum verdict verdict;
	} rows[] = {
		{"https://tx.example.org:8443/r4", "tx.example.org", false, "db",
			VERDICT_NOT_TESTED},
		{"postgresql://clinic:word@db/app", "DB", false, "cache", VERDICT_NOT_TESTED},
		{"postgresql://clinic@db/app", "db", true, "db", VERDICT_FAIL},
		{"postgresql://clinic@db/app", "other", false, "cache", VERDICT_FAIL},
		{"https://tx.example.org/r4", "tx.example.org", true, "TX.example.org",
			VERDICT_FAIL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(seen_kit) struct seen_kit k;
		struct interface to = {.name = text("where it writes"), .uri = text(rows[i].uri)};
		struct obs_contact contact = {.protocol = "dns",
			.count = 1,
			.name = text(rows[i].asked),
			.answered = rows[i].answered};
		struct service_observation service = {.name = text(rows[i].given)};

		seen_kit_ready(&k);
		k.t.ready = false;
		k.t.err = said("tx.example.org does not answer\n");
		k.t.contacts.v = &contact;
		k.t.contacts.n = 1;
		k.t.services.v = &service;
		k.t.services.n = 1;
		k.product.networking.v = &to;
		k.product.networking.n = 1;
		cr_expect_eq(seen_kit_judge(&k, &check_bootstraps), rows[i].verdict, "row %zu: %s",
			i, k.result.summary);
	}
}

Test(checks_bootstraps, names_asked_in_vain_are_told)
{
	AUTO(seen_kit) struct seen_kit k;
	struct obs_contact contacts[] = {
		{.protocol = "dns", .count = 1, .name = text("cache"), .answered = true},
		{.protocol = "dns", .count = 40, .name = text("db")},
		{.protocol = "tcp", .count = 1, .address = text("192.0.2.7"), .port = 80},
		{.protocol = "dns", .count = 1, .name = text("mail.example.org")},
	};

	seen_kit_ready(&k);
	k.t.ready = false;
	k.t.exit_early = (struct obs_exit){.ended = true, .code = 1, .t_s = 20};
	k.t.err = said("gave up\n");
	k.t.contacts.v = contacts;
	k.t.contacts.n = ARRAY_SIZE(contacts);
	cr_assert_eq(seen_kit_judge(&k, &check_bootstraps), VERDICT_FAIL);
	cr_assert(strstr(seen_kit_message(&k), "before it was ready; it asked in vain for 'db', "
					       "'mail.example.org'; it said last: 'gave up'"));
}

Test(checks_bootstraps, dependencies_were_missing)
{
	AUTO(seen_kit) struct seen_kit k;

	seen_kit_ready(&k);
	k.t.ready = false;
	k.product.n_runtime_dependencies = 2;
	cr_assert_eq(seen_kit_judge(&k, &check_bootstraps), VERDICT_NOT_TESTED);
}

Test(checks_bootstraps, dependencies_were_given)
{
	AUTO(seen_kit) struct seen_kit k;
	struct service_observation services[] = {{.name = text("db")}, {.name = text("cache")}};

	seen_kit_ready(&k);
	k.t.ready = false;
	k.t.services.v = services;
	k.t.services.n = ARRAY_SIZE(services);
	k.product.n_runtime_dependencies = 2;
	cr_assert_eq(seen_kit_judge(&k, &check_bootstraps), VERDICT_FAIL);
}
