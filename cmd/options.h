/*
 * options.h - the command line, read by one table. Help, the manual page and shell completions come
 * from the same rows.
 */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which verbs an option belongs to. */
enum verb_bit {
	VERB_CHECK = 1 << 0,
	VERB_RUN = 1 << 1,
	VERB_PRODUCT = 1 << 2,
	VERB_RULES = 1 << 3,
	VERB_INSPECT = 1 << 4,
	VERB_DOCTOR = 1 << 5,
	VERB_STORE = 1 << 6,
	VERB_ALL = (1 << 7) - 1,
	VERB_IMAGE = VERB_CHECK | VERB_RUN | VERB_INSPECT | VERB_PRODUCT, /* open one */
};

struct options {
	const char *product;
	const char *task;
	const char *stage; /* "static", "dynamic", "all" */
	const char *edition;
	const char *platform;
	const char *authfile;
	const char *tls_verify; /* "true", "false" */
	const char *outside; /* "refuse", "drop" */
	const char *policy;
	struct strv only; /* split at commas */
	struct strv skip;
	struct strv env;
	struct strv env_files;
	struct strv services; /* "NAME=IMAGE" */
	struct strv service_env; /* "NAME:KEY=VALUE" */
	struct strv reports; /* "FORMAT" or "FORMAT=FILE" */
	uint64_t memory; /* MiB */
	uint64_t timeout; /* seconds */
	uint64_t size; /* MiB */
	struct strv tmpfs;
	bool all;
	bool read_only;
	bool keep;
	bool quick;
	bool dry_run;
	bool quiet;
	bool verbose;
	bool help;
	bool version;
	const char *color; /* "auto", "always", "never" */
	const char *progress; /* the same */
	struct strv operands; /* what is no option */
	struct strv command; /* behind "--" */
};

enum option_kind {
	OPTION_FLAG,
	OPTION_TEXT,
	OPTION_CHOICE,
	OPTION_NUMBER,
	OPTION_LIST,
	OPTION_COMMAS
};

struct option_row {
	const char *name; /* "--product" */
	const char *argument; /* "FILE"; for a choice "static|dynamic|all"; NULL for a flag */
	enum option_kind kind;
	size_t offset;
	unsigned verbs;
	const char *help;
};
extern const struct option_row option_rows[];
extern const size_t n_option_rows;

/* Defaults, then argv[0..n) for this verb: "--name value", "--name=value", operands anywhere, "--"
 * ends. Strings are borrowed from argv. ERR_USAGE names the word that is wrong and the nearest
 * option. */
int options_parse(unsigned verb, char **argv, size_t n, struct options *ret, struct err *err);
void options_release(struct options *options);

#endif
