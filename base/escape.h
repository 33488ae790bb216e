/*
 * escape.h - text that we did not write, made safe for where it goes: one escaper per sink.
 *
 * JSON needs none: json_text() (base/json.h) makes any bytes a valid string and jansson escapes.
 * Bytes that are not UTF-8 come out as \xNN in every sink.
 */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include "base/buf.h"
#include "base/err.h"

#include <stddef.h>

enum escape_sink {
	ESCAPE_TERMINAL, /* control characters, ESC, bidi overrides as \xNN; tab and UTF-8 kept */
	ESCAPE_XML, /* & < > " ' as entities; what XML 1.0 forbids as \xNN */
	ESCAPE_HTML, /* as XML */
	ESCAPE_UTF8, /* only what is not UTF-8 (and NUL) as \xNN */
};

/* Append len bytes of s, escaped, to out. ERR_LIMIT at out's cap. */
int escape_to(struct buf *out, enum escape_sink sink, const char *s, size_t len, struct err *err);

/* The same into a new string that the caller frees; for short texts. NULL gives "". */
char *escape_dup(enum escape_sink sink, const char *s);

#endif
