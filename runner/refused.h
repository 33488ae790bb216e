/*
 * refused.h - what the sandbox's rules refused, from its table into the observation.
 */
#ifndef RUNNER_REFUSED_H
#define RUNNER_REFUSED_H

#include "runner/boot.h"

/* Once everything has ended, before the sandbox is freed. */
void refused_note(struct boot *b);

#endif
