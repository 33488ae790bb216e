#include "checks/reach.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/effort.h"
#include "checks/config_text.h"
#include "checks/file_role.h"
#include "checks/reach_defaults.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_REACHED 2000

struct search {
	const struct tree *tree;
	const struct image_config *config;
	struct reach *out;
	char *why; /* for what is found next; owned by whoever set it */
	bool any_name; /* not only what looks like configuration by its name */
	bool included; /* and it is configuration indeed */
	size_t left; /* effort.h */
};

const struct reached *reach_has(const struct reach *reach, const struct node *node)
{
	for (size_t i = 0; i < reach->n; i++) {
		if (reach->v[i].node == node) {
			return &reach->v[i];
		}
	}
	return NULL;
}

static void add_node(const struct node *node, void *arg)
{
	struct search *s = arg;
	auto_free char *path = NULL;

	/* What is reached and unread already is looked through. */
	if (!effort_spend(&s->left, 16 + s->out->n / 64 + s->out->unread.n / 4)) {
		return;
	}
	path = node_path(node);
	if (node->type == NODE_FILE && !node_text(node) && node->size &&
		(s->included || config_is(path)) && !strv_has(&s->out->unread, path)) {
		strv_add(&s->out->unread, path);
	}
	if (node->type != NODE_FILE || !node_text(node) || s->out->n >= MAX_REACHED ||
		strncmp(node_text(node), "#!", 2) == 0 || str_ends(path, ".sh") ||
		reach_has(s->out, node) || (!s->any_name && !config_is(path))) {
		return;
	}
	*ARRAY_PUSH(s->out) = (struct reached){node, steal_ptr(path), xstrdup(s->why)};
}

static void add_path(struct search *s, const char *path)
{
	auto_free char *full = entry_path(s->config, path);

	tree_glob(s->tree, full, &s->left, add_node, s);
}

static void add_children(struct search *s, const struct node *dir)
{
	s->any_name = false;
	for (const struct node *c = dir->first_child; c && s->left; c = c->next) {
		add_node(c, s);
	}
}

/* One path, as a value of what is called name; a directory only where that says configuration. */
static void add_value(struct search *s, const char *name, const char *path)
{
	const struct node *node;
	auto_free char *full = NULL;

	if (!effort_spend(&s->left, 4 + (strlen(name) + strlen(path)) / 64)) {
		return;
	}
	path += str_starts(path, "optional:") ? strlen("optional:") : 0; /* Spring */
	path += str_starts(path, "file:") ? strlen("file:") : 0;
	path += *path == '@'; /* response files */
	full = entry_path(s->config, path);
	node = *path ? tree_lookup_within(s->tree, tree_root(s->tree), full, true, &s->left) : NULL;
	if (!node) {
		return;
	}
	if (node->type != NODE_DIR) {
		s->any_name = true;
		add_node(node, s);
		s->any_name = false;
	} else if (str_ifind(name, strlen(name), "conf")) {
		add_children(s, node);
	}
}

static void add_list(struct search *s, const char *name, const char *list, const char *separators)
{
	for (const char *p = list; s->left && *(p += strspn(p, separators));) {
		size_t len = strcspn(p, separators);
		auto_free char *path = xstrndup(p, len);

		add_value(s, name, path);
		p += len;
	}
}

/* What a class path's directories have for frameworks to find by name. */
static void add_class_path(struct search *s, const char *list)
{
	static const char *const names[] = {
		"application.*", "application-prod*.*", "bootstrap.*", "logback*.xml", "log4j*.*"};

	for (const char *p = list; s->left && *(p += strspn(p, ":"));) {
		size_t len = strcspn(p, ":");

		for (size_t i = 0; i < ARRAY_SIZE(names) && !memchr(p, '*', len); i++) {
			auto_free char *pattern = xasprintf("%.*s/%s", (int)len, p, names[i]);

			add_path(s, pattern);
		}
		p += len;
	}
}

static bool is_class_path(const char *option)
{
	static const char *const options[] = {"-cp", "-classpath", "--class-path", NULL};

	return str_in(option, options);
}

/* An argument that is a path, or has one behind "=" ("--config=/etc/x", "config_file=/etc/x"). */
static void add_argument(struct search *s, const char *argument, const char *before)
{
	const char *equals = strchr(argument, '=');

	if (is_class_path(before)) {
		add_class_path(s, argument);
	} else if (equals && equals[1]) {
		add_list(s, argument, equals + 1, ",;");
	} else {
		add_value(s, before, argument);
	}
}

/* postgres keeps its configuration in the data directory unless config_file says otherwise. */
static void add_postgres(struct search *s, const struct strv *argv)
{
	const char *data = entry_env(s->config, "PGDATA");
	auto_free char *path = NULL;

	for (size_t i = 1; i + 1 < argv->n; i++) {
		if (strcmp(argv->v[i], "-D") == 0) {
			data = argv->v[i + 1];
		}
	}
	if (data) {
		path = xasprintf("%s/postgresql*.conf", data);
		add_path(s, path);
	}
}

/* The base of a program's name without a version: "php-fpm8.2" is php-fpm, "python3" is python. */
static bool is_program(const char *command, const char *name)
{
	const char *base = path_base(command);
	size_t len = strlen(name);

	return strncmp(base, name, len) == 0 &&
	       strspn(base + len, "0123456789.") == strlen(base + len);
}

const struct entry_command *reach_program(const struct entry_commands *commands, const char *name)
{
	for (size_t i = 0; i < commands->n; i++) {
		if (is_program(commands->v[i].argv.v[0], name)) {
			return &commands->v[i];
		}
	}
	return NULL;
}

static bool has_option(const struct strv *argv, const char *option)
{
	for (size_t i = 1; option && i < argv->n; i++) {
		if (str_starts(argv->v[i], option)) {
			return true;
		}
	}
	return false;
}

static bool is_system_program(struct search *s, const char *command)
{
	static const char *const dirs[] = {
		"bin/", "sbin/", "usr/bin/", "usr/sbin/", "usr/lib/", NULL};
	const struct node *node = entry_lookup(s->tree, s->config, command, &s->left);
	auto_free char *path = node ? node_path(node) : NULL;

	for (size_t i = 0; path && dirs[i]; i++) {
		if (str_starts(path, dirs[i])) {
			return true;
		}
	}
	return false;
}

static void add_default(struct search *s, const char *pattern, const char *program, bool system)
{
	auto_free char *path = NULL;
	const char *mark;

	/* By convention only: what the distribution's programs read by themselves stands above. */
	if (strstr(pattern, "%s") && system) {
		return;
	}
	if (str_starts(pattern, "./")) {
		/* In the root directory the working directory says nothing. */
		if (s->config->working_dir && s->config->working_dir[0] == '/' &&
			s->config->working_dir[1]) {
			add_path(s, pattern + 2);
		}
		return;
	}
	mark = strstr(pattern, "%s");
	if (!mark) {
		path = xasprintf("/%s", pattern);
	} else if (strstr(mark + 2, "%s")) {
		path = xasprintf("/etc/%s/%s.conf", program, program);
	} else {
		path = xasprintf("/%.*s%s%s", (int)(mark - pattern), pattern, program, mark + 2);
	}
	add_path(s, path);
}

static void add_defaults(struct search *s, const struct strv *argv)
{
	const char *program = path_base(argv->v[0]);
	auto_free char *why = xasprintf("default of %s", program);
	bool system;

	/* The options are looked through for each row, the environment for PATH. */
	if (!*program || strpbrk(program, "$*?[{(") ||
		!effort_spend(&s->left, argv->n + s->config->env.n / 8)) {
		return;
	}
	system = is_system_program(s, argv->v[0]);
	s->why = why;
	for (size_t i = 0; i < n_reach_defaults; i++) {
		if ((reach_defaults[i].name && !is_program(argv->v[0], reach_defaults[i].name)) ||
			has_option(argv, reach_defaults[i].unless)) {
			continue;
		}
		for (size_t k = 0;
			k < ARRAY_SIZE(reach_defaults[i].patterns) && reach_defaults[i].patterns[k];
			k++) {
			add_default(s, reach_defaults[i].patterns[k], program, system);
		}
	}
	if (is_program(argv->v[0], "postgres")) {
		add_postgres(s, argv);
	}
}

static void add_commands(struct search *s, const struct entry_commands *commands)
{
	for (size_t i = 0; i < commands->n && s->left; i++) {
		const struct entry_command *c = &commands->v[i];
		auto_free char *why = xasprintf("named by %s", c->origin);

		s->why = why;
		for (size_t k = 1; k < c->argv.n; k++) {
			add_argument(s, c->argv.v[k], c->argv.v[k - 1]);
		}
		add_defaults(s, &c->argv);
	}
}

static bool is_path_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("/._-*+@~[]?", c));
}

/* "include", "IncludeOptional", "!includedir", Caddy's "import": what follows is configuration by
 * whatever name. */
static bool says_include(const char *word, size_t len)
{
	return (len >= 7 && strncasecmp(word, "include", 7) == 0 && !memchr(word, '/', len) &&
		       !memchr(word, '.', len)) ||
	       (len == 6 && strncmp(word, "import", 6) == 0);
}

static void add_included_node(const struct node *node, void *arg)
{
	struct search *s = arg;

	if (node->type == NODE_DIR) {
		add_children(s, node);
		return;
	}
	s->any_name = true;
	s->included = true;
	add_node(node, s);
	s->any_name = false;
	s->included = false;
}

/* Every path-like word of a text that leads to configuration. base: directory of relative ones,
 * NULL: only absolute paths. */
static void add_mentioned(struct search *s, const char *text, const char *base)
{
	bool include = false;

	for (const char *p = text; *p && s->left;) {
		void (*add)(const struct node *node, void *arg) =
			include && base ? add_included_node : add_node;
		size_t len = 0;
		bool slash = false;

		while (is_path_char(p[len])) {
			slash |= p[len] == '/';
			len++;
		}
		if (len > 2 && len < 1024 && (slash || base)) {
			auto_free char *word = xstrndup(p, len);
			auto_free char *path = NULL;

			if (*word == '/') {
				tree_glob(s->tree, word, &s->left, add, s);
			} else if (base &&
				   (slash || (strchr(word, '.') && !strpbrk(word, "*?[")))) {
				/* "*.*" is a selector of syslog, not a path */
				path = xasprintf("%s/%s", base, word);
				tree_glob(s->tree, path, &s->left, add, s);
			}
		}
		include = len ? include || says_include(p, len)
			      : include && *p != '\n' && *p != ';' && *p != '}';
		p += len ? len : 1;
	}
}

static void add_environment(struct search *s)
{
	for (size_t i = 0; i < s->config->env.n && effort_spend(&s->left, 2); i++) {
		const char *item = s->config->env.v[i];
		const char *value = strchr(item, '=');
		auto_free char *why = NULL;

		if (!value || !strchr(value, '/') || str_starts(item, "PATH=")) {
			continue;
		}
		why = xasprintf("named by Env %.*s", (int)(value - item), item);
		s->why = why;
		if (str_starts(item, "CLASSPATH=")) {
			add_class_path(s, value + 1);
		} else if (value[1] == '/') {
			tree_glob(s->tree, value + 1, &s->left, add_node, s);
		}
		if (str_ifind(item, (size_t)(value - item), "conf")) {
			add_list(s, item, value + 1, ",;");
		}
	}
}

/* include directives name files in many ways, but always by a path: in the text of what is reached
 * already, every path that leads to configuration counts. */
static void add_included(struct search *s)
{
	for (size_t i = 0; i < s->out->n && s->left; i++) { /* out grows on the way */
		const struct node *node = s->out->v[i].node;
		auto_free char *dir = node_path(node->parent);
		auto_free char *why = xasprintf("included by %s", s->out->v[i].path);
		auto_free char *plain =
			config_strip(s->out->v[i].path, node_text(node), node_text_len(node));

		s->why = why;
		add_mentioned(s, plain, dir);
		if (node->parent->parent) { /* relative to the main file's, one above conf.d */
			auto_free char *above = node_path(node->parent->parent);

			add_mentioned(s, plain, above);
		}
	}
}

void reach_find(const struct tree *tree, const struct image_config *config,
	const struct entry_commands *commands, struct reach *ret)
{
	struct search s = {.tree = tree, .config = config, .out = ret, .left = EFFORT};

	add_commands(&s, commands);
	for (size_t i = 0; i < commands->scripts.n; i++) {
		const struct node *node = commands->scripts.v[i];
		auto_free char *path = node_path(node);
		auto_free char *why = xasprintf("named by %s", path);

		s.why = why;
		add_mentioned(&s, node_text(node), NULL);
	}
	add_environment(&s);
	add_included(&s);
	ret->cut = !s.left;
}

void reach_release(struct reach *reach)
{
	for (size_t i = 0; i < reach->n; i++) {
		free(reach->v[i].path);
		free(reach->v[i].why);
	}
	free(reach->v);
	strv_release(&reach->unread);
	*reach = (struct reach){0};
}
