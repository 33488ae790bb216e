#include "checks/reach.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "checks/config_text.h"
#include "checks/file_role.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_REACHED 2000

/* What a program reads when nobody names another file: patterns from the root, or from the working
 * directory ("./"); %s is the program's own name. name NULL: every program. */
static const struct {
	const char *name;
	const char *unless; /* an option that names another file instead; NULL: none */
	const char *patterns[8];
} defaults[] = {
	{"nginx", "-c",
		{"etc/nginx/nginx.conf", "usr/local/nginx/conf/nginx.conf",
			"usr/local/openresty/nginx/conf/nginx.conf"}},
	{"openresty", "-c", {"usr/local/openresty/nginx/conf/nginx.conf"}},
	{"apache2", "-f", {"etc/apache2/apache2.conf"}},
	{"apache2ctl", "-f", {"etc/apache2/apache2.conf"}},
	{"apachectl", "-f", {"etc/apache2/apache2.conf", "etc/httpd/conf/httpd.conf"}},
	{"apache2-foreground", "-f", {"etc/apache2/apache2.conf"}},
	{"httpd", "-f",
		{"etc/httpd/conf/httpd.conf", "usr/local/apache2/conf/httpd.conf",
			"etc/apache2/httpd.conf"}},
	{"httpd-foreground", "-f", {"usr/local/apache2/conf/httpd.conf"}},
	{"mysqld", "--defaults-file", {"etc/mysql/my.cnf", "etc/my.cnf"}},
	{"mariadbd", "--defaults-file", {"etc/mysql/my.cnf", "etc/my.cnf"}},
	{"mysqld_safe", "--defaults-file", {"etc/mysql/my.cnf", "etc/my.cnf"}},
	{"php-fpm", "-y",
		{"etc/php/*/fpm/php-fpm.conf", "usr/local/etc/php-fpm.conf", "etc/php-fpm.conf",
			"etc/php*/php-fpm.conf"}},
	{"php-fpm", "-c",
		{"etc/php/*/fpm/php.ini", "etc/php/*/fpm/conf.d/*.ini", "usr/local/etc/php/php.ini",
			"usr/local/etc/php/conf.d/*.ini", "etc/php.ini", "etc/php*/php.ini"}},
	{"php", "-c", {"etc/php/*/cli/php.ini", "usr/local/etc/php/php.ini"}},
	{"supervisord", "-c", {"etc/supervisor/supervisord.conf", "etc/supervisord.conf"}},
	{"gunicorn", "-c", {"./gunicorn.conf.py"}},
	{"rsyslogd", "-f", {"etc/rsyslog.conf"}},
	{"pg_ctlcluster", NULL, {"etc/postgresql/*/*/postgresql.conf"}},
	{"catalina.sh", NULL,
		{"usr/local/tomcat/conf/server.xml", "usr/local/tomcat/conf/logging.properties",
			"etc/tomcat*/server.xml", "etc/tomcat*/logging.properties"}},
	{"java", NULL, {"./application*.*", "./config/application*.*", "./bootstrap.*"}},
	{"node", NULL, {"./config/default.*", "./config/production.*", "./.env"}},
	{"npm", NULL, {"./config/default.*", "./config/production.*", "./.env"}},
	{"puma", "-C", {"./config/puma.rb", "./config/*.yml", "./.env"}},
	{"unicorn", "-c", {"./config/unicorn.rb", "./config/*.yml"}},
	{"rails", NULL,
		{"./config/puma.rb", "./config/*.yml", "./config/environments/production.rb"}},
	{"bundle", NULL,
		{"./config/puma.rb", "./config/*.yml", "./config/environments/production.rb"}},
	{"dotnet", NULL, {"./appsettings.json", "./appsettings.Production.json", "./nlog.config"}},
	{"sshd", "-f", {"etc/ssh/sshd_config"}},
	{"named", "-c", {"etc/bind/named.conf"}},
	{"rabbitmq-server", NULL, {"etc/rabbitmq/rabbitmq.conf"}},
	{"grafana-server", "--config", {"etc/grafana/grafana.ini"}},
	{"squid", "-f", {"etc/squid/squid.conf"}},
	{"unbound", "-c", {"etc/unbound/unbound.conf"}},
	{"dnsmasq", "-C", {"etc/dnsmasq.conf"}},
	{"dovecot", "-c", {"etc/dovecot/dovecot.conf"}},
	{"vsftpd", NULL, {"etc/vsftpd.conf"}},
	{NULL, "--config",
		{"./config.*", "./settings.*", "./application.*", "./.env", "etc/%s.conf",
			"etc/%s/%s.conf", "etc/%s/config.*"}},
};

struct search {
	const struct tree *tree;
	const struct image_config *config;
	struct reach *out;
	char *why; /* for what is found next; owned by whoever set it */
	bool any_name; /* not only what looks like configuration by its name */
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
	auto_free char *path = node_path(node);

	if (node->type == NODE_FILE && !node_text(node) && node->size && config_is(path) &&
		!strv_has(&s->out->unread, path)) {
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

	tree_glob(s->tree, full, add_node, s);
}

/* An argument that is a path, or has one behind "=" ("--config=/etc/x", "config_file=/etc/x"); the
 * children of a directory that an option names as one of configuration. */
static void add_argument(struct search *s, const char *argument, const char *before)
{
	const char *equals = strchr(argument, '=');
	const char *path = equals && equals[1] ? equals + 1 : argument;
	const struct node *node;
	auto_free char *full = NULL;

	if (strncmp(path, "file:", 5) == 0) {
		path += 5;
	}
	path += *path == '@'; /* response files */
	full = entry_path(s->config, path);
	node = tree_lookup(s->tree, full, true);
	if (!node) {
		return;
	}
	if (node->type != NODE_DIR) {
		s->any_name = true;
		add_node(node, s);
		s->any_name = false;
	} else if (strstr(equals ? argument : before, "conf")) {
		for (const struct node *c = node->first_child; c; c = c->next) {
			add_node(c, s);
		}
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

static bool is_system_program(const struct search *s, const char *command)
{
	static const char *const dirs[] = {
		"bin/", "sbin/", "usr/bin/", "usr/sbin/", "usr/lib/", NULL};
	const struct node *node = entry_lookup(s->tree, s->config, command);
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

	if (!*program || strpbrk(program, "$*?[{(")) {
		return;
	}
	system = is_system_program(s, argv->v[0]);
	s->why = why;
	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
		if ((defaults[i].name && !is_program(argv->v[0], defaults[i].name)) ||
			has_option(argv, defaults[i].unless)) {
			continue;
		}
		for (size_t k = 0; k < ARRAY_SIZE(defaults[i].patterns) && defaults[i].patterns[k];
			k++) {
			add_default(s, defaults[i].patterns[k], program, system);
		}
	}
	if (is_program(argv->v[0], "postgres")) {
		add_postgres(s, argv);
	}
}

static void add_commands(struct search *s, const struct entry_commands *commands)
{
	for (size_t i = 0; i < commands->n; i++) {
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

/* Every path-like word of a text that leads to configuration. base: directory of relative ones,
 * NULL: only absolute paths. */
static void add_mentioned(struct search *s, const char *text, const char *base)
{
	for (const char *p = text; *p;) {
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
				tree_glob(s->tree, word, add_node, s);
			} else if (base &&
				   (slash || (strchr(word, '.') && !strpbrk(word, "*?[")))) {
				/* "*.*" is a selector of syslog, not a path */
				path = xasprintf("%s/%s", base, word);
				tree_glob(s->tree, path, add_node, s);
			}
		}
		p += len ? len : 1;
	}
}

static void add_environment(struct search *s)
{
	for (size_t i = 0; i < s->config->env.n; i++) {
		const char *value = strchr(s->config->env.v[i], '=');
		auto_free char *why = NULL;

		if (!value || value[1] != '/' || strncmp(s->config->env.v[i], "PATH=", 5) == 0) {
			continue;
		}
		why = xasprintf("named by Env %.*s", (int)(value - s->config->env.v[i]),
			s->config->env.v[i]);
		s->why = why;
		tree_glob(s->tree, value + 1, add_node, s);
	}
}

/* include directives name files in many ways, but always by a path: in the text of what is reached
 * already, every path that leads to configuration counts. */
static void add_included(struct search *s)
{
	for (size_t i = 0; i < s->out->n; i++) { /* out grows on the way */
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
	struct search s = {tree, config, ret, NULL, false};

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
