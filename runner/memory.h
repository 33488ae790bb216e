/*
 * memory.h - the instance's memory while it runs, sampled on a timer.
 */
#ifndef RUNNER_MEMORY_H
#define RUNNER_MEMORY_H

#include "runner/boot.h"

/* Say what enforces the limit, and begin to sample. */
void memory_begin(struct boot *b);

/* One more sample, and the kernel's own counts; while the control group is still there. */
void memory_end(struct boot *b);

#endif
