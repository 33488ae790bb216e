/* Shell text cut into commands, and command lines with a shell in them. */
#include "tests/fuzz/kit.h"

#include "base/cleanup.h"
#include "base/str.h"
#include "checks/log_config.h"
#include "checks/shell_line.h"
#include "checks/shell_words.h"

#include <stdlib.h>
#include <string.h>

struct state {
	unsigned lines;
	size_t n;
};

static const char *look_up(const char *name, void *arg)
{
	(void)arg;
	return *name == 'A' ? "a value" : NULL;
}

static void on_log(const struct log_directive *d, void *arg)
{
	(void)arg;
	MUST(d->name && d->target);
}

static void on_command(const struct shell_command *command, void *arg)
{
	struct state *s = arg;

	MUST(command->line >= 1 && command->line <= s->lines);
	for (size_t i = 0; i < command->words.n; i++) {
		MUST(command->words.v[i]);
	}
	if (command->words.n) { /* else it only redirects */
		log_arguments(&command->words, on_log, NULL);
	}
	s->n++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	struct fuzz_input once_more = in;
	auto_free char *line = fuzz_field(&once_more);
	size_t len;
	auto_free char *text = fuzz_rest(&in, &len);
	struct strv argv = {0};
	struct shell_line shell = {0};
	struct state s = {1, 0};

	for (size_t i = 0; i < len; i++) {
		s.lines += text[i] == '\n';
	}
	shell_commands(text, len, look_up, NULL, on_command, &s);
	strv_add(&argv, "/bin/sh");
	strv_add(&argv, "-c");
	strv_add(&argv, line);
	shell_line_read(&argv, &shell);
	MUST(shell.line);
	shell_line_release(&shell);
	strv_release(&argv);
	return 0;
}
