/*
 * processors.h - how much can be done at the same time.
 */
#ifndef BASE_PROCESSORS_H
#define BASE_PROCESSORS_H

#include <stddef.h>

/* How many processors this process may run on (sched_getaffinity(2)); at least 1. */
size_t processors(void);

#endif
