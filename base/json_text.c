#include "base/json_text.h"

#include "base/alloc.h"
#include "base/buf.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

/* As deep as jansson goes. */
enum { DEPTH_MAX = 2048 };

/* Far longer than any pointer of a document that is meant well. */
#define POINTER_MAX ((size_t)16 << 20)

/* What is told of a document costs its pointer each time, which may be as long as the document. */
#define TOLD_MAX ((size_t)64 << 20)

/* The longest integer of 64 bits: a sign and 19 digits. */
enum { DIGITS_MAX = 19 };

struct walk {
	char *at;
	char *end;
	struct buf pointer;
	const struct json_table *table;
	bool items; /* the document is an array: the table is that of its items */
	struct json_problems *problems;
	bool clamp; /* else: duplicates */
	size_t clamped;
	size_t told; /* bytes of pointers */
	unsigned depth;
};

/* A member's name, between its quotes. */
struct name {
	const char *s;
	size_t len;
	bool owned;
};
struct names {
	struct name *v;
	size_t n;
	size_t cap;
};

static bool walk_value(struct walk *w);

static char peek(struct walk *w)
{
	while (w->at < w->end && memchr(" \t\r\n", *w->at, 4)) {
		w->at++;
	}
	return w->at < w->end ? *w->at : '\0';
}

static bool take(struct walk *w, char c)
{
	if (peek(w) != c || w->at == w->end) {
		return false;
	}
	w->at++;
	return true;
}

/* A string; *ret is what stands between the quotes. */
static bool take_string(struct walk *w, struct name *ret)
{
	if (!take(w, '"')) {
		return false;
	}
	*ret = (struct name){.s = w->at};
	while (w->at < w->end && *w->at != '"') {
		w->at += *w->at == '\\' && w->at + 1 < w->end ? 2 : 1;
	}
	ret->len = (size_t)(w->at - ret->s);
	return take(w, '"');
}

/* Two spellings of one name are the same name. */
static void decode(struct name *name)
{
	auto_json json_t *value = NULL;

	if (!memchr(name->s, '\\', name->len)) {
		return;
	}
	value = json_loadb(name->s - 1, name->len + 2, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	if (json_is_string(value)) {
		size_t len = json_string_length(value);
		char *text = xcalloc(len + 1, 1);

		memcpy(text, json_string_value(value), len);
		*name = (struct name){text, len, true};
	}
}

static int by_name(const void *a, const void *b)
{
	const struct name *x = a;
	const struct name *y = b;
	size_t len = x->len < y->len ? x->len : y->len;
	int order = memcmp(x->s, y->s, len);

	return order ? order : (x->len > y->len) - (x->len < y->len);
}

/* What nobody reads may be as it likes. */
static bool only_odd(const struct walk *w, const char *pointer)
{
	if (w->items) {
		pointer = *pointer ? strchrnul(pointer + 1, '/') : pointer;
	}
	return w->table && !json_table_reads(w->table, pointer);
}

/* Whether something may be told of what stands so many bytes below the pointer. A document that has more
 * of it than that is told for wrong, whatever the rest would have been. */
static bool may_tell(struct walk *w, size_t below)
{
	bool before = w->told <= TOLD_MAX;

	if (!w->problems || w->problems->n >= (size_t)2 * JSON_PROBLEMS_MAX) {
		return false;
	}
	w->told += w->pointer.len + below;
	if (before && w->told > TOLD_MAX) {
		json_problem_add(w->problems, false, "",
			"more members are there twice, or are numbers out of range, than are told");
	}
	return w->told <= TOLD_MAX;
}

static void report(struct walk *w, const struct name *name)
{
	auto_free char *text = NULL;
	auto_free char *at = NULL;

	if (!may_tell(w, name->len)) {
		return;
	}
	text = xstrndup(name->s, name->len);
	at = json_pointer_add(buf_str(&w->pointer), text);
	json_problem_add(w->problems, only_odd(w, at), at, "the member is there more than once");
}

static void names_end(struct walk *w, struct names *names)
{
	if (names->n) {
		qsort(names->v, names->n, sizeof(*names->v), by_name);
	}
	for (size_t i = 1; i < names->n; i++) {
		bool again = by_name(&names->v[i - 1], &names->v[i]) == 0;

		if (again && (i == 1 || by_name(&names->v[i - 2], &names->v[i]) != 0)) {
			report(w, &names->v[i]);
		}
	}
	for (size_t i = 0; i < names->n; i++) {
		if (names->v[i].owned) {
			free((void *)(uintptr_t)names->v[i].s);
		}
	}
	free(names->v);
}

/* The value behind a step of the pointer, which is taken away afterwards. */
static bool walk_below(struct walk *w, char *step)
{
	size_t len = w->pointer.len;
	bool good = buf_add(&w->pointer, step, strlen(step), NULL) == 0 && walk_value(w);

	free(step);
	w->pointer.len = len;
	if (w->pointer.data) {
		w->pointer.data[len] = '\0';
	}
	return good;
}

static bool walk_object(struct walk *w)
{
	struct names names = {0};
	bool good = true;

	w->at++;
	if (take(w, '}')) {
		return true;
	}
	do {
		struct name name;
		auto_free char *text = NULL;

		good = take_string(w, &name) && take(w, ':');
		if (!good) {
			break;
		}
		decode(&name);
		if (!w->clamp) {
			*ARRAY_PUSH(&names) = name;
		}
		text = xstrndup(name.s, name.len);
		good = walk_below(w, json_pointer_add("", text));
		if (w->clamp && name.owned) {
			free((void *)(uintptr_t)name.s);
		}
	} while (good && take(w, ','));
	names_end(w, &names);
	return good && take(w, '}');
}

static bool walk_array(struct walk *w)
{
	bool good;
	size_t i = 0;

	w->at++;
	if (take(w, ']')) {
		return true;
	}
	do {
		good = walk_below(w, json_pointer_index("", i++));
	} while (good && take(w, ','));
	return good && take(w, ']');
}

static bool outside(const char *digits, size_t len, bool negative)
{
	const char *most = negative ? "9223372036854775808" : "9223372036854775807";

	return len > DIGITS_MAX || (len == DIGITS_MAX && memcmp(digits, most, len) > 0);
}

/* What no double holds: any such number has five characters and more. */
static void clamp_real(struct walk *w, char *digits)
{
	auto_free char *text = xstrndup(digits, (size_t)(w->at - digits));
	const char *at = buf_str(&w->pointer);

	if (w->clamp && isdigit((unsigned char)*text) && isinf(strtod(text, NULL))) {
		if (may_tell(w, 0)) {
			json_problem_add(w->problems, only_odd(w, at), at,
				"the number %.24s is beyond all limits", text);
		}
		memset(digits, ' ', (size_t)(w->at - digits));
		memcpy(digits, "1e308", 5);
		w->clamped++;
	}
}

/* true, false, null or a number. */
static bool walk_scalar(struct walk *w)
{
	char *start = w->at;
	char *digits;
	bool negative;

	while (w->at < w->end && (isalnum((unsigned char)*w->at) || strchr("+-.", *w->at))) {
		w->at++;
	}
	negative = w->at > start && *start == '-';
	digits = start + negative;
	for (const char *c = digits; c < w->at; c++) {
		if (!isdigit((unsigned char)*c)) {
			clamp_real(w, digits);
			return true;
		}
	}
	if (w->clamp && outside(digits, (size_t)(w->at - digits), negative)) {
		const char *at = buf_str(&w->pointer);

		if (may_tell(w, 0)) {
			json_problem_add(w->problems, only_odd(w, at), at,
				"the number %.*s%s is beyond a signed integer of 64 bits",
				(int)(w->at - start < 24 ? w->at - start : 24), start,
				w->at - start > 24 ? "..." : "");
		}
		memset(start, ' ', (size_t)(w->at - start));
		memcpy(digits, "9223372036854775807", DIGITS_MAX);
		*start = negative ? '-' : *start;
		w->clamped++;
	}
	return w->at > start;
}

static bool walk_value(struct walk *w)
{
	struct name ignored;
	bool good;

	if (w->depth == DEPTH_MAX) {
		return false;
	}
	w->depth++;
	switch (peek(w)) {
	case '{':
		good = walk_object(w);
		break;
	case '[':
		good = walk_array(w);
		break;
	case '"':
		good = take_string(w, &ignored);
		break;
	default:
		good = walk_scalar(w);
		break;
	}
	w->depth--;
	return good;
}

static size_t walk(char *text, size_t len, bool clamp, const struct json_table *table,
	struct json_problems *problems)
{
	struct walk w = {.at = text,
		.end = text + len,
		.table = table,
		.problems = problems,
		.clamp = clamp};

	buf_init(&w.pointer, POINTER_MAX);
	w.items = peek(&w) == '[';
	(void)walk_value(&w);
	buf_release(&w.pointer);
	return w.clamped;
}

void json_text_duplicates(const char *text, size_t len, const struct json_table *table,
	struct json_problems *problems)
{
	/* written to only when clamping */
	(void)walk((char *)(uintptr_t)text, len, false, table, problems);
}

size_t json_text_clamp(
	char *text, size_t len, const struct json_table *table, struct json_problems *problems)
{
	return walk(text, len, true, table, problems);
}
