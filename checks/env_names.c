/*
 * env-names: R03, "Configuration variable names MUST ONLY be formed from uppercase A-Z, 0-9
 * numeric, and underscore characters".
 */
#include "base/alloc.h"
#include "base/cleanup.h"
#include "checks/check.h"
#include "checks/entry_commands.h"
#include "checks/shell_words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool is_good(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!(name[i] >= 'A' && name[i] <= 'Z') && !(name[i] >= '0' && name[i] <= '9') &&
			name[i] != '_') {
			return false;
		}
	}
	return len > 0;
}

/* curl and most HTTP libraries read only the lower-case spelling of these. */
static bool is_well_known(const char *name)
{
	static const char *const names[] = {
		"http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy", NULL};

	return str_in(name, names);
}

/* Whether a history line is an ENV instruction that sets name: "ENV a=b c=d", "ENV a b", in the
 * forms of BuildKit and of the classic builder. */
static bool sets(const char *line, const char *name)
{
	size_t len = strlen(name);
	const char *env = len ? strstr(line, "ENV ") : NULL;

	for (const char *at = env; at && (at = strstr(at, name));) {
		size_t word = strcspn(at, " \t\n\v\f\r");

		if (at > line && isspace((unsigned char)at[-1]) &&
			(at[len] == '=' || isspace((unsigned char)at[len]) || !at[len])) {
			return true;
		}
		at += word ? word : 1; /* the next one stands behind white space, too */
	}
	return false;
}

/* Variables that are looked for in the history, which is read from its end for each. */
#define MAX_PLACED 100

/* The place of a variable, without its value: that may be a secret. n: of how many before it. */
static json_t *env_place(const struct image_config *config, const char *name, size_t n)
{
	json_t *place = json_object();

	json_object_set_new(place, "env", json_text(name));
	for (size_t i = n < MAX_PLACED ? config->history.n : 0; i-- > 0;) {
		const char *line = config->history.v[i].created_by;

		if (line && sets(line, name)) {
			auto_free char *said = xasprintf("ENV %s=...", name);

			json_object_set_new(place, "history", json_integer((json_int_t)i));
			json_object_set_new(place, "created_by", json_text(said));
			break;
		}
	}
	return place;
}

static void check_config_env(const struct image_config *config, struct outcome *out)
{
	size_t n = 0;

	for (size_t i = 0; i < config->env.n; i++) {
		const char *item = config->env.v[i];
		const char *equals = strchr(item, '=');
		auto_free char *name =
			xstrndup(item, equals ? (size_t)(equals - item) : strlen(item));
		auto_free char *subject = xasprintf("Env %s", name);

		if (!equals) {
			outcome_fail(out, subject, env_place(config, name, n++),
				"item %zu of the image's Env, '%.100s', has no '=': it sets "
				"nothing, and container engines refuse it or drop it",
				i, name);
		}
		if (is_good(name, strlen(name))) {
			continue;
		}
		if (is_well_known(name)) {
			outcome_fail(out, subject, env_place(config, name, n++),
				"the image sets '%s': the usual spelling, but lower case is not "
				"permitted, and a proxy is the platform's to give, not the image's",
				name);
		} else {
			outcome_fail(out, subject, env_place(config, name, n++),
				"the image sets a variable named '%.100s': only A-Z, 0-9 and _ "
				"are allowed",
				name);
		}
	}
}

static size_t check_product(const struct product *product, struct outcome *out)
{
	size_t looked_at = 0;

	for (size_t t = 0; product && t < product->n_tasks; t++) {
		const struct task *task = &product->tasks[t];

		for (size_t i = 0; i < task->environment.n; i++) {
			const char *key = task->environment.v[i].key;
			auto_free char *subject = NULL;

			looked_at++;
			if (!key || is_good(key, strlen(key))) {
				continue;
			}
			subject = xasprintf("%s/environment/%zu/key", task->pointer, i);
			outcome_fail(out, subject,
				json_pack("{s:s, s:o, s:o}", "pointer", subject, "task",
					json_text(task->id), "key", json_text(key)),
				"the product file declares a variable named '%.100s': only A-Z, "
				"0-9 and _ are allowed",
				key);
		}
	}
	return looked_at;
}

/* ${name:-default} of a name that a script exports. */
struct script_names {
	struct strv exported; /* sorted once all are known */
	struct outcome *out;
	const char *path;
	const struct node *node;
};

static void note_export(const struct shell_command *command, void *arg)
{
	struct script_names *names = arg;
	const struct strv *words = &command->words;

	if (words->n < 2 || (strcmp(words->v[0], "export") != 0 &&
				    !((strcmp(words->v[0], "declare") == 0 ||
					      strcmp(words->v[0], "typeset") == 0) &&
					    words->v[1][0] == '-' && strchr(words->v[1], 'x')))) {
		return;
	}
	for (size_t i = 1; i < command->words.n; i++) {
		const char *word = command->words.v[i];
		auto_free char *name = xstrndup(word, strcspn(word, "="));

		if (*name != '-' && !is_good(name, strlen(name))) {
			strv_add(&names->exported, name);
		}
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_exported(const struct script_names *names, const char *name)
{
	return bsearch(&name, names->exported.v, names->exported.n, sizeof(char *), by_text);
}

static void check_default(struct script_names *names, const char *name, size_t len, unsigned line)
{
	auto_free char *copy = xstrndup(name, len);
	auto_free char *subject = NULL;
	auto_free char *full = NULL;

	if (!is_exported(names, copy)) {
		return;
	}
	subject = xasprintf("/%s %s", names->path, copy);
	full = xasprintf("/%s", names->path);
	outcome_fail(names->out, subject,
		json_pack("{s:o, s:I, s:I, s:o}", "path", json_text(full), "layer",
			(json_int_t)names->node->layer, "line", (json_int_t)line, "name",
			json_text(copy)),
		"the entry script reads and exports a variable named '%.100s': only A-Z, 0-9 and "
		"_ are allowed",
		copy);
}

static void check_script(const struct node *node, const char *path, struct outcome *out)
{
	struct script_names names = {.out = out, .path = path, .node = node};
	const char *end = node_text(node) + node_text_len(node);
	unsigned line = 1;

	shell_commands(node_text(node), node_text_len(node), NULL, NULL, note_export, &names);
	if (names.exported.n) {
		qsort(names.exported.v, names.exported.n, sizeof(char *), by_text);
	}
	for (const char *p = node_text(node); names.exported.n && p + 2 < end; p++) {
		size_t len = 0;

		line += *p == '\n';
		if (p[0] != '$' || p[1] != '{') {
			continue;
		}
		while (isalnum((unsigned char)p[2 + len]) || p[2 + len] == '_') {
			len++;
		}
		if (len && p[2 + len] && strchr(":-=?", p[2 + len])) {
			check_default(&names, p + 2, len, line);
		}
	}
	strv_release(&names.exported);
}

static size_t check_scripts(const struct check_context *ctx, struct outcome *out)
{
	AUTO(entry_commands) struct entry_commands commands = {0};

	entry_commands_find(ctx->tree, ctx->image->config, ctx->product, &commands);
	for (size_t i = 0; i < commands.scripts.n; i++) {
		auto_free char *path = node_path(commands.scripts.v[i]);

		check_script(commands.scripts.v[i], path, out);
	}
	return commands.scripts.n;
}

static int run(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	size_t declared;
	size_t scripts = 0;

	(void)err;
	check_config_env(ctx->image->config, out);
	declared = check_product(ctx->product, out);
	if (ctx->tree) {
		scripts = check_scripts(ctx, out);
	}
	outcome_evidence(out, json_pack("{s:I, s:I, s:I}", "env_items",
				      (json_int_t)ctx->image->config->env.n, "declared_keys",
				      (json_int_t)declared, "entry_scripts", (json_int_t)scripts));
	return 0;
}

const struct check check_env_names = {
	.id = "env-names",
	.requirement = "R03",
	.title = "names of environment variables are made of A-Z, 0-9 and _",
	.reason = "Some platforms resolve configuration by mechanisms that do not tell upper from "
		  "lower case, such as DNS, so the specification allows upper case only. Looked at "
		  "are the image's Env, the product file's environment keys, and variables that an "
		  "entry script both gives a default and exports.",
	.remedy =
		"Rename the variable, in the image (ENV), in the product file and where the "
		"program reads it. Lower-case proxy settings (http_proxy) belong to the platform: "
		"remove them from the image.",
	.stage = STAGE_STATIC,
	.needs = NEEDS_CONFIG,
	.run = run,
};
