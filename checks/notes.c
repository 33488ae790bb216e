#include "checks/notes.h"

#include "base/alloc.h"

#include <limits.h>
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

bool notes_pack(const struct notes *notes, size_t layer, struct pack *p)
{
	size_t first = notes->n;

	while (first > 0 && notes->v[first - 1].layer == layer) {
		first--;
	}
	pack_number(p, notes->n - first);
	for (size_t i = first; i < notes->n; i++) {
		pack_text(p, notes->v[i].path);
		pack_number(p, notes->v[i].line);
		pack_signed(p, notes->v[i].kind);
		pack_text(p, notes->v[i].text);
	}
	return !notes->dropped && !p->failed;
}

bool notes_unpack(struct unpack *u, size_t layer, struct notes *add, size_t room)
{
	uint64_t n = unpack_count(u, room);

	for (uint64_t i = 0; i < n && !u->broken; i++) {
		const char *path = unpack_text(u);
		unsigned line = (unsigned)unpack_count(u, UINT_MAX);
		int kind = (int)unpack_signed(u);
		const char *text = unpack_text(u);

		u->broken |= !path;
		if (add && !u->broken) {
			*ARRAY_PUSH(add) =
				(struct note){layer, xstrdup(path), line, kind, xstrdup(text)};
		}
	}
	return !u->broken;
}
