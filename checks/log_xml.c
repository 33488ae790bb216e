#include "checks/log_private.h"

#include "base/alloc.h"
#include "base/cleanup.h"

#include <ctype.h>
#include <string.h>

/* What a logging framework's file has in it; other XML has <file> elements, too. */
static bool is_logging(const struct log_reader *r)
{
	static const char *const signs[] = {
		"<appender", "<Appenders", "<nlog", "<log4net", "AccessLogValve", NULL};

	for (size_t i = 0; signs[i]; i++) {
		if (str_find(r->plain, r->len, signs[i])) {
			return true;
		}
	}
	return false;
}

/* The value of an attribute within one tag. */
static struct line attribute(struct line tag, const char *name)
{
	const char *end = tag.s + tag.len;
	size_t n = strlen(name);

	for (const char *at = tag.s; (at = str_find(at, (size_t)(end - at), name)); at += n) {
		const char *open = at + n;
		const char *close;

		if (!isspace((unsigned char)at[-1]) || end - open < 3 || *open != '=' ||
			!strchr("\"'", open[1])) {
			continue;
		}
		close = memchr(open + 2, open[1], (size_t)(end - open - 2));
		if (close) {
			return (struct line){open + 2, (size_t)(close - open - 2)};
		}
	}
	return (struct line){"", 0};
}

static bool is_tag(struct line tag, const char *name)
{
	size_t n = strlen(name);

	return tag.len > n && strncmp(tag.s + 1, name, n) == 0 &&
	       (isspace((unsigned char)tag.s[1 + n]) || strchr("/>", tag.s[1 + n]));
}

/* Whether the file has loggers; one that is included may leave them to another. */
static bool has_loggers(const struct log_reader *r)
{
	static const char *const tags[] = {"<root", "<logger", "<async", NULL};

	for (size_t i = 0; tags[i]; i++) {
		if (str_ifind(r->plain, r->len, tags[i])) {
			return true;
		}
	}
	return false;
}

/* Whether something besides its own definition names the appender: what no logger refers to gets no
 * records. Without a name it counts. */
static bool is_referred_to(struct log_reader *r, struct line name)
{
	const char *end = r->plain + r->len;
	auto_free char *text = NULL;

	if (!name.len || memchr(name.s, '$', name.len) || !log_may_look(r) || !has_loggers(r)) {
		return true;
	}
	text = xstrndup(name.s, name.len);
	for (const char *at = r->plain; (at = str_find(at, (size_t)(end - at), text)); at++) {
		const char *next = at + name.len;

		if (at != name.s && at - r->plain > 6 && next < end && strchr("\"', >", at[-1]) &&
			strchr("\"', <", *next) && strncmp(at - 6, "name=", 5) != 0) {
			return true;
		}
	}
	return false;
}

static void tell_appender(
	struct log_reader *r, const char *what, struct line appender, struct line target)
{
	if (target.len && is_referred_to(r, appender)) {
		log_tell(r, what, target, NULL);
	}
}

/* tag: from "<" to ">". after: the text behind it, up to the next tag. */
static void read_tag(struct log_reader *r, struct line tag, struct line after)
{
	static const char *const elements[] = {"File", "RollingFile", "RandomAccessFile",
		"RollingRandomAccessFile", "MemoryMappedFile", "target"};
	struct line name = attribute(tag, "name");

	if (is_tag(tag, "appender")) {
		r->appender = name;
	}
	if (is_tag(tag, "file")) { /* logback; log4net has an attribute */
		struct line value = attribute(tag, "value");

		tell_appender(r, "file", r->appender, value.len ? value : log_first_word(after));
	}
	for (size_t i = 0; i < ARRAY_SIZE(elements); i++) { /* log4j2, NLog */
		if (is_tag(tag, elements[i])) {
			tell_appender(r, elements[i], name, attribute(tag, "fileName"));
		}
	}
	if (is_tag(tag, "param") && log_name_is(name, "File")) { /* log4j */
		tell_appender(r, "param File", r->appender, attribute(tag, "value"));
	}
	if (is_tag(tag, "Valve") && str_find(tag.s, tag.len, "AccessLogValve")) { /* Tomcat */
		struct line directory = attribute(tag, "directory");

		log_tell(r, "AccessLogValve", directory.len ? directory : (struct line){"logs", 4},
			NULL);
	}
}

static struct line trimmed(const char *from, const char *to)
{
	while (from < to && isspace((unsigned char)*from)) {
		from++;
	}
	return (struct line){from, (size_t)(to - from)};
}

void log_read_xml(struct log_reader *r)
{
	const char *end = r->plain + r->len;
	const char *counted = r->plain;

	if (!is_logging(r)) {
		return;
	}
	r->line = 1;
	for (const char *at = r->plain; (at = memchr(at, '<', (size_t)(end - at)));) {
		const char *close = memchr(at, '>', (size_t)(end - at));
		const char *next;

		if (!close) {
			return;
		}
		for (; counted < at; counted++) {
			r->line += *counted == '\n';
		}
		next = memchr(close, '<', (size_t)(end - close));
		read_tag(r, (struct line){at, (size_t)(close + 1 - at)},
			trimmed(close + 1, next ? next : end));
		at = close;
	}
}
