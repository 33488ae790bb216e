/*
 * layout.h - lines of text for a terminal: escaped, wrapped at words, indented, coloured.
 *
 *	struct layout l = {.out = out, .err = err, .width = 100, .color = true};
 *	layout_put(&l, STYLE_FAIL, "✗");		on the current line, as it is
 *	layout_wrap(&l, 7, STYLE_PLAIN, message);	from here on, hanging at column 7
 *	layout_end(&l);					the line's end
 *	return l.failed ? -1 : 0;
 *
 * What is put is ours; what is wrapped may come from anywhere and is escaped for a terminal.
 */
#ifndef REPORTS_LAYOUT_H
#define REPORTS_LAYOUT_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_GOOD, STYLE_BAD, STYLE_WARN };

struct layout {
	struct buf *out;
	struct err *err;
	size_t width;
	bool color;
	size_t column; /* where the current line stands; counted in characters */
	int failed; /* an earlier write failed: all later ones do nothing */
};

void layout_put(struct layout *l, enum style style, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Spaces up to column; at least one when the line is already there. */
void layout_tab(struct layout *l, size_t column);

/* Text of any origin, broken at spaces; later lines start at column hang. */
void layout_wrap(struct layout *l, size_t hang, enum style style, const char *text);

/* Text of any origin on the rest of this line only, cut with an ellipsis. */
void layout_cut(struct layout *l, enum style style, const char *text);

void layout_end(struct layout *l);

#endif
