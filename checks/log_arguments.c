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
	{"pm2", "-e"},
	{"pm2", "--output"},
	{"pm2", "--error"},
	{"pm2", "--log"},
	{"varnishncsa", "-w"},
	{"varnishlog", "-w"},
	{"pm2", "-l"},
	{"squid", "-l"},
	{"crond", "-L"},
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

/* "-Xlog:gc*:file=/x.log:time", "-Xlog:gc:/x.log": what, where to, how. */
static void read_java_log(struct log_reader *r, const char *argument)
{
	const char *output = strchr(argument + strlen("-Xlog:"), ':');
	struct line target = {"", 0};

	if (output) {
		output += str_starts(output, ":file=") ? strlen(":file=") : 1;
		target = (struct line){output, strcspn(output, ":")};
		log_tell(r, "-Xlog", target, NULL);
	}
}

/* Of any program: --log-file=/var/log/x.log, -log_dir /var/log/x. */
static void read_unknown_flag(struct log_reader *r, const struct strv *argv, size_t at)
{
	const char *name = argv->v[at] + strspn(argv->v[at], "-");
	size_t len = strcspn(name, "=");
	const char *next = at + 1 < argv->n ? argv->v[at + 1] : "";
	const char *value = name[len] ? name + len + 1 : *next == '-' ? "" : next;
	struct config_setting set = {{name, len}, {value, strlen(value)}};

	if (argv->v[at][0] == '-' && len > 1) {
		r->set = &set;
		log_read_unknown(r);
	}
}

/* tail -F: whatever it follows is being written. */
static void read_tail(struct log_reader *r, const struct strv *argv)
{
	bool follows = false;

	for (size_t i = 1; i < argv->n; i++) {
		const char *a = argv->v[i];

		follows |= str_starts(a, "--follow") ||
			   (a[0] == '-' && a[1] != '-' && strpbrk(a, "fF"));
	}
	for (size_t i = 1; follows && i < argv->n; i++) {
		if (strcmp(argv->v[i], "-n") == 0 || strcmp(argv->v[i], "-c") == 0) {
			i++;
		} else if (argv->v[i][0] != '-') {
			tell(r, "what tail follows", argv->v[i]);
		}
	}
}

/* What is in force instead of a directive has its name. */
static const char *name_of(const char *program, const char *flag)
{
	return strcmp(program, "nginx") == 0         ? "error_log"
	       : strcmp(program, "supervisord") == 0 ? "logfile"
						     : flag;
}

static void read_flag(struct log_reader *r, const struct strv *argv, size_t at)
{
	const char *program = path_base(argv->v[0]);
	const char *argument = argv->v[at];

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		size_t n = strlen(flags[i].flag);
		const char *name = name_of(flags[i].program, flags[i].flag);

		if (!str_starts(program, flags[i].program) ||
			strncmp(argument, flags[i].flag, n) != 0) {
			continue;
		}
		if (argument[n] == '=' || argument[n] == ':') {
			tell(r, name, argument + n + 1);
			return;
		}
		if (!argument[n] && at + 1 < argv->n) {
			tell(r, name, argv->v[at + 1]);
			return;
		}
	}
	if (str_starts(argument, "-Xlog:")) {
		read_java_log(r, argument);
	} else {
		read_unknown_flag(r, argv, at);
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
	if (strcmp(path_base(argv->v[0]), "tail") == 0) {
		read_tail(&r, argv);
	}
	read_directives(argv, without_line, &relay);
}
