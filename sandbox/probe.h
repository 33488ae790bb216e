/*
 * probe.h - what this kernel does when asked, tried without changing anything.
 */
#ifndef SANDBOX_PROBE_H
#define SANDBOX_PROBE_H

#include "sandbox/host.h"

#include <stdbool.h>

/* Whether layers on the store's file system can be mounted idmapped below an overlay (Linux 5.19;
 * and the file system has to take part). Root only. */
bool probe_idmapped_mounts(const struct host *host);

/* Shorten path to the nearest directory above (or itself) that exists. */
void probe_nearest(char *path);

/* Whether the running kernel is at least major.minor. */
bool probe_kernel(unsigned major, unsigned minor);

#endif
