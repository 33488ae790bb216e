#include "checks/notes.h"

#include "base/alloc.h"

#include <stdlib.h>

void note_add(
	struct notes *notes, const struct entry *entry, unsigned line, int kind, const char *text)
{
	if (notes->n >= LIMIT_NOTES) {
		notes->dropped++;
		return;
	}
	*ARRAY_PUSH(notes) = (struct note){
		.layer = entry->layer,
		.path = xstrdup(entry->path),
		.line = line,
		.kind = kind,
		.text = xstrdup(text),
	};
}

void notes_release(struct notes *notes)
{
	for (size_t i = 0; i < notes->n; i++) {
		free(notes->v[i].path);
		free(notes->v[i].text);
	}
	free(notes->v);
	*notes = (struct notes){0};
}
