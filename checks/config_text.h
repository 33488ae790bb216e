/*
 * config_text.h - which files are configuration, their text without comments, and what of it a
 * product should have been given instead: placeholders, URLs, host names, credentials.
 *
 *	if (config_is(path)) {
 *		auto_free char *plain = config_strip(path, text, len);
 *		config_literals(path, plain, len, found, arg);
 *	}
 *
 * Pure, thread-safe.
 */
#ifndef CHECKS_CONFIG_TEXT_H
#define CHECKS_CONFIG_TEXT_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

/* Whether the path is one of a configuration file that a program reads at run time: by extension,
 * by name, or below an etc/ directory. Build files (package.json, pom.xml) and system tables are
 * not. */
bool config_is(const char *path);

/* How comments are written. */
enum config_comments {
	COMMENTS_NONE, /* JSON */
	COMMENTS_HASH, /* "#" at the start of a line or behind a space; ";" at the start */
	COMMENTS_INI, /* "#" or ";" at the start of a line */
	COMMENTS_XML,
	COMMENTS_C, /* slash-star, slash-slash, "#" */
	COMMENTS_PROPS, /* "#" or "!" at the start of a line */
};
enum config_comments config_comments_of(const char *path);

/* The text with every byte of a comment replaced by a space, newlines kept: lines and offsets stay.
 * NUL-terminated, the caller frees. */
char *config_strip(const char *path, const char *text, size_t len);

/* One setting of a line: "name = value", "name: value", "name value", <a name="value"/>, "name" =>
 * 'value', each without quotes, commas and semicolons around. False when the line has none. */
struct config_setting {
	struct line name;
	struct line value;
};
bool config_setting(const char *s, size_t len, struct config_setting *ret);

/* What parts statements within a line of this file besides its end: JSON and nginx may stand in one
 * line. "" for nothing. */
const char *config_marks(const char *path, const char *text, size_t len);

/* How long the statement at s is: up to a newline, or to one of marks outside quotes and "${}". */
size_t config_piece(const char *s, size_t len, const char *marks);

/* Whether it is a program that sets its settings (gunicorn.conf.py, puma.rb): what stands there
 * without quotes is an expression. */
bool config_is_program(const char *path);

enum config_literal {
	LITERAL_PLACEHOLDER, /* CHANGEME, <your-...> */
	LITERAL_INVITATION, /* "edit this file": told by config_invitations() */
	LITERAL_URL, /* a connection URL with a host that is not this one */
	LITERAL_CREDENTIAL, /* a password or key */
	LITERAL_HOST, /* another host's name or address */
};
const char *config_literal_name(enum config_literal kind); /* "a placeholder", ... */

struct config_match {
	enum config_literal kind;
	unsigned line;
	bool weak; /* a credential that documentation uses: it may be none */
	char excerpt[128]; /* redacted where it is a credential */
};

/* plain: without comments (config_strip). found is called once per line and kind. */
void config_literals(const char *path, const char *plain, size_t len,
	void (*found)(const struct config_match *match, void *arg), void *arg);

/* Comments that ask an administrator to edit the file. text: with comments. */
void config_invitations(const char *text, size_t len,
	void (*found)(const struct config_match *match, void *arg), void *arg);

/* Whether host is this machine, nobody, an example (RFC 2606, RFC 6761) or the home of a
 * standard. */
bool config_host_is_neutral(const char *host, size_t len);

#endif
