/* Settings of logging frameworks: Quarkus, Serilog, log4j, Python's and Java's own. */
#include "checks/log_private.h"

#include "base/alloc.h"
#include "base/cleanup.h"

#include <ctype.h>
#include <string.h>

/* Quarkus writes to quarkus.log where no path is given, and nowhere unless it is told to. */
static bool read_quarkus(struct log_reader *r)
{
	static const char path[] = "quarkus.log.file.path";
	static const enum log_sink file = LOG_SINK_FILE;
	bool on = log_name_is(r->set->name, "quarkus.log.file.enable") ||
		  log_name_is(r->set->name, "quarkus.log.file.enabled");

	if (on && log_name_is(r->set->value, "true") && !log_setting(r, path).len) {
		log_tell(r, "quarkus.log.file.enable", (struct line){"quarkus.log", 11}, &file);
	} else if (log_name_is(r->set->name, path) &&
		   (log_setting_is_on(r, "quarkus.log.file.enable") ||
			   log_setting_is_on(r, "quarkus.log.file.enabled"))) {
		log_tell(r, path, log_first_word(r->set->value), NULL);
	} else {
		return on || log_name_is(r->set->name, path);
	}
	return true;
}

/* Serilog: {"Name": "File", "Args": {"path": "logs/log-.txt"}}. */
static bool read_serilog(struct log_reader *r)
{
	if (!r->serilog || !log_name_is(r->set->name, "path") ||
		!memchr(r->set->value.s, '.', r->set->value.len)) {
		return false;
	}
	log_tell(r, "path", r->set->value, NULL);
	return true;
}

#define LOG4J "log4j.appender."

/* log4j.properties: whether some logger, or another appender, has the one that name is of. */
static bool log4j_has(const struct log_reader *r, struct line name)
{
	static const char before[] = " \t,=:";
	const char *own = name.s + strlen(LOG4J);
	const char *dot = memchr(own, '.', name.len - (size_t)(own - name.s));
	const char *end = r->plain + r->len;
	auto_free char *appender = dot && dot > own ? xstrndup(own, (size_t)(dot - own)) : NULL;

	for (const char *at = r->plain;
		appender && (at = str_find(at, (size_t)(end - at), appender)); at++) {
		const char *next = at + strlen(appender);

		if (at > r->plain && strchr(before, at[-1]) && at[-1] &&
			(next == end || isspace((unsigned char)*next) || *next == ',')) {
			return true;
		}
	}
	return false;
}

/* log4j.appender.x.File, appender.x.fileName, Python's FileHandler with filename,
 * java.util.logging.FileHandler.pattern, Tomcat's 1catalina.org.apache.juli.FileHandler.directory
 * */
static bool read_appender(struct log_reader *r)
{
	struct line name = r->set->name;
	bool log4j = name.len > strlen(LOG4J) && str_starts(name.s, LOG4J) &&
		     log_name_ends(name, ".File");
	bool log4j2 = log_name_ends(name, "fileName") &&
		      (str_starts(name.s, "appender.") || r->appenders);
	bool python = log_name_ends(name, "filename") && r->file_handler;
	bool java = log_name_ends(name, "FileHandler.pattern") ||
		    log_name_ends(name, "FileHandler.directory");

	if (!log4j && !log4j2 && !python && !java) {
		return false;
	}
	if (log4j && !log4j_has(r, name)) {
		return true; /* nobody logs to it */
	}
	log_tell(r, "appender", log_first_word(r->set->value), NULL);
	return true;
}

bool log_read_framework(struct log_reader *r)
{
	return read_quarkus(r) || read_serilog(r) || read_appender(r);
}
