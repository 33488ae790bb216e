/* Answers as real servers give them (quoted from their documentation and captures). */
#include "runner/sniff.h"

#include "base/cleanup.h"

#include <criterion/criterion.h>
#include <string.h>

struct row {
	const char *answer;
	int status; /* 0: no HTTP */
	const char *location;
	bool complete;
	bool wants_https;
};

static const struct row rows[] = {
	{"HTTP/1.1 200 OK\r\nServer: x\r\n\r\nbody", 200, NULL, true, false},
	{"HTTP/1.0 404 Not Found\n\n", 404, NULL, true, false},
	{"HTTP/1.1 204\r\n\r\n", 204, NULL, true, false},
	{"HTTP/1.1 200 OK\r\nServer: x\r\n", 200, NULL, false, false},
	{"HTTP/1.1 301 Moved Permanently\r\nlocation:  https://172.29.0.2/ \r\n\r\n", 301,
		"https://172.29.0.2/", true, false},
	{"HTTP/1.1 400 Bad Request\r\n\r\n<center>The plain HTTP request was sent to HTTPS "
	 "port</center>",
		400, NULL, true, true},
	{"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n", 400,
		NULL, true, true},
	{"HTTP/1.1 099 x\r\n\r\n", 0, NULL, false, false},
	{"HTTP/1.1 600 x\r\n\r\n", 0, NULL, false, false},
	{"HTTP/1.1 2000 x\r\n\r\n", 0, NULL, false, false},
	{"HTTP/11 200 OK\r\n\r\n", 0, NULL, false, false},
	{"SSH-2.0-OpenSSH_9.2\r\n", 0, NULL, false, false},
	{"-ERR wrong number of arguments for 'get' command\r\n", 0, NULL, false, false},
	{"\x15\x03\x01\x00\x02\x02\x50", 0, NULL, false, false},
	{"", 0, NULL, false, false},
};

Test(runner_sniff, http_heads)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		struct sniff_http http = {0};
		bool is_http = sniff_http(r->answer, strlen(r->answer), &http);

		cr_expect_eq(is_http, r->status != 0, "%s", r->answer);
		cr_expect_eq(http.status, r->status, "%s", r->answer);
		cr_expect_eq(http.complete, r->complete, "%s", r->answer);
		cr_expect_eq(http.wants_https, r->wants_https, "%s", r->answer);
		cr_expect(r->location ? http.location && strcmp(http.location, r->location) == 0
				      : http.location == NULL,
			"%s", r->answer);
		sniff_http_release(&http);
	}
}

Test(runner_sniff, total_on_prefixes)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t len = 0; len <= strlen(rows[i].answer); len++) {
			auto_free char *copy = malloc(len ? len : 1);
			struct sniff_http http = {0};

			memcpy(copy, rows[i].answer, len);
			(void)sniff_http(copy, len, &http);
			(void)sniff_tls(copy, len);
			sniff_http_release(&http);
		}
	}
}

/* A record header is type, version, length: RFC 8446, 5.1. */
Test(runner_sniff, tls_records)
{
	cr_assert(sniff_tls("\x15\x03\x01\x00\x02\x02\x50", 7));
	cr_assert(sniff_tls_alert("\x15\x03\x03\x00\x02\x02\x46", 7));
	cr_assert(sniff_tls("\x16\x03\x03\x00\x59\x02", 6));
	cr_assert_not(sniff_tls_alert("\x16\x03\x03\x00\x59\x02", 6));
	cr_assert_not(sniff_tls("\x15\x03\x01", 3));
	cr_assert_not(sniff_tls("\x15\x02\x00\x00\x02\x02\x50", 7));
	cr_assert_not(sniff_tls("\x16\x03\x03\x00\x00", 5));
	cr_assert_not(sniff_tls("HTTP/1.1", 8));
}

/* The three lengths of the record, the handshake and the extensions have to fit together. */
Test(runner_sniff, client_hello_is_consistent)
{
	size_t len;
	const unsigned char *b = sniff_client_hello(&len);
	size_t ciphers;

	cr_assert(sniff_tls((const char *)b, len));
	cr_assert_eq((size_t)(b[3] << 8 | b[4]), len - 5);
	cr_assert_eq((size_t)(b[6] << 16 | b[7] << 8 | b[8]), len - 9);
	ciphers = (size_t)(b[44] << 8 | b[45]);
	cr_assert_eq(ciphers % 2, 0);
	cr_assert_eq((size_t)(b[48 + ciphers] << 8 | b[49 + ciphers]), len - 50 - ciphers);
}

/* Asked: http://172.29.0.2/no-page */
Test(runner_sniff, https_redirects)
{
	static const struct {
		int status;
		const char *location;
		bool by_host;
		bool by_host_or_path;
	} cases[] = {
		{301, "https://172.29.0.2/", true, true},
		{302, "HTTPS://172.29.0.2:8443/x", true, true},
		{308, "https://172.29.0.2", true, true},
		{301, "https://clinic.example.org/no-page", false, true},
		{301, "https://clinic.example.org:8443/no-page", false, true},
		{302, "https://login.example.org/authorize", false, false},
		{302, "https://login.example.org/?next=/no-page", false, false},
		{301, "https://172.29.0.20/", false, false},
		{301, "http://172.29.0.2/no-page", false, false},
		{301, "/no-page", false, false},
		{200, "https://172.29.0.2/no-page", false, false},
		{301, NULL, false, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *location = cases[i].location ? strdup(cases[i].location) : NULL;
		struct sniff_http http = {.status = cases[i].status, .location = location};

		cr_expect_eq(sniff_https_redirect(&http, "172.29.0.2", NULL), cases[i].by_host,
			"%zu", i);
		cr_expect_eq(sniff_https_redirect(&http, "172.29.0.2", "/no-page"),
			cases[i].by_host_or_path, "%zu", i);
	}
}

Test(runner_sniff, excerpts_are_escaped_and_short)
{
	auto_free char *text = sniff_excerpt("\x1b[2J\x00secret", 11, 4);

	cr_assert_str_eq(text, "\\x1b[2J");
}
