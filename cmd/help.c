#include "cmd/help.h"

#include "base/cleanup.h"

#include <stdio.h>
#include <string.h>

static const char *const image_forms[] = {
	"DIR | FILE.tar[.gz|.zst] | - (stdin) | oci:DIR[:TAG] | oci-archive:FILE[:TAG]",
	"docker-archive:FILE[:REF or :@N] | docker://REF | docker-daemon:REF",
	"containers-storage:REF (the last three through skopeo)",
};

static const struct {
	int code;
	const char *meaning;
} exit_codes[] = {
	{EXIT_COMPLIANT, "compliant"},
	{EXIT_NON_COMPLIANT, "non-compliant"},
	{EXIT_UNDECIDED, "undecided, or no image to judge"},
	{EXIT_USAGE, "usage: the command line or the policy file is wrong"},
	{EXIT_BUG, "a bug in assay"},
};

static void print_options(unsigned bits)
{
	for (size_t i = 0; i < n_option_rows; i++) {
		const struct option_row *row = &option_rows[i];
		char left[64];

		if (!(row->verbs & bits)) {
			continue;
		}
		(void)snprintf(left, sizeof(left), "%s%s%s", row->name, row->argument ? " " : "",
			row->argument ? row->argument : "");
		(void)printf("  %-28s %s\n", left, row->help);
	}
}

int help_verb(const struct verb *verb)
{
	(void)printf("usage: assay %s [options] %s\n\n%s\n\noptions:\n", verb->name, verb->operands,
		verb->title);
	print_options(verb->bit);
	return 0;
}

int help_print(void)
{
	(void)puts("assay - the gate of a Health Services Platform marketplace\n\nusage:");
	for (size_t i = 0; i < n_verbs; i++) {
		char left[64];

		(void)snprintf(left, sizeof(left), "assay %s %s", verbs[i].name, verbs[i].operands);
		(void)printf("  %-36s %s\n", left, verbs[i].title);
	}
	(void)puts(
		"  assay help [VERB | man | bash]       this text; of one verb; as manual page; as "
		"completion");
	for (size_t i = 0; i < ARRAY_SIZE(image_forms); i++) {
		(void)printf("%s%s\n", i ? "       | " : "\nIMAGE: ", image_forms[i]);
	}
	(void)puts("\noptions:");
	print_options(VERB_ALL);
	(void)puts("\nexit codes:");
	for (size_t i = 0; i < ARRAY_SIZE(exit_codes); i++) {
		(void)printf("  %-3d %s\n", exit_codes[i].code, exit_codes[i].meaning);
	}
	return 0;
}

/* ---- man(7) ------------------------------------------------------------------------------ */

/* Text with what roff would take for itself made plain: backslashes, dashes, a dot at a line's
 * start cannot happen as every text stands behind a macro or a word. */
static void roff(const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '-') {
			(void)putchar('\\');
		}
		(void)putchar(*text);
	}
}

static void man_verbs(void)
{
	for (size_t i = 0; i < n_verbs; i++) {
		(void)printf(".TP\n\\fBassay %s\\fR ", verbs[i].name);
		roff(verbs[i].operands);
		(void)puts("");
		roff(verbs[i].title);
		(void)puts("");
	}
}

static void man_options(void)
{
	for (size_t i = 0; i < n_option_rows; i++) {
		(void)fputs(".TP\n\\fB", stdout);
		roff(option_rows[i].name);
		(void)fputs("\\fR", stdout);
		if (option_rows[i].argument) {
			(void)fputs(" \\fI", stdout);
			roff(option_rows[i].argument);
			(void)fputs("\\fR", stdout);
		}
		(void)puts("");
		roff(option_rows[i].help);
		(void)puts("");
	}
}

int help_man(void)
{
	(void)puts(
		".\\\" Made by `assay help man`; `make docs` writes it anew.\n"
		".TH ASSAY 1 \"\" \"assay " ASSAY_VERSION "\" \"User Commands\"\n"
		".SH NAME\nassay \\- the gate of a Health Services Platform marketplace\n"
		".SH SYNOPSIS\n.B assay\n.I verb\n[options] [operands]\n"
		".SH DESCRIPTION\nassay takes an OCI image and the product's marketplace.json, checks "
		"the image, runs it in a sandbox of its own, and gives one verdict with the evidence "
		"for it.\n.SH VERBS");
	man_verbs();
	(void)puts(".SH IMAGES");
	for (size_t i = 0; i < ARRAY_SIZE(image_forms); i++) {
		roff(image_forms[i]);
		(void)puts(i + 1 < ARRAY_SIZE(image_forms) ? " |" : "");
	}
	(void)puts(".SH OPTIONS");
	man_options();
	(void)puts(".SH EXIT STATUS");
	for (size_t i = 0; i < ARRAY_SIZE(exit_codes); i++) {
		(void)printf(".TP\n.B %d\n%s\n", exit_codes[i].code, exit_codes[i].meaning);
	}
	(void)puts(
		".SH ENVIRONMENT\n"
		".TP\n.B ASSAY_HOME\nwhere layers and runs are kept (default: /var/lib/assay as root, "
		"else ~/.cache/assay)\n"
		".TP\n.B SOURCE_DATE_EPOCH\nthe time that reports bear\n"
		".TP\n.B NO_COLOR\nno colours unless asked for\n"
		".TP\n.B ASSAY_CGROUP=none\nas if no control group could be used");
	return 0;
}

/* ---- bash -------------------------------------------------------------------------------- */

/* The words of a choice, its bars as spaces; nothing for other arguments. */
static void completion_values(const struct option_row *row)
{
	if (row->kind != OPTION_CHOICE) {
		return;
	}
	(void)printf("\t%s) COMPREPLY=($(compgen -W '", row->name);
	for (const char *c = row->argument; *c; c++) {
		(void)putchar(*c == '|' ? ' ' : *c);
	}
	(void)puts("' -- \"$word\")); return ;;");
}

int help_completion(void)
{
	(void)puts(
		"# Made by `assay help bash`; `make docs` writes it anew.\n"
		"_assay() {\n\tlocal word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} options=\n"
		"\tcase ${COMP_WORDS[COMP_CWORD - 1]} in");
	for (size_t i = 0; i < n_option_rows; i++) {
		completion_values(&option_rows[i]);
	}
	(void)fputs("\tesac\n\tif [ \"$COMP_CWORD\" = 1 ]; then\n\t\tCOMPREPLY=($(compgen -W '",
		stdout);
	for (size_t i = 0; i < n_verbs; i++) {
		(void)printf("%s ", verbs[i].name);
	}
	(void)puts("help' -- \"$word\"))\n\t\treturn\n\tfi\n\tcase $verb in");
	for (size_t i = 0; i < n_verbs; i++) {
		(void)printf("\t%s) options='", verbs[i].name);
		for (size_t k = 0; k < n_option_rows; k++) {
			if (option_rows[k].verbs & verbs[i].bit) {
				(void)printf("%s ", option_rows[k].name);
			}
		}
		(void)puts("' ;;");
	}
	(void)puts("\tesac\n\tCOMPREPLY=($(compgen -W \"$options\" -- \"$word\") "
		   "$(compgen -f -- \"$word\"))\n}\ncomplete -o filenames -F _assay assay");
	return 0;
}
