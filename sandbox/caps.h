/*
 * caps.h - the capabilities that Docker leaves a container: capabilities(7), and "Runtime privilege
 * and Linux capabilities" of Docker's documentation.
 */
#ifndef SANDBOX_CAPS_H
#define SANDBOX_CAPS_H

#include <stdint.h>

/* As a mask of 1 << CAP_*: 00000000a80425fb in /proc/<pid>/status. */
uint64_t caps_default(void);

/* Their names, "cap_chown,cap_dac_override,..."; static storage per thread. */
const char *caps_names(uint64_t caps);

/* In the child: take everything else from the bounding set. 0 or -1 with errno. No allocation. */
int caps_bound(uint64_t caps);

/* In the child: permitted and effective become caps, inheritable and ambient nothing. */
int caps_set(uint64_t caps);

#endif
