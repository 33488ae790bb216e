#include "checks/secret_config.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "checks/secret_patterns.h"

#include <ctype.h>
#include <string.h>

struct telling {
	struct outcome *out;
	const char *subject;
	size_t told;
};

static void tell_token(const struct secret_match *match, void *arg)
{
	struct telling *t = arg;
	const char *name = secret_kind_name(match->kind);
	json_t *evidence = json_pack(
		"{s:s, s:s, s:s}", "at", t->subject, "kind", name, "excerpt", match->excerpt);

	if (secret_kind_is_doubtful(match->kind)) {
		outcome_warn(t->out, t->subject, evidence, "%s in %s of the image's config", name,
			t->subject);
	} else {
		outcome_fail(t->out, t->subject, evidence, "%s in %s of the image's config", name,
			t->subject);
	}
	t->told++;
}

/* True when it was told; so do the others. */
static bool tell_value(
	const char *subject, const char *name, const char *value, struct outcome *out)
{
	size_t len = strlen(value);
	char redacted[SECRET_EXCERPT_MAX];
	enum secret_value judged = secret_judge(name, value, len);
	json_t *evidence;

	if (judged == VALUE_PLAIN) {
		return false;
	}
	secret_redact(value, len, redacted);
	evidence = json_pack(
		"{s:s, s:o, s:s}", "at", subject, "name", json_text(name), "excerpt", redacted);
	if (judged == VALUE_SECRET) {
		outcome_fail(out, subject, evidence,
			"%s has the content of a credential: whoever has the image has it",
			subject);
	} else {
		outcome_warn(out, subject, evidence,
			"%s has a default password or token: an instance that is not given its "
			"own runs with one that everybody can read",
			subject);
	}
	return true;
}

/* A "name=value": as a token first, whatever its name, then by name and value. */
static bool check_pair(const char *subject, const char *pair, struct outcome *out)
{
	struct telling telling = {out, subject, 0};
	const char *equals = strchr(pair, '=');
	auto_free char *name = NULL;

	if (!equals) {
		return false;
	}
	secret_scan((const uint8_t *)equals + 1, strlen(equals + 1), tell_token, &telling);
	if (telling.told) {
		return true;
	}
	name = xstrndup(pair, (size_t)(equals - pair));
	return tell_value(subject, name, equals + 1, out);
}

/* "|2 NPM_TOKEN=x VERSION=1 /bin/sh -c npm ci": build arguments, as the classic builder keeps them
 * with the command; BuildKit writes "RUN |2 ...". */
static bool check_arguments(const char *subject, const char *line, struct outcome *out)
{
	const char *bar = strchr(line, '|');
	bool told = false;

	if (!bar || !isdigit((unsigned char)bar[1]) ||
		(bar != line && !str_starts(line, "RUN |"))) {
		return false;
	}
	for (const char *p = bar + 1 + strspn(bar + 1, "0123456789"); *p == ' ';) {
		size_t len = strcspn(++p, " ");
		auto_free char *pair = xstrndup(p, len);

		if (*pair == '/') { /* the shell; a value may have spaces */
			break;
		}
		told = check_pair(subject, pair, out) || told;
		p += len;
	}
	return told;
}

/* "ENV A=b C=d", "ENV A b": what is in force is looked at there; what a later one hides is in the
 * history all the same. */
static void check_env_line(const struct image_config *config, const char *subject, const char *line,
	struct outcome *out)
{
	for (const char *p = line; *(p += strspn(p, " \t"));) {
		size_t len = strcspn(p, " \t");
		auto_free char *pair = xstrndup(p, len);

		if (!strv_has(&config->env, pair)) {
			check_pair(subject, pair, out);
		}
		p += len;
	}
}

/* The command of the image: "--password=x", "--password x", a URL. */
static void check_command(const char *subject, const struct strv *words, struct outcome *out)
{
	const char *before = "";

	for (size_t i = 0; i < words->n; i++) {
		const char *word = words->v[i];
		struct telling telling = {out, subject, 0};

		if (*word == '-' && strchr(word, '=')) {
			check_pair(subject, word + strspn(word, "-"), out);
		} else {
			secret_scan((const uint8_t *)word, strlen(word), tell_token, &telling);
			if (!telling.told && *word != '-') {
				tell_value(subject, before, word, out);
			}
		}
		before = *word == '-' ? word + strspn(word, "-") : "";
	}
}

static void check_history(const struct image_config *config, struct outcome *out)
{
	for (size_t i = 0; i < config->history.n; i++) {
		const char *line = config->history.v[i].created_by;
		auto_free char *subject = xasprintf("history %zu", i);
		struct telling telling = {out, subject, 0};

		const char *env = line ? strstr(line, "ENV ") : NULL;

		if (line && str_starts(line, "ARG ")) {
			check_env_line(config, subject, line + strlen("ARG "), out);
			continue;
		}
		/* Shown as "ENV ..." or "/bin/sh -c #(nop)  ENV ..." */
		if (env && (env == line || strstr(line, "#(nop)"))) {
			check_env_line(config, subject, env + strlen("ENV "), out);
			continue;
		}
		/* What LABEL sets is looked at where it is in force. */
		if (!line || strstr(line, "LABEL ")) {
			continue;
		}
		secret_scan((const uint8_t *)line, strlen(line), tell_token, &telling);
		if (!telling.told && !check_arguments(subject, line, out)) {
			tell_value(subject, "", line, out); /* a URL, or --password=x */
		}
	}
}

void secret_config_check(const struct image_config *config, struct outcome *out)
{
	for (size_t i = 0; i < config->env.n; i++) {
		const char *item = config->env.v[i];
		auto_free char *subject = xasprintf("Env %.*s", (int)strcspn(item, "="), item);

		check_pair(subject, item, out);
	}
	for (size_t i = 0; i < config->labels.n; i++) {
		const char *item = config->labels.v[i];
		auto_free char *subject = xasprintf("label %.*s", (int)strcspn(item, "="), item);

		check_pair(subject, item, out);
	}
	check_command("Entrypoint", &config->entrypoint, out);
	check_command("Cmd", &config->cmd, out);
	check_history(config, out);
}
