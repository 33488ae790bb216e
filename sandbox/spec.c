#include "sandbox/spec.h"

#include "base/alloc.h"
#include "base/sys_file.h"
#include "sandbox/caps.h"
#include "sandbox/refused.h"
#include "sandbox/world_private.h"

#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define HOSTNAME_MAX 64
/* OVL_MAX_STACK of the kernel */
#define MAX_LAYERS 500

const char *spec_keep(struct spec *s, char *text)
{
	strv_take(&s->strings, text);
	return text;
}

/* Names become parts of paths, of cgroup names and of mount options. */
static bool name_is_plain(const char *name)
{
	return name && name[0] && name[0] != '.' && strlen(name) < 100 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
		       strlen(name);
}

static bool has_id(const struct host *host, uint32_t id)
{
	return host->mode == HOST_SINGLE || id < host->n_ids;
}

static int check_ids(const struct sandbox_plan *plan, struct err *err)
{
	const struct host *host = plan->host;

	if (!has_id(host, plan->uid) || !has_id(host, plan->gid)) {
		return err_set(err, ERR_UNSUPPORTED,
			"user %u:%u is outside the %u ids that an instance has here", plan->uid,
			plan->gid, host->n_ids);
	}
	for (size_t i = 0; i < plan->n_groups; i++) {
		if (!has_id(host, plan->groups[i])) {
			return err_set(err, ERR_UNSUPPORTED,
				"group %u is outside the %u ids that an instance has here",
				plan->groups[i], host->n_ids);
		}
	}
	return 0;
}

static int check_mount_points(const struct strv *paths, const char *what, struct err *err)
{
	for (size_t i = 0; i < paths->n; i++) {
		const char *v = paths->v[i];

		if (v[0] != '/' || v[strspn(v, "/")] == '\0') {
			return err_set(err, ERR_MALFORMED, "%s '%s' is no absolute path below '/'",
				what, v);
		}
	}
	return 0;
}

static int check_paths(const struct sandbox_plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->lower.n; i++) {
		if (plan->lower.v[i][0] != '/') {
			return err_set(
				err, ERR_USAGE, "layer '%s' is not absolute", plan->lower.v[i]);
		}
	}
	if (check_mount_points(&plan->volumes, "volume", err) ||
		check_mount_points(&plan->tmpfs, "tmpfs", err)) {
		return -1;
	}
	if (plan->lower.n > MAX_LAYERS) {
		return err_set(err, ERR_LIMIT, "%zu layers, overlayfs takes %d", plan->lower.n,
			MAX_LAYERS);
	}
	return 0;
}

static int check(const struct sandbox_plan *plan, struct err *err)
{
	if (!name_is_plain(plan->name)) {
		return err_set(err, ERR_USAGE, "'%s' cannot name an instance",
			plan->name ? plan->name : "");
	}
	if (!plan->argv.n || !plan->argv.v[0][0]) {
		return err_set(err, ERR_MALFORMED, "no command to execute");
	}
	if (plan->cwd && plan->cwd[0] && plan->cwd[0] != '/') {
		return err_set(
			err, ERR_MALFORMED, "working directory '%s' is not absolute", plan->cwd);
	}
	if (plan->hostname && strlen(plan->hostname) > HOSTNAME_MAX) {
		return err_set(err, ERR_LIMIT, "host name longer than %d bytes", HOSTNAME_MAX);
	}
	if (plan->terminal && plan->stdin_fd < 0) {
		return err_set(err, ERR_USAGE, "a terminal needs stdin_fd");
	}
	return check_paths(plan, err) ? -1 : check_ids(plan, err);
}

void spec_search_path(const struct strv *env, const char *name, struct strv *ret)
{
	const char *path = DEFAULT_PATH;

	for (size_t i = 0; i < env->n; i++) {
		if (str_starts(env->v[i], "PATH=")) {
			path = env->v[i] + 5;
		}
	}
	if (strchr(name, '/')) {
		strv_add(ret, name);
		return;
	}
	while (*path) {
		size_t len = strcspn(path, ":");

		/* An empty part would mean the working directory; the OCI runtimes ignore it. */
		if (len && len < PATH_MAX) {
			strv_addf(ret, "%.*s/%s", (int)len, path, name);
		}
		path += len + (path[len] == ':');
	}
}

static void plan_overlay(struct spec *s)
{
	AUTO(buf) struct buf b;

	/* Short relative names: 500 layers have to fit into one page of options, and the
	 * instance's /proc/mounts shows no path of this machine. Uppermost first. */
	buf_init(&b, 1 << 16);
	(void)buf_addf(&b, NULL, "lowerdir=");
	for (size_t i = s->lower.n; i > 0; i--) {
		(void)buf_addf(&b, NULL, "%zu%s", i - 1, i > 1 ? ":" : "");
	}
	(void)buf_addf(
		&b, NULL, "%s,upperdir=../../upper,workdir=../../work", s->lower.n ? "" : "0");
	(void)buf_addf(&b, NULL, ",redirect_dir=nofollow,index=off,metacopy=off%s",
		s->userxattr ? ",userxattr" : "");
	s->overlay = buf_steal(&b);
}

static void copy_plan(struct spec *s, const struct sandbox_plan *plan)
{
	s->name = xstrdup(plan->name);
	s->hostname = xstrdup(plan->hostname && plan->hostname[0] ? plan->hostname : plan->name);
	s->cwd = xstrdup(plan->cwd && plan->cwd[0] ? plan->cwd : "/");
	strv_add_all(&s->argv, &plan->argv);
	strv_add_all(&s->env, &plan->env);
	if (!s->env.v) {
		strv_add(&s->env, "PATH=" DEFAULT_PATH); /* execve wants a list, Docker a PATH */
	}
	strv_add_all(&s->lower, &plan->lower);
	strv_add_all(&s->volumes, &plan->volumes);
	s->uid = plan->uid;
	s->gid = plan->gid;
	s->n_groups = plan->n_groups;
	s->groups = xcalloc(plan->n_groups + 1, sizeof(*s->groups));
	for (size_t i = 0; i < plan->n_groups; i++) {
		s->groups[i] = plan->groups[i];
	}
	s->single_id = plan->host->mode == HOST_SINGLE;
	s->userxattr = plan->host->userxattr;
	s->read_only = plan->read_only;
	s->ping_groups = plan->host->mode == HOST_SINGLE ? xasprintf("%u %u", plan->gid, plan->gid)
							 : xasprintf("0 %u", plan->host->n_ids - 1);
	s->terminal = plan->terminal;
	s->watch_refused = plan->watch_refused;
	s->file_size = plan->file_size;
	s->caps = caps_default();
}

int spec_new(const struct sandbox_plan *plan, struct spec **ret, struct err *err)
{
	struct spec *s;

	if (check(plan, err)) {
		return -1;
	}
	s = xcalloc(1, sizeof(*s));
	for (int i = 0; i < FD_COUNT; i++) {
		s->fd[i] = -1;
	}
	s->root = -1;
	copy_plan(s, plan);
	spec_search_path(&s->env, s->argv.v[0], &s->programs);
	s->dir = xasprintf("%s/%s", workspace_dir(plan->workspace), s->name);
	s->mnt = xasprintf("%s/mnt", s->dir);
	plan_overlay(s);
	mounts_plan(s, plan);
	*ret = s;
	return 0;
}

void spec_free(struct spec *s)
{
	if (!s) {
		return;
	}
	for (int i = 0; i < FD_COUNT; i++) {
		cleanup_fd(&s->fd[i]);
	}
	refused_free(s->refused);
	strv_release(&s->argv);
	strv_release(&s->env);
	strv_release(&s->programs);
	strv_release(&s->lower);
	strv_release(&s->volumes);
	strv_release(&s->strings);
	free(s->groups);
	free(s->name);
	free(s->hostname);
	free(s->cwd);
	free(s->ping_groups);
	free(s->dir);
	free(s->mnt);
	free(s->overlay);
	free(s->mounts.v);
	free(s);
}

static int make_owned(const struct spec *s, const struct host *host, const char *name, mode_t mode,
	struct err *err)
{
	auto_free char *path = xasprintf("%s/%s", s->dir, name);
	uint32_t id = host->first_id;

	if (dir_make(path, mode, err)) {
		return -1;
	}
	if (chmod(path, mode) < 0 || lchown(path, id, id) < 0) {
		return err_sys(err, "prepare '%s'", path);
	}
	return 0;
}

static int write_etc(const struct spec *s, const struct host *host, const char *name,
	const struct buf *text, struct err *err)
{
	auto_free char *path = xasprintf("%s/etc/%s", s->dir, name);
	uint32_t id = host->first_id;

	if (file_write(AT_FDCWD, path, buf_str(text), text->len, err)) {
		return -1;
	}
	if (chmod(path, 0644) < 0 || lchown(path, id, id) < 0) {
		return err_sys(err, "prepare '%s'", path);
	}
	return 0;
}

static int write_hosts(const struct spec *s, const struct sandbox_plan *plan, struct err *err)
{
	AUTO(buf) struct buf b;

	buf_init(&b, 1 << 20);
	if (buf_addf(&b, err,
		    "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
		    "fe00::\tip6-localnet\nff00::\tip6-mcastprefix\nff02::1\tip6-allnodes\n"
		    "ff02::2\tip6-allrouters\n")) {
		return -1;
	}
	for (size_t i = 0; i < plan->hosts.n; i++) {
		if (buf_addf(&b, err, "%s\n", plan->hosts.v[i])) {
			return -1;
		}
	}
	if (buf_addf(&b, err, "%s\t%s\n",
		    plan->world ? world_address(plan->world, plan->address) : "127.0.1.1",
		    s->hostname)) {
		return -1;
	}
	return write_etc(s, plan->host, "hosts", &b, err);
}

static int write_names(const struct spec *s, const struct sandbox_plan *plan, struct err *err)
{
	AUTO(buf) struct buf b;

	buf_init(&b, 4096);
	if (buf_addf(&b, err, "%s\n", s->hostname) ||
		write_etc(s, plan->host, "hostname", &b, err)) {
		return -1;
	}
	buf_clear(&b);
	if (plan->world && buf_addf(&b, err, "nameserver %s\n", world_gateway(plan->world))) {
		return -1;
	}
	if (buf_addf(&b, err, "options ndots:0\n")) {
		return -1;
	}
	return write_etc(s, plan->host, "resolv.conf", &b, err);
}

int spec_write(struct spec *s, const struct sandbox_plan *plan, struct err *err)
{
	static const char *const directories[] = {"upper", "work", "etc", "volumes"};

	if (mkdir(s->dir, 0755) < 0) {
		return err_sys(err, "make '%s'", s->dir);
	}
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		if (make_owned(s, plan->host, directories[i], 0755, err)) {
			return -1;
		}
	}
	if (mkdir(s->mnt, 0755) < 0) {
		return err_sys(err, "make '%s'", s->mnt);
	}
	for (size_t i = 0; i < s->volumes.n; i++) {
		auto_free char *name = xasprintf("volumes/%zu", i);

		if (make_owned(s, plan->host, name, 0755, err)) {
			return -1;
		}
	}
	return write_hosts(s, plan, err) ? -1 : write_names(s, plan, err);
}

int spec_failure_err(const struct spec *s, const struct spec_failure *f, struct err *err)
{
	const struct spec_step *steps = f->side ? child_steps : keeper_steps;
	size_t n = f->side ? child_n_steps : keeper_n_steps;
	const struct spec_step *step;
	const char *item = NULL;

	if (f->step < 0 || (size_t)f->step >= n) {
		return err_set(err, ERR_INTERNAL, "the sandbox reports step %d", f->step);
	}
	step = &steps[f->step];
	if (step->item) {
		item = step->item(s, f->item);
	}
	errno = f->error;
	err_sys(err, "%s%s%s%s", step->name, item ? " '" : "", item ? item : "", item ? "'" : "");
	if (err && !f->side && f->error == EINVAL && steps[f->step].run == keeper_overlay) {
		err_set(err, ERR_UNSUPPORTED,
			"overlayfs refuses the directory '%s': set ASSAY_HOME to one on ext4, xfs or btrfs",
			s->dir);
	}
	/* The last step is the image's own doing. */
	if (err && f->side && (size_t)f->step == n - 1) {
		err->code = ERR_MALFORMED;
	}
	return -1;
}
