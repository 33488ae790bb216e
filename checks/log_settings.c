/* Directives by name. A name that more than one program knows ("error_log") means the same in
 * all. */
#include "checks/log_private.h"

#include "base/alloc.h"
#include "base/cleanup.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum how {
	HOW_PATH, /* the first word is the target */
	HOW_LAST, /* the last word is: "log_dest file /x" */
	HOW_ON_SYSLOG, /* on: it goes to syslog */
	HOW_PIPE_ARGS, /* Python: args=('/x', 'a') of a FileHandler */
	HOW_SCHEME, /* "file:/x", "daemon:/x" */
};

static const struct directive {
	const char *name;
	enum how how;
	const char *in; /* only in files with this in their path; NULL: any */
	const char *guard; /* only when this setting of the same file is on; NULL: always */
} directives[] = {
	/* nginx, squid, php-fpm, php.ini */
	{"access_log", HOW_SCHEME, NULL, NULL},
	{"error_log", HOW_PATH, NULL, NULL},
	{"cache_log", HOW_PATH, "squid", NULL},
	{"access.log", HOW_PATH, NULL, NULL},
	{"slowlog", HOW_PATH, NULL, "request_slowlog_timeout"},
	{"php_admin_value[error_log", HOW_PATH, NULL, NULL},
	{"php_value[error_log", HOW_PATH, NULL, NULL},
	/* Apache httpd */
	{"ErrorLog", HOW_PATH, NULL, NULL},
	{"CustomLog", HOW_PATH, NULL, NULL},
	{"TransferLog", HOW_PATH, NULL, NULL},
	{"GlobalLog", HOW_PATH, NULL, NULL},
	{"ForensicLog", HOW_PATH, NULL, NULL},
	{"ScriptLog", HOW_PATH, NULL, NULL},
	/* redis, memcached, supervisord, unbound, sidekiq */
	{"logfile", HOW_PATH, NULL, NULL},
	{"log-file", HOW_PATH, NULL, NULL},
	{"log_file", HOW_PATH, NULL, NULL},
	{"syslog-enabled", HOW_ON_SYSLOG, NULL, NULL},
	{"use-syslog", HOW_ON_SYSLOG, NULL, NULL},
	{"stdout_logfile", HOW_PATH, NULL, NULL},
	{"stderr_logfile", HOW_PATH, NULL, NULL},
	/* MySQL, MariaDB */
	{"log_error", HOW_PATH, NULL, NULL},
	{"log-error", HOW_PATH, NULL, NULL},
	{"general_log_file", HOW_PATH, NULL, "general_log"},
	{"slow_query_log_file", HOW_PATH, NULL, "slow_query_log"},
	{"log_slow_query_file", HOW_PATH, NULL, "log_slow_query"},
	/* uWSGI */
	{"logto", HOW_PATH, NULL, NULL},
	{"logto2", HOW_PATH, NULL, NULL},
	{"daemonize", HOW_PATH, "uwsgi", NULL},
	{"req-logger", HOW_SCHEME, NULL, NULL},
	{"logger", HOW_SCHEME, "uwsgi", NULL},
	/* gunicorn, puma, unicorn */
	{"accesslog", HOW_PATH, NULL, NULL},
	{"errorlog", HOW_PATH, NULL, NULL},
	{"stdout_redirect", HOW_PATH, NULL, NULL},
	{"stderr_path", HOW_PATH, NULL, NULL},
	{"stdout_path", HOW_PATH, NULL, NULL},
	/* Java */
	{"logging.file", HOW_PATH, NULL, NULL},
	{"logging.file.name", HOW_PATH, NULL, NULL},
	{"logging.file.path", HOW_PATH, NULL, NULL},
	{"logging.path", HOW_PATH, NULL, NULL},
	/* others */
	{"systemLog.path", HOW_PATH, NULL, NULL},
	{"log.file", HOW_PATH, "rabbitmq", NULL},
	{"log_dest", HOW_LAST, NULL, NULL},
	{"server.errorlog", HOW_PATH, NULL, NULL},
	{"accesslog.filename", HOW_PATH, NULL, NULL},
	{"output", HOW_LAST, "addy", NULL},
	{"path.logs", HOW_PATH, NULL, NULL},
	{"info_log_path", HOW_PATH, "dovecot", NULL},
	{"log_path", HOW_PATH, "dovecot", NULL},
	{"args", HOW_PIPE_ARGS, NULL, NULL},
};

bool log_name_is(struct line name, const char *word)
{
	return strlen(word) == name.len && strncasecmp(name.s, word, name.len) == 0;
}

static bool ends_with(struct line name, const char *tail)
{
	size_t n = strlen(tail);

	return name.len >= n && strncasecmp(name.s + name.len - n, tail, n) == 0;
}

struct line log_first_word(struct line value)
{
	char quote = 0;
	size_t n = 0;

	while (value.len && isspace((unsigned char)*value.s)) {
		value.s++;
		value.len--;
	}
	while (value.len && strchr("\"'(", *value.s) && *value.s) {
		quote = *value.s == '(' ? quote : *value.s;
		value.s++;
		value.len--;
	}
	while (n < value.len &&
		(quote ? value.s[n] != quote : !isspace((unsigned char)value.s[n])) &&
		value.s[n] != ';') {
		n++;
	}
	while (!quote && n > 0 && strchr(",\"')", value.s[n - 1])) {
		n--;
	}
	return (struct line){value.s, n};
}

static struct line last_word(struct line value)
{
	size_t at = value.len;

	while (at > 0 && !isspace((unsigned char)value.s[at - 1])) {
		at--;
	}
	return log_first_word((struct line){value.s + at, value.len - at});
}

static void tell_scheme(struct log_reader *r, const char *name, struct line value)
{
	static const char *const schemes[] = {"file:", "daemon:", "stdio:", "logfile:"};
	struct line target = log_first_word(value);

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		size_t n = strlen(schemes[i]);

		if (target.len > n && strncmp(target.s, schemes[i], n) == 0) {
			target.s += n;
			target.len -= n;
		}
	}
	log_tell(r, name, target, NULL);
}

static void tell_directive(struct log_reader *r, const struct directive *d)
{
	static const enum log_sink syslog = LOG_SINK_SYSLOG;
	struct line value = r->set->value;
	auto_free char *name = xstrndup(r->set->name.s, r->set->name.len);

	switch (d->how) {
	case HOW_PATH:
		log_tell(r, name, log_first_word(value), NULL);
		break;
	case HOW_LAST:
		log_tell(r, name, last_word(value), NULL);
		break;
	case HOW_ON_SYSLOG:
		if (log_name_is(value, "yes") || log_name_is(value, "on")) {
			log_tell(r, name, value, &syslog);
		}
		break;
	case HOW_PIPE_ARGS:
		if (str_starts(r->section, "handler_") &&
			str_find(r->plain, r->len, "FileHandler") &&
			str_ifind(value.s, value.len, ".log")) {
			log_tell(r, "args", log_first_word(value), NULL);
		}
		break;
	case HOW_SCHEME:
		tell_scheme(r, name, value);
		break;
	}
}

/* postgresql.conf: the collector takes stderr and writes it to files. */
static bool read_postgres(struct log_reader *r)
{
	static const enum log_sink file = LOG_SINK_FILE;
	static const enum log_sink syslog = LOG_SINK_SYSLOG;
	const struct config_setting *set = r->set;
	struct line directory;

	if (log_name_is(set->name, "logging_collector")) {
		directory = log_setting(r, "log_directory");
		if (!directory.len) {
			directory = (struct line){"log", 3};
		}
		if (log_setting_is_on(r, "logging_collector")) {
			log_tell(r, "logging_collector", log_first_word(directory), &file);
		}
		return true;
	}
	if (log_name_is(set->name, "log_destination")) {
		if (str_ifind(set->value.s, set->value.len, "syslog")) {
			log_tell(r, "log_destination", set->value, &syslog);
		}
		return true;
	}
	/* Where the collector would write. */
	return log_name_is(set->name, "log_directory") || log_name_is(set->name, "log_filename");
}

static bool read_haproxy(struct log_reader *r)
{
	static const enum log_sink syslog = LOG_SINK_SYSLOG;
	struct line target = log_first_word(r->set->value);

	if (!strstr(r->path, "haproxy") || !log_name_is(r->set->name, "log") ||
		log_name_is(target, "global")) {
		return false;
	}
	log_tell(r, "log", target,
		log_name_is(target, "stdout") || log_name_is(target, "stderr") ? NULL : &syslog);
	return true;
}

/* rsyslog: "auth,authpriv.*  -/var/log/auth.log", or action(type="omfile" file="..."). */
static bool read_rsyslog(struct log_reader *r)
{
	size_t n = 0;
	struct line target;

	if (!strstr(r->path, "rsyslog")) {
		return false;
	}
	while (n < r->raw.len && !isspace((unsigned char)r->raw.s[n])) {
		n++;
	}
	if (!memchr(r->raw.s, '.', n)) {
		return false;
	}
	target = log_first_word((struct line){r->raw.s + n, r->raw.len - n});
	if (target.len > 1 && *target.s == '-') {
		target.s++;
		target.len--;
	}
	if (target.len && *target.s == '/') {
		log_tell(r, "rule", target, NULL);
	}
	return true;
}

static bool read_grafana(struct log_reader *r)
{
	static const enum log_sink file = LOG_SINK_FILE;

	if (strcmp(r->section, "log") != 0 || !log_name_is(r->set->name, "mode")) {
		return false;
	}
	if (str_ifind(r->set->value.s, r->set->value.len, "file")) {
		log_tell(r, "mode", r->set->value, &file);
	}
	return true;
}

/* log4j.appender.x.File, appender.x.fileName, Python's FileHandler with filename,
 * java.util.logging.FileHandler.pattern, Tomcat's 1catalina.org.apache.juli.FileHandler.directory
 * */
static bool read_appender(struct log_reader *r)
{
	struct line name = r->set->name;
	bool log4j = str_starts(name.s, "log4j.appender.") && ends_with(name, ".File");
	bool log4j2 = str_starts(name.s, "appender.") && ends_with(name, ".fileName");
	bool python = ends_with(name, "filename") && str_find(r->plain, r->len, "FileHandler");
	bool java =
		ends_with(name, "FileHandler.pattern") || ends_with(name, "FileHandler.directory");

	if (!log4j && !log4j2 && !python && !java) {
		return false;
	}
	log_tell(r, "appender", log_first_word(r->set->value), NULL);
	return true;
}

/* Whatever is called a log, or is a file, and is set to what is a log by its name. */
static void read_unknown(struct log_reader *r)
{
	struct line target = log_first_word(r->set->value);
	struct line name = r->set->name;
	bool called = str_ifind(name.s, name.len, "log") != NULL;
	bool file = ends_with(name, "filename") || ends_with(name, "file") ||
		    ends_with(name, "path") || ends_with(name, "destination") ||
		    ends_with(name, "dest");

	if (target.len < 5 || !memchr(target.s, '.', target.len) ||
		memchr(target.s, '*', target.len)) {
		return;
	}
	if (((called || file) && ends_with(target, ".log")) ||
		(called && strncmp(target.s, "/var/log/", 9) == 0)) {
		auto_free char *copy = xstrndup(name.s, name.len);

		log_tell(r, copy, target, NULL);
	}
}

void log_read_setting(struct log_reader *r)
{
	static bool (*const readers[])(struct log_reader *) = {
		read_postgres, read_haproxy, read_rsyslog, read_grafana, read_appender};

	for (size_t i = 0; i < ARRAY_SIZE(directives); i++) {
		const struct directive *d = &directives[i];

		if (log_name_is(r->set->name, d->name) && (!d->in || strstr(r->path, d->in))) {
			if (!d->guard || log_setting_is_on(r, d->guard)) {
				tell_directive(r, d);
			}
			return;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
		if (readers[i](r)) {
			return;
		}
	}
	read_unknown(r);
}
