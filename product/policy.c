#include "product/policy.h"

#include "base/alloc.h"
#include "base/str.h"
#include "base/sys_file.h"
#include "product/strict.h"

#include <fcntl.h>
#include <string.h>

/* A policy is written by hand. */
#define POLICY_MAX ((size_t)4 << 20)

#define DAY_S 86400
#define DAY_MS 86400000
#define MIB_MAX (UINT64_C(16) << 20) /* 16 TiB */

/* Every limit once: name, default, least, most. */
#define LIMITS(X)                                                                                  \
	X(boot_s, 120, 1, DAY_S)                                                                   \
	X(rest_ms, 1500, 0, DAY_MS)                                                                \
	X(alive_s, 5, 1, DAY_S)                                                                    \
	X(run_s, 600, 1, DAY_S)                                                                    \
	X(step_s, 30, 1, DAY_S)                                                                    \
	X(pids, 512, 1, 4194304)                                                                   \
	X(cpus, 2, 1, 4096)                                                                        \
	X(disk_mib, 2048, 1, MIB_MAX)                                                              \
	X(files, 200000, 1, 1000000000)                                                            \
	X(log_kib, 512, 1, 65536)                                                                  \
	X(service_memory, 512, 1, MIB_MAX)                                                         \
	X(default_memory, 1024, 1, MIB_MAX)                                                        \
	X(document_mib, 8, 1, 1024)                                                                \
	X(manifests, 1000, 1, 1000000)                                                             \
	X(members, 100000, 1, 100000000)                                                           \
	X(layer_mib, 65536, 1, MIB_MAX)                                                            \
	X(entries, 4000000, 1, 50000000)                                                           \
	X(text_mib, 40, 1, 65536)                                                                  \
	X(zstd_window_mib, 8, 1, 1024)                                                             \
	X(spool_mib, 65536, 1, MIB_MAX)                                                            \
	X(store_mib, 10240, 0, MIB_MAX)                                                            \
	X(facts_mib, 256, 0, MIB_MAX)

static const struct limit {
	const char *name;
	size_t offset;
	uint64_t normal;
	uint64_t least;
	uint64_t most;
} limit_rows[] = {
#define ROW(name, normal, least, most) {#name, offsetof(struct limits, name), normal, least, most},
	LIMITS(ROW)
#undef ROW
};

static const struct json_field limit_fields[] = {
#define FIELD(name, normal, least, most)                                                           \
	{#name, JF_U64, offsetof(struct limits, name), JF_OPTIONAL, NULL},
	LIMITS(FIELD)
#undef FIELD
};
static const struct json_table limit_table = {
	limit_fields, ARRAY_SIZE(limit_fields), sizeof(struct limits), 0};

static const struct json_field waiver_fields[] = {
	{"check", JF_STR, offsetof(struct waiver, check), JF_REQUIRED, NULL},
	{"subject", JF_STR, offsetof(struct waiver, subject), JF_OPTIONAL, NULL},
	{"fingerprint", JF_STR, offsetof(struct waiver, fingerprint), JF_OPTIONAL, NULL},
	{"why", JF_STR, offsetof(struct waiver, why), JF_REQUIRED, NULL},
	{"who", JF_STR, offsetof(struct waiver, who), JF_REQUIRED, NULL},
	{"until", JF_STR, offsetof(struct waiver, until), JF_OPTIONAL, NULL},
};
static const struct json_table waiver_table = {
	waiver_fields, ARRAY_SIZE(waiver_fields), sizeof(struct waiver), 0};

static const struct json_field policy_fields[] = {
	{"limits", JF_OBJ, offsetof(struct policy, limits), JF_OPTIONAL, &limit_table},
	{"read_only", JF_BOOL, offsetof(struct policy, read_only), JF_OPTIONAL, NULL},
	{"skip", JF_STRV, offsetof(struct policy, skip), JF_OPTIONAL, NULL},
	{"waivers", JF_ARRAY, offsetof(struct policy, waivers), JF_OPTIONAL, &waiver_table},
};
static const struct json_table policy_table = {
	policy_fields, ARRAY_SIZE(policy_fields), sizeof(struct policy), 0};

_Static_assert(sizeof(struct limits) == ARRAY_SIZE(limit_rows) * sizeof(uint64_t),
	"every limit has a row");

static uint64_t *limit_slot(struct limits *limits, const struct limit *row)
{
	return (uint64_t *)((char *)limits + row->offset);
}

void policy_init(struct policy *ret)
{
	*ret = (struct policy){0};
	for (size_t i = 0; i < ARRAY_SIZE(limit_rows); i++) {
		*limit_slot(&ret->limits, &limit_rows[i]) = limit_rows[i].normal;
	}
}

void policy_release(struct policy *policy)
{
	json_table_release(&policy_table, policy);
}

json_t *limits_json(const struct limits *limits)
{
	json_t *all = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(limit_rows); i++) {
		uint64_t value = *(const uint64_t *)((const char *)limits + limit_rows[i].offset);

		json_object_set_new(all, limit_rows[i].name, json_integer((json_int_t)value));
	}
	return all;
}

static int two_digits(const char *s)
{
	return (s[0] - '0') * 10 + (s[1] - '0');
}

/* "2026-12-31"; the days of the month as the calendar has them. */
static bool is_date(const char *s)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	static const char shape[] = "dddd-dd-dd";
	int year;
	int month;
	bool leap;

	if (strlen(s) != sizeof(shape) - 1) {
		return false;
	}
	for (size_t i = 0; shape[i]; i++) {
		if (shape[i] == 'd' ? s[i] < '0' || s[i] > '9' : s[i] != '-') {
			return false;
		}
	}
	year = two_digits(s) * 100 + two_digits(s + 2);
	month = two_digits(s + 5);
	if (month < 1 || month > 12 || two_digits(s + 8) < 1) {
		return false;
	}
	leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return two_digits(s + 8) <= days[month - 1] + (leap && month == 2);
}

static bool is_fingerprint(const char *s)
{
	return strlen(s) == 64 && strspn(s, "0123456789abcdef") == 64;
}

static void check_waiver(const struct waiver *w, size_t i, struct json_problems *problems)
{
	auto_free char *at = xasprintf("/waivers/%zu", i);

	if (w->until && !is_date(w->until)) {
		strict_problem(
			problems, at, "until", "'%.40s' is no date like 2026-12-31", w->until);
	}
	if (w->fingerprint && !is_fingerprint(w->fingerprint)) {
		strict_problem(problems, at, "fingerprint", "not 64 lower-case hexadecimal digits");
	}
	if (w->why && !*w->why) {
		strict_problem(problems, at, "why", "empty: a waiver needs its reason");
	}
	if (w->who && !*w->who) {
		strict_problem(
			problems, at, "who", "empty: a waiver needs somebody who answers for it");
	}
}

/* A window has a power of two of bytes. */
static void check_window(uint64_t mib, struct json_problems *problems)
{
	if (mib & (mib - 1)) {
		strict_problem(problems, "/limits", "zstd_window_mib", "not a power of two");
	}
}

static void policy_check(struct policy *policy, struct json_problems *problems)
{
	for (size_t i = 0; i < ARRAY_SIZE(limit_rows); i++) {
		const struct limit *row = &limit_rows[i];

		strict_range(*limit_slot(&policy->limits, row), row->least, row->most, "/limits",
			row->name, problems);
	}
	check_window(policy->limits.zstd_window_mib, problems);
	for (size_t i = 0; i < policy->waivers.n; i++) {
		check_waiver(&policy->waivers.v[i], i, problems);
	}
}

/* The first problem as an error; a policy with any is not used at all. */
static int refuse(const struct json_problems *problems, struct err *err)
{
	const struct json_problem *first = &problems->v[0];

	err_set(err, ERR_USAGE, "%s: %s", *first->pointer ? first->pointer : "the whole document",
		first->message);
	if (problems->n > 1 && err) {
		struct err all = *err;

		err_set(err, all.code, "%s (and %zu more problems)", all.msg, problems->n - 1);
	}
	return -1;
}

static int policy_parse(const char *text, size_t len, struct policy *ret, struct err *err)
{
	AUTO(json_problems) struct json_problems problems = {0};
	AUTO(policy) struct policy policy;
	auto_json json_t *value = NULL;
	struct err why;

	policy_init(&policy);
	if (json_parse(text, len, &problems, &value, &why)) {
		return err_set(err, ERR_USAGE, "%s", why.msg);
	}
	strict_read(&policy_table, value, "", &policy, &problems);
	policy_check(&policy, &problems);
	if (problems.n) {
		return refuse(&problems, err);
	}
	*ret = policy;
	policy = (struct policy){0};
	return 0;
}

int policy_load(const char *file, struct policy *ret, struct err *err)
{
	AUTO(buf) struct buf text;

	buf_init(&text, POLICY_MAX);
	if (file_read(AT_FDCWD, file, &text, err)) {
		/* the operator named it: not finding it is a wrong command line */
		if (err) {
			err->code = ERR_USAGE;
		}
		return -1;
	}
	return policy_parse(buf_str(&text), text.len, ret, err) ? err_wrap(err, "policy '%s'", file)
								: 0;
}

static bool covers(const struct waiver *w, const char *check, const char *subject,
	const char *fingerprint, const char *today)
{
	return str_eq(w->check, check) && (!w->subject || str_eq(w->subject, subject)) &&
	       (!w->fingerprint || str_eq(w->fingerprint, fingerprint)) &&
	       (!w->until || strcmp(today, w->until) <= 0);
}

const struct waiver *policy_waiver(const struct policy *policy, const char *check,
	const char *subject, const char *fingerprint, const char *today)
{
	for (size_t i = 0; i < policy->waivers.n; i++) {
		if (covers(&policy->waivers.v[i], check, subject, fingerprint, today)) {
			return &policy->waivers.v[i];
		}
	}
	return NULL;
}
