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
	HOW_UWSGI, /* "NAME PLUGIN:ARGUMENTS", with or without the name: "main file:/x", "stdio" */
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
	{"req-logger", HOW_UWSGI, NULL, NULL},
	{"logger", HOW_UWSGI, "uwsgi", NULL},
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

bool log_name_ends(struct line name, const char *tail)
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
	size_t at;

	/* Caddy: "output file /x {" */
	while (value.len && strchr("{ \t", value.s[value.len - 1])) {
		value.len--;
	}
	at = value.len;
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

static void tell_uwsgi(struct log_reader *r, const char *name, struct line value)
{
	const char *file = str_find(value.s, value.len, "file:");

	if (file) {
		file += strlen("file:");
		log_tell(r, name,
			log_first_word((struct line){file, value.len - (size_t)(file - value.s)}),
			NULL);
	} else if (str_find(value.s, value.len, "stdio")) {
		log_tell(r, name, (struct line){"stdout", 6}, NULL);
	}
}

/* The texts in quotes of an expression, the last of them in *ret; its end may be missing. */
static size_t quoted_texts(struct line expression, struct line *ret)
{
	const char *end = expression.s + expression.len;
	size_t n = 0;

	for (const char *p = expression.s; p < end; p++) {
		const char *close;

		if (*p != '"' && *p != '\'') {
			continue;
		}
		close = memchr(p + 1, *p, (size_t)(end - p - 1));
		close = close ? close : end;
		*ret = (struct line){p + 1, (size_t)(close - p - 1)};
		p = close;
		n++;
	}
	return n;
}

/* What a program sets (gunicorn.conf.py, puma.rb): os.environ.get("LOG", "-") and x or "-" have a
 * default, other expressions are anybody's guess. */
static void tell_path(struct log_reader *r, const char *name, struct line value)
{
	static const enum log_sink unsure = LOG_SINK_UNSURE;
	bool literal = value.s > r->raw.s && strchr("\"'", value.s[-1]) && value.s[-1];
	bool other = str_find(value.s, value.len, " or ") || str_find(value.s, value.len, "||");
	struct line text = {"", 0};
	size_t n;

	if (!config_is_program(r->path) || literal) {
		log_tell(r, name, log_first_word(value), NULL);
		return;
	}
	n = quoted_texts(value, &text);
	if (n > 1 || (n == 1 && other)) {
		log_tell(r, name, text, NULL);
	} else if (log_name_is(value, "None") || log_name_is(value, "nil")) {
		log_tell(r, name, value, NULL);
	} else {
		log_tell(r, name, value, &unsure);
	}
}

static void tell_directive(struct log_reader *r, const struct directive *d)
{
	static const enum log_sink syslog = LOG_SINK_SYSLOG;
	struct line value = r->set->value;
	auto_free char *name = xstrndup(r->set->name.s, r->set->name.len);

	switch (d->how) {
	case HOW_PATH:
		tell_path(r, name, value);
		break;
	case HOW_UWSGI:
		tell_uwsgi(r, name, value);
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
		if (str_starts(r->section, "handler_") && r->file_handler &&
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

/* Whatever is called a log, or is a file, and is set to what is a log by its name. */
void log_read_unknown(struct log_reader *r)
{
	struct line target = log_first_word(r->set->value);
	struct line name = r->set->name;
	bool called = r->within_log || str_ifind(name.s, name.len, "log") != NULL;
	bool file = log_name_ends(name, "filename") || log_name_ends(name, "file") ||
		    log_name_ends(name, "path") || log_name_ends(name, "destination") ||
		    log_name_ends(name, "dest");

	if (target.len < 5 || memchr(target.s, '*', target.len)) {
		return;
	}
	if (((called || file) && log_name_ends(target, ".log")) ||
		(called && strncmp(target.s, "/var/log/", 9) == 0)) {
		auto_free char *copy = xstrndup(name.s, name.len);

		log_tell(r, copy, target, NULL);
	}
}

void log_read_setting(struct log_reader *r)
{
	static bool (*const readers[])(struct log_reader *) = {
		read_postgres, read_haproxy, read_rsyslog, read_grafana, log_read_framework};

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
	log_read_unknown(r);
}
