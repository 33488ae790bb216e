/*
 * workspace_private.h - what the sandbox room itself needs of a run: where its control groups go,
 * and the id-shifting namespace for layers, made once.
 */
#ifndef SANDBOX_WORKSPACE_PRIVATE_H
#define SANDBOX_WORKSPACE_PRIVATE_H

#include "sandbox/cgroup.h"
#include "sandbox/workspace.h"

/* Borrowed; version 0 when no cgroup can be used. */
const struct cgroup_place *workspace_cgroups(const struct workspace *w);

/* An fd of ids_open_namespace(), borrowed; -1 on error. */
int workspace_idmap_fd(struct workspace *w, const struct host *host, struct err *err);

#endif
