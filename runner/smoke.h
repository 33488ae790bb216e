/*
 * smoke.h - runs the smoke suites of a task against its instance (R04).
 */
#ifndef RUNNER_SMOKE_H
#define RUNNER_SMOKE_H

#include "runner/boot.h"

/* Every step of every suite, one after another; what came is written to the observation. A suite
 * whose product does not answer at all is given up: its other steps are skipped. */
int smoke_run(struct boot *b, struct err *err);

#endif
