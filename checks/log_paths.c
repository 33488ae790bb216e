/*
 * log-paths: R16, "Products MUST log to standard out/error, and MUST NOT be written to the file
 * system".
 *
 * Configuration fails where the entry reaches it and the log's path does not lead to a standard
 * stream; elsewhere it warns, and the experiments (logs-to-stdout, no-log-files) decide. Log files
 * that are in the image already warn: somebody wrote them, but not necessarily the entry.
 */
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/effort.h"
#include "checks/check.h"
#include "checks/config_text.h"
#include "checks/content.h"
#include "checks/file_role.h"
#include "checks/log_config.h"
#include "checks/log_default.h"
#include "checks/log_target.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SHOWN 50

/* What the making of an image leaves behind: said by tools that will never run again. */
static const char *const leftovers[] = {"var/log/dpkg.log*", "var/log/alternatives.log*",
	"var/log/apt/*", "var/log/aptitude", "var/log/bootstrap.log", "var/log/fontconfig.log",
	"var/log/lastlog", "var/log/faillog", "var/log/wtmp", "var/log/btmp", "var/log/tallylog",
	"var/log/installer/*", "var/log/dnf*.log", "var/log/yum.log", "var/log/hawkey.log",
	"var/log/anaconda/*", "var/log/apk.log", "var/log/zypper.log", "var/log/zypp/*",
	"var/log/microdnf.log", "var/log/README", "var/log/journal/*", "var/log/debconf.log",
	"var/log/unattended-upgrades/*", "*/.npm/_logs/*", "*/.cache/*", "*/config.log",
	"*/mkmf.log", "*/gem_make.out", "*/CMakeFiles/*", "*/install.log", "var/log/exim4/*",
	"usr/share/*", NULL};

struct judging {
	const struct check_context *ctx;
	struct outcome *out;
	struct content_entry entry;
	json_t *good; /* directives that are as they should be */
	json_t *left_over; /* paths */
	size_t directives;
	size_t told; /* findings */
	const struct node *var_log; /* NULL: the image has none */
	/* of the file or command at hand */
	const struct node *node; /* NULL: a command */
	const char *place; /* path of the file, origin of the command */
	const char *program;
	const char *why; /* how it is reached; NULL: not */
	char *plain; /* the file without comments, once its blocks were asked for */
	struct log_blocks blocks;
	struct strv seen; /* names of directives of reached configuration that have a default */
	struct strv linked; /* paths that the entry makes links to standard streams */
};

static json_t *directive_evidence(
	const struct judging *j, const struct log_directive *d, const char *final)
{
	auto_free char *full = xasprintf("%s%s", j->node ? "/" : "", j->place);
	json_t *e = json_object();

	json_object_set_new(e, "path", json_text(full));
	if (j->node) {
		json_object_set_new(e, "layer", json_integer((json_int_t)j->node->layer));
	}
	if (d->line) {
		json_object_set_new(e, "line", json_integer(d->line));
	}
	json_object_set_new(e, "directive", json_text(d->name));
	json_object_set_new(e, "target", json_text(d->target));
	if (final && strcmp(final, d->target) != 0) {
		json_object_set_new(e, "leads_to", json_text(final));
	}
	if (j->why) {
		json_object_set_new(e, "reached", json_text(j->why));
	}
	return e;
}

static void tell_good(struct judging *j, const struct log_directive *d, const char *final)
{
	if (json_array_size(j->good) < MAX_SHOWN) {
		json_array_append_new(j->good, directive_evidence(j, d, final));
	}
}

static char *directive_subject(const struct judging *j, const struct log_directive *d)
{
	return j->node       ? content_subject(j->place, d->line)
	       : *j->program ? xasprintf("%s %s %s", j->place, j->program, d->name)
			     : xasprintf("%s %s", j->place, d->name);
}

/* A relative path of a configuration file means a directory that only its program knows; the file's
 * own and the working directory are tried, as links to a stream stand in one of them. */
static enum log_target target_of(const struct judging *j, const char *path, char **ret_final)
{
	auto_free char *dir = NULL;
	auto_free char *beside = NULL;
	auto_free char *inside = NULL;
	enum log_target target;

	if (strv_has(&j->linked, path)) {
		*ret_final = xstrdup("/dev/stdout");
		return LOG_TARGET_STDIO;
	}
	if (*path == '/') {
		return log_target_of(j->ctx->tree, path, ret_final);
	}
	if (j->node) {
		dir = node_path(j->node->parent);
		beside = xasprintf("/%s/../%s", dir, path);
		target = log_target_of(j->ctx->tree, beside, ret_final);
		if (target != LOG_TARGET_FILE) {
			return target;
		}
		free(*ret_final);
	}
	inside = entry_path(j->ctx->image->config, path);
	return log_target_of(j->ctx->tree, inside, ret_final);
}

/* A path that begins with a variable may lead to a stream; one within it may not. */
static bool is_variable(const char *target)
{
	return str_starts(target, "%(") || str_starts(target, "#{") ||
	       str_starts(target, "/dev/$") ||
	       (*target == '$' && !str_starts(target, "${catalina."));
}

static void tell_file(struct judging *j, const struct log_directive *d)
{
	auto_free char *subject = directive_subject(j, d);
	auto_free char *final = NULL;

	switch (target_of(j, d->target, &final)) {
	case LOG_TARGET_STDIO:
	case LOG_TARGET_NULL:
		tell_good(j, d, final);
		return;
	case LOG_TARGET_PIPE:
		j->told++;
		outcome_warn(j->out, subject, directive_evidence(j, d, final),
			"%s logs to '%s', a named pipe: whether its reader writes to stdout "
			"cannot be told",
			d->name, d->target);
		return;
	case LOG_TARGET_FILE:
		break;
	}
	if (!j->why) {
		j->told++;
		outcome_warn(j->out, subject, directive_evidence(j, d, final),
			"%s in %s logs to the file '%s'; what the image starts does not seem to "
			"read it",
			d->name, subject, d->target);
	} else if (is_variable(d->target)) {
		j->told++;
		outcome_warn(j->out, subject, directive_evidence(j, d, final),
			"%s logs to '%s': where that is depends on a variable (%s)", d->name,
			d->target, j->why);
	} else {
		j->told++;
		outcome_fail(j->out, subject, directive_evidence(j, d, final),
			"%s logs to the file '%s' (%s)", d->name, d->target, j->why);
	}
}

/* What is said of php-fpm, or of one location only, leaves the server's default in force. */
static void note_seen(struct judging *j, const struct log_directive *d)
{
	if (!log_default_has(d->name) || strv_has(&j->seen, d->name)) {
		return;
	}
	if (j->node) {
		if (!j->why || strstr(j->place, "php")) {
			return;
		}
		if (!j->plain) {
			j->plain =
				config_strip(j->place, node_text(j->node), node_text_len(j->node));
			j->blocks = (struct log_blocks){
				.plain = j->plain, .len = node_text_len(j->node)};
		}
		if (log_in_nginx_location(&j->blocks, d->line)) {
			return;
		}
	}
	strv_add(&j->seen, d->name);
}

static void tell_unsure(struct judging *j, const struct log_directive *d)
{
	auto_free char *subject = directive_subject(j, d);
	auto_free char *final = NULL;

	if (*d->target == '/' && target_of(j, d->target, &final) != LOG_TARGET_FILE) {
		tell_good(j, d, final);
		return;
	}
	j->told++;
	outcome_warn(j->out, subject, directive_evidence(j, d, final),
		"%s says '%s': whether that is a file that is logged to cannot be told", d->name,
		d->target);
}

static void on_directive(const struct log_directive *d, void *arg)
{
	struct judging *j = arg;
	auto_free char *subject = directive_subject(j, d);

	j->directives++;
	note_seen(j, d);
	switch (d->sink) {
	case LOG_SINK_STDIO:
	case LOG_SINK_NOTHING:
		tell_good(j, d, NULL);
		break;
	case LOG_SINK_SYSLOG:
		j->told++;
		outcome_warn(j->out, subject, directive_evidence(j, d, NULL),
			"%s logs to syslog ('%s'), which no container has%s", d->name, d->target,
			j->why ? "" : "; what the image starts does not seem to read it");
		break;
	case LOG_SINK_PROGRAM:
		j->told++;
		outcome_warn(j->out, subject, directive_evidence(j, d, NULL),
			"%s logs to another program ('%s'): whether that writes to stdout cannot "
			"be told",
			d->name, d->target);
		break;
	case LOG_SINK_UNSURE:
		tell_unsure(j, d);
		break;
	case LOG_SINK_FILE:
		tell_file(j, d);
		break;
	}
}

static bool is_leftover(const char *path)
{
	for (size_t i = 0; leftovers[i]; i++) {
		if (fnmatch(leftovers[i], path, 0) == 0) {
			return true;
		}
	}
	return false;
}

static void judge_log_file(struct judging *j, const struct node *node, const char *path)
{
	auto_free char *subject = NULL;
	const char *owner = j->ctx->packages ? packages_owner(j->ctx->packages, path) : NULL;

	if (is_leftover(path)) {
		if (json_array_size(j->left_over) < MAX_SHOWN) {
			json_array_append_new(
				j->left_over, content_place(path, node->layer, 0, owner, NULL));
		}
		return;
	}
	if (owner || (file_role(path) && !str_starts(path, "var/log/"))) {
		return;
	}
	subject = content_subject(path, 0);
	j->told++;
	outcome_warn(j->out, subject, content_place(path, node->layer, 0, owner, NULL),
		"the image has a log file with content, %s (%llu bytes): whatever wrote it logs "
		"to files",
		subject, (unsigned long long)node->size);
}

static void judge_config(struct judging *j, const struct node *node, const char *path)
{
	const struct reached *how = reach_has(&j->entry.reach, node);
	bool changed;
	const char *owner;

	if ((!how && !config_is(path)) || (file_role(path) & ROLE_OS)) {
		return;
	}
	owner = content_owner(j->ctx, node, path, &changed);
	if (!how && owner && !changed) {
		return; /* of a package that happens to be there */
	}
	j->node = node;
	j->place = path;
	j->why = how ? how->why : NULL;
	log_config_read(path, node_text(node), node_text_len(node), on_directive, j);
	free(steal_ptr(j->plain));
}

static const struct node *child(const struct tree *tree, const struct node *dir, const char *name)
{
	return dir && dir->type == NODE_DIR ? tree_child(tree, dir, name, strlen(name)) : NULL;
}

static bool is_log(const struct judging *j, const struct node *node)
{
	if (str_ends(node->name, ".log")) {
		return true;
	}
	for (const struct node *dir = node->parent; dir; dir = dir->parent) {
		if (dir == j->var_log) {
			return true;
		}
	}
	return false;
}

static int visit(const struct node *node, void *arg)
{
	struct judging *j = arg;
	auto_free char *path = NULL;
	bool log;

	if (node->type != NODE_FILE || !node->size) {
		return 0;
	}
	log = is_log(j, node);
	if (!log && !node_text(node)) {
		return 0; /* nearly all files of an image: not worth their paths */
	}
	path = node_path(node);
	if (log) {
		judge_log_file(j, node, path);
	} else {
		judge_config(j, node, path);
	}
	return 0;
}

/* "server >> /var/log/server.log", "server | tee /app/logs/out": told by the name, as commands
 * redirect other things, too. */
static void judge_output(struct judging *j, const char *how, const char *target)
{
	const char *path = *target == '/' ? target + 1 : target;

	if (str_ends(target, ".log") || str_ends(target, ".out") || str_starts(path, "var/log/") ||
		path_has_dir(path, "logs") || path_has_dir(path, "log")) {
		struct log_directive d = {how, target, log_sink_of(target), 0};

		on_directive(&d, j);
	}
}

static void judge_redirects(struct judging *j, const struct entry_command *c)
{
	for (size_t i = 0; i < c->redirects.n; i++) {
		judge_output(j, "redirection", c->redirects.v[i]);
	}
	for (size_t i = 1; i < c->argv.n && strcmp(j->program, "tee") == 0; i++) {
		judge_output(j, "copy", c->argv.v[i]);
	}
}

static void judge_commands(struct judging *j)
{
	for (size_t i = 0; i < j->entry.commands.n; i++) {
		const struct entry_command *c = &j->entry.commands.v[i];

		j->node = NULL;
		j->place = c->origin;
		j->program = path_base(c->argv.v[0]);
		j->why = "on the command line";
		log_arguments(&c->argv, on_directive, j);
		judge_redirects(j, c);
	}
	j->place = "Env";
	j->program = "";
	j->why = "set by Env";
	log_environment(&j->ctx->image->config->env, on_directive, j);
}

/* What a server does when no directive says otherwise, once for each directive. */
static void judge_defaults(struct judging *j)
{
	const char *before = "";

	/* What could not be read may well say otherwise; it has had its warning. */
	for (size_t i = 0; i < n_log_defaults && !j->entry.reach.unread.n; i++) {
		const char *name = log_defaults[i].directive;
		const struct entry_command *c =
			reach_program(&j->entry.commands, log_defaults[i].program);
		const struct node *program;
		auto_free char *path = NULL;
		auto_free char *built_in = NULL;
		struct log_directive d = {.sink = LOG_SINK_FILE};

		if (!c || strcmp(name, before) == 0 || strv_has(&j->seen, name)) {
			continue;
		}
		before = name;
		program = entry_lookup(
			j->ctx->tree, j->ctx->image->config, c->argv.v[0], &(size_t){EFFORT});
		path = program ? node_path(program) : xstrdup("");
		built_in = xasprintf("the built-in %s", name);
		d.name = built_in;
		d.target = log_default_target(log_defaults[i].program, name, path);
		j->node = NULL;
		j->place = c->origin;
		j->program = log_defaults[i].program;
		j->why = "no directive says otherwise";
		on_directive(&d, j);
	}
}

/* "ln -sf /dev/stdout /var/log/nginx/access.log", at start. */
static void find_links(struct judging *j)
{
	for (size_t i = 0; i < j->entry.commands.n; i++) {
		const struct strv *argv = &j->entry.commands.v[i].argv;
		auto_free char *final = NULL;

		if (argv->n == 4 && strcmp(path_base(argv->v[0]), "ln") == 0 &&
			argv->v[1][0] == '-' && strchr(argv->v[1], 's') &&
			log_target_of(j->ctx->tree, argv->v[2], &final) == LOG_TARGET_STDIO) {
			strv_add(&j->linked, argv->v[3]);
		}
	}
}

static int run(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	struct judging j = {
		.ctx = ctx, .out = out, .good = json_array(), .left_over = json_array()};

	(void)err;
	content_entry_find(ctx, &j.entry);
	find_links(&j);
	j.var_log = child(ctx->tree, child(ctx->tree, tree_root(ctx->tree), "var"), "log");
	tree_walk(tree_root(ctx->tree), visit, &j);
	j.told += content_unread(&j.entry, out);
	judge_commands(&j);
	judge_defaults(&j);
	outcome_evidence(
		out, json_pack("{s:I, s:I, s:o, s:o}", "log_directives", (json_int_t)j.directives,
			     "configuration_reached", (json_int_t)j.entry.reach.n,
			     "to_standard_streams", j.good, "left_by_the_build", j.left_over));
	if (!j.told) {
		outcome_summary(out,
			"%zu configuration files reached, %zu log directives, none to a file",
			j.entry.reach.n, j.directives);
	}
	strv_release(&j.seen);
	strv_release(&j.linked);
	content_entry_release(&j.entry);
	return 0;
}

const struct check check_log_paths = {
	.id = "log-paths",
	.requirement = "R16",
	.title = "logs are configured to go to standard output and error, not to files",
	.reason =
		"The platform collects what a container says on stdout and stderr. A log file "
		"inside is lost with the container, fills its disk, and nobody reads it. Looked "
		"at are the configuration of known servers and logging frameworks, command lines, "
		"variables of Env, and log files that are in the image. A path that links to /dev/stdout or "
		"/dev/stderr is as good as these. What the entry does not seem to read only "
		"warns; so do log files with content.",
	.remedy =
		"Point the log at /dev/stdout or /dev/stderr (nginx: access_log /dev/stdout; "
		"error_log stderr; Apache: CustomLog /proc/self/fd/1; Java: a console appender; "
		"Python: a StreamHandler), or make the log's path a symbolic link to them (ln -sf "
		"/dev/stdout /var/log/nginx/access.log).",
	.stage = STAGE_STATIC,
	.needs = NEEDS_TREE | NEEDS_EXECUTABLE,
	.run = run,
};
