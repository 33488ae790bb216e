#include "product/regular.h"

#include "base/str.h"
#include "product/regular_program.h"

#include <ctype.h>
#include <string.h>

/* Longer ones are not written by people. */
#define PATTERN_MAX 1024

/* Escapes that POSIX lacks but ECMA 262 and PCRE have; the C library takes some for the letter. */
static bool is_foreign_escape(char c)
{
	return strchr("dDwWsSbBnrtfvxucpPkAzZ", c) && c;
}

/* "{2}", "{2,}", "{,2}", "{2,3}": the C library takes "{\2}" for a repetition, too. */
static bool is_repetition(const char *at)
{
	at += 1 + strspn(at + 1, "0123456789,");
	return *at == '}';
}

/* Constructs of other dialects outside a bracket expression, and what is costly in ours. */
static const char *foreign_at(const char *at)
{
	if (at[0] == '\\' && is_foreign_escape(at[1])) {
		return "it uses an escape that POSIX does not have";
	}
	if (at[0] == '\\' && isdigit((unsigned char)at[1])) {
		return "it uses a back-reference";
	}
	if (at[0] == '(' && at[1] == '?') {
		return "it uses a group of another dialect";
	}
	if (at[0] == '{' && !is_repetition(at)) {
		return "it has a brace that begins no repetition";
	}
	/* lazy or possessive in other dialects, undefined in POSIX */
	if (at[0] && at[1] && strchr("*+?}", at[0]) && strchr("*+?{", at[1])) {
		return "it repeats a repetition";
	}
	return NULL;
}

static const char *foreign(const char *pattern)
{
	for (const char *at = pattern; *at; at++) {
		const char *why = foreign_at(at);

		if (why) {
			return why;
		}
		if (*at == '\\' && at[1]) {
			at++;
		} else if (*at == '[') {
			const char *end = regular_bracket_end(at);

			if (!end) {
				return NULL; /* invalid in every dialect */
			}
			if (memchr(at, '\\', (size_t)(end - at))) {
				return "its brackets have a backslash, a plain character in POSIX";
			}
			at = end;
		} else if (*at == '{') {
			at = strchr(at, '}') - 1;
		}
	}
	return NULL;
}

static struct regular *make(const char *pattern, enum regular_kind *ret_kind, const char **ret_why)
{
	*ret_kind = REGULAR_OTHER;
	*ret_why =
		strlen(pattern) > PATTERN_MAX ? "it is longer than 1024 bytes" : foreign(pattern);
	return *ret_why ? NULL : regular_compile(pattern, ret_kind, ret_why);
}

enum regular_kind regular_kind(const char *pattern, const char **ret_why)
{
	enum regular_kind kind;

	regular_free(make(pattern, &kind, ret_why));
	return kind;
}

struct regular *regular_new(const char *pattern)
{
	enum regular_kind kind;
	const char *why;

	return make(pattern, &kind, &why);
}
