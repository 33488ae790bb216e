/* Docker's rules, one row for each line of its documentation ("Understand how CMD and ENTRYPOINT
 * interact", "docker run --env", "Dockerfile reference: USER, WORKDIR"). */
#include "runner/launch.h"

#include "base/cleanup.h"
#include "fake_tree.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct fake files[] = {
	{"etc/passwd",
		.text = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001:App:/home/app:/bin/sh\n"},
	{"etc/group", .text = "root:x:0:\napp:x:1001:\ndata:x:2000:app\n"},
	{NULL},
};

/* The words of a NULL-terminated table. */
static struct strv words(const char *const *v)
{
	struct strv list = {0};

	for (; *v; v++) {
		strv_add(&list, *v);
	}
	return list;
}

static const char *value(const struct strv *env, const char *key)
{
	size_t len = strlen(key);
	const char *found = NULL;
	size_t n = 0;

	for (size_t i = 0; i < env->n; i++) {
		if (strncmp(env->v[i], key, len) == 0 && env->v[i][len] == '=') {
			found = env->v[i] + len + 1;
			n++;
		}
	}
	cr_assert_leq(n, 1, "%s is set %zu times", key, n);
	return found;
}

struct fixture {
	struct image_config config;
	struct image image;
	struct tree *tree;
	struct strv extra;
	struct strv arguments;
	struct launch launch;
	struct err err;
};

static void fixture_release(struct fixture *f)
{
	strv_release(&f->config.entrypoint);
	strv_release(&f->config.cmd);
	strv_release(&f->config.env);
	strv_release(&f->extra);
	strv_release(&f->arguments);
	launch_release(&f->launch);
	tree_free(f->tree);
}

static int plan(struct fixture *f)
{
	struct launch_options options = {
		.image = &f->image,
		.extra_env = &f->extra,
		.arguments = &f->arguments,
		.name = "test-1",
	};

	f->image.config = &f->config;
	if (!f->tree) {
		f->tree = fake_tree(files);
	}
	options.tree = f->tree;
	return launch_plan(&options, &f->launch, &f->err);
}

struct argv_row {
	const char *entrypoint[4];
	const char *cmd[4];
	const char *arguments[4];
	const char *joined; /* NULL: there is no command */
};

/* The table of "Understand how CMD and ENTRYPOINT interact"; arguments replace CMD. */
static const struct argv_row argv_rows[] = {
	{{NULL}, {NULL}, {NULL}, NULL},
	{{NULL}, {"exec_cmd", "p1_cmd"}, {NULL}, "exec_cmd p1_cmd"},
	{{NULL}, {"/bin/sh", "-c", "exec_cmd p1_cmd"}, {NULL}, "/bin/sh -c exec_cmd p1_cmd"},
	{{"exec_entry", "p1_entry"}, {NULL}, {NULL}, "exec_entry p1_entry"},
	{{"exec_entry", "p1_entry"}, {"exec_cmd", "p1_cmd"}, {NULL},
		"exec_entry p1_entry exec_cmd p1_cmd"},
	{{"exec_entry"}, {"exec_cmd"}, {"a", "b"}, "exec_entry a b"},
	{{NULL}, {"exec_cmd"}, {"echo", "hi"}, "echo hi"},
	{{""}, {"x"}, {NULL}, NULL},
};

Test(runner_launch, argv)
{
	for (size_t i = 0; i < ARRAY_SIZE(argv_rows); i++) {
		const struct argv_row *r = &argv_rows[i];
		AUTO(fixture) struct fixture f = {0};
		auto_free char *joined = NULL;

		f.config.entrypoint = words(r->entrypoint);
		f.config.cmd = words(r->cmd);
		f.arguments = words(r->arguments);
		if (!r->joined) {
			cr_expect_eq(plan(&f), -1, "row %zu", i);
			cr_expect_eq(f.err.code, ERR_MALFORMED);
			continue;
		}
		cr_assert_eq(plan(&f), 0, "row %zu: %s", i, f.err.msg);
		joined = strv_join(&f.launch.plan.argv, " ");
		cr_expect_str_eq(joined, r->joined, "row %zu", i);
	}
}

static void with_command(struct fixture *f)
{
	strv_add(&f->config.cmd, "/app");
}

Test(runner_launch, environment_defaults)
{
	AUTO(fixture) struct fixture f = {0};

	with_command(&f);
	cr_assert_eq(plan(&f), 0);
	cr_assert_str_eq(value(&f.launch.plan.env, "PATH"),
		"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	cr_assert_str_eq(value(&f.launch.plan.env, "HOME"), "/root");
	cr_assert_eq(strlen(value(&f.launch.plan.env, "HOSTNAME")), 12);
	cr_assert_eq(strspn(f.launch.plan.hostname, "0123456789abcdef"), 12);
	cr_assert_str_eq(value(&f.launch.plan.env, "HOSTNAME"), f.launch.plan.hostname);
	cr_assert_null(value(&f.launch.plan.env, "TERM"), "only with a terminal");
}

/* The image's wins over the defaults, --env over the image's; a name without '=' is no value. */
Test(runner_launch, environment_order)
{
	AUTO(fixture) struct fixture f = {0};

	with_command(&f);
	strv_add(&f.config.env, "PATH=/opt/bin");
	strv_add(&f.config.env, "MODE=image");
	strv_add(&f.config.env, "EMPTY=");
	strv_add(&f.config.env, "BROKEN");
	strv_add(&f.config.env, "MODE2=kept");
	strv_add(&f.config.env, "HOME=");
	strv_add(&f.extra, "MODE=given=twice");
	strv_add(&f.extra, "NEW=1");
	cr_assert_eq(plan(&f), 0);
	cr_assert_str_eq(value(&f.launch.plan.env, "PATH"), "/opt/bin");
	cr_assert_str_eq(value(&f.launch.plan.env, "MODE"), "given=twice");
	cr_assert_str_eq(value(&f.launch.plan.env, "MODE2"), "kept");
	cr_assert_str_eq(value(&f.launch.plan.env, "EMPTY"), "");
	cr_assert_str_eq(value(&f.launch.plan.env, "NEW"), "1");
	cr_assert_str_eq(value(&f.launch.plan.env, "HOME"), "/root", "empty counts as not set");
	cr_assert_null(value(&f.launch.plan.env, "BROKEN"));
	cr_assert_not(strv_has(&f.launch.plan.env, "BROKEN"));
}

Test(runner_launch, user)
{
	AUTO(fixture) struct fixture f = {0};
	char name[] = "app";

	with_command(&f);
	f.config.user = name;
	cr_assert_eq(plan(&f), 0, "%s", f.err.msg);
	cr_assert_eq(f.launch.plan.uid, 1000);
	cr_assert_eq(f.launch.plan.gid, 1001);
	cr_assert_eq(f.launch.plan.n_groups, 2);
	cr_assert_eq(f.launch.plan.groups[0], 1001);
	cr_assert_eq(f.launch.plan.groups[1], 2000);
	cr_assert_str_eq(value(&f.launch.plan.env, "HOME"), "/home/app");
}

Test(runner_launch, user_by_number_has_no_home)
{
	AUTO(fixture) struct fixture f = {0};
	char name[] = "65534";

	with_command(&f);
	f.config.user = name;
	cr_assert_eq(plan(&f), 0, "%s", f.err.msg);
	cr_assert_eq(f.launch.plan.uid, 65534);
	cr_assert_eq(f.launch.plan.gid, 0);
	cr_assert_str_eq(value(&f.launch.plan.env, "HOME"), "/");
}

Test(runner_launch, user_that_does_not_resolve)
{
	AUTO(fixture) struct fixture f = {0};
	char name[] = "nobody-here";

	with_command(&f);
	f.config.user = name;
	cr_assert_eq(plan(&f), -1);
	cr_assert_eq(f.err.code, ERR_MALFORMED);
	cr_assert(strstr(f.err.msg, "nobody-here"));
}

Test(runner_launch, working_directory)
{
	static const struct {
		const char *dir;
		const char *cwd; /* NULL: refused, as the daemon does */
	} rows[] = {{NULL, "/"}, {"", "/"}, {"/srv/app", "/srv/app"}, {"srv", NULL}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(fixture) struct fixture f = {0};
		auto_free char *dir = fake_copy(rows[i].dir);

		with_command(&f);
		f.config.working_dir = dir;
		cr_expect_eq(plan(&f), rows[i].cwd ? 0 : -1, "row %zu", i);
		if (rows[i].cwd) {
			cr_expect_str_eq(f.launch.plan.cwd, rows[i].cwd);
		}
	}
}
