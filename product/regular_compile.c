#include "product/regular_program.h"

#include "base/alloc.h"
#include "base/cleanup.h"

#include <ctype.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

/* Steps of a program: about one for each character with its repetitions written out, two for "|". What
 * one byte of a text costs grows with them. "[0-9a-f]{64}" is common, "(a{99}){99}" an attack. */
enum { STEPS_MAX = 4096 };
#define NONE UINT32_MAX
#define REPEATS "*+?{"

static const char too_much[] = "its groups and repetitions multiply to more than is tried";

struct reader {
	struct regular *p;
	const char *at;
	size_t depth; /* of open groups */
	const char *wrong; /* what ends the reading */
	enum regular_kind kind; /* then */
};

static void refuse(struct reader *r, enum regular_kind kind, const char *why)
{
	if (!r->wrong) {
		r->kind = kind;
		r->wrong = why;
	}
}

static uint32_t here(const struct reader *r)
{
	return (uint32_t)r->p->steps.n;
}

static uint32_t add(struct reader *r, struct step step)
{
	if (r->p->steps.n >= STEPS_MAX) {
		refuse(r, REGULAR_OTHER, too_much);
		return 0;
	}
	*ARRAY_PUSH(&r->p->steps) = step;
	return here(r) - 1;
}

static void set_byte(struct set *s, unsigned char byte)
{
	s->bits[byte / 64] |= UINT64_C(1) << byte % 64;
}

static void add_set(struct reader *r, const struct set *set)
{
	*ARRAY_PUSH(&r->p->sets) = *set;
	(void)add(r, (struct step){.op = ONE_OF, .set = (uint32_t)r->p->sets.n - 1});
}

static void add_byte(struct reader *r, char byte)
{
	struct set set = {{0}};

	set_byte(&set, (unsigned char)byte);
	add_set(r, &set);
}

static void add_any(struct reader *r)
{
	struct set set;

	memset(&set, 0xff, sizeof(set));
	add_set(r, &set);
}

const char *regular_bracket_end(const char *at)
{
	at++;
	at += *at == '^';
	at += *at == ']';
	for (; *at && *at != ']'; at++) {
		if (at[0] == '[' && at[1] && strchr(":.=", at[1])) {
			char closing[] = {at[1], ']', '\0'};
			const char *end = strstr(at + 2, closing);

			if (!end) {
				return NULL;
			}
			at = end + 1;
		}
	}
	return *at ? at : NULL;
}

/* What is in a bracket expression the C library knows best: it is asked for each byte. */
static void add_bracket(struct reader *r)
{
	const char *end = regular_bracket_end(r->at);
	auto_free char *alone = xstrndup(r->at, end ? (size_t)(end + 1 - r->at) : 1);
	struct set set = {{0}};
	regex_t regex;
	int code = regcomp(&regex, alone, REG_EXTENDED | REG_NOSUB);

	if (code) {
		static _Thread_local char why[120];

		(void)regerror(code, &regex, why, sizeof(why));
		refuse(r, REGULAR_INVALID, why);
		return;
	}
	for (int byte = 1; byte < 256; byte++) {
		const char text[] = {(char)byte, '\0'};

		if (regexec(&regex, text, 0, NULL, 0) == 0) {
			set_byte(&set, (unsigned char)byte);
		}
	}
	regfree(&regex);
	add_set(r, &set);
	r->at = end + 1;
}

/* Nothing repeats an anchor. */
static void add_anchor(struct reader *r, enum op op)
{
	(void)add(r, (struct step){.op = op});
	if (*r->at && strchr(REPEATS, *r->at)) {
		refuse(r, REGULAR_INVALID, "it repeats an anchor");
	}
}

static void add_escaped(struct reader *r)
{
	static const struct {
		char c;
		enum op op;
	} anchors[] = {{'<', WORD_BEGIN}, {'>', WORD_END}, {'`', BEGIN}, {'\'', END}};
	char c = r->at[1];

	if (!c) {
		refuse(r, REGULAR_INVALID, "it ends in a backslash");
		return;
	}
	r->at += 2;
	for (size_t i = 0; i < ARRAY_SIZE(anchors); i++) {
		if (anchors[i].c == c) {
			add_anchor(r, anchors[i].op);
			return;
		}
	}
	add_byte(r, c);
}

static void read_choice(struct reader *r);

static void read_group(struct reader *r)
{
	r->depth++;
	read_choice(r);
	r->depth--;
	if (*r->at == ')') {
		r->at++;
	} else {
		refuse(r, REGULAR_INVALID, "it has a parenthesis that is not closed");
	}
}

/* One character, group, bracket expression or anchor. */
static void read_atom(struct reader *r)
{
	char c = *r->at;

	if (c == '[') {
		add_bracket(r);
		return;
	}
	if (c == '\\') {
		add_escaped(r);
		return;
	}
	r->at++;
	switch (c) {
	case '(':
		read_group(r);
		break;
	case '.':
		add_any(r);
		break;
	case '^':
		add_anchor(r, BEGIN);
		break;
	case '$':
		add_anchor(r, END);
		break;
	default:
		if (strchr(REPEATS, c)) {
			refuse(r, REGULAR_INVALID, "it repeats nothing");
		}
		add_byte(r, c);
	}
}

/* How often; most < 0: without end. */
struct times {
	long least, most;
};

static long read_bound(const char **at, long none)
{
	long n = 0;

	if (!isdigit((unsigned char)**at)) {
		return none;
	}
	for (; isdigit((unsigned char)**at); (*at)++) {
		n = n > STEPS_MAX ? n : n * 10 + (**at - '0');
	}
	return n;
}

/* "{2}", "{2,}", "{,2}", "{2,3}", "{,}" */
static void read_bounds(struct reader *r, struct times *ret)
{
	const char *at = r->at + 1;
	bool empty = *at == '}';

	ret->least = read_bound(&at, 0);
	ret->most = ret->least;
	if (*at == ',') {
		at++;
		ret->most = read_bound(&at, -1);
	}
	r->at = at;
	if (empty || *at != '}' || (ret->most >= 0 && ret->most < ret->least)) {
		refuse(r, REGULAR_INVALID, "it has a repetition with bounds that are none");
	} else if (ret->least > STEPS_MAX || ret->most > STEPS_MAX) {
		refuse(r, REGULAR_OTHER, too_much);
	}
}

/* What repeats the atom before; false: nothing does. */
static bool read_times(struct reader *r, struct times *ret)
{
	switch (*r->at) {
	case '*':
		*ret = (struct times){0, -1};
		break;
	case '+':
		*ret = (struct times){1, -1};
		break;
	case '?':
		*ret = (struct times){0, 1};
		break;
	case '{':
		read_bounds(r, ret);
		break; /* at the closing brace */
	default:
		return false;
	}
	r->at++;
	return !r->wrong;
}

/* Once more the len steps that begin at from; their jumps stay among them. */
static void copy(struct reader *r, uint32_t from, uint32_t len)
{
	uint32_t shift = here(r) - from;

	for (uint32_t i = 0; i < len && !r->wrong; i++) {
		struct step step = r->p->steps.v[from + i];

		step.to += shift;
		step.or_to += shift;
		(void)add(r, step);
	}
}

/* Put a split in front of the step at from, which leads to it or (counted without the split) to or_to.
 * What stands there and behind only leads to itself and goes on by one. */
static void put_split(struct reader *r, uint32_t from, uint32_t or_to)
{
	(void)add(r, (struct step){.op = GO});
	if (r->wrong) {
		return;
	}
	for (uint32_t i = here(r) - 1; i > from; i--) {
		struct step step = r->p->steps.v[i - 1];

		step.to++;
		step.or_to++;
		r->p->steps.v[i] = step;
	}
	r->p->steps.v[from] = (struct step){.op = SPLIT, .to = from + 1, .or_to = or_to + 1};
}

/* The steps from from on, repeated. */
static void repeat(struct reader *r, uint32_t from, const struct times *times)
{
	uint32_t len = here(r) - from;
	long n = times->most < 0 ? (times->least ? times->least : 1) : times->most;

	if (n == 0) {
		r->p->steps.n = from;
		return;
	}
	for (long i = 1; i < n && len && !r->wrong; i++) {
		uint32_t at = here(r);

		copy(r, from, len);
		if (i >= times->least) {
			put_split(r, at, at + len);
		}
	}
	if (times->most < 0 && times->least) { /* the last one again and again */
		uint32_t end = here(r);

		(void)add(r, (struct step){.op = SPLIT, .to = end - len, .or_to = end + 1});
	} else if (times->most < 0) {
		put_split(r, from, from + len + 1);
		(void)add(r, (struct step){.op = GO, .to = from});
	} else if (!times->least) {
		put_split(r, from, from + len);
	}
}

static void read_sequence(struct reader *r)
{
	while (*r->at && *r->at != '|' && (*r->at != ')' || !r->depth) && !r->wrong) {
		uint32_t from = here(r);
		struct times times;

		read_atom(r);
		if (!r->wrong && read_times(r, &times)) {
			repeat(r, from, &times);
		}
	}
}

/* "a|b|c" is: split, a, go to the end; split, b, go to the end; c. Until the end is known those that go
 * there are a list, by their to. */
static void read_choice(struct reader *r)
{
	uint32_t last = NONE;

	for (;;) {
		uint32_t from = here(r);

		read_sequence(r);
		if (*r->at != '|' || r->wrong) {
			break;
		}
		r->at++;
		put_split(r, from, here(r) + 1);
		last = add(r, (struct step){.op = GO, .to = last});
	}
	while (last != NONE && !r->wrong) {
		struct step *step = &r->p->steps.v[last];

		last = step->to;
		step->to = here(r);
	}
}

void regular_free(struct regular *p)
{
	if (p) {
		free(p->steps.v);
		free(p->sets.v);
		free(p->now.v);
		free(p->next.v);
		free(p->todo);
		free(p->seen);
		free(p);
	}
}

struct regular *regular_compile(
	const char *pattern, enum regular_kind *ret_kind, const char **ret_why)
{
	struct regular *p = xcalloc(1, sizeof(*p));
	struct reader r = {.p = p, .at = pattern, .kind = REGULAR_POSIX};

	read_choice(&r);
	(void)add(&r, (struct step){.op = FOUND});
	*ret_kind = r.kind;
	*ret_why = r.wrong;
	if (r.wrong) {
		regular_free(p);
		return NULL;
	}
	p->now.v = xcalloc(p->steps.n, sizeof(*p->now.v));
	p->next.v = xcalloc(p->steps.n, sizeof(*p->next.v));
	p->todo = xcalloc(p->steps.n * 2, sizeof(*p->todo));
	p->seen = xcalloc(p->steps.n, sizeof(*p->seen));
	return p;
}
