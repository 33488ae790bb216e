/* R16 over hand-made observations: which file is a log, and where the product talks. */
#include "checks/logfile.h"
#include "seen_kit.h"

extern const struct check check_no_log_files;
extern const struct check check_logs_to_stdout;

struct file_row {
	const char *path;
	uint64_t size;
	bool existed;
	bool grew;
	uint64_t stamped;
	uint64_t lines;
	enum logfile_kind kind;
};

static const struct file_row file_rows[] = {
	/* by name */
	{"/var/log/app.log", 100, false, false, 3, 3, LOGFILE_LOG},
	{"/opt/app/logs/server.log", 100, false, false, 0, 9, LOGFILE_LOG},
	{"/tmp/app.log.1", 100, false, false, 0, 1, LOGFILE_LOG},
	{"/tmp/app.log-20260131", 100, false, false, 0, 1, LOGFILE_LOG},
	{"/var/log/nginx/access", 100, false, false, 0, 1, LOGFILE_LOG},
	{"/usr/local/tomcat/logs/catalina.out", 100, false, false, 9, 9, LOGFILE_LOG},
	{"/var/log/app.log", 0, false, false, 0, 0, LOGFILE_EMPTY},
	{"/etc/login.defs", 100, false, false, 0, 5, LOGFILE_NOT},
	{"/srv/blog.login", 100, false, false, 0, 5, LOGFILE_NOT},
	{"/srv/catalog", 100, false, false, 0, 5, LOGFILE_NOT},
	/* of the image, touched but not written */
	{"/var/log/dpkg.log", 5000, true, false, 20, 20, LOGFILE_NOT},
	{"/var/log/dpkg.log", 5000, true, true, 20, 20, LOGFILE_LOG},
	/* by content: 3 lines at least, 60 of 100 */
	{"/tmp/out", 100, false, true, 3, 3, LOGFILE_LOG},
	{"/tmp/out", 100, false, true, 2, 2, LOGFILE_NOT},
	{"/tmp/out", 100, false, false, 6, 10, LOGFILE_LOG},
	{"/tmp/out", 100, false, false, 59, 100, LOGFILE_NOT},
	{"/srv/measurements.csv", 100, false, true, 50, 50, LOGFILE_DATA},
	/* records of their own */
	{"/var/log/wtmp", 384, false, true, 0, 0, LOGFILE_RECORD},
	{"/var/log/lastlog", 384, false, true, 0, 0, LOGFILE_RECORD},
	{"/var/lib/postgresql/15/main/pg_wal/000000010000000000000001", 16777216, false, true, 0, 0,
		LOGFILE_RECORD},
	{"/var/lib/postgresql/15/main/postmaster.pid", 80, false, false, 0, 6, LOGFILE_RECORD},
	{"/data/app.db-wal", 32768, false, true, 0, 0, LOGFILE_RECORD},
	{"/data/leveldb/000003.log", 4096, false, true, 0, 0, LOGFILE_RECORD},
	{"/data/appendonly.aof", 4096, false, true, 0, 90, LOGFILE_RECORD},
	{"/data/events-journal", 4096, false, true, 90, 90, LOGFILE_LOG},
	{"/var/lib/postgresql/15/main/PG_VERSION", 3, false, false, 0, 1, LOGFILE_NOT},
	{"/var/lib/postgresql/15/main/log/postgresql-2026-01-31.log", 300, false, true, 3, 3,
		LOGFILE_LOG},
};

static struct obs_file file_of(const struct file_row *r)
{
	return (struct obs_file){.path = text(r->path),
		.size = r->size,
		.existed = r->existed,
		.grew = r->grew,
		.regular = true,
		.timestamped_lines = r->stamped,
		.looked_at_lines = r->lines};
}

Test(checks_logs, kinds_of_files)
{
	for (size_t i = 0; i < ARRAY_SIZE(file_rows); i++) {
		struct obs_file f = file_of(&file_rows[i]);
		bool by_name;

		cr_expect_eq(
			logfile_kind(&f, &by_name), file_rows[i].kind, "row %zu: %s", i, f.path);
	}
}

Test(checks_logs, a_socket_is_no_log)
{
	struct obs_file f = {.path = text("/var/log/app.log"), .regular = false};
	bool by_name;

	cr_assert_eq(logfile_kind(&f, &by_name), LOGFILE_NOT);
}

static enum verdict judge_files(struct seen_kit *k, struct obs_file *files, size_t n)
{
	k->t.files.v = files;
	k->t.files.n = n;
	return seen_kit_judge(k, &check_no_log_files);
}

Test(checks_logs, no_log_files)
{
	static const struct {
		struct file_row file;
		enum verdict verdict;
	} rows[] = {
		{{"/etc/app.conf", 10, false, false, 0, 1, LOGFILE_NOT}, VERDICT_PASS},
		{{"/var/log/wtmp", 10, false, true, 0, 0, LOGFILE_RECORD}, VERDICT_PASS},
		{{"/var/log/app.log", 10, false, true, 1, 1, LOGFILE_LOG}, VERDICT_FAIL},
		{{"/run/out", 500, false, true, 9, 9, LOGFILE_LOG}, VERDICT_FAIL},
		{{"/var/log/app.log", 0, false, false, 0, 0, LOGFILE_EMPTY}, VERDICT_WARN},
		{{"/srv/m.csv", 500, false, true, 9, 9, LOGFILE_DATA}, VERDICT_WARN},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(seen_kit) struct seen_kit k;
		struct obs_file f = file_of(&rows[i].file);

		seen_kit_ready(&k);
		cr_expect_eq(judge_files(&k, &f, 1), rows[i].verdict, "row %zu: %s", i,
			k.result.summary);
	}
}

/* What was not seen to its end is not tested; what was found is found. */
Test(checks_logs, no_log_files_of_a_run_cut_short)
{
	static const struct {
		bool ready;
		bool ended;
		bool capped;
		bool log;
		enum verdict verdict;
	} rows[] = {
		{false, false, false, false, VERDICT_NOT_TESTED},
		{true, true, false, false, VERDICT_NOT_TESTED},
		{true, false, true, false, VERDICT_NOT_TESTED},
		{false, true, false, true, VERDICT_FAIL},
		{true, false, true, true, VERDICT_FAIL},
		{true, false, false, false, VERDICT_PASS},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(seen_kit) struct seen_kit k;
		struct obs_file f = file_of(&file_rows[0]);

		seen_kit_ready(&k);
		k.t.ready = rows[i].ready;
		k.t.files_capped = rows[i].capped;
		k.t.exit_early.ended = rows[i].ended;
		cr_expect_eq(judge_files(&k, &f, rows[i].log ? 1 : 0), rows[i].verdict,
			"row %zu: %s", i, k.result.summary);
	}
}

Test(checks_logs, logs_to_stdout)
{
	static const struct {
		const char *out;
		const char *err;
		uint64_t syslog;
		bool file;
		bool ready;
		enum verdict verdict;
	} rows[] = {
		{"ready\n", "", 0, false, true, VERDICT_PASS},
		{"", "ready\n", 0, false, true, VERDICT_PASS},
		{"ready\n", "", 0, true, true, VERDICT_PASS}, /* the file is no-log-files' */
		{"ready\n", "", 3, false, true, VERDICT_WARN},
		{"", "", 0, false, true, VERDICT_WARN},
		{"", "", 3, false, true, VERDICT_FAIL},
		{"", "", 0, true, true, VERDICT_FAIL},
		{"", "", 0, false, false, VERDICT_NOT_TESTED},
		{"", "", 3, false, false, VERDICT_FAIL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(seen_kit) struct seen_kit k;
		struct obs_file f = file_of(&file_rows[0]);

		seen_kit_ready(&k);
		k.t.out = said(rows[i].out);
		k.t.err = said(rows[i].err);
		k.t.syslog_datagrams = rows[i].syslog;
		k.t.files.v = &f;
		k.t.files.n = rows[i].file ? 1 : 0;
		k.t.ready = rows[i].ready;
		cr_expect_eq(seen_kit_judge(&k, &check_logs_to_stdout), rows[i].verdict,
			"row %zu: %s", i, k.result.summary);
	}
}
