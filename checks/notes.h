/*
 * notes.h - the engine's side of struct notes (check.h).
 */
#ifndef CHECKS_NOTES_H
#define CHECKS_NOTES_H

#include "checks/check.h"

void notes_release(struct notes *notes);

#endif
