/* R09: what the ports said. */
#include "seen_kit.h"

extern const struct check check_plain_http;

struct row {
	const char *what;
	struct obs_port ports[2];
	size_t n;
	enum verdict verdict;
};

static const struct row rows[] = {
	{"plain HTTP",
		{{.port = 80,
			.declared = true,
			.state = OBS_PORT_OPEN,
			.spoke_http = true,
			.status = 200}},
		1, VERDICT_PASS},
	{"HTTP and TLS on one port",
		{{.port = 80,
			.declared = true,
			.state = OBS_PORT_OPEN,
			.spoke_http = true,
			.tls = true}},
		1, VERDICT_PASS},
	{"a redirect within plain HTTP",
		{{.port = 80,
			.declared = true,
			.state = OBS_PORT_OPEN,
			.spoke_http = true,
			.status = 302,
			.location = (char *)(uintptr_t) "/login"}},
		1, VERDICT_PASS},
	{"TLS only",
		{{.port = 8443,
			.declared = true,
			.state = OBS_PORT_OPEN,
			.tls = true,
			.tls_required = true}},
		1, VERDICT_FAIL},
	{"plain HTTP sent to HTTPS port",
		{{.port = 8443,
			.declared = true,
			.state = OBS_PORT_OPEN,
			.spoke_http = true,
			.status = 400,
			.tls_required = true}},
		1, VERDICT_FAIL},
	{"one of two is TLS only",
		{{.port = 80, .declared = true, .state = OBS_PORT_OPEN, .spoke_http = true},
			{.port = 443,
				.declared = true,
				.state = OBS_PORT_OPEN,
				.tls = true,
				.tls_required = true}},
		2, VERDICT_FAIL},
	{"redirect whatever comes",
		{{.port = 80,
			.declared = true,
			.state = OBS_PORT_OPEN,
			.spoke_http = true,
			.status = 301,
			.redirect_to_https = true,
			.redirect_with_proto = true}},
		1, VERDICT_FAIL},
	{"redirect unless behind a proxy",
		{{.port = 80,
			.declared = true,
			.state = OBS_PORT_OPEN,
			.spoke_http = true,
			.status = 301,
			.redirect_to_https = true}},
		1, VERDICT_WARN},
	{"another protocol",
		{{.port = 6379,
			.declared = true,
			.state = OBS_PORT_OPEN,
			.first_bytes = (char *)(uintptr_t) "-ERR"}},
		1, VERDICT_NOT_APPLICABLE},
	{"MLLP says nothing", {{.port = 2575, .declared = true, .state = OBS_PORT_OPEN}}, 1,
		VERDICT_NOT_APPLICABLE},
	{"no ports", {{0}}, 0, VERDICT_NOT_APPLICABLE},
	{"declared, closed", {{.port = 80, .declared = true}}, 1, VERDICT_NOT_TESTED},
	{"declared, loopback only",
		{{.port = 80, .declared = true, .listening = true, .loopback_only = true}}, 1,
		VERDICT_NOT_TESTED},
	{"one of two is closed",
		{{.port = 80, .declared = true, .state = OBS_PORT_OPEN, .spoke_http = true},
			{.port = 443, .declared = true}},
		2, VERDICT_PASS},
	{"only undeclared ones", {{.port = 9000, .state = OBS_PORT_OPEN, .spoke_http = true}}, 1,
		VERDICT_NOT_TESTED},
	{"an undeclared TLS one beside",
		{{.port = 80, .declared = true, .state = OBS_PORT_OPEN, .spoke_http = true},
			{.port = 9443, .state = OBS_PORT_OPEN, .tls = true, .tls_required = true}},
		2, VERDICT_WARN},
};

Test(checks_plain_http, table)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct obs_port ports[2] = {rows[i].ports[0], rows[i].ports[1]};
		AUTO(seen_kit) struct seen_kit k;

		seen_kit_ready(&k);
		k.t.ports.v = ports;
		k.t.ports.n = rows[i].n;
		cr_expect_eq(seen_kit_judge(&k, &check_plain_http), rows[i].verdict, "%s: %s",
			rows[i].what, k.result.summary);
	}
}

Test(checks_plain_http, a_run_cut_short)
{
	AUTO(seen_kit) struct seen_kit k;

	seen_kit_ready(&k);
	k.t.exit_early = (struct obs_exit){.ended = true, .code = 1, .t_s = 2};
	cr_assert_eq(seen_kit_judge(&k, &check_plain_http), VERDICT_NOT_TESTED);
}

Test(checks_plain_http, a_cron_task)
{
	AUTO(seen_kit) struct seen_kit k;

	seen_kit_ready(&k);
	k.t.cron = true;
	cr_assert_eq(seen_kit_judge(&k, &check_plain_http), VERDICT_NOT_APPLICABLE);
}
