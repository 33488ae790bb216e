#include "product/regular.h"

#include "base/str.h"
#include "product/regular_match.h"

#include <ctype.h>
#include <regex.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Longer ones are not written by people. */
#define PATTERN_MAX 1024

/* What an expression may weigh: its characters with their repetitions multiplied out. The C library's
 * compiler takes memory by the square of it, and where nothing is repeated, "(()*){680}", time by the
 * cube: a second. "[0-9a-f]{64}" is common, "(a{99}){99}" an attack, and
 * so is "(((a+)+)+)+": each "+" is compiled as two copies. */
#define WEIGHT_MAX 2048
#define NESTING_MAX 64

/* Larger bounds are refused by the compiler (RE_DUP_MAX is 32767). */
#define REPEAT_MAX 40000

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
	/* lazy or possessive in other dialects, undefined in POSIX, and slow to compile */
	if (at[0] && at[1] && strchr("*+?}", at[0]) && strchr("*+?{", at[1])) {
		return "it repeats a repetition";
	}
	return NULL;
}

/* What the expression weighs so far: of each open group, and of the last thing in the innermost. */
struct weight {
	uint64_t sum[NESTING_MAX];
	size_t depth;
	uint64_t last;
};

static void weigh(struct weight *w, uint64_t more)
{
	w->last = more;
	w->sum[w->depth] += more;
}

static void weigh_repeated(struct weight *w, uint64_t times)
{
	w->sum[w->depth] += w->last * (times - 1);
	w->last *= times;
}

/* The larger bound of the repetition at "{m,n}", at least 1. */
static uint64_t repeat_bound(const char *at)
{
	uint64_t largest = 1;
	uint64_t bound = 0;

	for (at++; *at && *at != '}'; at++) {
		if (isdigit((unsigned char)*at)) {
			bound = bound > REPEAT_MAX ? bound : bound * 10 + (uint64_t)(*at - '0');
			largest = bound > largest ? bound : largest;
		} else {
			bound = 0;
		}
	}
	return largest;
}

/* Add what stands at at; false when it is too much. Every sum stays below WEIGHT_MAX, so that nothing
 * here overflows. */
static bool weigh_at(struct weight *w, const char *at)
{
	switch (*at) {
	case '(':
		if (++w->depth == NESTING_MAX) {
			return false;
		}
		w->sum[w->depth] = w->last = 0;
		break;
	case ')':
		if (w->depth) {
			w->depth--;
			weigh(w, w->sum[w->depth + 1] + 1);
		} else { /* a plain character */
			weigh(w, 1);
		}
		break;
	case '+':
		weigh_repeated(w, 2);
		break;
	case '{':
		weigh_repeated(w, repeat_bound(at));
		break;
	case '*':
	case '?':
		w->sum[w->depth]++;
		w->last++;
		break;
	default:
		weigh(w, 1);
	}
	return w->sum[w->depth] <= WEIGHT_MAX;
}

static const char *foreign(const char *pattern)
{
	struct weight weight = {0};

	for (const char *at = pattern; *at; at++) {
		const char *why = foreign_at(at);

		if (why) {
			return why;
		}
		if (!weigh_at(&weight, at)) {
			return "its groups and repetitions multiply to more than is tried";
		}
		if (*at == '\\' && at[1]) {
			at++;
		} else if (*at == '[') {
			const char *end = regular_bracket_end(at);

			if (!end) {
				return NULL; /* the compiler says so */
			}
			if (memchr(at, '\\', (size_t)(end - at))) {
				return "its brackets have a backslash, a plain character in POSIX";
			}
			at = end;
		} else if (*at == '{' && strchr(at, '}')) {
			at = strchr(at, '}') - 1;
		}
	}
	return NULL;
}

static bool compiles(const char *pattern, const char **ret_why)
{
	static _Thread_local char why[120];
	regex_t regex;
	int code = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB);

	if (code) {
		(void)regerror(code, &regex, why, sizeof(why));
		*ret_why = why;
		return false;
	}
	regfree(&regex);
	return true;
}

enum regular_kind regular_kind(const char *pattern, const char **ret_why)
{
	const char *why = NULL;

	if (strlen(pattern) > PATTERN_MAX) {
		*ret_why = "it is longer than 1024 bytes";
		return REGULAR_OTHER;
	}
	why = foreign(pattern);
	if (why) {
		*ret_why = why;
		return REGULAR_OTHER;
	}
	*ret_why = NULL;
	return compiles(pattern, ret_why) ? REGULAR_POSIX : REGULAR_INVALID;
}

struct regular *regular_new(const char *pattern)
{
	const char *why;

	return regular_kind(pattern, &why) == REGULAR_POSIX ? regular_compile(pattern) : NULL;
}

int regular_found(const char *pattern, const char *text)
{
	AUTO_PTR(regular) struct regular *r = regular_new(pattern);

	return r ? regular_find(r, text) : -1;
}
