/*
 * log_private.h - the inside of log_config*.c and log_arguments.c.
 */
#ifndef CHECKS_LOG_PRIVATE_H
#define CHECKS_LOG_PRIVATE_H

#include "checks/config_text.h"
#include "checks/log_config.h"

#include <stdbool.h>

/* One file being read. */
struct log_reader {
	const char *path;
	const char *plain; /* without comments */
	size_t len;
	unsigned line;
	log_found_fn *found;
	void *arg;
	char section[64]; /* of an ini file, without brackets */
	struct line raw; /* this line */
	struct config_setting *set; /* of this line */
};

/* Tell a directive; target is trimmed and its defaults are put in. sink: NULL: by its text. */
void log_tell(const struct log_reader *r, const char *name, struct line target,
	const enum log_sink *sink);

/* The value of a setting elsewhere in the same file, or an empty line. */
struct line log_setting(const struct log_reader *r, const char *name);
bool log_setting_is_on(const struct log_reader *r, const char *name);

/* XML of logback, log4j, log4j2, Tomcat, NLog, log4net. */
void log_read_xml(struct log_reader *r);

/* A line of "name = value" and its relatives by the table of known directives. */
void log_read_setting(struct log_reader *r);

/* The first word, quotes off. */
struct line log_first_word(struct line value);

bool log_name_is(struct line name, const char *word); /* ASCII case folded */

#endif
