/*
 * probe.h - what each TCP port of an instance says, asked from outside (R09).
 *
 * Every declared (else exposed) port and every other one that somebody listens on is sent a plain
 * GET /; one that redirects to https is asked for a page that cannot exist and with
 * X-Forwarded-Proto; one that does not answer in HTTP is sent a TLS ClientHello. All ports at the
 * same time.
 */
#ifndef RUNNER_PROBE_H
#define RUNNER_PROBE_H

#include "runner/boot.h"

/* Fills the observation's ports, declared ones first. */
int probe_run(struct boot *b, struct err *err);

/* Only what the kernel says: which ports are listened on, and where. For a product that is not
 * ready. */
void probe_listeners(struct boot *b);

#endif
