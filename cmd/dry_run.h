/*
 * dry_run.h - what `check` and `run` would do, and how long it takes at most: the layers are read and
 * unpacked, because the plan depends on what is in them, but nothing is started.
 */
#ifndef CMD_DRY_RUN_H
#define CMD_DRY_RUN_H

#include "base/buf.h"
#include "base/err.h"
#include "checks/engine.h"
#include "runner/runner.h"

/* To stdout: the checks selected, then for each task its sandbox plan and its deadlines; or, instead,
 * why nothing can be run here (cannot; NULL: it can). */
int dry_run_print(const struct runner_options *runner, const struct selection *selection,
	const char *cannot, struct err *err);

/* For `run`: the plans of a task's services, added to out. */
int dry_run_services(const struct runner_options *runner, const struct task *task, struct buf *out,
	struct err *err);

#endif
