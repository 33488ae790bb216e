#include "checks/log_private.h"

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

/* tag: from "<" to ">". after: the text behind it, up to the next tag. */
static void read_tag(struct log_reader *r, struct line tag, struct line after)
{
	static const char *const elements[] = {"File", "RollingFile", "RandomAccessFile",
		"RollingRandomAccessFile", "MemoryMappedFile", "target"};
	struct line name = attribute(tag, "name");

	if (is_tag(tag, "file")) { /* logback; log4net has an attribute */
		struct line value = attribute(tag, "value");

		log_tell(r, "file", value.len ? value : log_first_word(after), NULL);
	}
	for (size_t i = 0; i < ARRAY_SIZE(elements); i++) { /* log4j2, NLog */
		if (is_tag(tag, elements[i]) && attribute(tag, "fileName").len) {
			log_tell(r, elements[i], attribute(tag, "fileName"), NULL);
		}
	}
	if (is_tag(tag, "param") && log_name_is(name, "File")) { /* log4j */
		log_tell(r, "param File", attribute(tag, "value"), NULL);
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
