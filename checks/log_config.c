#include "checks/log_config.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "checks/log_private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum log_sink log_sink_of(const char *target)
{
	static const char *const nothing[] = {
		"off", "none", "false", "no", "0", "/dev/null", "null", "nil", "discard", NULL};
	static const char *const stdio[] = {"-", "stdout", "stderr", "console", "ext://sys.stdout",
		"ext://sys.stderr", "stdout.log.stream", NULL};

	for (size_t i = 0; nothing[i]; i++) {
		if (strcasecmp(target, nothing[i]) == 0) {
			return LOG_SINK_NOTHING;
		}
	}
	for (size_t i = 0; stdio[i]; i++) {
		if (strcasecmp(target, stdio[i]) == 0) {
			return LOG_SINK_STDIO;
		}
	}
	if (strncasecmp(target, "syslog", 6) == 0 || strncmp(target, "/dev/log", 8) == 0) {
		return LOG_SINK_SYSLOG;
	}
	return *target == '|' ? LOG_SINK_PROGRAM : LOG_SINK_FILE;
}

/* ${x:-d} (logback, shell) and ${x:d} (Spring) become d; Debian's Apache sets its own variable in
 * envvars. The caller frees. */
static char *put_defaults(struct line target)
{
	const char *open = str_find(target.s, target.len, "${");
	const char *close = open ? memchr(open, '}', target.len - (size_t)(open - target.s)) : NULL;
	const char *colon = close ? memchr(open, ':', (size_t)(close - open)) : NULL;
	const char *value = "";
	int len = 0;

	if (!close) {
		return xstrndup(target.s, target.len);
	}
	if (colon) {
		value = colon + 1 + (colon[1] == '-' || colon[1] == '=');
		len = (int)(close - value);
	} else if (strncmp(open, "${APACHE_LOG_DIR}", 17) == 0) {
		value = "/var/log/apache2";
		len = (int)strlen(value);
	} else {
		return xstrndup(target.s, target.len);
	}
	return xasprintf("%.*s%.*s%.*s", (int)(open - target.s), target.s, len, value,
		(int)(target.s + target.len - close - 1), close + 1);
}

/* "accessLog: true", "access_log: {}": it is on, and where to is said elsewhere, or nowhere. */
static bool is_switch(const char *text)
{
	static const char *const words[] = {"true", "on", "yes", "1", "enabled", NULL};

	for (size_t i = 0; words[i]; i++) {
		if (strcasecmp(text, words[i]) == 0) {
			return true;
		}
	}
	return *text == '{' || *text == '[';
}

void log_tell(
	const struct log_reader *r, const char *name, struct line target, const enum log_sink *sink)
{
	auto_free char *text = put_defaults(target);
	struct log_directive directive = {name, text, sink ? *sink : log_sink_of(text), r->line};

	if (*text && (sink || !is_switch(text))) {
		r->found(&directive, r->arg);
	}
}

/* YAML nests: "logging:" / "  file:" / "    name: x" is logging.file.name. A longer one is no name of a
 * setting, and would be copied for each line below it. */
#define YAML_DEPTH 8
#define YAML_NAME 128
struct yaml {
	struct {
		size_t indent;
		struct line name;
	} open[YAML_DEPTH];
	size_t depth;
};

static void yaml_line(struct yaml *y, struct line l)
{
	size_t indent = 0;
	size_t n = l.len;

	while (indent < l.len && (l.s[indent] == ' ' || l.s[indent] == '-')) {
		indent++;
	}
	while (n > indent && isspace((unsigned char)l.s[n - 1])) {
		n--;
	}
	if (n == indent) {
		return;
	}
	while (y->depth && y->open[y->depth - 1].indent >= indent) {
		y->depth--;
	}
	if (l.s[n - 1] == ':' && y->depth < YAML_DEPTH) {
		y->open[y->depth].indent = indent;
		y->open[y->depth++].name = (struct line){l.s + indent, n - indent - 1};
	}
}

/* The setting's name with the names around it. */
static char *yaml_name(const struct yaml *y, struct line name)
{
	AUTO(strv) struct strv parts = {0};

	for (size_t i = 0; i < y->depth; i++) {
		size_t len = y->open[i].name.len;

		strv_addf(&parts, "%.*s", (int)(len < YAML_NAME ? len : YAML_NAME),
			y->open[i].name.s);
	}
	strv_addf(&parts, "%.*s", (int)name.len, name.s);
	return strv_join(&parts, ".");
}

static bool is_yaml(const char *path)
{
	return str_ends(path, ".yml") || str_ends(path, ".yaml") || str_ends(path, "mongod.conf");
}

/* The statements of a text in their order. */
struct statements {
	const char *at;
	const char *end;
	const char *marks;
	unsigned line; /* of the next */
	bool is_yaml;
	struct yaml yaml;
	char *name; /* of a YAML setting, with the names around it */
	size_t depth; /* of blocks in JSON */
	size_t log_depth; /* of the outermost that is called a log; 0: in none */
	bool within_log; /* the last statement */
};

static struct statements statements_of(const struct log_reader *r)
{
	return (struct statements){.at = r->plain,
		.end = r->plain + r->len,
		.marks = config_marks(r->path, r->plain, r->len),
		.line = 1,
		.is_yaml = is_yaml(r->path)};
}

static void count_depth(struct statements *st, struct line piece, char mark)
{
	if (mark == '{' || mark == '[') {
		st->depth++;
		if (!st->log_depth && str_ifind(piece.s, piece.len, "log")) {
			st->log_depth = st->depth;
		}
	} else if ((mark == '}' || mark == ']') && st->depth) {
		st->depth--;
		st->log_depth = st->depth < st->log_depth ? 0 : st->log_depth;
	}
}

/* False at the end. *ret_line: where ret stands. */
static bool statements_next(struct statements *st, struct line *ret, unsigned *ret_line)
{
	if (st->at >= st->end) {
		free(st->name);
		st->name = NULL;
		return false;
	}
	*ret = (struct line){st->at, config_piece(st->at, (size_t)(st->end - st->at), st->marks)};
	*ret_line = st->line;
	st->at += ret->len;
	st->within_log = st->log_depth != 0;
	if (st->at < st->end) {
		st->line += *st->at == '\n';
		count_depth(st, *ret, *st->at);
		st->at++;
	}
	if (st->is_yaml) {
		yaml_line(&st->yaml, *ret);
	}
	return true;
}

/* The setting of a statement, a YAML one with its whole name. */
static bool statement_setting(
	struct statements *st, struct line statement, struct config_setting *ret)
{
	if (!config_setting(statement.s, statement.len, ret)) {
		return false;
	}
	if (st->is_yaml) {
		free(st->name);
		st->name = yaml_name(&st->yaml, ret->name);
		ret->name = (struct line){st->name, strlen(st->name)};
	}
	return true;
}

#define MAX_LOOKS 300

bool log_may_look(struct log_reader *r)
{
	return ++r->looks <= MAX_LOOKS;
}

static struct line find_setting(const struct log_reader *r, const char *name)
{
	struct statements st = statements_of(r);
	struct line found = {"", 0};
	struct line l;
	unsigned line;

	while (statements_next(&st, &l, &line)) {
		struct config_setting set;

		if (!found.len && (st.is_yaml || str_ifind(l.s, l.len, name)) &&
			statement_setting(&st, l, &set) && log_name_is(set.name, name)) {
			found = set.value;
		}
	}
	return found;
}

struct line log_setting(struct log_reader *r, const char *name)
{
	struct line value;

	for (size_t i = 0; i < r->n_asked; i++) {
		if (strcmp(r->asked[i].name, name) == 0) {
			return r->asked[i].value;
		}
	}
	value = find_setting(r, name);
	if (r->n_asked < ARRAY_SIZE(r->asked)) {
		r->asked[r->n_asked].name = name;
		r->asked[r->n_asked++].value = value;
	}
	return value;
}

bool log_setting_is_on(struct log_reader *r, const char *name)
{
	struct line value = log_first_word(log_setting(r, name));

	return value.len && !log_name_is(value, "off") && !log_name_is(value, "0") &&
	       !log_name_is(value, "no") && !log_name_is(value, "false") &&
	       !log_name_is(value, "none") && !log_name_is(value, "0s");
}

/* supervisord gives a program that names no file one of its own choice. */
static void end_section(struct log_reader *r)
{
	static const enum log_sink file = LOG_SINK_FILE;
	unsigned here = r->line;

	if (r->program) {
		r->line = r->program;
		log_tell(r, "stdout_logfile", (struct line){"AUTO", 4}, &file);
		r->line = here;
		r->program = 0;
	}
}

static void read_section(struct log_reader *r, struct line l)
{
	const char *open = memchr(l.s, '[', l.len);
	const char *close = open ? memchr(open, ']', l.len - (size_t)(open - l.s)) : NULL;
	size_t n = close ? (size_t)(close - open - 1) : 0;

	end_section(r);
	if (n > 0 && n < sizeof(r->section)) {
		memcpy(r->section, open + 1, n);
		r->section[n] = '\0';
		r->program = str_starts(r->section, "program:") ? r->line : 0;
	}
}

/* "access_log: [{name: x, path: /dev/stdout}]": YAML in one line has JSON's marks. */
static void read_flow(struct log_reader *r, struct line flow)
{
	for (size_t at = 0; at < flow.len;) {
		size_t n = config_piece(flow.s + at, flow.len - at, ",{}[]");
		struct config_setting set;

		if (config_setting(flow.s + at, n, &set)) {
			r->set = &set;
			log_read_setting(r);
		}
		at += n + 1;
	}
}

static void read_statement(struct log_reader *r, struct statements *st, struct line l)
{
	struct config_setting set;

	if (!statement_setting(st, l, &set)) {
		return;
	}
	r->raw = l;
	r->within_log = st->within_log;
	if (st->is_yaml && strchr("{[", *set.value.s)) {
		read_flow(r, set.value);
		return;
	}
	r->set = &set;
	log_read_setting(r);
	if (log_name_is(set.name, "stdout_logfile")) {
		r->program = 0;
	}
}

static void read_lines(struct log_reader *r)
{
	struct statements st = statements_of(r);
	struct line l;

	while (statements_next(&st, &l, &r->line)) {
		size_t first = 0;

		while (first < l.len && isspace((unsigned char)l.s[first])) {
			first++;
		}
		if (first < l.len && l.s[first] == '[' && !st.is_yaml) {
			read_section(r, l);
		} else {
			read_statement(r, &st, l);
		}
	}
	end_section(r);
}

void log_config_read(const char *path, const char *text, size_t len, log_found_fn *found, void *arg)
{
	auto_free char *plain = config_strip(path, text, len);
	struct log_reader r = {.path = path,
		.plain = plain,
		.len = len,
		.found = found,
		.arg = arg,
		.file_handler = str_find(plain, len, "FileHandler") != NULL,
		.appenders = str_ifind(plain, len, "Appenders") != NULL,
		.serilog = str_find(plain, len, "\"Serilog\"") && str_find(plain, len, "\"File\"")};

	if (config_comments_of(path) == COMMENTS_XML) {
		log_read_xml(&r);
	} else {
		read_lines(&r);
	}
}
