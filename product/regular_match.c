#include "product/regular_program.h"

#include <ctype.h>
#include <string.h>

static bool has_byte(const struct set *s, unsigned char byte)
{
	return s->bits[byte / 64] >> byte % 64 & 1;
}

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
