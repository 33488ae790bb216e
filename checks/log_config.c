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
		"off", "none", "false", "no", "0", "/dev/null", "null", "nil", NULL};
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

void log_tell(
	const struct log_reader *r, const char *name, struct line target, const enum log_sink *sink)
{
	auto_free char *text = put_defaults(target);
	struct log_directive directive = {name, text, sink ? *sink : log_sink_of(text), r->line};

	if (*text) {
		r->found(&directive, r->arg);
	}
}

struct line log_setting(const struct log_reader *r, const char *name)
{
	const char *at = r->plain;
	struct line l;

	while (line_next(&at, r->plain + r->len, &l)) {
		struct config_setting set;

		if (str_ifind(l.s, l.len, name) && config_setting(l.s, l.len, &set) &&
			log_name_is(set.name, name)) {
			return set.value;
		}
	}
	return (struct line){"", 0};
}

bool log_setting_is_on(const struct log_reader *r, const char *name)
{
	struct line value = log_first_word(log_setting(r, name));

	return value.len && !log_name_is(value, "off") && !log_name_is(value, "0") &&
	       !log_name_is(value, "no") && !log_name_is(value, "false") &&
	       !log_name_is(value, "none") && !log_name_is(value, "0s");
}

/* YAML nests: "logging:" / "  file:" / "    name: x" is logging.file.name. */
#define YAML_DEPTH 8
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
		strv_addf(&parts, "%.*s", (int)y->open[i].name.len, y->open[i].name.s);
	}
	strv_addf(&parts, "%.*s", (int)name.len, name.s);
	return strv_join(&parts, ".");
}

static void read_section(struct log_reader *r, struct line l)
{
	const char *open = memchr(l.s, '[', l.len);
	const char *close = open ? memchr(open, ']', l.len - (size_t)(open - l.s)) : NULL;
	size_t n = close ? (size_t)(close - open - 1) : 0;

	if (n > 0 && n < sizeof(r->section)) {
		memcpy(r->section, open + 1, n);
		r->section[n] = '\0';
	}
}

static bool is_yaml(const char *path)
{
	return str_ends(path, ".yml") || str_ends(path, ".yaml") || str_ends(path, "mongod.conf");
}

static void read_lines(struct log_reader *r)
{
	bool yaml = is_yaml(r->path);
	struct yaml y = {.depth = 0};
	const char *at = r->plain;
	struct line l;

	while (line_next(&at, r->plain + r->len, &l)) {
		struct config_setting set;
		auto_free char *name = NULL;
		size_t first = 0;

		r->line++;
		while (first < l.len && isspace((unsigned char)l.s[first])) {
			first++;
		}
		if (first < l.len && l.s[first] == '[' && !yaml) {
			read_section(r, l);
			continue;
		}
		if (yaml) {
			yaml_line(&y, l);
		}
		if (!config_setting(l.s, l.len, &set)) {
			continue;
		}
		if (yaml) {
			name = yaml_name(&y, set.name);
			set.name = (struct line){name, strlen(name)};
		}
		r->raw = l;
		r->set = &set;
		log_read_setting(r);
	}
}

void log_config_read(const char *path, const char *text, size_t len, log_found_fn *found, void *arg)
{
	auto_free char *plain = config_strip(path, text, len);
	struct log_reader r = {
		.path = path, .plain = plain, .len = len, .found = found, .arg = arg};

	if (config_comments_of(path) == COMMENTS_XML) {
		log_read_xml(&r);
	} else {
		read_lines(&r);
	}
}
