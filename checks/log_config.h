/*
 * log_config.h - where configuration and command lines send a program's log: the directives of
 * known servers and logging frameworks.
 *
 *	log_config_read("etc/nginx/nginx.conf", text, len, found, arg)
 *		found({"access_log", "/var/log/nginx/access.log", LOG_SINK_FILE, 43})
 *
 * Known are nginx, Apache, redis, PostgreSQL, MySQL, PHP and php-fpm, supervisord, uWSGI, gunicorn,
 * memcached, MongoDB, RabbitMQ, mosquitto, squid, lighttpd, HAProxy, Caddy, Grafana, unbound,
 * rsyslog, puma, unicorn; log4j, log4j2, logback, java.util.logging, Tomcat, Spring Boot, NLog,
 * log4net, Python's logging; and any setting that is called a log and ends in ".log" or lies in
 * /var/log. Directives that send it to stdout, or nowhere, are told as well. Pure, thread-safe.
 */
#ifndef CHECKS_LOG_CONFIG_H
#define CHECKS_LOG_CONFIG_H

#include "base/str.h"

#include <stddef.h>

enum log_sink {
	LOG_SINK_FILE, /* by a path, which may yet lead to /dev/stdout */
	LOG_SINK_STDIO,
	LOG_SINK_SYSLOG,
	LOG_SINK_NOTHING,
	LOG_SINK_PROGRAM, /* a pipe to another program */
	LOG_SINK_UNSURE, /* an expression, or a variable that some program may read */
};
struct log_directive {
	const char *name; /* "access_log" */
	const char *target; /* as written, ${x:-default} replaced by its default */
	enum log_sink sink;
	unsigned line; /* 0 for a command line */
};
typedef void log_found_fn(const struct log_directive *directive, void *arg);

/* text: with its comments. Each directive in the order of the file; strings are valid until found
 * returns. */
void log_config_read(
	const char *path, const char *text, size_t len, log_found_fn *found, void *arg);

/* The flags of a command ("redis-server --logfile x", "nginx -g 'error_log stderr;'"). */
void log_arguments(const struct strv *argv, log_found_fn *found, void *arg);

/* Variables of an image's Env that say where a program logs (LOGGING_FILE_NAME), or hold its options
 * (JAVA_TOOL_OPTIONS); one that only sounds so (LOG_FILE) is LOG_SINK_UNSURE. */
void log_environment(const struct strv *env, log_found_fn *found, void *arg);

/* What a target such as "syslog:server=x", "-", "off", "| cat", "/var/log/x" is. */
enum log_sink log_sink_of(const char *target);

#endif
