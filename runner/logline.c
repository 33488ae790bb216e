#include "runner/logline.h"

#include "base/alloc.h"
#include "base/str.h"

#include <string.h>
#include <strings.h>

enum { EXCERPT = 200, CLF_WITHIN = 120 };

/*
 * A tiny pattern language keeps the forms in one table: '9' is a digit, 'A' a letter, ' ' one or
 * more blanks, '?' any of "T ", everything else itself.
 */
static bool form_matches(const char *form, const char *s, const char *end)
{
	for (; *form; form++) {
		char c = s < end ? *s : '\0';
		bool digit = c >= '0' && c <= '9';
		bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

		if (*form == ' ') {
			if (c != ' ' && c != '\t') {
				return false;
			}
			while (s < end && (*s == ' ' || *s == '\t')) {
				s++;
			}
			continue;
		}
		if (*form == '9'       ? !digit
			: *form == 'A' ? !letter
			: *form == '?' ? c != 'T' && c != ' ' && c != 't' && c != '_'
				       : c != *form) {
			return false;
		}
		s++;
	}
	return true;
}

static const char *const months[] = {
	"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL};

static bool one_of(const char *const *words, const char *s)
{
	for (; *words; words++) {
		if (strncasecmp(*words, s, 3) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_date(const char *s, const char *end)
{
	static const char *const forms[] = {
		"9999-99-99?99:99", /* ISO 8601, RFC 3339, log4j, PostgreSQL */
		"9999/99/99 99:99:99", /* nginx's error log, Go */
		"99/99/9999 99:99:99",
		"99.99.9999 99:99:99",
		"99-99-9999 99:99:99",
		"99999999?999999", /* ISO 8601 basic */
		"99999999 99:99:99",
		"999999 99:99:99", /* MySQL of old */
		"99:99:99.999", /* a time of day with fractions, logback */
		"99:99:99,999",
		"99:99:99 ",
		NULL,
	};

	for (const char *const *form = forms; *form; form++) {
		if (form_matches(*form, s, end)) {
			return true;
		}
	}
	return false;
}

static bool is_named_date(const char *s, const char *end)
{
	return (form_matches("AAA 99 99:99:99", s, end) && one_of(months, s)) ||
	       (form_matches("AAA 9 99:99:99", s, end) && one_of(months, s)) ||
	       (form_matches("AAA AAA 99 99:99:99", s, end) && one_of(days, s)) ||
	       (form_matches("AAA AAA 9 99:99:99", s, end) && one_of(days, s)) ||
	       (form_matches("AAA, 99 AAA 9999 99:99:99", s, end) && one_of(days, s)) ||
	       (form_matches("99 AAA 9999 99:99:99", s, end) && one_of(months, s + 3)) ||
	       (form_matches("99/AAA/9999:99:99:99", s, end) && one_of(months, s + 3)) ||
	       (form_matches("99-AAA-9999 99:99:99", s, end) && one_of(months, s + 3));
}

/* Seconds (10 digits from 2001 to 2286), milli-, micro- or nanoseconds since 1970. */
static bool is_epoch(const char *s, const char *end)
{
	const char *at = s;
	size_t digits;

	while (at < end && *at >= '0' && *at <= '9') {
		at++;
	}
	digits = (size_t)(at - s);
	if (*s != '1' || (digits != 10 && digits != 13 && digits != 16 && digits != 19)) {
		return false;
	}
	return at < end && strchr(".,: \t]}\"", *at) != NULL;
}

static bool is_level(const char *s, const char *end)
{
	static const char *const levels[] = {"TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING",
		"ERROR", "FATAL", "CRITICAL", "SEVERE", "ALERT", "EMERG"};

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		size_t len = strlen(levels[i]);

		if ((size_t)(end - s) > len && strncmp(s, levels[i], len) == 0 &&
			strchr(": \t]|", s[len])) {
			return true;
		}
	}
	return false;
}

static bool is_moment(const char *s, const char *end)
{
	return s < end && (is_date(s, end) || is_named_date(s, end) || is_epoch(s, end));
}

/* {"time":"2026-...", ...} or {..."ts":1712345678.1 */
static bool is_json_log(const char *s, const char *end)
{
	static const char *const keys[] = {"\"time\":", "\"timestamp\":", "\"@timestamp\":",
		"\"ts\":", "\"date\":", "\"datetime\":", "\"t\":"};

	for (size_t i = 0; s < end && *s == '{' && i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *at = str_find(s, (size_t)(end - s), keys[i]);

		if (!at) {
			continue;
		}
		at += strlen(keys[i]);
		while (at < end && (*at == ' ' || *at == '"' || *at == '{')) {
			at++;
		}
		if (is_moment(at, end)) {
			return true;
		}
	}
	return false;
}

/* host - - [10/Oct/2000:13:55:36 -0700] "GET ... */
static bool is_common_log(const char *s, const char *end)
{
	const char *stop = end - s > CLF_WITHIN ? s + CLF_WITHIN : end;

	for (; s < stop; s++) {
		if (*s == '[' && form_matches("[99/AAA/9999:99:99:99", s, end)) {
			return one_of(months, s + 4);
		}
	}
	return false;
}

bool logline_timestamped(const char *line, size_t len)
{
	const char *end = line + len;
	const char *s = line;

	while (s < end && (*s == ' ' || *s == '\t')) {
		s++;
	}
	if (is_json_log(s, end) || is_common_log(s, end)) {
		return true;
	}
	/* "[2026-...", "<13>Jan 1 ...", "time=2026-...", "I0131 12:00:00.123456" (glog) */
	if (s < end && *s == '<') {
		const char *gt = memchr(s, '>', (size_t)(end - s));

		s = gt && gt - s <= 4 ? gt + 1 : s;
	}
	while (s < end && (*s == '[' || *s == '(' || *s == '"')) {
		s++;
	}
	if ((size_t)(end - s) > 5 && strncmp(s, "time=", 5) == 0) {
		s += s[5] == '"' ? 6 : 5;
	}
	if (s < end && strchr("IWEFD", *s) && form_matches("9999 99:99:99", s + 1, end)) {
		return true;
	}
	/* redis: "1:M 31 Jan 2026 12:00:00.000 * ..." */
	for (const char *p = s; p < end && p - s < 12; p++) {
		if (p > s && p[-1] == ' ' && form_matches("99 AAA 9999 99:99:99", p, end)) {
			return one_of(months, p + 3);
		}
	}
	return is_moment(s, end) || is_level(s, end);
}

void logline_count(
	const char *text, size_t len, uint64_t *lines, uint64_t *timestamped, char **ret_first)
{
	const char *at = text;
	struct line l;

	if (memchr(text, '\0', len)) {
		return;
	}
	while (line_next(&at, text + len, &l)) {
		if (!l.len) {
			continue;
		}
		++*lines;
		if (logline_timestamped(l.s, l.len)) {
			++*timestamped;
			if (!*ret_first) {
				*ret_first = xstrndup(l.s, l.len < EXCERPT ? l.len : EXCERPT);
			}
		}
	}
}
