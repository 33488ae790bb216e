/*
 * violations.h - an image's violations of one kind as findings: for the checks that do little else.
 */
#ifndef CHECKS_VIOLATIONS_H
#define CHECKS_VIOLATIONS_H

#include "checks/check.h"

/* Each becomes a finding with subject "<file>#<pointer>" and evidence {"file", "pointer"}. Returns
 * how many there were, warnings included. */
size_t violations_report(const struct image *image, enum violation_kind kind, struct outcome *out);

/* {"index", "digest", "size", "diff_id", "tar_size", "entries", "media_type"} of layer i. */
json_t *layer_evidence(const struct image *image, size_t i);

#endif
