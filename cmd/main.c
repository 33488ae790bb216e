/* The verbs' table, help, and dispatch. What a verb does stands in its own file. */
#include "base/cleanup.h"
#include "base/escape.h"
#include "base/sys_file.h"
#include "cmd/help.h"
#include "cmd/interrupt.h"
#include "cmd/verbs.h"
#include "sandbox/self.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

const struct verb verbs[] = {
	{"check", VERB_CHECK, "IMAGE", "gate one image", verb_check},
	{"product", VERB_PRODUCT, "init IMAGE | lint FILE",
		"a marketplace.json from what the image declares; check one", verb_product},
	{"rules", VERB_RULES, "", "every requirement and check", verb_rules},
	{"explain", VERB_RULES, "ID", "a requirement or check: clause, reason, remedy",
		verb_explain},
	{"run", VERB_RUN, "IMAGE [-- CMD]", "start the image in the sandbox and stay attached",
		verb_run},
	{"inspect", VERB_INSPECT, "IMAGE", "what the image is: platform, config, layers",
		verb_inspect},
	{"store", VERB_STORE, "ls | prune", "the unpacked layers that runs keep: list, remove",
		verb_store},
	{"doctor", VERB_DOCTOR, "", "what this machine allows, what it lacks, how to mend it",
		verb_doctor},
};
const unsigned long n_verbs = ARRAY_SIZE(verbs);

int fail_with(const struct err *err)
{
	return fail_with_remedy(err, NULL);
}

int fail_with_remedy(const struct err *err, const char *remedy)
{
	auto_free char *text = escape_dup(ESCAPE_TERMINAL, err->msg);
	auto_free char *what = remedy ? escape_dup(ESCAPE_TERMINAL, remedy) : NULL;

	(void)fprintf(stderr, "assay: %s\n", text);
	if (what) {
		(void)fprintf(stderr, "assay: remedy: %s\n", what);
	}
	return err->code == ERR_USAGE      ? EXIT_USAGE
	       : err->code == ERR_INTERNAL ? EXIT_BUG
					   : EXIT_UNDECIDED;
}

int fail_usage(const char *fmt, ...)
{
	struct err err = {.code = ERR_USAGE};
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(err.msg, sizeof(err.msg), fmt, ap);
	va_end(ap);
	(void)fail_with(&err);
	(void)fputs("usage: assay VERB [options] ...; assay --help\n", stderr);
	return EXIT_USAGE;
}

static bool wanted(const char *when, int fd)
{
	return str_eq(when, "always") || (str_eq(when, "auto") && isatty(fd));
}

void progress_line(const char *line, void *arg)
{
	const struct options *options = arg;

	if (!options->quiet && wanted(options->progress, STDERR_FILENO)) {
		auto_free char *text = escape_dup(ESCAPE_TERMINAL, line);

		(void)fprintf(stderr, "assay: %s\n", text);
	}
}

int print_out(const char *text, unsigned long len, struct err *err)
{
	return file_write_fd(STDOUT_FILENO, text, len, err) ? err_wrap(err, "standard output") : 0;
}

/* Everything that stdio holds has to get out: rc stands only then. */
static int finish(int rc)
{
	struct err err;

	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout)) {
		return rc;
	}
	if (errno == EPIPE) { /* the reader has seen enough, and knows */
		return EXIT_UNDECIDED;
	}
	(void)(errno ? err_sys(&err, "write")
		     : err_set(&err, ERR_IO, "some of it could not be written"));
	(void)err_wrap(&err, "standard output");
	return fail_with(&err);
}

static int print_version(void)
{
	(void)puts("assay " ASSAY_VERSION);
	return 0;
}

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < n_verbs; i++) {
		if (strcmp(verbs[i].name, name) == 0) {
			return &verbs[i];
		}
	}
	return NULL;
}

/* Whether a product may be started: only then the copy is worth its milliseconds. Where it cannot
 * be made, subject_store() decides whether that matters. */
static bool starts_products(const struct verb *verb, const struct options *options)
{
	return (verb->bit & (VERB_CHECK | VERB_RUN)) && !str_eq(options->stage, "static") &&
	       !options->help && !options->version;
}

/* whole: the command line; the verb's arguments are the n behind the first two. */
static int run_verb(const struct verb *verb, char **whole, size_t n)
{
	AUTO(options) struct options options;
	struct err err;
	int rc;

	if (options_parse(verb->bit, whole + 2, n, &options, &err)) {
		options = (struct options){0};
		return fail_usage("%s: %s", verb->name, err.msg);
	}
	if (starts_products(verb, &options)) {
		(void)self_seal(whole, NULL);
	}
	rc = options.help      ? help_verb(verb)
	     : options.version ? print_version()
			       : verb->main(&options);
	return rc;
}

/* assay help [VERB | man | bash] */
static int print_help(const char *what)
{
	const struct verb *verb = what ? find_verb(what) : NULL;

	if (!what) {
		return help_print();
	}
	if (str_eq(what, "man")) {
		return help_man();
	}
	if (str_eq(what, "bash")) {
		return help_completion();
	}
	return verb ? help_verb(verb) : fail_usage("no verb '%.60s' to help with", what);
}

int main(int argc, char **argv)
{
	const struct verb *verb;
	int rc;

	(void)signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error of write(2), */
	(void)signal(SIGXFSZ, SIG_IGN); /* and so is a limit on the size of files */
	(void)umask(022);
	if (argc < 2) {
		(void)help_print();
		return EXIT_USAGE;
	}
	if (str_eq(argv[1], "--help") || str_eq(argv[1], "-h") || str_eq(argv[1], "help")) {
		return finish(print_help(argv[2]));
	}
	if (str_eq(argv[1], "--version")) {
		return finish(print_version());
	}
	verb = find_verb(argv[1]);
	if (!verb) {
		return fail_usage("no verb '%.60s'", argv[1]);
	}
	interrupt_begin();
	rc = finish(run_verb(verb, argv, (size_t)argc - 2));
	interrupt_end();
	return rc;
}
