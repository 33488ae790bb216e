/* R14: which refused calls are evidence, which make somebody look, and which are escapes. */
#include "seen_kit.h"

extern const struct check check_no_privileged_attempts;

#define ARG(n) .has_argument = true, .argument = (n)

/* A refused call of /usr/bin/app, in the middle of others that are of no consequence. */
static enum verdict verdict_of(struct obs_refused row)
{
	AUTO(seen_kit) struct seen_kit k;
	struct obs_refused rows[] = {
		{.count = 1, .call = text("io_uring_setup"), .comm = text("app")}, row};

	seen_kit_ready(&k);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		rows[i].arch = text("x86-64");
		rows[i].comm = text("app");
		rows[i].exe = text("/usr/bin/app");
	}
	k.t.refused_watched = true;
	k.t.refused.v = rows;
	k.t.refused.n = ARRAY_SIZE(rows);
	return seen_kit_judge(&k, &check_no_privileged_attempts);
}

/* What a signal has taken back may have been an escape. */
Test(checks_no_privileged_attempts, interrupted)
{
	AUTO(seen_kit) struct seen_kit k;
	struct obs_refused row = {.count = 1, .arch = text("x86-64"), .comm = text("app")};

	row.exe = text("/usr/bin/app");
	seen_kit_ready(&k);
	k.t.refused_watched = true;
	k.t.refused_missed = 1;
	cr_expect_eq(seen_kit_judge(&k, &check_no_privileged_attempts), VERDICT_NOT_TESTED);
	k.t.refused.v = &row;
	k.t.refused.n = 1;
	row.call = text("mount");
	cr_expect_eq(seen_kit_judge(&k, &check_no_privileged_attempts), VERDICT_NOT_TESTED);
	row.call = text("finit_module");
	cr_expect_eq(seen_kit_judge(&k, &check_no_privileged_attempts), VERDICT_FAIL);
}

Test(checks_no_privileged_attempts, table)
{
	static const struct {
		struct obs_refused row;
		enum verdict verdict;
	} rows[] = {
		/* what run-time systems and libraries ask for, and do without */
		{{.call = (char *)(uintptr_t) "io_uring_setup", .count = 9}, VERDICT_PASS},
		{{.call = (char *)(uintptr_t) "io_uring_register"}, VERDICT_PASS},
		{{.call = (char *)(uintptr_t) "personality", ARG(0x40000)}, VERDICT_PASS},
		{{.call = (char *)(uintptr_t) "sysfs"}, VERDICT_PASS},
		{{.call = (char *)(uintptr_t) "number 180"}, VERDICT_PASS},
		/* Samba: a working directory of a thread's own */
		{{.call = (char *)(uintptr_t) "unshare", ARG(0x200)}, VERDICT_PASS},
		/* pam_keyinit: get, join, revoke, link */
		{{.call = (char *)(uintptr_t) "keyctl", ARG(0)}, VERDICT_PASS},
		{{.call = (char *)(uintptr_t) "keyctl", ARG(1)}, VERDICT_PASS},
		{{.call = (char *)(uintptr_t) "keyctl", ARG(3)}, VERDICT_PASS},
		{{.call = (char *)(uintptr_t) "keyctl", ARG(8)}, VERDICT_PASS},
		/* KEYCTL_READ, and where the argument is not known */
		{{.call = (char *)(uintptr_t) "keyctl", ARG(11)}, VERDICT_WARN},
		{{.call = (char *)(uintptr_t) "keyctl"}, VERDICT_WARN},
		{{.call = (char *)(uintptr_t) "unshare"}, VERDICT_WARN},
		{{.call = (char *)(uintptr_t) "unshare", ARG(0x10000000)}, VERDICT_WARN},
		{{.call = (char *)(uintptr_t) "unshare", ARG(0x80)}, VERDICT_WARN}, /* time */
		{{.call = (char *)(uintptr_t) "unshare", ARG(0x20200)}, VERDICT_WARN},
		{{.call = (char *)(uintptr_t) "clone", ARG(0x10000000)}, VERDICT_WARN},
		{{.call = (char *)(uintptr_t) "mount"}, VERDICT_WARN},
		{{.call = (char *)(uintptr_t) "bpf", ARG(5)}, VERDICT_WARN},
		{{.call = (char *)(uintptr_t) "socket", ARG(40)}, VERDICT_WARN},
		{{.call = (char *)(uintptr_t) "syslog"}, VERDICT_WARN},
		{{.call = (char *)(uintptr_t) "delete_module"}, VERDICT_WARN},
		{{.call = (char *)(uintptr_t) "a call not in the table"}, VERDICT_WARN},
		/* the whole machine */
		{{.call = (char *)(uintptr_t) "open_by_handle_at"}, VERDICT_FAIL},
		{{.call = (char *)(uintptr_t) "init_module"}, VERDICT_FAIL},
		{{.call = (char *)(uintptr_t) "finit_module"}, VERDICT_FAIL},
		{{.call = (char *)(uintptr_t) "kexec_load"}, VERDICT_FAIL},
		{{.call = (char *)(uintptr_t) "kexec_file_load"}, VERDICT_FAIL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cr_expect_eq(verdict_of(rows[i].row), rows[i].verdict, "%s(%#x)", rows[i].row.call,
			rows[i].row.argument);
	}
}

/* Threads, arguments and architectures of one program are one finding; another program is another. */
Test(checks_no_privileged_attempts, one_finding_for_each_call_and_program)
{
	AUTO(seen_kit) struct seen_kit k;
	struct obs_refused rows[] = {
		{.count = 2,
			.call = text("bpf"),
			ARG(5),
			.arch = text("x86-64"),
			.comm = text("a"),
			.exe = text("/a")},
		{.count = 3,
			.call = text("bpf"),
			ARG(0),
			.arch = text("i386"),
			.comm = text("t"),
			.exe = text("/a")},
		{.count = 1,
			.call = text("bpf"),
			ARG(5),
			.arch = text("x86-64"),
			.comm = text("b"),
			.exe = text("/b")},
		{.count = 7,
			.call = text("mount"),
			.arch = text("x86-64"),
			.comm = text(""),
			.exe = text("")},
	};

	seen_kit_ready(&k);
	k.t.refused_watched = true;
	k.t.refused.v = rows;
	k.t.refused.n = ARRAY_SIZE(rows);
	cr_assert_eq(seen_kit_judge(&k, &check_no_privileged_attempts), VERDICT_WARN);
	cr_assert_eq(k.result.findings.n, 3);
	cr_expect_str_eq(k.result.findings.v[0].subject, "bpf by /a");
	cr_expect_not_null(strstr(k.result.findings.v[0].message, "/a tried bpf (5)"));
	cr_expect_str_eq(k.result.findings.v[1].subject, "bpf by /b");
	cr_expect_str_eq(k.result.findings.v[2].subject, "mount by several processes");
}

/* What was not looked at, or not for long enough, is no pass; what was found, is found. */
Test(checks_no_privileged_attempts, not_tested)
{
	AUTO(seen_kit) struct seen_kit k;
	struct obs_refused row = {.count = 1,
		.call = text("finit_module"),
		.arch = text("x86-64"),
		.comm = text("a"),
		.exe = text("/a")};

	seen_kit_ready(&k);
	cr_expect_eq(
		seen_kit_judge(&k, &check_no_privileged_attempts), VERDICT_NOT_TESTED, "unwatched");
	seen_kit_release(&k);
	seen_kit_ready(&k);
	k.t.refused_watched = true;
	k.t.ready = false;
	cr_expect_eq(
		seen_kit_judge(&k, &check_no_privileged_attempts), VERDICT_NOT_TESTED, "not ready");
	seen_kit_release(&k);
	seen_kit_ready(&k);
	k.t.refused_watched = true;
	k.t.exit_early = (struct obs_exit){.ended = true, .t_s = 3};
	cr_expect_eq(
		seen_kit_judge(&k, &check_no_privileged_attempts), VERDICT_NOT_TESTED, "ended");
	seen_kit_release(&k);
	seen_kit_ready(&k);
	k.t.refused_watched = true;
	k.t.ready = false;
	k.t.refused.v = &row;
	k.t.refused.n = 1;
	cr_expect_eq(seen_kit_judge(&k, &check_no_privileged_attempts), VERDICT_FAIL, "found");
	seen_kit_release(&k);
	seen_kit_ready(&k);
	k.t.refused_watched = true;
	cr_expect_eq(seen_kit_judge(&k, &check_no_privileged_attempts), VERDICT_PASS);
}
