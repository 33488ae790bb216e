#include "checks/entry_commands.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/effort.h"
#include "checks/entry_services.h"
#include "checks/file_role.h"
#include "checks/shell_words.h"

#include <stdlib.h>
#include <string.h>

/* Scripts that call scripts; deeper ones are left unread. */
#define MAX_DEPTH 6

struct search {
	const struct tree *tree;
	const struct image_config *config;
	struct entry_commands *out;
	unsigned depth;
	size_t left; /* effort.h */
	bool in_services; /* a supervisor of supervisors is not looked into */
};

/* False when nothing is left: nothing more is read then. A word costs its allocation and its copy. */
static bool spend(struct search *s, size_t words, size_t bytes)
{
	s->out->cut = s->out->cut || !effort_spend(&s->left, 8 * words + bytes / 8);
	return !s->out->cut;
}

static void add_argv(struct search *s, char *const *argv, size_t n, const struct strv *redirects,
	const char *origin);

const char *entry_env(const struct image_config *config, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = config->env.n; i-- > 0;) {
		if (strncmp(config->env.v[i], name, len) == 0 && config->env.v[i][len] == '=') {
			return config->env.v[i] + len + 1;
		}
	}
	return NULL;
}

char *entry_path(const struct image_config *config, const char *path)
{
	const char *dir = config->working_dir && *config->working_dir ? config->working_dir : "/";

	return *path == '/' ? xstrdup(path) : xasprintf("%s/%s", dir, path);
}

const struct node *entry_lookup(
	const struct tree *tree, const struct image_config *config, const char *name, size_t *left)
{
	const char *path = entry_env(config, "PATH");
	const struct node *node = NULL;

	if (strchr(name, '/')) {
		auto_free char *full = entry_path(config, name);

		return tree_lookup_within(tree, tree_root(tree), full, true, left);
	}
	path = path && *path ? path
			     : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	while (!node && *path && effort_spend(left, 1 + strcspn(path, ":") / 64)) {
		size_t len = strcspn(path, ":");
		auto_free char *full = xasprintf("%.*s/%s", (int)len, path, name);

		node = tree_lookup_within(tree, tree_root(tree), full, true, left);
		node = node && node->type == NODE_FILE ? node : NULL;
		path += len + (path[len] == ':');
	}
	return node;
}

static const char *lookup_env(const char *name, void *arg)
{
	struct search *s = arg;
	const char *value = spend(s, s->config->env.n / 8, 0) ? entry_env(s->config, name) : NULL;

	return value && spend(s, 0, strlen(value)) ? value : NULL;
}

/* Programs that run the rest of their arguments. */
static const struct wrapper {
	const char *name;
	const char *valued; /* letters of the options that take a value */
	unsigned operands; /* of their own, before the command */
} wrappers[] = {
	{"tini", "pe", 0},
	{"tini-static", "pe", 0},
	{"dumb-init", "r", 0},
	{"catatonit", "P", 0},
	{"docker-init", "pe", 0},
	{"gosu", "", 1},
	{"su-exec", "", 1},
	{"setpriv", "", 0},
	{"setuidgid", "", 1},
	{"chpst", "uUbe/nlLPmd", 0},
	{"env", "uCS", 0},
	{"nice", "n", 0},
	{"ionice", "cn", 0},
	{"nohup", "", 0},
	{"stdbuf", "ioe", 0},
	{"timeout", "ks", 1},
	{"exec", "a", 0},
	{"xargs", "", 0},
	{"s6-setuidgid", "", 1},
	{"with-contenv", "", 0},
	{"runuser", "ug", 0},
	{"sudo", "ug", 0},
	{"xvfb-run", "ns", 0},
	{"authbind", "", 0},
	{"ddtrace-run", "", 0},
	{"opentelemetry-instrument", "", 0},
};

/* Programs that do so behind a word of theirs: "poetry run gunicorn", "wait-for-it.sh db:5432 --
 * app". */
static const struct {
	const char *name;
	const char *verb;
} launchers[] = {
	{"poetry", "run"},
	{"pipenv", "run"},
	{"uv", "run"},
	{"pdm", "run"},
	{"bundle", "exec"},
	{"newrelic-admin", "run-program"},
	{"doppler", "--"},
	{"dockerize", "--"},
	{"wait-for-it.sh", "--"},
	{"wait-for-it", "--"},
	{"wait-for", "--"},
	{"wait-for.sh", "--"},
	{"python", "-m"},
};

static const char *const shells[] = {"sh", "bash", "ash", "dash", "busybox", "ksh", "zsh", NULL};

/* Long options of dumb-init and setpriv whose value is the next word. */
static const char *const long_valued[] = {"--rewrite", "--reuid", "--regid", "--groups",
	"--inh-caps", "--ambient-caps", "--bounding-set", "--pdeathsig", NULL};

/* How many words of argv belong to the wrapper. */
static size_t wrapper_length(const struct wrapper *w, char *const *argv, size_t n)
{
	size_t i = 1;

	for (; i < n && argv[i][0] == '-' && argv[i][1]; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		/* "-p SIGTERM", but not "-pSIGTERM" or "--long". */
		i += str_in(argv[i], long_valued) ||
		     (argv[i][1] != '-' && !argv[i][2] && strchr(w->valued, argv[i][1]));
	}
	while (strcmp(w->name, "env") == 0 && i < n && strchr(argv[i], '=')) {
		i++;
	}
	return i + w->operands;
}

/* How many words of argv belong to the launcher, 0 when it is none. */
static size_t launcher_length(char *const *argv, size_t n)
{
	const char *base = path_base(argv[0]);

	for (size_t i = 0; i < ARRAY_SIZE(launchers); i++) {
		size_t len = strlen(launchers[i].name);

		/* "python3.11" */
		if (strncmp(base, launchers[i].name, len) != 0 ||
			strspn(base + len, "0123456789.") != strlen(base + len)) {
			continue;
		}
		for (size_t k = 1; k + 1 < n; k++) {
			if (strcmp(argv[k], launchers[i].verb) == 0) {
				return k + 1;
			}
			if (argv[k][0] != '-' && strcmp(launchers[i].verb, "--") != 0) {
				break;
			}
		}
	}
	return 0;
}

static bool is_shell_script(const char *text)
{
	const char *end = strchr(text, '\n');
	size_t len = end ? (size_t)(end - text) : strlen(text);

	return strncmp(text, "#!", 2) == 0 && str_find(text, len, "sh");
}

struct script {
	struct search *search;
	const char *name;
	char *const *rest; /* its own arguments: "$@" */
	size_t n_rest;
};

static void add_words(struct search *s, struct strv *words, char *const *v, size_t n)
{
	for (size_t i = 0; i < n && spend(s, 1, strlen(v[i])); i++) {
		strv_add(words, v[i]);
	}
}

static void on_command(const struct shell_command *command, void *arg)
{
	struct script *script = arg;
	auto_free char *origin = NULL;
	AUTO(strv) struct strv words = {0};

	if (!spend(script->search, 1, strlen(script->name))) {
		return;
	}
	origin = xasprintf("%s:%u", script->name, command->line);
	for (size_t i = 0; i < command->words.n; i++) {
		if (strcmp(command->words.v[i], "$@") == 0 ||
			strcmp(command->words.v[i], "$*") == 0) {
			add_words(script->search, &words, script->rest, script->n_rest);
		} else {
			add_words(script->search, &words, &command->words.v[i], 1);
		}
	}
	add_argv(script->search, words.v, words.n, &command->redirects, origin);
}

static void read_shell(struct search *s, const char *name, const char *text, size_t len,
	char *const *rest, size_t n_rest)
{
	struct script script = {s, name, rest, n_rest};

	if (s->depth < MAX_DEPTH) {
		s->depth++;
		shell_commands(text, len, lookup_env, s, on_command, &script);
		s->depth--;
	}
}

static bool script_is_known(const struct entry_commands *out, const struct node *node)
{
	for (size_t i = 0; i < out->scripts.n; i++) {
		if (out->scripts.v[i] == node) {
			return true;
		}
	}
	return false;
}

static void follow_node(
	struct search *s, const struct node *node, char *const *rest, size_t n_rest, bool force)
{
	auto_free char *path = NULL;

	if (!node || node->type != NODE_FILE || !node_text(node) || script_is_known(s->out, node)) {
		return;
	}
	if (!force && strncmp(node_text(node), "#!", 2) != 0) {
		return;
	}
	*ARRAY_PUSH(&s->out->scripts) = node;
	if (force || is_shell_script(node_text(node))) {
		path = node_path(node);
		read_shell(s, path, node_text(node), node_text_len(node), rest, n_rest);
	}
}

/* The script that a command names, read once. force: it is given to a shell, whatever its first
 * line says. */
static void follow_script(
	struct search *s, const char *name, char *const *rest, size_t n_rest, bool force)
{
	const struct node *node = NULL;

	if (s->tree && spend(s, (s->config->env.n + s->out->scripts.n) / 8, 0)) {
		node = entry_lookup(s->tree, s->config, name, &s->left);
	}
	follow_node(s, node, rest, n_rest, force);
}

/* What a supervisor starts. */
static void follow_service(
	const struct node *node, unsigned number, const char *line, size_t len, void *arg)
{
	struct search *s = arg;
	auto_free char *path = NULL;
	auto_free char *name = NULL;
	size_t n;

	if (!spend(s, 2 + (s->out->n + s->out->scripts.n) / 8, len)) {
		return;
	}
	path = node_path(node);
	name = xasprintf("%s:%u", path, number);
	n = strlen(name);
	for (size_t i = 0; i < s->out->n && line; i++) {
		const char *origin = s->out->v[i].origin;

		if (str_starts(origin, name) && origin[n] == ':') { /* its file was told twice */
			return;
		}
	}
	if (line) {
		read_shell(s, name, line, len, NULL, 0);
	} else {
		follow_node(s, node, NULL, 0, false);
	}
}

/* su app -s /bin/sh -c LINE */
static void follow_su(struct search *s, char *const *argv, size_t n, const char *origin)
{
	for (size_t i = 1; i + 1 < n; i++) {
		if (strcmp(argv[i], "-c") == 0) {
			read_shell(s, origin, argv[i + 1], strlen(argv[i + 1]), NULL, 0);
			return;
		}
	}
}

/* "sh -c LINE args", "bash script args" */
static void follow_shell(struct search *s, char *const *argv, size_t n, const char *origin)
{
	size_t i = 1;
	bool line = false;

	i += strcmp(path_base(argv[0]), "busybox") == 0 && n > 1;
	for (; i < n && argv[i][0] == '-' && argv[i][1] && strcmp(argv[i], "--") != 0; i++) {
		if (argv[i][1] != '-' && strchr(argv[i], 'c')) {
			line = true;
		}
		i += argv[i][1] != '-' && str_ends(argv[i], "o"); /* "-eo pipefail" */
	}
	if (i >= n) {
		return;
	}
	if (line) {
		read_shell(s, origin, argv[i], strlen(argv[i]), argv + i + (i + 1 < n ? 2 : 1),
			n - i > 2 ? n - i - 2 : 0);
	} else {
		follow_script(s, argv[i], argv + i + 1, n - i - 1, true);
	}
}

static const struct wrapper *find_wrapper(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrappers); i++) {
		if (strcmp(wrappers[i].name, name) == 0) {
			return &wrappers[i];
		}
	}
	return NULL;
}

static void add_command(struct search *s, char *const *argv, size_t n, const struct strv *redirects,
	const char *origin)
{
	struct entry_command *command;

	if (!spend(s, 1, strlen(origin))) {
		return;
	}
	command = ARRAY_PUSH(s->out);
	add_words(s, &command->argv, argv, n);
	if (redirects) {
		add_words(s, &command->redirects, redirects->v, redirects->n);
	}
	if (command->argv.n == 0) {
		strv_add(&command->argv, ":");
	}
	command->origin = xstrdup(origin);
}

static void add_argv(struct search *s, char *const *argv, size_t n, const struct strv *redirects,
	const char *origin)
{
	while (n > 0) {
		const struct wrapper *wrapper = find_wrapper(path_base(argv[0]));
		size_t own = wrapper ? wrapper_length(wrapper, argv, n) : launcher_length(argv, n);

		if (!own || own >= n) {
			break;
		}
		if (!wrapper) { /* it may have configuration of its own */
			add_command(s, argv, 1, NULL, origin);
		}
		argv += own;
		n -= own;
	}
	if (n > 0 || (redirects && redirects->n)) {
		add_command(s, argv, n, redirects, origin);
	}
	if (n == 0) {
		return;
	}
	if (s->tree && !s->in_services) {
		s->in_services = true;
		entry_services(s->tree, s->config, argv, n, &s->left, follow_service, s);
		s->in_services = false;
	}
	if (strcmp(path_base(argv[0]), "su") == 0) {
		follow_su(s, argv, n, origin);
	} else if (str_in(path_base(argv[0]), shells)) {
		follow_shell(s, argv, n, origin);
	} else if ((strcmp(argv[0], ".") == 0 || strcmp(argv[0], "source") == 0) && n > 1) {
		follow_script(s, argv[1], argv + 2, n - 2, true);
	} else {
		follow_script(s, argv[0], argv + 1, n - 1, false);
	}
}

static void add_entry(struct search *s, const struct strv *arguments, const char *origin)
{
	AUTO(strv) struct strv all = {0};

	add_words(s, &all, s->config->entrypoint.v, s->config->entrypoint.n);
	add_words(s, &all, arguments->v, arguments->n);
	if (all.n) {
		add_argv(s, all.v, all.n, NULL, origin);
	}
}

void entry_commands_find(const struct tree *tree, const struct image_config *config,
	const struct product *product, struct entry_commands *ret)
{
	struct search s = {.tree = tree, .config = config, .out = ret, .left = EFFORT};
	bool plain = !product || !product->n_tasks;

	for (size_t i = 0; product && i < product->n_tasks; i++) {
		const struct task *task = &product->tasks[i];

		if (task->options.n) {
			auto_free char *origin = xasprintf("task %s", task->id ? task->id : "");

			add_entry(&s, &task->options, origin);
		} else {
			plain = true;
		}
	}
	if (plain) {
		add_entry(&s, &config->cmd, config->entrypoint.n ? "Entrypoint" : "Cmd");
	}
	ret->cut = ret->cut || !s.left;
}

void entry_commands_release(struct entry_commands *commands)
{
	for (size_t i = 0; i < commands->n; i++) {
		strv_release(&commands->v[i].argv);
		strv_release(&commands->v[i].redirects);
		free(commands->v[i].origin);
	}
	free(commands->v);
	free(commands->scripts.v);
	*commands = (struct entry_commands){0};
}
