/*
 * notes.h - the engine's side of struct notes (check.h).
 */
#ifndef CHECKS_NOTES_H
#define CHECKS_NOTES_H

#include "base/pack.h"
#include "checks/check.h"

void notes_release(struct notes *notes);

/* The notes of one layer, for a later scan of the same. False when some were dropped: then nobody
 * knows of which layer. */
bool notes_pack(const struct notes *notes, size_t layer, struct pack *p);

/* Add what notes_pack wrote to add (NULL: only read over it). False when it is broken or has more
 * than room notes; what came before that was added. */
bool notes_unpack(struct unpack *u, size_t layer, struct notes *add, size_t room);

#endif
