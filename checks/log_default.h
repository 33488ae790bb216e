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

/* Whether anything depends on the absence of a directive of this name. */
bool log_default_has(const char *directive);

/* Deeper nesting than this is no configuration that anybody wrote. */
#define LOG_BLOCKS_MAX 64

/* How far the blocks of an nginx configuration are read. plain (without comments) and len are the
 * caller's, the rest is zero. */
struct log_blocks {
	const char *plain;
	size_t len;
	bool inside[LOG_BLOCKS_MAX];
	size_t depth;
	size_t at;
	size_t word; /* where the statement at hand begins */
	unsigned line; /* how many have ended */
};

/* Whether line (1-based, none before one that was asked for) stands inside a location or if block: what
 * is said there leaves the rest to the default. */
bool log_in_nginx_location(struct log_blocks *b, unsigned line);

#endif
