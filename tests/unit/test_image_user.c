#include "image/user.h"

#include "fake_tree.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "\n"
			     "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
			     "app:x:1000:1001:App:/home/app:/bin/sh\n"
			     "twin:x:1000:1002::/home/twin:/bin/sh\n"
			     "0815:x:2000:2000::/home/number:/bin/sh\n"
			     "short:x:3000\n"
			     "odd:x:abc:def::/odd:/bin/sh\n";
static const char group[] = "root:x:0:\n"
			    "audio:x:29:app,other\n"
			    "video:x:44:other\n"
			    "wheel:x:10:root,app\n"
			    "staff:x:50:\n"
			    "99:x:5:\n";

/* What moby/sys/user (GetExecUser) gives for the same input, worked out from its rules. */
Test(image_user, resolves_as_the_runtimes_do)
{
	static const struct {
		const char *spec;
		uint32_t uid;
		uint32_t gid;
		size_t n_groups;
		uint32_t groups[2];
		const char *name;
		const char *home;
	} rows[] = {
		{"", 0, 0, 1, {10}, "root", "/root"},
		{NULL, 0, 0, 1, {10}, "root", "/root"},
		{"root", 0, 0, 1, {10}, "root", "/root"},
		{"0", 0, 0, 1, {10}, "root", "/root"},
		{"app", 1000, 1001, 2, {29, 10}, "app", "/home/app"},
		/* the first entry of an id counts */
		{"1000", 1000, 1001, 2, {29, 10}, "app", "/home/app"},
		{"twin", 1000, 1002, 0, {0}, "twin", "/home/twin"},
		/* a group that is given replaces the supplementary ones */
		{"app:staff", 1000, 50, 0, {0}, "app", "/home/app"},
		{"app:7777", 1000, 7777, 0, {0}, "app", "/home/app"},
		{"app:", 1000, 1001, 2, {29, 10}, "app", "/home/app"},
		{":staff", 0, 50, 0, {0}, "root", "/root"},
		{"app:staff:more", 1000, 50, 0, {0}, "app", "/home/app"},
		/* a number needs no entry, and its group is 0 then */
		{"4711", 4711, 0, 0, {0}, "", "/"},
		{"4711:29", 4711, 29, 0, {0}, "", "/"},
		{"4711:audio", 4711, 29, 0, {0}, "", "/"},
		{"+4711", 4711, 0, 0, {0}, "", "/"},
		{"2147483647", 2147483647, 0, 0, {0}, "", "/"},
		/* digits are an id, never a name */
		{"0815", 815, 0, 0, {0}, "", "/"},
		{"app:99", 1000, 99, 0, {0}, "app", "/home/app"},
		{"short", 3000, 0, 0, {0}, "short", "/"},
		{"odd", 0, 0, 0, {0}, "odd", "/odd"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *spec = rows[i].spec ? rows[i].spec : "(none)";
		struct err err = {0};
		struct user u;

		cr_assert_eq(user_resolve(rows[i].spec, passwd, group, &u, &err), 0, "%s: %s", spec,
			err.msg);
		cr_assert_eq(u.uid, rows[i].uid, "%s: uid %u", spec, u.uid);
		cr_assert_eq(u.gid, rows[i].gid, "%s: gid %u", spec, u.gid);
		cr_assert_eq(u.n_groups, rows[i].n_groups, "%s: %zu groups", spec, u.n_groups);
		cr_assert_eq(memcmp(u.groups, rows[i].groups, u.n_groups * sizeof(u.groups[0])), 0,
			"%s: groups", spec);
		cr_assert_str_eq(u.name, rows[i].name, "%s", spec);
		cr_assert_str_eq(u.home, rows[i].home, "%s", spec);
	}
}

Test(image_user, refuses_what_does_not_resolve)
{
	static const struct {
		const char *spec;
		const char *named;
	} rows[] = {
		{"nobody", "'nobody'"},
		{"nobody:0", "'nobody'"},
		{"app:nogroup", "'nogroup'"},
		{"4711:nogroup", "'nogroup'"},
		{"-1", "'-1'"},
		{"2147483648", "'2147483648'"},
		{"99999999999999999999999", "'99999999999999999999999'"},
		{"0:-5", "'-5'"},
		{"app ", "'app '"},
		{"App", "'App'"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = {0};
		struct user u;

		cr_assert_eq(user_resolve(rows[i].spec, passwd, group, &u, &err), -1, "%s",
			rows[i].spec);
		cr_assert_eq(err.code, ERR_MALFORMED);
		cr_assert(strstr(err.msg, rows[i].named), "%s: %s", rows[i].spec, err.msg);
	}
}

Test(image_user, does_without_the_files)
{
	struct err err = {0};
	struct user u;

	cr_assert_eq(user_resolve("", NULL, NULL, &u, &err), 0);
	cr_assert(u.uid == 0 && u.gid == 0 && u.n_groups == 0);
	cr_assert_eq(user_resolve("12:34", NULL, NULL, &u, &err), 0);
	cr_assert(u.uid == 12 && u.gid == 34);
	cr_assert_eq(user_resolve("app", NULL, NULL, &u, &err), -1);
	cr_assert(strstr(err.msg, "not there"), "%s", err.msg);
}

Test(image_user, keeps_as_many_groups_as_there_is_room_for)
{
	struct strv lines = {0};
	auto_free char *text = NULL;
	struct err err = {0};
	struct user u;

	for (int i = 0; i < 100; i++) {
		strv_addf(&lines, "g%d:x:%d:x,app", i, 100 + i);
	}
	text = strv_join(&lines, "\n");
	cr_assert_eq(user_resolve("app", passwd, text, &u, &err), 0);
	cr_assert_eq(u.n_groups, 64);
	cr_assert_eq(u.groups[63], 163);
	strv_release(&lines);
}

Test(image_user, reads_the_tables_of_the_tree)
{
	const struct fake rows[] = {
		{.path = "etc/passwd", .link = "../usr/share/passwd"},
		{.path = "usr/share/passwd", .text = passwd},
		{.path = "etc/group", .text = group},
		{0},
	};
	const struct fake unread[] = {{.path = "etc/passwd", .file = true}, {0}};
	AUTO_PTR(tree) struct tree *tree = fake_tree(rows);
	AUTO_PTR(tree) struct tree *large = fake_tree(unread);
	struct err err = {0};
	struct user u;

	cr_assert_eq(user_resolve_in("app", tree, &u, &err), 0, "%s", err.msg);
	cr_assert_eq(u.uid, 1000);
	cr_assert_eq(user_resolve_in("app", large, &u, &err), -1);
	cr_assert_eq(err.code, ERR_LIMIT);
}
