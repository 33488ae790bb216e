#include "product/regular_match.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "product/regular.h"

#include <ctype.h>
#include <regex.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Steps of a program. What weighs 2048 (regular.c) has fewer. */
enum { STEPS_MAX = 16384 };
#define NONE UINT32_MAX

enum op { ONE_OF, SPLIT, GO, BEGIN, END, WORD_BEGIN, WORD_END, FOUND };

struct step {
	enum op op;
	uint32_t to; /* GO, SPLIT: the step to go on with */
	uint32_t or_to; /* SPLIT */
	uint32_t set; /* ONE_OF: which bytes */
};

struct set {
	uint64_t bits[4];
};

/* Steps that the text so far leads to, each once. */
struct steps_at {
	uint32_t *v;
	size_t n;
};

struct regular {
	struct {
		struct step *v;
		size_t n, cap;
	} steps;
	struct {
		struct set *v;
		size_t n, cap;
	} sets;
	bool too_large;
	/* While it is matched: room for every step. */
	struct steps_at now, next;
	uint32_t *todo;
	uint32_t *seen; /* the turn in which a step was added last */
	uint32_t turn;
};

/* ---- making ----------------------------------------------------------------------------------- */

struct reader {
	struct regular *p;
	const char *at;
	size_t depth; /* of open groups */
};

static uint32_t here(const struct regular *p)
{
	return (uint32_t)p->steps.n;
}

static uint32_t add(struct regular *p, struct step step)
{
	if (p->steps.n >= STEPS_MAX) {
		p->too_large = true;
		return 0;
	}
	*ARRAY_PUSH(&p->steps) = step;
	return here(p) - 1;
}

static void set_byte(struct set *s, unsigned char byte)
{
	s->bits[byte / 64] |= UINT64_C(1) << byte % 64;
}

static bool has_byte(const struct set *s, unsigned char byte)
{
	return s->bits[byte / 64] >> byte % 64 & 1;
}

static void add_set(struct regular *p, const struct set *set)
{
	*ARRAY_PUSH(&p->sets) = *set;
	(void)add(p, (struct step){.op = ONE_OF, .set = (uint32_t)p->sets.n - 1});
}

static void add_byte(struct regular *p, char byte)
{
	struct set set = {{0}};

	set_byte(&set, (unsigned char)byte);
	add_set(p, &set);
}

static void add_any(struct regular *p)
{
	struct set set;

	memset(&set, 0xff, sizeof(set));
	add_set(p, &set);
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
	auto_free char *alone = xstrndup(r->at, end ? (size_t)(end + 1 - r->at) : 0);
	struct set set = {{0}};
	regex_t regex;

	if (!end || regcomp(&regex, alone, REG_EXTENDED | REG_NOSUB)) {
		r->p->too_large = true; /* not valid after all */
		r->at += strlen(r->at);
		return;
	}
	for (int byte = 1; byte < 256; byte++) {
		const char text[] = {(char)byte, '\0'};

		if (regexec(&regex, text, 0, NULL, 0) == 0) {
			set_byte(&set, (unsigned char)byte);
		}
	}
	regfree(&regex);
	add_set(r->p, &set);
	r->at = end + 1;
}

static void add_escaped(struct reader *r)
{
	static const struct {
		char c;
		enum op op;
	} anchors[] = {{'<', WORD_BEGIN}, {'>', WORD_END}, {'`', BEGIN}, {'\'', END}};
	char c = r->at[1];

	r->at += c ? 2 : 1;
	for (size_t i = 0; i < ARRAY_SIZE(anchors); i++) {
		if (anchors[i].c == c) {
			(void)add(r->p, (struct step){.op = anchors[i].op});
			return;
		}
	}
	add_byte(r->p, c);
}

static void read_choice(struct reader *r);

/* One character, group, bracket expression or anchor. */
static void read_atom(struct reader *r)
{
	char c = *r->at;

	switch (c) {
	case '(':
		r->at++;
		r->depth++;
		read_choice(r);
		r->depth--;
		r->at += *r->at == ')';
		return;
	case '[':
		add_bracket(r);
		return;
	case '\\':
		add_escaped(r);
		return;
	case '.':
		add_any(r->p);
		break;
	case '^':
		(void)add(r->p, (struct step){.op = BEGIN});
		break;
	case '$':
		(void)add(r->p, (struct step){.op = END});
		break;
	default:
		add_byte(r->p, c);
	}
	r->at++;
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
		r->at++;
		ret->least = read_bound(&r->at, 0);
		ret->most = ret->least;
		if (*r->at == ',') {
			r->at++;
			ret->most = read_bound(&r->at, -1);
		}
		break; /* at the closing brace */
	default:
		return false;
	}
	r->at += *r->at != '\0';
	return true;
}

/* Once more the len steps that begin at from; their jumps stay among them. */
static void copy(struct regular *p, uint32_t from, uint32_t len)
{
	uint32_t shift = here(p) - from;

	for (uint32_t i = 0; i < len && !p->too_large; i++) {
		struct step step = p->steps.v[from + i];

		step.to += shift;
		step.or_to += shift;
		(void)add(p, step);
	}
}

/* Put a split in front of the step at from, which leads to it or (counted without the split) to or_to.
 * What stands there and behind only leads to itself and goes on by one. */
static void put_split(struct regular *p, uint32_t from, uint32_t or_to)
{
	(void)add(p, (struct step){.op = GO});
	if (p->too_large) {
		return;
	}
	for (uint32_t i = here(p) - 1; i > from; i--) {
		struct step step = p->steps.v[i - 1];

		step.to++;
		step.or_to++;
		p->steps.v[i] = step;
	}
	p->steps.v[from] = (struct step){.op = SPLIT, .to = from + 1, .or_to = or_to + 1};
}

/* The steps from from on, repeated. */
static void repeat(struct regular *p, uint32_t from, const struct times *times)
{
	uint32_t len = here(p) - from;
	long n = times->most < 0 ? (times->least ? times->least : 1) : times->most;

	if (n == 0) {
		p->steps.n = from;
		return;
	}
	for (long i = 1; i < n && len && !p->too_large; i++) {
		uint32_t at = here(p);

		copy(p, from, len);
		if (i >= times->least) {
			put_split(p, at, at + len);
		}
	}
	if (times->most < 0 && times->least) { /* the last one again and again */
		uint32_t end = here(p);

		(void)add(p, (struct step){.op = SPLIT, .to = end - len, .or_to = end + 1});
	} else if (times->most < 0) {
		put_split(p, from, from + len + 1);
		(void)add(p, (struct step){.op = GO, .to = from});
	} else if (!times->least) {
		put_split(p, from, from + len);
	}
}

static void read_sequence(struct reader *r)
{
	while (*r->at && *r->at != '|' && (*r->at != ')' || !r->depth) && !r->p->too_large) {
		uint32_t from = here(r->p);
		struct times times;

		read_atom(r);
		if (!r->p->too_large && read_times(r, &times)) {
			repeat(r->p, from, &times);
		}
	}
}

/* "a|b|c" is: split, a, go to the end; split, b, go to the end; c. Until the end is known those that go
 * there are a list, by their to. */
static void read_choice(struct reader *r)
{
	struct regular *p = r->p;
	uint32_t last = NONE;

	for (;;) {
		uint32_t from = here(p);

		read_sequence(r);
		if (*r->at != '|' || p->too_large) {
			break;
		}
		r->at++;
		put_split(p, from, here(p) + 1);
		last = add(p, (struct step){.op = GO, .to = last});
	}
	while (last != NONE && !p->too_large) {
		struct step *step = &p->steps.v[last];

		last = step->to;
		step->to = here(p);
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

struct regular *regular_compile(const char *pattern)
{
	struct regular *p = xcalloc(1, sizeof(*p));
	struct reader r = {.p = p, .at = pattern};

	read_choice(&r);
	(void)add(p, (struct step){.op = FOUND});
	if (p->too_large || *r.at) {
		regular_free(p);
		return NULL;
	}
	p->now.v = xcalloc(p->steps.n, sizeof(*p->now.v));
	p->next.v = xcalloc(p->steps.n, sizeof(*p->next.v));
	p->todo = xcalloc(p->steps.n * 2, sizeof(*p->todo));
	p->seen = xcalloc(p->steps.n, sizeof(*p->seen));
	return p;
}

/* ---- matching --------------------------------------------------------------------------------- */

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Whether the anchor holds between at[-1] and *at. */
static bool holds(enum op op, const char *text, const char *at)
{
	bool before = at > text && is_word(at[-1]);

	switch (op) {
	case BEGIN:
		return at == text;
	case END:
		return !*at;
	case WORD_BEGIN:
		return !before && is_word(*at);
	case WORD_END:
		return before && !is_word(*at);
	case ONE_OF:
	case SPLIT:
	case GO:
	case FOUND:
	default:
		return false;
	}
}

/* Add the step and all that it leads to without another byte; true when that is the end. Each step is
 * taken up once for every byte and leads to two, so that there is room in todo. */
static bool follow(
	struct regular *p, struct steps_at *to, uint32_t first, const char *text, const char *at)
{
	size_t n = 0;

	p->todo[n++] = first;
	while (n) {
		uint32_t i = p->todo[--n];
		const struct step *step = &p->steps.v[i];

		if (p->seen[i] == p->turn) {
			continue;
		}
		p->seen[i] = p->turn;
		if (step->op == FOUND) {
			return true;
		}
		if (step->op == ONE_OF) {
			to->v[to->n++] = i;
		} else if (step->op == GO) {
			p->todo[n++] = step->to;
		} else if (step->op == SPLIT) {
			p->todo[n++] = step->to;
			p->todo[n++] = step->or_to;
		} else if (holds(step->op, text, at)) {
			p->todo[n++] = i + 1;
		}
	}
	return false;
}

/* The turn that marks the steps of one place in the text. */
static void next_turn(struct regular *p)
{
	if (++p->turn == 0) {
		memset(p->seen, 0, p->steps.n * sizeof(*p->seen));
		p->turn = 1;
	}
}

bool regular_find(struct regular *p, const char *text)
{
	const char *at = text;

	p->now.n = 0;
	next_turn(p);
	for (;; at++) {
		struct steps_at used;

		if (follow(p, &p->now, 0, text, at)) { /* it may begin anywhere */
			return true;
		}
		if (!*at) {
			return false;
		}
		used = p->now;
		p->next.n = 0;
		next_turn(p);
		for (size_t i = 0; i < used.n; i++) {
			const struct step *step = &p->steps.v[used.v[i]];

			if (has_byte(&p->sets.v[step->set], (unsigned char)*at) &&
				follow(p, &p->next, used.v[i] + 1, text, at + 1)) {
				return true;
			}
		}
		p->now = p->next;
		p->next = used;
	}
}
