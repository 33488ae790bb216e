/*
 * ready.h - waiting until an instance is ready, as its ready_plan says.
 */
#ifndef RUNNER_READY_H
#define RUNNER_READY_H

#include "runner/boot.h"
#include "runner/ready_plan.h"

/* Wait for it; sets ready, ready_by, ready_s, boot_limit_s, waited_alive_only, cron and
 * log_bytes_at_ready of the observation. 0 whether ready or not (then an event says what the last
 * try was told); -1 when the tool failed, ERR_MALFORMED for a regular expression that is none. */
int ready_wait(struct boot *b, const struct ready_plan *plan, struct err *err);

/* Ask once more whether it still is, within the time of one try; what cannot be asked is ready as
 * long as it lives. 1: yes; 0: no, *ret_told (the caller frees) says what the try was told, or NULL;
 * -1 when the tool failed. The observation is left alone. */
int ready_again(struct boot *b, const struct ready_plan *plan, char **ret_told, struct err *err);

#endif
