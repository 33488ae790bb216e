#include "checks/shell_line.h"

#include "base/alloc.h"
#include "image/oci.h"

#include <ctype.h>

/* The argument of the shell's -c ("-lc", "-exc"), or NULL. */
static const char *line_of(const struct strv *argv)
{
	static const char *const shells[] = {
		"sh", "bash", "ash", "dash", "ksh", "mksh", "zsh", NULL};
	const char *base = argv->n > 0 ? strrchr(argv->v[0], '/') : NULL;

	if (argv->n < 3 || !str_in(base ? base + 1 : argv->v[0], shells)) {
		return NULL;
	}
	for (size_t i = 1; i + 1 < argv->n && *argv->v[i] == '-'; i++) {
		if (argv->v[i][1] != '-' && strchr(argv->v[i], 'c')) {
			return argv->v[i + 1];
		}
		i += argv->v[i][1] != '-' && str_ends(argv->v[i], "o"); /* "-eo pipefail -c" */
	}
	return NULL;
}

/* The character behind a quoted or escaped piece that begins at s, or s when none begins there. */
static const char *skip_quoted(const char *s)
{
	char quote = *s;

	if (quote == '\\') {
		return s[1] ? s + 2 : s + 1;
	}
	if (quote != '\'' && quote != '"') {
		return s;
	}
	for (s++; *s && *s != quote; s++) {
		if (quote == '"' && *s == '\\' && s[1]) {
			s++;
		}
	}
	return *s ? s + 1 : s;
}

/* Where the last command begins: behind the last ; & | or newline that something follows. */
static const char *last_begin(const char *line, bool *ret_alone)
{
	const char *begin = line;
	const char *s = line;

	*ret_alone = true;
	while (*s) {
		const char *next = skip_quoted(s);

		if (next != s) {
			s = next;
			continue;
		}
		/* "2>&1" and "&>file" part nothing. */
		if (strchr(";|\n", *s) ||
			(*s == '&' && (s == line || s[-1] != '>') && s[1] != '>')) {
			const char *rest = s + strspn(s, ";|&\n \t\r");

			if (*rest) {
				begin = rest;
				*ret_alone = false;
			}
			s = rest;
			continue;
		}
		s++;
	}
	return begin;
}

/* "NAME=value " in front of a command. */
static const char *skip_assignments(const char *s)
{
	for (;;) {
		const char *at = s;

		while (isalnum((unsigned char)*at) || *at == '_') {
			at++;
		}
		if (at == s || isdigit((unsigned char)*s) || *at != '=') {
			return s;
		}
		while (*at && !isspace((unsigned char)*at)) {
			const char *next = skip_quoted(at);

			at = next != at ? next : at + 1;
		}
		s = at + strspn(at, " \t");
	}
}

void shell_line_read(const struct strv *argv, struct shell_line *ret)
{
	const char *last;
	size_t len;

	*ret = (struct shell_line){.line = line_of(argv)};
	if (!ret->line) {
		return;
	}
	last = skip_assignments(last_begin(ret->line + strspn(ret->line, " \t\r\n"), &ret->alone));
	ret->exec = str_starts(last, "exec") && (last[4] == ' ' || last[4] == '\t');
	ret->traps = str_find(ret->line, strlen(ret->line), "trap ") != NULL;
	if (ret->exec) {
		last = skip_assignments(last + 4 + strspn(last + 4, " \t"));
	}
	len = strlen(last);
	while (len > 0 && strchr(" \t\r\n;&", last[len - 1])) {
		len--;
	}
	ret->last = xstrndup(last, len);
	len = strcspn(ret->last, " \t\r\n<>");
	if (len > 0 && strcspn(ret->last, "'\"\\$`*?[](){}~!#") >= len && *ret->last != '-') {
		ret->last_word = xstrndup(ret->last, len);
	}
}

void shell_line_release(struct shell_line *line)
{
	free(line->last);
	free(line->last_word);
	*line = (struct shell_line){0};
}

void task_command(const struct image_config *config, const struct strv *options, struct strv *ret)
{
	strv_add_all(ret, &config->entrypoint);
	strv_add_all(ret, options && options->n > 0 ? options : &config->cmd);
}
