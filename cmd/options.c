#include "cmd/options.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/nearest.h"

#include <string.h>

#define AT(member) offsetof(struct options, member)

/* clang-format off */
const struct option_row option_rows[] = {
	{"--product", "FILE", OPTION_TEXT, AT(product), VERB_CHECK | VERB_RUN,
		"the product's marketplace.json"},
	{"--task", "ID|LABEL", OPTION_TEXT, AT(task), VERB_CHECK | VERB_RUN,
		"only this task of the default configuration"},
	{"--stage", "static|dynamic|all", OPTION_CHOICE, AT(stage), VERB_CHECK,
		"look at the image, run it, or both (the default)"},
	{"--edition", "stu1|stu2", OPTION_CHOICE, AT(edition), VERB_CHECK | VERB_RULES,
		"ballot of the specification (default stu1)"},
	{"--platform", "OS/ARCH", OPTION_TEXT, AT(platform), VERB_IMAGE,
		"image of an index (default linux/amd64, else linux/386)"},
	{"--authfile", "FILE", OPTION_TEXT, AT(authfile), VERB_IMAGE,
		"credentials for a registry (default: where skopeo looks)"},
	{"--tls-verify", "true|false", OPTION_CHOICE, AT(tls_verify), VERB_IMAGE,
		"whether a registry has to prove who it is (default true)"},
	{"--policy", "FILE", OPTION_TEXT, AT(policy), VERB_CHECK | VERB_INSPECT | VERB_RUN | VERB_STORE,
		"the operator's limits and waivers"},
	{"--only", "ID,...", OPTION_COMMAS, AT(only), VERB_CHECK,
		"only these checks or requirements"},
	{"--skip", "ID,...", OPTION_COMMAS, AT(skip), VERB_CHECK,
		"not these checks or requirements"},
	{"--quick", NULL, OPTION_FLAG, AT(quick), VERB_CHECK,
		"one boot per task"},
	{"--memory", "MIB", OPTION_NUMBER, AT(memory), VERB_CHECK | VERB_RUN,
		"memory limit, over what the product file declares"},
	{"--env", "KEY=VALUE", OPTION_LIST, AT(env), VERB_CHECK | VERB_RUN,
		"set a variable in the product's environment"},
	{"--env-file", "FILE", OPTION_LIST, AT(env_files), VERB_CHECK | VERB_RUN,
		"the same, a line each; # begins a comment"},
	{"--outside", "refuse|drop", OPTION_CHOICE, AT(outside), VERB_CHECK | VERB_RUN,
		"packets for outside its world: refused (the default), or no answer ever"},
	{"--service", "NAME=IMAGE", OPTION_LIST, AT(services), VERB_CHECK | VERB_RUN,
		"start IMAGE beside the product, as host NAME; repeatable"},
	{"--service-env", "NAME:KEY=VALUE", OPTION_LIST, AT(service_env), VERB_CHECK | VERB_RUN,
		"set a variable in that service's environment; repeatable"},
	{"--read-only", NULL, OPTION_FLAG, AT(read_only), VERB_RUN,
		"mount the root read-only, as docker run does (for check: a policy)"},
	{"--tmpfs", "PATH", OPTION_LIST, AT(tmpfs), VERB_RUN,
		"an empty file system in memory there"},
	{"--timeout", "SECONDS", OPTION_NUMBER, AT(timeout), VERB_CHECK | VERB_RUN,
		"the most that one instance may take"},
	{"--keep", NULL, OPTION_FLAG, AT(keep), VERB_CHECK | VERB_RUN,
		"keep the evidence directory: logs, written files"},
	{"--dry-run", NULL, OPTION_FLAG, AT(dry_run), VERB_CHECK | VERB_RUN,
		"say what would be done, and how long it takes at most"},
	{"--report", "FORMAT[=FILE]", OPTION_LIST, AT(reports),
		VERB_CHECK | VERB_RULES | VERB_INSPECT | VERB_STORE,
		"text (the default), json, junit; can be repeated"},
	{"--all", NULL, OPTION_FLAG, AT(all), VERB_STORE,
		"prune: every layer that no run holds"},
	{"--size", "MIB", OPTION_NUMBER, AT(size), VERB_STORE,
		"prune: down to this size (default: what a run leaves at most)"},
	{"--quiet", NULL, OPTION_FLAG, AT(quiet), VERB_ALL,
		"no progress"},
	{"--verbose", NULL, OPTION_FLAG, AT(verbose), VERB_ALL,
		"the evidence of what passed, too"},
	{"--color", "auto|always|never", OPTION_CHOICE, AT(color), VERB_ALL,
		"colours in the text report"},
	{"--progress", "auto|always|never", OPTION_CHOICE, AT(progress), VERB_ALL,
		"progress lines on stderr"},
	{"--help", NULL, OPTION_FLAG, AT(help), VERB_ALL,
		"this text"},
	{"--version", NULL, OPTION_FLAG, AT(version), VERB_ALL,
		"the version"},
};
/* clang-format on */
const size_t n_option_rows = ARRAY_SIZE(option_rows);

/* A name further off than this is no slip of the fingers. */
enum { NEAR = 4 };

static int unknown_option(unsigned verb, const char *name, struct err *err)
{
	const char *nearest = NULL;
	size_t least = SIZE_MAX;

	for (size_t i = 0; i < n_option_rows; i++) {
		if (option_rows[i].verbs & verb) {
			nearest_consider(name, option_rows[i].name, &nearest, &least);
		}
	}
	if (nearest && least < NEAR) {
		return err_set(err, ERR_USAGE, "no option '%.60s' here; did you mean '%s'?", name,
			nearest);
	}
	return err_set(err, ERR_USAGE, "no option '%.60s' here", name);
}

static const struct option_row *find_row(unsigned verb, const char *name)
{
	for (size_t i = 0; i < n_option_rows; i++) {
		if ((option_rows[i].verbs & verb) && strcmp(option_rows[i].name, name) == 0) {
			return &option_rows[i];
		}
	}
	return NULL;
}

static void add_commas(struct strv *list, const char *value)
{
	while (*value) {
		size_t len = strcspn(value, ",");

		if (len) {
			strv_take(list, xstrndup(value, len));
		}
		value += len + (value[len] == ',');
	}
}

static bool is_choice(const char *choices, const char *value)
{
	size_t want = strlen(value);

	for (;;) {
		size_t len = strcspn(choices, "|");

		if (len == want && memcmp(choices, value, len) == 0) {
			return true;
		}
		if (!choices[len]) {
			return false;
		}
		choices += len + 1;
	}
}

static int set_value(
	const struct option_row *row, const char *value, struct options *ret, struct err *err)
{
	char *slot = (char *)ret + row->offset;

	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)slot = true;
		return 0;
	case OPTION_CHOICE:
		if (!is_choice(row->argument, value)) {
			return err_set(err, ERR_USAGE, "%s takes %s, not '%.60s'", row->name,
				row->argument, value);
		}
		*(const char **)slot = value;
		return 0;
	case OPTION_TEXT:
		*(const char **)slot = value;
		return 0;
	case OPTION_NUMBER:
		if (parse_u64(value, UINT32_MAX, (uint64_t *)slot, err) || !*(uint64_t *)slot) {
			return err_set(err, ERR_USAGE,
				"%s takes a whole number from 1, not '%.60s'", row->name, value);
		}
		return 0;
	case OPTION_LIST:
		strv_add((struct strv *)slot, value);
		return 0;
	case OPTION_COMMAS:
		add_commas((struct strv *)slot, value);
		return 0;
	}
	return 0;
}

/* One option word; *at is moved on past a separate value. */
static int read_option(
	unsigned verb, char **argv, size_t n, size_t *at, struct options *ret, struct err *err)
{
	char *word = argv[*at];
	size_t len = strcspn(word, "=");
	auto_free char *name = xstrndup(word, len);
	const struct option_row *row = find_row(verb, str_eq(name, "-h") ? "--help" : name);
	const char *value = word[len] ? word + len + 1 : NULL;

	if (!row) {
		return unknown_option(verb, name, err);
	}
	if (row->kind == OPTION_FLAG) {
		if (value) {
			return err_set(err, ERR_USAGE, "%s takes no value", row->name);
		}
		return set_value(row, NULL, ret, err);
	}
	if (!value) {
		if (*at + 1 >= n) {
			return err_set(
				err, ERR_USAGE, "%s needs a value: %s", row->name, row->argument);
		}
		value = argv[++*at];
	}
	return set_value(row, value, ret, err);
}

int options_parse(unsigned verb, char **argv, size_t n, struct options *ret, struct err *err)
{
	*ret = (struct options){.stage = "all",
		.edition = "stu1",
		.outside = "refuse",
		.color = "auto",
		.progress = "auto"};

	for (size_t i = 0; i < n; i++) {
		if (strcmp(argv[i], "--") == 0) {
			while (++i < n) {
				strv_add(&ret->command, argv[i]);
			}
			break;
		}
		if (argv[i][0] != '-' || !argv[i][1]) {
			strv_add(&ret->operands, argv[i]);
		} else if (read_option(verb, argv, n, &i, ret, err)) {
			options_release(ret);
			return -1;
		}
	}
	return 0;
}

void options_release(struct options *options)
{
	strv_release(&options->only);
	strv_release(&options->skip);
	strv_release(&options->env);
	strv_release(&options->env_files);
	strv_release(&options->services);
	strv_release(&options->service_env);
	strv_release(&options->tmpfs);
	strv_release(&options->reports);
	strv_release(&options->operands);
	strv_release(&options->command);
}
