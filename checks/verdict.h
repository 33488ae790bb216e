/*
 * verdict.h - the rules by which findings become verdicts. Pure, without any check or image.
 */
#ifndef CHECKS_VERDICT_H
#define CHECKS_VERDICT_H

#include "checks/outcome.h"

/* The fingerprint of a finding: SHA-256 in hex over check id, task id (or "") and subject, with a
 * NUL after each. The wording of messages has no part in it. The caller frees. */
char *finding_fingerprint(const char *check, const char *task, const char *subject);

/* Move what out said into ret (check and task set, the rest zero): fingerprints, waivers in force
 * today ("2026-11-23"), verdict, summary. error: what .run or the sandbox failed with, code
 * ERR_NONE when neither did. dropped: places that were seen but not kept for .run to judge. */
void verdict_derive(struct outcome *out, const struct err *error, size_t dropped,
	const struct policy *policy, const char *today, struct check_result *ret);

/* requirements, verdict and complete from the checks, which stand in the order of requirements. */
void result_derive(struct result *result);

#endif
