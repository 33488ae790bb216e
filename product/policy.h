/*
 * policy.h - the operator's choices: limits with their defaults, waivers. --policy FILE, JSON.
 *
 *	{"limits": {"boot_s": 120, ...},
 *	 "read_only": false,
 *	 "skip": ["telemetry"],
 *	 "waivers": [{"check": "log-paths", "subject": "/var/log/app.log", "why": "...",
 *	              "who": "...", "until": "2026-12-31"}]}
 *
 * A policy is the operator's own: anything wrong in it is ERR_USAGE (exit 64), unknown members too.
 */
#ifndef PRODUCT_POLICY_H
#define PRODUCT_POLICY_H

#include "base/cleanup.h"
#include "base/json.h"

#include <stdint.h>

struct waiver {
	char *check;
	char *subject; /* NULL: every finding of the check */
	char *fingerprint; /* NULL: not looked at */
	char *why;
	char *who;
	char *until; /* "2026-12-31", inclusive, UTC; NULL: no end */
};

/* Times in seconds, memory in MiB unless named otherwise. */
struct limits {
	uint64_t boot_s; /* ready within; default 120 */
	uint64_t rest_ms; /* observed at rest after ready; default 1500 */
	uint64_t alive_s; /* without any readiness to test: alive this long; default 5 */
	uint64_t run_s; /* everything about one instance; default 600 */
	uint64_t step_s; /* one smoke step; default 30 */
	uint64_t pids; /* default 512 */
	uint64_t cpus; /* default 2 */
	uint64_t disk_mib; /* written by one instance; default 2048 */
	uint64_t files; /* made by one instance; default 200000 */
	uint64_t log_kib; /* of output kept, head and tail each; default 512 */
	uint64_t service_memory; /* default 512 */
	uint64_t default_memory; /* for assay run, and where none is declared; default 1024 */
	uint64_t document_mib; /* these as in image/limits.h, which has the reasons */
	uint64_t manifests;
	uint64_t members;
	uint64_t layer_mib;
	uint64_t entries;
	uint64_t text_mib;
	uint64_t zstd_window_mib;
	uint64_t spool_mib;
	uint64_t store_mib;
	uint64_t facts_mib;
};

struct policy {
	struct limits limits;
	bool read_only; /* products run with a read-only root, as under docker run --read-only */
	struct strv skip;
	JF_ARRAY_OF(struct waiver) waivers;
};

void policy_init(struct policy *ret); /* the defaults */
int policy_load(const char *file, struct policy *ret, struct err *err);
void policy_release(struct policy *policy);

/* The limits as an object {"boot_s": 120, ...}, for reports; the caller owns it. */
json_t *limits_json(const struct limits *limits);

/* The waiver in force today ("2026-11-23") that covers this finding, or NULL. */
const struct waiver *policy_waiver(const struct policy *policy, const char *check,
	const char *subject, const char *fingerprint, const char *today);

#endif
