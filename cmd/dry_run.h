/*
 * dry_run.h - what `check` and `run` would do, and how long it takes at most; nothing is started.
 */
#ifndef CMD_DRY_RUN_H
#define CMD_DRY_RUN_H

#include "base/err.h"
#include "checks/engine.h"
#include "runner/runner.h"

/* To stdout: the checks selected, then for each task its sandbox plan and its deadlines. */
int dry_run_print(const struct runner_options *runner, const struct selection *selection,
	struct err *err);

#endif
