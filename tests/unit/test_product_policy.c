#include "base/alloc.h"
#include "base/sys_file.h"
#include "image/limits.h"
#include "product/edition.h"
#include "product/policy.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Through a real file, as policy_load wants one. */
static int load(const char *text, struct policy *ret, struct err *err)
{
	char file[] = "/tmp/assay-policy-XXXXXX";
	auto_fd int fd = mkstemp(file);
	int result;

	cr_assert_geq(fd, 0);
	cr_assert_eq(file_write_fd(fd, text, strlen(text), err), 0);
	result = policy_load(file, ret, err);
	unlink(file);
	return result;
}

Test(policy, defaults_stand)
{
	AUTO(policy) struct policy init;
	AUTO(policy) struct policy empty = {0};
	struct err err;

	policy_init(&init);
	cr_assert_eq(load("{}", &empty, &err), 0, "%s", err.msg);
	cr_expect_eq(init.limits.boot_s, 120);
	cr_expect_eq(init.limits.rest_ms, 1500);
	cr_expect_eq(init.limits.pids, 512);
	cr_expect_eq(init.limits.default_memory, 1024);
	cr_expect_eq(memcmp(&init.limits, &empty.limits, sizeof(init.limits)), 0);
	cr_expect_not(init.read_only || empty.read_only);
}

Test(policy, reads_all_of_it)
{
	AUTO(policy) struct policy policy = {0};
	struct err err;

	cr_assert_eq(
		load("{\"limits\":{\"boot_s\":7},\"read_only\":true,\"skip\":[\"telemetry\"],\"waivers\":["
		     "{\"check\":\"log-paths\",\"subject\":\"/x\",\"why\":\"w\",\"who\":\"me\","
		     "\"until\":\"2028-02-29\"}]}",
			&policy, &err),
		0, "%s", err.msg);
	cr_expect_eq(policy.limits.boot_s, 7);
	cr_expect_eq(policy.limits.run_s, 600);
	cr_expect(policy.read_only);
	cr_expect_str_eq(policy.skip.v[0], "telemetry");
	cr_expect_str_eq(policy.waivers.v[0].until, "2028-02-29");
}

/* The rooms do not know each other, so the numbers stand in both. */
Test(policy, defaults_are_the_limits_of_images)
{
	struct policy policy;
	const struct limits *l = &policy.limits;

	policy_init(&policy);
	cr_expect_eq(l->document_mib * MIB, image_limits.document);
	cr_expect_eq(l->manifests, image_limits.manifests);
	cr_expect_eq(l->members, image_limits.members);
	cr_expect_eq(l->layer_mib * MIB, image_limits.layer_tar);
	cr_expect_eq(l->entries, image_limits.entries);
	cr_expect_eq(l->text_mib * MIB, image_limits.keep_all);
	cr_expect_eq(l->zstd_window_mib * MIB, image_limits.zstd_window);
	cr_expect_eq(l->spool_mib * MIB, image_limits.spool);
	cr_expect_eq(l->store_mib * MIB, image_limits.store);
	cr_expect_eq(l->facts_mib * MIB, image_limits.facts);
}

#define WAIVER(members) "{\"waivers\":[{\"check\":\"c\",\"why\":\"w\",\"who\":\"m\"," members "}]}"

static const char *const wrongs[] = {
	"",
	"[]",
	"{\"limit\":{}}",
	"{\"limits\":{\"boot\":1}}",
	"{\"limits\":{\"boot_s\":0}}",
	"{\"limits\":{\"boot_s\":-1}}",
	"{\"limits\":{\"boot_s\":\"5\"}}",
	"{\"limits\":{\"boot_s\":1.5}}",
	"{\"limits\":{\"boot_s\":86401}}",
	"{\"limits\":{\"boot_s\":1},\"limits\":{\"boot_s\":2}}",
	"{\"limits\":{\"zstd_window_mib\":12}}",
	"{\"limits\":{\"entries\":50000001}}",
	"{\"skip\":\"x\"}",
	"{\"read_only\":1}",
	"{\"waivers\":[{\"check\":\"c\"}]}",
	"{\"waivers\":[{\"check\":\"c\",\"why\":\"\",\"who\":\"m\"}]}",
	"{\"waivers\":[{\"why\":\"w\",\"who\":\"m\"}]}",
	WAIVER("\"until\":\"tomorrow\""),
	WAIVER("\"until\":\"2026-13-01\""),
	WAIVER("\"until\":\"2026-02-29\""),
	WAIVER("\"until\":\"2026-00-10\""),
	WAIVER("\"until\":\"2026-01-00\""),
	WAIVER("\"until\":\"2026-1-1\""),
	WAIVER("\"until\":\"2026-12-31T00:00\""),
	WAIVER("\"fingerprint\":\"abc\""),
	WAIVER("\"reason\":\"x\""),
};

Test(policy, anything_wrong_is_a_usage_error)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
		struct policy policy;
		struct err err = {0};

		policy_init(&policy);
		cr_expect_eq(load(wrongs[i], &policy, &err), -1, "%s", wrongs[i]);
		cr_expect_eq(err.code, ERR_USAGE, "%s: %s", wrongs[i], err.msg);
		cr_expect_eq(policy.limits.boot_s, 120, "untouched on failure");
	}
}

Test(policy, missing_file_is_a_usage_error)
{
	struct policy policy;
	struct err err = {0};

	cr_expect_eq(policy_load("/nonexistent/policy.json", &policy, &err), -1);
	cr_expect_eq(err.code, ERR_USAGE);
}

Test(policy, waiver_by_each_key)
{
	static const char print[] =
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	AUTO(policy) struct policy policy = {0};
	auto_free char *text =
		xasprintf("{\"waivers\":[{\"check\":\"a\",\"why\":\"w\",\"who\":\"m\","
			  "\"until\":\"2026-06-15\"},"
			  "{\"check\":\"b\",\"subject\":\"/x\",\"why\":\"w\",\"who\":\"m\"},"
			  "{\"check\":\"c\",\"fingerprint\":\"%s\",\"why\":\"w\",\"who\":\"m\"}]}",
			print);
	struct err err;

	cr_assert_eq(load(text, &policy, &err), 0, "%s", err.msg);
	cr_expect_not_null(policy_waiver(&policy, "a", "/any", "f", "2026-06-15"));
	cr_expect_null(policy_waiver(&policy, "a", "/any", "f", "2026-06-16"));
	cr_expect_not_null(policy_waiver(&policy, "b", "/x", "f", "2030-01-01"));
	cr_expect_null(policy_waiver(&policy, "b", "/y", "f", "2030-01-01"));
	cr_expect_not_null(policy_waiver(&policy, "c", "/y", print, "2030-01-01"));
	cr_expect_null(policy_waiver(&policy, "c", "/y", "f", "2030-01-01"));
	cr_expect_null(policy_waiver(&policy, "d", "/x", print, "2026-01-01"));
}

Test(edition, tables_say_what_the_ballots_say)
{
	cr_expect_str_eq(edition_default()->name, "stu1");
	cr_expect_eq(edition_find("stu1")->stop_limit_ms, 10000);
	cr_expect_eq(edition_find("stu2")->stop_limit_ms, 15000);
	cr_expect(edition_find("stu1")->volumes_fail && edition_find("stu1")->foreign_cpu_fails);
	cr_expect_not(edition_find("stu2")->volumes_fail);
	cr_expect_not(edition_find("stu2")->foreign_cpu_fails);
	cr_expect_null(edition_find("stu3"));
	cr_expect_null(edition_find(NULL));
}
