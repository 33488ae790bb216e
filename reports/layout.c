#include "reports/layout.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/escape.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Lines are never broken to less than this many characters of text. */
enum { NARROWEST = 20 };

static void bytes(struct layout *l, const char *s, size_t len)
{
	l->failed = l->failed || buf_add(l->out, s, len, l->err);
}

/* SGR codes that read well on light and dark backgrounds. */
static const char *code_of(enum style style)
{
	static const char *const codes[] = {
		[STYLE_PLAIN] = "",
		[STYLE_BOLD] = "\033[1m",
		[STYLE_DIM] = "\033[2m",
		[STYLE_GOOD] = "\033[32m",
		[STYLE_BAD] = "\033[1;31m",
		[STYLE_WARN] = "\033[33m",
	};

	return codes[style];
}

static void style_on(struct layout *l, enum style style)
{
	if (l->color && style != STYLE_PLAIN) {
		bytes(l, code_of(style), strlen(code_of(style)));
	}
}

static void style_off(struct layout *l, enum style style)
{
	if (l->color && style != STYLE_PLAIN) {
		bytes(l, "\033[0m", strlen("\033[0m"));
	}
}

/* Characters in len bytes of UTF-8; wide and combining ones count as one. */
static size_t characters(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		n += ((unsigned char)s[i] & 0xc0) != 0x80;
	}
	return n;
}

void layout_put(struct layout *l, enum style style, const char *fmt, ...)
{
	auto_free char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	s = xvasprintf(fmt, ap);
	va_end(ap);
	style_on(l, style);
	bytes(l, s, strlen(s));
	style_off(l, style);
	l->column += characters(s, strlen(s));
}

static void spaces(struct layout *l, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bytes(l, " ", 1);
	}
	l->column += n;
}

void layout_tab(struct layout *l, size_t column)
{
	spaces(l, l->column < column ? column - l->column : l->column > 0);
}

void layout_end(struct layout *l)
{
	bytes(l, "\n", 1);
	l->column = 0;
}

/* How many bytes of s fit into room characters, broken behind a word where there is one. A word
 * that is longer than a line is broken anywhere. */
static size_t fitting(const char *s, size_t room)
{
	size_t at = 0;
	size_t word_end = 0;
	size_t n = 0;

	while (s[at] && n < room) {
		at++;
		while (((unsigned char)s[at] & 0xc0) == 0x80) {
			at++;
		}
		n++;
		if (s[at] == ' ' || !s[at]) {
			word_end = at;
		}
	}
	if (!s[at]) {
		return at;
	}
	return word_end ? word_end : at;
}

void layout_wrap(struct layout *l, size_t hang, enum style style, const char *text)
{
	auto_free char *safe = escape_dup(ESCAPE_TERMINAL, text);
	const char *at = safe ? safe : "";

	style_on(l, style);
	while (*at) {
		size_t room = l->width > l->column + NARROWEST ? l->width - l->column : NARROWEST;
		size_t len = fitting(at, room);

		bytes(l, at, len);
		l->column += characters(at, len);
		at += len;
		at += strspn(at, " ");
		if (*at) {
			layout_end(l);
			spaces(l, hang);
		}
	}
	style_off(l, style);
}

void layout_cut(struct layout *l, enum style style, const char *text)
{
	auto_free char *safe = escape_dup(ESCAPE_TERMINAL, text);
	const char *s = safe ? safe : "";
	size_t room = l->width > l->column + NARROWEST ? l->width - l->column : NARROWEST;
	bool cut = characters(s, strlen(s)) > room;
	size_t len = 0;

	for (size_t n = 0; s[len] && n < room - cut; n++) {
		len++;
		while (((unsigned char)s[len] & 0xc0) == 0x80) {
			len++;
		}
	}
	layout_put(l, style, "%.*s%s", (int)len, s, cut ? "…" : "");
}
