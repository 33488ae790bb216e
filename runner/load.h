/*
 * load.h - a bounded load on an HTTP port: the same GET again and again, some at a time.
 *
 *	load_start(&load, b)			does nothing without an HTTP port
 *	load_wait(&load, err)			until enough were answered; it then goes on
 *	... the stop signal is sent under load
 *	load_stop(&load)
 */
#ifndef RUNNER_LOAD_H
#define RUNNER_LOAD_H

#include "runner/boot.h"

struct load {
	struct boot *b;
	char *path;
	uint16_t port; /* 0: there is nothing to load */
	uint64_t asked;
	uint64_t answered;
	uint64_t failed; /* no answer */
	bool stopping;
	double began_s;
	struct loop_timer pause;
};

/* The first GET of a smoke suite, else the declared readiness's, else / of the first port that
 * spoke HTTP. */
void load_start(struct load *load, struct boot *b);

/* Until some hundred requests were made or some seconds have passed; then an event says how many
 * were answered. */
int load_wait(struct load *load, struct err *err);

/* No new requests; what runs is left to end. */
void load_stop(struct load *load);
void load_release(struct load *load);

#endif
