/*
 * workspace.h - one run's directory, and what earlier runs left behind.
 *
 * <base>/runs/<id>/ holds what a run makes: upper and work directories, volumes, logs. A flock on
 * <base>/runs/<id>/lock says that the run lives. workspace_open() first clears the directories and
 * control groups ("assay-<id>-*") of runs whose lock nobody holds: an assay killed by SIGKILL
 * leaves processes to the kernel (they die with it) and the rest to its successor.
 */
#ifndef SANDBOX_WORKSPACE_H
#define SANDBOX_WORKSPACE_H

#include "base/cleanup.h"
#include "base/err.h"
#include "sandbox/host.h"

struct workspace;

/* base: NULL for the default ($ASSAY_HOME, else /var/lib/assay as root, else
 * $XDG_CACHE_HOME/assay or ~/.cache/assay). */
int workspace_open(
	const char *base, const struct host *host, struct workspace **ret, struct err *err);

/* Removes the run's directory (unless kept) and its control groups. */
void workspace_free(struct workspace *w);
DEFINE_AUTO_PTR(workspace)

/* For a signal handler, as long as no instance was started: removes the run's directory. */
void workspace_vanish(const struct workspace *w);

const char *workspace_id(const struct workspace *w); /* 12 hex digits */
const char *workspace_dir(const struct workspace *w); /* absolute */
const char *workspace_base(const struct workspace *w); /* absolute; the layer store is below it */
void workspace_keep(struct workspace *w);

/* The default base without opening anything; the caller frees. */
char *workspace_default_base(void);

#endif
