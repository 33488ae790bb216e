#include "checks/shell_line.h"

#include "base/cleanup.h"
#include "image/oci.h"

#include <criterion/criterion.h>

Test(checks_shell_line, takes_the_last_command)
{
	static const struct {
		const char *line;
		const char *last;
		const char *word; /* NULL: not literal */
		bool exec;
		bool alone;
	} rows[] = {
		{"server", "server", "server", false, true},
		{"  server -p 1 ", "server -p 1", "server", false, true},
		{"exec server", "server", "server", true, true},
		{"exec\tA=b server", "server", "server", true, true},
		{"PORT=1 X='a b' exec server", "server", "server", true, true},
		{"a && exec b", "b", "b", true, false},
		{"a; b;", "b", "b", false, false},
		{"a\nexec b\n", "b", "b", true, false},
		{"a || b", "b", "b", false, false},
		{"a | b", "b", "b", false, false},
		{"a & wait", "wait", "wait", false, false},
		{"a &", "a", "a", false, true},
		{"a 2>&1", "a 2>&1", "a", false, true},
		{"a 'x; y' \"&& z\" \\; w", "a 'x; y' \"&& z\" \\; w", "a", false, true},
		{"exec \"$@\"", "\"$@\"", NULL, true, true},
		{"exec $X/server", "$X/server", NULL, true, true},
		{"executable", "executable", "executable", false, true},
		{"a && b 'unclosed", "b 'unclosed", "b", false, false},
		{"", "", NULL, false, true},
		{"&&", "", NULL, false, true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(strv) struct strv argv = {0};
		AUTO(shell_line) struct shell_line line;

		strv_add(&argv, "/bin/sh");
		strv_add(&argv, "-c");
		strv_add(&argv, rows[i].line);
		shell_line_read(&argv, &line);
		cr_assert_str_eq(line.line, rows[i].line);
		cr_assert_str_eq(line.last, rows[i].last, "'%s'", rows[i].line);
		cr_assert(str_eq(line.last_word, rows[i].word), "'%s': %s", rows[i].line,
			line.last_word);
		cr_assert_eq(line.exec, rows[i].exec, "'%s'", rows[i].line);
		cr_assert_eq(line.alone, rows[i].alone, "'%s'", rows[i].line);
	}
}

Test(checks_shell_line, knows_shells_and_their_option)
{
	static const struct {
		const char *argv[6];
		const char *line; /* NULL: not of this form */
	} rows[] = {
		{{"sh", "-c", "x"}, "x"},
		{{"/bin/bash", "-lc", "x"}, "x"},
		{{"/bin/bash", "-e", "-c", "x"}, "x"},
		{{"/bin/bash", "--norc", "-c", "x", "y"}, "x"},
		{{"/bin/bash", "-o", "pipefail", "-c", "x"}, "x"},
		{{"/bin/bash", "-euo", "pipefail", "-c", "x"}, "x"},
		{{"sh", "-c"}, NULL},
		{{"sh"}, NULL},
		{{"sh", "/c", "x"}, NULL},
		{{"sh", "script", "-c", "x"}, NULL},
		{{"python3", "-c", "x"}, NULL},
		{{NULL}, NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(strv) struct strv argv = {0};
		AUTO(shell_line) struct shell_line line;

		for (size_t k = 0; k < 5 && rows[i].argv[k]; k++) {
			strv_add(&argv, rows[i].argv[k]);
		}
		shell_line_read(&argv, &line);
		cr_assert(str_eq(line.line, rows[i].line), "row %zu", i);
	}
}
