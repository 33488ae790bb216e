#include "checks/entry_services.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/effort.h"
#include "checks/config_text.h"
#include "checks/entry_commands.h"
#include "checks/file_role.h"
#include "checks/reach.h"

#include <string.h>

enum form {
	FORM_INI, /* command=LINE; files=PATTERN */
	FORM_PROCFILE, /* web: LINE */
	FORM_SCRIPT,
};

static const struct supervisor {
	const char *name;
	enum form form;
	const char *patterns[4];
} supervisors[] = {
	{"supervisord", FORM_INI,
		{"etc/supervisord.conf", "etc/supervisor/supervisord.conf",
			"etc/supervisor/conf.d/*.conf", "etc/supervisor.d/*.ini"}},
	{"foreman", FORM_PROCFILE, {"./Procfile"}},
	{"honcho", FORM_PROCFILE, {"./Procfile"}},
	{"s6-svscan", FORM_SCRIPT, {"etc/services.d/*/run", "etc/s6/*/run"}},
	{"init", FORM_SCRIPT, /* s6-overlay's */
		{"etc/services.d/*/run", "etc/s6-overlay/s6-rc.d/*/run", "etc/cont-init.d/*"}},
	{"runsvdir", FORM_SCRIPT, {"etc/service/*/run", "etc/sv/*/run"}},
	{"my_init", FORM_SCRIPT, {"etc/service/*/run", "etc/my_init.d/*"}},
};

struct search {
	const struct tree *tree;
	const struct image_config *config;
	enum form form;
	entry_service_fn *found;
	void *arg;
	bool included; /* by another file: goes no further */
	size_t *left; /* effort.h */
};

static void look_at(const struct node *node, void *arg);

static void look_for(struct search *s, const char *pattern)
{
	auto_free char *full = entry_path(s->config, pattern);

	tree_glob(s->tree, full, s->left, look_at, s);
}

/* "files = a.conf conf.d/[*].conf" */
static void include(struct search *s, const struct node *from, struct line patterns)
{
	auto_free char *dir = node_path(from->parent);
	struct search below = *s;

	below.included = true;
	for (size_t i = 0; i < patterns.len && !s->included && *s->left;) {
		const char *p = patterns.s + i;
		size_t len = 0;

		while (i + len < patterns.len && p[len] != ' ') {
			len++;
		}
		if (len) {
			auto_free char *pattern = *p == '/'
							  ? xasprintf("%.*s", (int)len, p)
							  : xasprintf("/%s/%.*s", dir, (int)len, p);

			look_for(&below, pattern);
		}
		i += len + 1;
	}
}

static void read_lines(struct search *s, const struct node *node)
{
	const char *end = node_text(node) + node_text_len(node);
	const char *at = node_text(node);
	unsigned number = 0;
	struct line l;

	while (line_next(&at, end, &l)) {
		struct config_setting set;

		number++;
		if (!l.len || strchr("#;", *l.s) || !config_setting(l.s, l.len, &set)) {
			continue;
		}
		if (s->form == FORM_PROCFILE ||
			(set.name.len == 7 && strncmp(set.name.s, "command", 7) == 0)) {
			/* as it is written: a setting's value has lost its quotes */
			s->found(node, number, set.value.s, (size_t)(l.s + l.len - set.value.s),
				s->arg);
		} else if (set.name.len == 5 && strncmp(set.name.s, "files", 5) == 0) {
			include(s, node, set.value);
		}
	}
}

static void look_at(const struct node *node, void *arg)
{
	struct search *s = arg;

	if (node->type != NODE_FILE || !node_text(node) ||
		!effort_spend(s->left, 16 + node_text_len(node) / 8)) {
		return;
	}
	if (s->form == FORM_SCRIPT) {
		s->found(node, 0, NULL, 0, s->arg);
	} else {
		read_lines(s, node);
	}
}

void entry_services(const struct tree *tree, const struct image_config *config, char *const *argv,
	size_t n, size_t *left, entry_service_fn *found, void *arg)
{
	const struct supervisor *v = NULL;
	struct search s = {tree, config, FORM_INI, found, arg, false, left};
	bool named = false;

	for (size_t i = 0; i < ARRAY_SIZE(supervisors) && n > 0; i++) {
		v = strcmp(path_base(argv[0]), supervisors[i].name) == 0 ? &supervisors[i] : v;
	}
	if (!v) {
		return;
	}
	s.form = v->form;
	for (size_t i = 1; i + 1 < n && v->form == FORM_INI; i++) {
		if (strcmp(argv[i], "-c") == 0 || strcmp(argv[i], "--configuration") == 0) {
			named = true;
			look_for(&s, argv[i + 1]);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(v->patterns) && v->patterns[i] && !named; i++) {
		auto_free char *pattern = v->patterns[i][0] == '.'
						  ? xasprintf("%s", v->patterns[i])
						  : xasprintf("/%s", v->patterns[i]);

		look_for(&s, pattern);
	}
}
