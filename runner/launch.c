#include "runner/launch.h"

#include "base/alloc.h"

#include <assert.h>
#include <string.h>
#include <sys/random.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Docker's container ids, and so its host names, are hexadecimal; the first 12 digits are used. */
static char *random_hostname(void)
{
	uint64_t bits = 0;

	if (getrandom(&bits, sizeof(bits), 0) != (ssize_t)sizeof(bits)) {
		abort();
	}
	return xasprintf("%012llx", (unsigned long long)(bits & UINT64_C(0xffffffffffff)));
}

static size_t find_key(const struct strv *env, const char *item, size_t key_len)
{
	for (size_t i = 0; i < env->n; i++) {
		if (strncmp(env->v[i], item, key_len) == 0 && env->v[i][key_len] == '=') {
			return i;
		}
	}
	return env->n;
}

static void remove_at(struct strv *list, size_t i)
{
	free(list->v[i]);
	memmove(&list->v[i], &list->v[i + 1], (list->n - i) * sizeof(list->v[0]));
	list->n--;
}

/* "KEY=value" replaces an earlier value where that stood; "KEY" alone takes the variable away, as
 * the daemon's ReplaceOrAppendEnvVars does. */
static void env_put(struct strv *env, const char *item)
{
	const char *equals = strchr(item, '=');
	size_t key_len = equals ? (size_t)(equals - item) : strlen(item);
	size_t at = find_key(env, item, key_len);

	if (at == env->n) {
		if (equals) {
			strv_add(env, item);
		}
	} else if (equals) {
		free(env->v[at]);
		env->v[at] = xstrdup(item);
	} else {
		remove_at(env, at);
	}
}

static void env_put_all(struct strv *env, const struct strv *items)
{
	for (size_t i = 0; items && i < items->n; i++) {
		env_put(env, items->v[i]);
	}
}

/* runc sets HOME from the passwd entry when it is absent or empty. */
static void env_home(struct strv *env, const struct user *user)
{
	size_t at = find_key(env, "HOME", 4);
	auto_free char *home = xasprintf("HOME=%s", *user->home ? user->home : "/");

	if (at == env->n || str_eq(env->v[at], "HOME=")) {
		env_put(env, home);
	}
}

static void plan_env(const struct launch_options *options, struct launch *l)
{
	struct strv *env = &l->plan.env;

	strv_add(env, "PATH=" DEFAULT_PATH);
	strv_addf(env, "HOSTNAME=%s", l->hostname);
	env_put_all(env, &options->image->config->env);
	env_put_all(env, options->extra_env);
	env_home(env, &l->user);
}

static int plan_argv(const struct launch_options *options, struct strv *argv, struct err *err)
{
	const struct image_config *config = options->image->config;
	bool given = options->arguments && options->arguments->n;

	strv_add_all(argv, &config->entrypoint);
	strv_add_all(argv, given ? options->arguments : &config->cmd);
	if (argv->n == 0 || argv->v[0][0] == '\0') {
		return err_set(
			err, ERR_MALFORMED, "no command: the image has neither Entrypoint nor Cmd");
	}
	return 0;
}

static int plan_cwd(const struct image_config *config, struct sandbox_plan *plan, struct err *err)
{
	const char *dir = config->working_dir;

	if (dir && *dir && *dir != '/') {
		return err_set(err, ERR_MALFORMED, "WorkingDir '%s' is not an absolute path", dir);
	}
	plan->cwd = dir && *dir ? dir : "/";
	return 0;
}

/* As Docker from 20.10.18 on: the gid is one of the groups, too, so that a set-group-ID program does
 * not lose it (CVE-2022-36109). */
static void plan_groups(struct launch *l)
{
	static_assert(ARRAY_SIZE(l->groups) > ARRAY_SIZE(l->user.groups), "the gid and the others");

	l->groups[0] = l->user.gid;
	l->plan.groups = l->groups;
	l->plan.n_groups = 1;
	for (size_t i = 0; i < l->user.n_groups; i++) {
		if (l->user.groups[i] != l->user.gid) {
			l->groups[l->plan.n_groups++] = l->user.groups[i];
		}
	}
}

static int plan_user(const struct launch_options *options, struct launch *l, struct err *err)
{
	const char *spec = options->image->config->user;

	if (user_resolve_in(spec ? spec : "", options->tree, &l->user, err)) {
		return err_wrap(err, "User");
	}
	l->plan.uid = l->user.uid;
	l->plan.gid = l->user.gid;
	plan_groups(l);
	return 0;
}

int launch_plan(const struct launch_options *options, struct launch *ret, struct err *err)
{
	const struct image_config *config = options->image->config;

	*ret = (struct launch){.plan = {.stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1}};
	if (plan_argv(options, &ret->plan.argv, err) || plan_cwd(config, &ret->plan, err) ||
		plan_user(options, ret, err)) {
		launch_release(ret);
		return -1;
	}
	ret->hostname = options->hostname ? xstrdup(options->hostname) : random_hostname();
	ret->plan.hostname = ret->hostname;
	ret->plan.name = options->name;
	plan_env(options, ret);
	if (options->layers) {
		strv_add_all(&ret->plan.lower, options->layers);
	}
	strv_add_all(&ret->plan.volumes, &config->volumes);
	return 0;
}

void launch_release(struct launch *launch)
{
	strv_release(&launch->plan.argv);
	strv_release(&launch->plan.env);
	strv_release(&launch->plan.lower);
	strv_release(&launch->plan.volumes);
	strv_release(&launch->plan.tmpfs);
	strv_release(&launch->plan.hosts);
	free(launch->hostname);
	*launch = (struct launch){0};
}
