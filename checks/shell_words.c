#include "checks/shell_words.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/cleanup.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Longest word that is kept; longer ones are cut. */
#define WORD_MAX 4096

struct reader {
	const char *at;
	const char *end;
	const char *brace; /* the first "}" that is not before at, or end; looked for when needed */
	unsigned line;
	shell_lookup_fn *lookup;
	void *lookup_arg;
	void (*command)(const struct shell_command *command, void *arg);
	void *arg;
	struct shell_command now;
	struct buf word;
	bool in_word;
	bool quoted_word;
	bool redirect; /* the next word is a target */
	bool skip_word; /* the next word is an input's name */
};

static void add(struct reader *r, const char *s, size_t len)
{
	buf_add_some(&r->word, s, len);
	r->in_word = true;
}

static bool is_keyword(const char *word)
{
	static const char *const keywords[] = {"if", "then", "else", "elif", "fi", "do", "done",
		"while", "until", "!", "{", "}", "exec", "command", "time", "esac", NULL};

	return str_in(word, keywords);
}

static bool is_assignment(const char *word)
{
	const char *p = word;

	while (isalnum((unsigned char)*p) || *p == '_') {
		p++;
	}
	return p > word && *p == '=' && !isdigit((unsigned char)*word);
}

static void end_word(struct reader *r)
{
	const char *word = buf_str(&r->word);

	if (!r->in_word) {
		return;
	}
	if (r->skip_word) {
		r->skip_word = false;
	} else if (r->redirect) {
		strv_add(&r->now.redirects, word);
		r->redirect = false;
	} else if (r->now.words.n || r->quoted_word ||
		   (!is_keyword(word) && !is_assignment(word))) {
		strv_add(&r->now.words, word);
	}
	buf_clear(&r->word);
	r->in_word = false;
	r->quoted_word = false;
}

static void end_command(struct reader *r)
{
	end_word(r);
	if (r->now.words.n || r->now.redirects.n) {
		r->command(&r->now, r->arg);
	}
	strv_release(&r->now.words);
	strv_release(&r->now.redirects);
	r->now = (struct shell_command){.line = r->line};
	r->redirect = false;
	r->skip_word = false;
}

/* A parameter expansion at "$"; added as its value, its default, or as it is written. */
static void parameter(struct reader *r)
{
	const char *start = r->at;
	const char *name = start + 1;
	const char *p;
	const char *value;
	auto_free char *key = NULL;
	bool braces = name < r->end && *name == '{';
	size_t len;

	name += braces;
	for (p = name; p < r->end && (isalnum((unsigned char)*p) || *p == '_'); p++) {
	}
	len = (size_t)(p - name);
	key = xstrndup(name, len);
	value = len && r->lookup ? r->lookup(key, r->lookup_arg) : NULL;
	if (braces) {
		const char *close;

		if (r->brace < p) {
			r->brace = memchr(p, '}', (size_t)(r->end - p));
			r->brace = r->brace ? r->brace : r->end;
		}
		close = r->brace;
		if (close == r->end) {
			add(r, "$", 1);
			r->at++;
			return;
		}
		if (value) {
			add(r, value, strlen(value));
		} else if (close - p > 2 && p[0] == ':' && (p[1] == '-' || p[1] == '=')) {
			add(r, p + 2, (size_t)(close - p - 2));
		} else {
			add(r, start, (size_t)(close + 1 - start));
		}
		r->at = close + 1;
		return;
	}
	if (!len) { /* $@, $1, $(...), a lone $ */
		len = (size_t)(r->end - start) > 1 ? 2 : 1;
		add(r, start, len);
		r->at = start + len;
		return;
	}
	add(r, value ? value : start, value ? strlen(value) : (size_t)(p - start));
	r->at = p;
}

static void quoted(struct reader *r)
{
	char quote = *r->at++;

	r->in_word = true;
	r->quoted_word = true;
	while (r->at < r->end && *r->at != quote) {
		r->line += *r->at == '\n';
		if (quote == '"' && *r->at == '$') {
			parameter(r);
			continue;
		}
		if (quote == '"' && *r->at == '\\' && r->end - r->at > 1 &&
			strchr("$`\"\\\n", r->at[1])) {
			r->at++;
		}
		add(r, r->at++, 1);
	}
	r->at += r->at < r->end;
}

static void redirection(struct reader *r)
{
	bool output = *r->at == '>';
	bool number = r->in_word && r->word.len == 1 && isdigit((unsigned char)*buf_str(&r->word));

	if (number) { /* the descriptor in front */
		buf_clear(&r->word);
		r->in_word = false;
	}
	end_word(r);
	while (r->at < r->end && strchr("<>|-", *r->at) && *r->at) {
		r->at++;
	}
	if (r->at < r->end && *r->at == '&') { /* 2>&1, &>file's rest */
		r->skip_word = true;
		r->at++;
		return;
	}
	r->redirect = output;
	r->skip_word = !output;
}

static void comment(struct reader *r)
{
	while (r->at < r->end && *r->at != '\n') {
		r->at++;
	}
}

/* One character outside quotes that is neither a quote nor a "$". */
static void plain(struct reader *r)
{
	char c = *r->at;

	if (c == '\\' && r->end - r->at > 1) {
		if (r->at[1] == '\n') {
			r->line++;
		} else {
			add(r, r->at + 1, 1);
		}
		r->at += 2;
	} else if (c == '#' && !r->in_word) {
		comment(r);
	} else if (c == '>' || c == '<') {
		redirection(r);
	} else if (c == '&' && r->end - r->at > 1 && r->at[1] == '>') {
		r->at++;
	} else if (strchr("\n;&|()`", c)) {
		r->line += c == '\n';
		r->at++;
		end_command(r);
	} else if (isspace((unsigned char)c)) {
		r->at++;
		end_word(r);
	} else {
		add(r, r->at++, 1);
	}
}

void shell_commands(const char *text, size_t len, shell_lookup_fn *lookup, void *lookup_arg,
	void (*command)(const struct shell_command *command, void *arg), void *arg)
{
	struct reader r = {.at = text,
		.end = text + len,
		.brace = text,
		.line = 1,
		.lookup = lookup,
		.lookup_arg = lookup_arg,
		.command = command,
		.arg = arg,
		.now = {.line = 1}};

	buf_init(&r.word, WORD_MAX);
	while (r.at < r.end && *r.at) {
		if (*r.at == '\'' || *r.at == '"') {
			quoted(&r);
		} else if (*r.at == '$' && r.end - r.at > 1 && r.at[1] == '(') {
			end_word(&r); /* what is substituted is a command of its own */
			r.at++;
		} else if (*r.at == '$') {
			parameter(&r);
		} else {
			plain(&r);
		}
	}
	end_command(&r);
	buf_release(&r.word);
}
