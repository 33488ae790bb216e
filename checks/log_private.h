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
	bool within_log; /* in a block of JSON that is called a log */
	unsigned looks; /* through the whole file */
	unsigned program; /* line of a supervisord program whose output goes nowhere yet; 0: none */
	char section[64]; /* of an ini file, without brackets */
	struct line appender; /* XML: the name of the one that was opened last */
	struct line raw; /* this line */
	struct config_setting *set; /* of this line */
	/* What the text has somewhere: Python's, log4j2's and Serilog's words. */
	bool file_handler;
	bool appenders;
	bool serilog;
	struct {
		const char *name;
		struct line value;
	} asked[16]; /* settings that others depend on, read once */
	size_t n_asked;
};

/* Tell a directive; target is trimmed and its defaults are put in. sink: NULL: by its text. */
void log_tell(const struct log_reader *r, const char *name, struct line target,
	const enum log_sink *sink);

/* The value of a setting elsewhere in the same file, or an empty line. name lives as long as the reader. */
struct line log_setting(struct log_reader *r, const char *name);
bool log_setting_is_on(struct log_reader *r, const char *name);

/* Whether the whole file may be looked through once more for a name of its own: a file of thousands that
 * ask for it is nobody's. What cannot be looked up counts as used. */
bool log_may_look(struct log_reader *r);

/* XML of logback, log4j, log4j2, Tomcat, NLog, log4net. */
void log_read_xml(struct log_reader *r);

/* A line of "name = value" and its relatives by the table of known directives. */
void log_read_setting(struct log_reader *r);

/* What frameworks call their files; false when it is none of these settings. */
bool log_read_framework(struct log_reader *r);

/* Whatever is called a log, or is a file, and is set to what is a log by its name. */
void log_read_unknown(struct log_reader *r);

/* The first word, quotes off. */
struct line log_first_word(struct line value);

/* ASCII case folded. */
bool log_name_is(struct line name, const char *word);
bool log_name_ends(struct line name, const char *tail);

#endif
