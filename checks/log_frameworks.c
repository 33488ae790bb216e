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

static bool has(const struct log_reader *r, const char *word)
{
	return str_find(r->plain, r->len, word) != NULL;
}

/* How often a word stands among the values: "INFO, console,FILE", "[console, 'file']", "- file". */
static unsigned times_in_values(const struct log_reader *r, struct line word)
{
	const char *end = r->plain + r->len;
	auto_free char *text = xstrndup(word.s, word.len);
	unsigned n = 0;

	for (const char *at = r->plain; (at = str_find(at, (size_t)(end - at), text)); at++) {
		const char *next = at + word.len;

		n += at > r->plain && strchr(" \t,=:['\"", at[-1]) && at[-1] &&
		     (next == end || isspace((unsigned char)*next) || strchr(",]'\"", *next));
	}
	return n;
}

/* The name between a prefix and the last dot. */
static struct line middle(struct line name, const char *prefix)
{
	const char *dot = memrchr(name.s, '.', name.len);
	size_t n = strlen(prefix);

	if (!dot || (size_t)(dot - name.s) <= n || strncmp(name.s, prefix, n) != 0) {
		return (struct line){"", 0};
	}
	return (struct line){name.s + n, (size_t)(dot - name.s) - n};
}

/* log4j2: the value of appender.ID.name. */
static struct line log4j2_name(const struct log_reader *r, struct line id)
{
	auto_free char *own = xasprintf("appender.%.*s.name", (int)id.len, id.s);
	const char *at = str_find(r->plain, r->len, own);
	struct config_setting set;

	if (!at || !config_setting(at, strcspn(at, "\n"), &set)) {
		return (struct line){"", 0};
	}
	return log_first_word(set.value);
}

/* What no logger has gets no records: log4j's and log4j2's appenders, handlers of Java and of
 * Python's YAML. Where no logger is, a file that includes this one may have them. */
static bool is_used(struct log_reader *r, struct line name)
{
	struct line log4j = middle(name, "log4j.appender.");
	struct line log4j2 = middle(name, "appender.");
	struct line python = middle(name, "handlers.");
	struct line java = middle(name, "");

	if (!log_may_look(r)) {
		return true;
	}
	if (log4j.len) {
		return !has(r, "ootLogger") || times_in_values(r, log4j);
	}
	if (log4j2.len) {
		struct line said = log4j2_name(r, log4j2);

		return !said.len || !has(r, "ootLogger") || times_in_values(r, said) > 1;
	}
	if (python.len) {
		return (!has(r, "root:") && !has(r, "loggers:")) || times_in_values(r, python);
	}
	return !java.len || !log_name_ends(java, "FileHandler") || !has(r, "handlers") ||
	       times_in_values(r, java);
}

/* log4j.appender.x.File, appender.x.fileName, Python's FileHandler with filename,
 * java.util.logging.FileHandler.pattern, Tomcat's 1catalina.org.apache.juli.FileHandler.directory
 * */
static bool read_appender(struct log_reader *r)
{
	struct line name = r->set->name;
	bool log4j = middle(name, "log4j.appender.").len && log_name_ends(name, ".File");
	bool log4j2 = log_name_ends(name, "fileName") &&
		      (str_starts(name.s, "appender.") || r->appenders);
	bool python = log_name_ends(name, "filename") && r->file_handler;
	bool java = log_name_ends(name, "FileHandler.pattern") ||
		    log_name_ends(name, "FileHandler.directory");

	if (!log4j && !log4j2 && !python && !java) {
		return false;
	}
	if (!is_used(r, name)) {
		return true;
	}
	log_tell(r, "appender", log_first_word(r->set->value), NULL);
	return true;
}

bool log_read_framework(struct log_reader *r)
{
	return read_quarkus(r) || read_serilog(r) || read_appender(r);
}
