/* Lines that real programs wrote (from their documentation), and lines that are no log's. */
#include "runner/logline.h"

#include "base/cleanup.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *const logs[] = {
	"2026-01-31T12:00:00Z listening on :8080",
	"2026-01-31 12:00:00.123 UTC [1] LOG:  database system is ready to accept connections",
	"[2026-01-31 12:00:00 +0000] [1] [INFO] Starting gunicorn 20.1.0",
	"2026/01/31 12:00:00 [error] 31#31: *1 open() failed",
	"Jan 31 12:00:00 host sshd[1]: Accepted publickey",
	"<13>Jan  5 12:00:00 host app: message",
	"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] \"GET /apache_pb.gif HTTP/1.0\" 200 2326",
	"[Fri Sep 09 10:42:29.902022 2011] [core:error] [pid 35708] File does not exist",
	"31-Jan-2026 12:00:00.123 INFO [main] org.apache.catalina.startup.Catalina.start",
	"1:M 31 Jan 2026 12:00:00.123 * Ready to accept connections",
	"I0131 12:00:00.123456    1 main.go:10] started",
	"{\"level\":30,\"time\":1769860800000,\"pid\":1,\"msg\":\"ready\"}",
	"{\"timestamp\":\"2026-01-31T12:00:00Z\",\"message\":\"ready\"}",
	"time=\"2026-01-31T12:00:00Z\" level=info msg=ready",
	"1769860800.123 TCP_MISS/200",
	"12:00:00.123 [main] INFO  App - ready",
	"ERROR: cannot open the database",
	"WARNING  something",
	"  2026-01-31 12:00:00 indented",
};

static const char *const others[] = {
	"server {",
	"    listen 8080;",
	"# generated 2026-01-31",
	"2026 is a year",
	"17",
	"1769860800",
	"id,name,born",
	"INFORMATION about this file",
	"ERRORS",
	"Janet 31 12:00:00",
	"export PATH=/usr/bin",
	"<html>",
	"{\"name\":\"x\",\"version\":\"1.2.3\"}",
	"12:00 lunch",
	"[section]",
	"",
	"<",
	"time=",
};

Test(runner_logline, lines_of_logs)
{
	for (size_t i = 0; i < ARRAY_SIZE(logs); i++) {
		cr_expect(logline_timestamped(logs[i], strlen(logs[i])), "%s", logs[i]);
	}
}

Test(runner_logline, other_lines)
{
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		cr_expect_not(logline_timestamped(others[i], strlen(others[i])), "%s", others[i]);
	}
}

/* Every prefix of every line, in memory of just that size: sanitizers would see a read beyond. */
Test(runner_logline, total_on_prefixes)
{
	for (size_t i = 0; i < ARRAY_SIZE(logs); i++) {
		for (size_t len = 0; len <= strlen(logs[i]); len++) {
			auto_free char *copy = malloc(len ? len : 1);

			memcpy(copy, logs[i], len);
			(void)logline_timestamped(copy, len);
		}
	}
}

Test(runner_logline, counting)
{
	const char *text = "2026-01-31T12:00:00Z one\n\nplain\n2026-01-31T12:00:01Z two";
	auto_free char *first = NULL;
	uint64_t lines = 0;
	uint64_t stamped = 0;

	logline_count(text, strlen(text), &lines, &stamped, &first);
	cr_assert_eq(lines, 3);
	cr_assert_eq(stamped, 2);
	cr_assert_str_eq(first, "2026-01-31T12:00:00Z one");
}

Test(runner_logline, binary_counts_nothing)
{
	auto_free char *first = NULL;
	uint64_t lines = 0;
	uint64_t stamped = 0;

	logline_count("2026-01-31T12:00:00Z\n\0\n", 23, &lines, &stamped, &first);
	cr_assert_eq(lines, 0);
	cr_assert_null(first);
}
