#include "checks/log_private.h"

#include "base/cleanup.h"
#include "checks/file_role.h"

#include <string.h>

/* Flags that say where the log goes. A row counts for every program whose name begins so. */
static const struct {
	const char *program;
	const char *flag; /* the value is the next argument, or stands behind "=" */
} flags[] = {
	{"redis-server", "--logfile"},
	{"valkey-server", "--logfile"},
	{"gunicorn", "--access-logfile"},
	{"gunicorn", "--error-logfile"},
	{"gunicorn", "--log-file"},
	{"uwsgi", "--logto"},
	{"uwsgi", "--logto2"},
	{"uwsgi", "--daemonize"},
	{"mysqld", "--log-error"},
	{"mysqld", "--general-log-file"},
	{"mariadbd", "--log-error"},
	{"mongod", "--logpath"},
	{"nginx", "-e"},
	{"apache2", "-E"},
	{"httpd", "-E"},
	{"supervisord", "-l"},
	{"supervisord", "--logfile"},
	{"celery", "-f"},
	{"celery", "--logfile"},
	{"pg_ctl", "-l"},
	{"pm2", "-o"},
	{"pm2", "-l"},
	{"squid", "-l"},
	{"caddy", "-log"},
	{"vault", "-log-file"},
	{"consul", "-log-file"},
	{"nats-server", "-l"},
	{"nats-server", "--log"},
	{"sidekiq", "-L"},
	{"java", "-Dlogging.file.name"},
	{"java", "-Dlogging.file"},
	{"java", "-Dlogging.file.path"},
	{"java", "-Xloggc"},
};

static void tell(struct log_reader *r, const char *name, const char *target)
{
	log_tell(r, name, (struct line){target, strlen(target)}, NULL);
}

static void read_flag(struct log_reader *r, const struct strv *argv, size_t at)
{
	const char *program = path_base(argv->v[0]);
	const char *argument = argv->v[at];

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		size_t n = strlen(flags[i].flag);

		if (!str_starts(program, flags[i].program) ||
			strncmp(argument, flags[i].flag, n) != 0) {
			continue;
		}
		if (argument[n] == '=' || argument[n] == ':') {
			tell(r, flags[i].flag, argument + n + 1);
		} else if (!argument[n] && at + 1 < argv->n) {
			tell(r, flags[i].flag, argv->v[at + 1]);
		}
	}
}

/* Directives on a command line: nginx -g "...;", postgres -c name=value, php-fpm -d name=value.
 * All of a command's together, so that one may depend on another. */
static void read_directives(const struct strv *argv, log_found_fn *found, void *arg)
{
	static const struct {
		const char *program;
		const char *option;
		const char *as; /* the file that such a directive would stand in */
	} options[] = {{"nginx", "-g", "nginx.conf"}, {"postgres", "-c", "postgresql.conf"},
		{"php", "-d", "php.ini"}, {"apache2", "-C", "apache2.conf"},
		{"httpd", "-c", "httpd.conf"}};
	const char *program = path_base(argv->v[0]);

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		AUTO(strv) struct strv lines = {0};
		auto_free char *text = NULL;

		for (size_t k = 1; k + 1 < argv->n; k++) {
			if (str_starts(program, options[i].program) &&
				strcmp(argv->v[k], options[i].option) == 0) {
				strv_add(&lines, argv->v[k + 1]);
			}
		}
		if (!lines.n) {
			continue;
		}
		text = strv_join(&lines, "\n");
		for (char *p = text; strcmp(program, "nginx") == 0 && *p; p++) {
			*p = *p == ';' ? '\n' : *p;
		}
		log_config_read(options[i].as, text, strlen(text), found, arg);
	}
}

struct relay {
	log_found_fn *found;
	void *arg;
};

/* Lines of a command line say nothing. */
static void without_line(const struct log_directive *directive, void *arg)
{
	const struct relay *relay = arg;
	struct log_directive plain = *directive;

	plain.line = 0;
	relay->found(&plain, relay->arg);
}

void log_arguments(const struct strv *argv, log_found_fn *found, void *arg)
{
	struct relay relay = {found, arg};
	struct log_reader r = {.path = "", .plain = "", .found = found, .arg = arg};

	for (size_t i = 1; i < argv->n; i++) {
		read_flag(&r, argv, i);
	}
	read_directives(argv, without_line, &relay);
}
