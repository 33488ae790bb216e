/*
 * log_default.h - where servers log when no directive says so: the paths that are compiled in.
 */
#ifndef CHECKS_LOG_DEFAULT_H
#define CHECKS_LOG_DEFAULT_H

#include <stdbool.h>
#include <stddef.h>

struct log_default {
	const char *program; /* as reach_program() takes it */
	const char *directive; /* whose absence makes it count */
	const char *below; /* the program lies below this directory; "": anywhere else */
	const char *target;
};
extern const struct log_default log_defaults[];
extern const size_t n_log_defaults;

/* The target of this program and directive for a program at path ("usr/sbin/nginx"), or NULL. */
const char *log_default_target(const char *program, const char *directive, const char *path);

/* Whether line (1-based) of an nginx configuration stands inside a location or if block: what is
 * said there leaves the rest to the default. plain: without comments. */
bool log_in_nginx_location(const char *plain, size_t len, unsigned line);

#endif
