#include "image/packages_db.h"

/* One line of the installed database: "F:etc/apk". */
struct apk_state {
	uint32_t package;
	struct span dir;
	struct owned *file; /* of the last R: line */
	bool in_package;
};

static void apk_sum(struct owned *file, struct span value)
{
	static const struct {
		const char *prefix;
		size_t len;
		enum sum_kind kind;
	} kinds[] = {{"Q1", 28, SUM_SHA1_BASE64}, {"Q2", 44, SUM_SHA256_BASE64}};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (value.len == 2 + kinds[i].len && memcmp(value.s, kinds[i].prefix, 2) == 0) {
			packages_sum(file, kinds[i].kind, value.s + 2);
		}
	}
}

static void apk_line(struct packages *p, struct apk_state *state, char key, struct span value)
{
	switch (key) {
	case 'P':
		state->package = packages_name(p, value.s, value.len);
		state->dir = (struct span){value.s, 0};
		state->file = NULL;
		state->in_package = true;
		p->n_apk++;
		break;
	case 'F':
		state->dir = value;
		state->file = NULL;
		if (state->in_package) {
			packages_add_path(p, value.s, value.len, state->package, false);
		}
		break;
	case 'R':
		state->file = state->in_package
				      ? packages_add(p, state->dir, value, state->package, false)
				      : NULL;
		break;
	case 'Z':
		apk_sum(state->file, value);
		break;
	default:
		break;
	}
}

void packages_read_apk(struct packages *p, const struct tree *tree)
{
	static const char *const places[] = {"lib/apk/db/installed", "usr/lib/apk/db/installed"};
	const struct node *db = NULL;
	struct apk_state state = {0};
	const char *at;
	struct line l;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && !db; i++) {
		db = tree_lookup(tree, places[i], true);
	}
	if (!db || !node_text(db)) {
		return;
	}
	at = node_text(db);
	while (line_next(&at, node_text(db) + node_text_len(db), &l)) {
		if (l.len == 0) {
			state = (struct apk_state){0};
		} else if (l.len >= 2 && l.s[1] == ':') {
			apk_line(p, &state, *l.s, (struct span){l.s + 2, l.len - 2});
		}
	}
}
