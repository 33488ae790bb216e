#include "checks/entry_commands.h"
#include "checks/reach.h"
#include "checks/shell_words.h"
#include "tests/unit/fake_tree.h"

#include "base/cleanup.h"

/* "a b|c >f": words apart by "/", commands by " | ", targets of > in front of a "<". */
static void render(const struct shell_command *command, void *arg)
{
	struct strv *all = arg;
	auto_free char *words = strv_join(&command->words, "/");
	auto_free char *files = strv_join(&command->redirects, "/");

	strv_addf(all, "%u:%s%s%s", command->line, words, *files ? ">" : "", files);
}

static const char *lookup(const char *name, void *arg)
{
	(void)arg;
	return strcmp(name, "CONF") == 0 ? "/etc/x.conf" : NULL;
}

static const struct {
	const char *text;
	const char *want;
} lines[] = {
	{"exec nginx -g 'daemon off;'", "1:nginx/-g/daemon off;"},
	{"#!/bin/sh\nset -e\nmigrate && exec server --port 1",
		"2:set/-e 3:migrate 3:server/--port/1"},
	{"a \\\n b\nc", "1:a/b 3:c"},
	{"app >> /var/log/a.log 2>&1 &\nb", "1:app>/var/log/a.log 2:b"},
	{"app 2>/x.log </in", "1:app>/x.log"},
	{"if [ -f x ]; then\n  A=1 run \"$CONF\"; fi", "1:[/-f/x/] 2:run//etc/x.conf"},
	{"run ${X:-def} ${CONF} $Y \"${Z}\"", "1:run/def//etc/x.conf/$Y/${Z}"},
	{"exec \"$@\"", "1:$@"},
	{"echo \"a;b\" 'c && d' e\\ f", "1:echo/a;b/c && d/e f"},
	{"x=1\n\n", ""},
	{"a $(b c) d", "1:a 1:b/c 1:d"},
	{"a 'unclosed", "1:a/unclosed"},
	{"a ${unclosed", "1:a/${unclosed"},
	{"a &> /x.log", "1:a>/x.log"},
};

Test(shell_words, commands)
{
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		AUTO(strv) struct strv all = {0};
		auto_free char *got = NULL;

		shell_commands(lines[i].text, strlen(lines[i].text), lookup, NULL, render, &all);
		got = strv_join(&all, " ");
		cr_expect_str_eq(got, lines[i].want, "%s: %s", lines[i].text, got);
	}
}

static const struct fake rootfs[] = {
	{.path = "usr/sbin/nginx", .file = true},
	{.path = "usr/local/bin/start.sh",
		.text = "#!/bin/sh\n: ${CONF:=/app/conf/main.ini}\n. /app/lib.sh\nexec \"$@\"\n"},
	{.path = "app/lib.sh", .text = "echo lib\n"},
	{.path = "app/run", .text = "#!/usr/bin/python3\nopen('/app/conf/py.yml')\n"},
	{.path = "app/server", .file = true},
	{.path = "app/config.yml", .text = "a: 1\n"},
	{.path = "app/conf/main.ini", .text = "[a]\ninclude = extra.ini\n"},
	{.path = "app/conf/extra.ini", .text = "[b]\n"},
	{.path = "app/conf/other.ini", .text = "[c]\n"},
	{.path = "app/conf/py.yml", .text = "a: 1\n"},
	{.path = "etc/server.conf", .text = "a=1\n"},
	{.path = "etc/nginx/nginx.conf",
		.text = "http {\n include /etc/nginx/conf.d/*.conf;\n include sites-enabled/*;\n"
			"# include /etc/nginx/off/*.conf;\n}\n"},
	{.path = "etc/nginx/conf.d/a.conf", .text = "server {\n include snippets/s.conf;\n}\n"},
	{.path = "etc/nginx/snippets/s.conf", .text = "x 1;\n"},
	{.path = "etc/nginx/off/b.conf", .text = "server {}\n"},
	{.path = "etc/nginx/sites-available/default", .text = "server {}\n"},
	{.path = "etc/nginx/sites-enabled/default", .link = "../sites-available/default"},
	{.path = "etc/memcached.conf", .text = "logfile /var/log/memcached.log\n"},
	{.path = "usr/bin/memcached", .file = true},
	{.path = "etc/redis/redis.conf", .text = "logfile /x.log\n"},
	{.path = "usr/bin/redis-server", .file = true},
	{.path = "etc/supervisord.conf",
		.text = "[program:a]\n;command=no\ncommand=nginx -g \"x; y\"\n[include]\n"
			"files = sv.d/*.ini /etc/supervisord.conf\n"},
	{.path = "etc/sv.d/b.ini", .text = "[program:b]\ncommand = env A=1 app --port 1\n"},
	{.path = "srv/nested.conf", /* starts itself, and itself */
		.text = "[program:a]\ncommand=supervisord -c /srv/nested.conf\n[program:b]\n"
			"command=supervisord -c /srv/nested.conf\n[program:c]\ncommand=app\n"},
	{.path = "etc/services.d/a/run", .text = "#!/usr/bin/with-contenv sh\nexec app\n"},
	{.path = "init", .text = "#!/bin/sh\nexec s6-svscan /run\n"},
	{.path = "srv/Procfile", .text = "web: bundle exec puma\nworker: sidekiq -q x\n"},
	{.path = "etc/mysql/my.cnf", .text = "[mysqld]\n!includedir /etc/mysql/conf.d/\n"},
	{.path = "etc/mysql/conf.d/a.cnf", .text = "x=1\n"},
	{.path = "srv/web.conf", .text = "http { include vhosts/*; root /srv/site.vhost; }\n"},
	{.path = "srv/vhosts/a.vhost", .text = "server {}\n"},
	{.path = "srv/site.vhost", .text = "not reached\n"},
	{.path = "boot/BOOT-INF/classes/application.yml", .text = "a: 1\n"},
	{.path = "boot/BOOT-INF/classes/application-dev.yml", .text = "a: 1\n"},
	{.path = "cfg/application.properties", .text = "a=1\n"},
	{.path = "cfg/logback.xml", .text = "<configuration/>\n"},
	{.path = "cfg/appsettings.json", .text = "{}\n"},
	{.path = "usr/local/etc/php/conf.d/a.ini", .text = "a=1\n"},
	{.path = "etc/traefik/traefik.toml", .text = "a=1\n"},
	{.path = NULL},
};

struct given {
	const char *entrypoint[6];
	const char *cmd[6];
	const char *env[3];
	const char *working_dir;
};

static void fill(struct strv *list, const char *const *words)
{
	for (; *words; words++) {
		strv_add(list, *words);
	}
}

static void configure(const struct given *given, struct image_config *config)
{
	fill(&config->entrypoint, given->entrypoint);
	fill(&config->cmd, given->cmd);
	fill(&config->env, given->env);
	config->working_dir = given->working_dir ? xstrdup(given->working_dir) : NULL;
}

static const struct {
	struct given given;
	const char *want; /* first word of each command */
} entries[] = {
	{{.entrypoint = {"nginx", "-g", "daemon off;"}}, "nginx"},
	{{.entrypoint = {"/sbin/tini", "-g", "--", "app"}}, "app"},
	{{.entrypoint = {"tini", "-p", "SIGTERM", "app"}}, "app"},
	{{.entrypoint = {"start.sh"}, .cmd = {"nginx", "-c", "x"}}, "start.sh : . echo nginx"},
	{{.cmd = {"/bin/sh", "-c", "migrate && exec server"}}, "/bin/sh migrate server"},
	{{.cmd = {"bash", "-ec", "a; b"}}, "bash a b"},
	{{.entrypoint = {"gosu", "app", "env", "A=1", "server"}}, "server"},
	{{.entrypoint = {"/app/run"}}, "/app/run"},
	{{.cmd = {"sh", "/app/lib.sh"}}, "sh echo"},
	{{.entrypoint = {"tini"}}, "tini"},
	{{.entrypoint = {"python3.11", "-u", "-m", "gunicorn", "app"}}, "python3.11 gunicorn"},
	{{.entrypoint = {"python3", "app.py", "-m", "x"}}, "python3"},
	{{.cmd = {"bundle", "exec", "puma"}}, "bundle puma"},
	{{.cmd = {"bundle", "install", "exec"}}, "bundle"},
	{{.cmd = {"dumb-init", "--rewrite", "15:3", "app"}}, "app"},
	{{.cmd = {"dumb-init", "--rewrite"}}, "dumb-init"},
	{{.cmd = {"setpriv", "--reuid=1", "--regid", "1", "app"}}, "app"},
	{{.cmd = {"su", "app", "-s", "/bin/sh", "-c"}}, "su"},
	{{.cmd = {"su", "app", "-c", "a && exec b"}}, "su a b"},
	{{.cmd = {"supervisord", "-n"}}, "supervisord nginx app"},
	{{.cmd = {"supervisord", "-c", "/etc/sv.d/b.ini"}}, "supervisord app"},
	{{.cmd = {"supervisord", "-c", "/srv/nested.conf"}},
		"supervisord supervisord supervisord app"},
	{{.cmd = {"/init"}}, "/init app s6-svscan"},
	{{.cmd = {"foreman", "start"}, .working_dir = "/srv"}, "foreman bundle puma sidekiq"},
	{{.cmd = {"foreman", "start"}}, "foreman"},
	{{.cmd = {"wait-for-it.sh", "db:5432", "-t", "0", "--", "app"}}, "wait-for-it.sh app"},
	{{.cmd = {"bash", "-eo", "pipefail", "-c", "a; b"}}, "bash a b"},
};

Test(entry_commands, through_shims_and_scripts)
{
	AUTO_PTR(tree) struct tree *tree = fake_tree(rootfs);

	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		AUTO(image_config) struct image_config config = {0};
		AUTO(entry_commands) struct entry_commands commands = {0};
		AUTO(strv) struct strv names = {0};
		auto_free char *got = NULL;

		configure(&entries[i].given, &config);
		entry_commands_find(tree, &config, NULL, &commands);
		for (size_t k = 0; k < commands.n; k++) {
			strv_add(&names, commands.v[k].argv.v[0]);
		}
		got = strv_join(&names, " ");
		cr_expect_str_eq(got, entries[i].want, "%zu", i);
	}
}

static const struct {
	struct given given;
	const char *want; /* paths in the order of being found */
} reached[] = {
	{{.entrypoint = {"nginx"}},
		"etc/nginx/nginx.conf etc/nginx/conf.d/a.conf etc/nginx/sites-available/default "
		"etc/nginx/snippets/s.conf"},
	{{.entrypoint = {"nginx", "-c", "/etc/nginx/off/b.conf"}}, "etc/nginx/off/b.conf"},
	{{.entrypoint = {"redis-server"}}, ""},
	{{.entrypoint = {"redis-server", "/etc/redis/redis.conf"}}, "etc/redis/redis.conf"},
	{{.entrypoint = {"memcached"}}, ""},
	{{.entrypoint = {"/app/server"}}, "etc/server.conf"},
	{{.entrypoint = {"./server"}, .working_dir = "/app"}, "app/config.yml etc/server.conf"},
	{{.entrypoint = {"/app/server", "--config=conf/other.ini"}, .working_dir = "/app"},
		"app/conf/other.ini"},
	{{.entrypoint = {"start.sh"}}, "app/conf/main.ini app/conf/extra.ini"},
	{{.entrypoint = {"/app/run"}}, "app/conf/py.yml"},
	{{.entrypoint = {"true"}, .env = {"APP_CONF=/app/conf/other.ini"}}, "app/conf/other.ini"},
	{{.entrypoint = {"mysqld"}}, "etc/mysql/my.cnf etc/mysql/conf.d/a.cnf"},
	{{.entrypoint = {"nginx", "-c", "/srv/web.conf"}}, "srv/web.conf srv/vhosts/a.vhost"},
	{{.entrypoint = {"java", "org.Launcher"}, .working_dir = "/boot"},
		"boot/BOOT-INF/classes/application.yml"},
	{{.entrypoint = {"java", "-cp", "/cfg:/lib/*", "x.Main"}},
		"cfg/application.properties cfg/logback.xml"},
	{{.entrypoint = {"java"}, .env = {"SPRING_CONFIG_LOCATION=optional:file:/cfg/"}},
		"cfg/application.properties cfg/appsettings.json cfg/logback.xml"},
	{{.entrypoint = {"java"}, .env = {"SPRING_THING=file:/cfg/"}}, ""},
	{{.entrypoint = {"./App"}, .working_dir = "/cfg"},
		"cfg/application.properties cfg/appsettings.json"},
	{{.entrypoint = {"apache2"}}, "usr/local/etc/php/conf.d/a.ini"},
	{{.entrypoint = {"traefik"}}, "etc/traefik/traefik.toml"},
};

Test(reach, what_the_entry_reads)
{
	AUTO_PTR(tree) struct tree *tree = fake_tree(rootfs);

	for (size_t i = 0; i < ARRAY_SIZE(reached); i++) {
		AUTO(image_config) struct image_config config = {0};
		AUTO(entry_commands) struct entry_commands commands = {0};
		AUTO(reach) struct reach reach = {0};
		AUTO(strv) struct strv paths = {0};
		auto_free char *got = NULL;

		configure(&reached[i].given, &config);
		entry_commands_find(tree, &config, NULL, &commands);
		reach_find(tree, &config, &commands, &reach);
		for (size_t k = 0; k < reach.n; k++) {
			strv_add(&paths, reach.v[k].path);
			cr_expect_not_null(reach.v[k].why);
		}
		got = strv_join(&paths, " ");
		cr_expect_str_eq(got, reached[i].want, "%zu: %s", i, got);
	}
}
