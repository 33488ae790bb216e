/*
 * refused.h - what the seccomp rules refuse is refused by the keeper, which counts it.
 *
 *	assay		refused_new(), before the keeper is cloned; reads by sandbox_refused()
 *	child, command	refused_load(): the filter, whose listener goes to the keeper by a socket
 *	keeper		refused_receive() a listener, refused_answer() what it tells
 *
 * Calls that would get EPERM are notifications (seccomp_unotify(2)), and EPERM is the only answer: it
 * depends on nothing that the caller could change meanwhile, and nothing is ever let through. The
 * keeper does little else, so the caller waits for microseconds. When the keeper ends, so does all
 * that could wait for it. A process can have one listener: a product that loads one of its own (which
 * Docker lets it) cannot be watched, and is ended, to be started anew without.
 *
 * Counts lie in memory that assay and the keeper share, of a fixed size: REFUSED_ROWS different ones
 * with the process that called, and beyond these one for each call there is.
 */
#ifndef SANDBOX_REFUSED_H
#define SANDBOX_REFUSED_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spec;
struct refused;
struct sandbox_refused;

/* Zeroed, shared with children. */
int refused_new(struct refused **ret, struct err *err);
void refused_free(struct refused *r);

/* In the child, and in commands: load the filter of s; 0, or -1 with errno. tell is the socket to the
 * keeper, -1 for a filter that only refuses, which is also what is loaded where a listener cannot be
 * had. No allocation. */
int refused_load(const struct spec *s, int tell);

/* In the keeper. A listener that came by the socket, or -1. */
int refused_receive(int socket);
/* Answer one notification, if there is one. false: it is for a listener of the product's own, has
 * no answer, and the product is to be ended. */
bool refused_answer(struct refused *r, int listener);

/* In assay: 0: they are watched; else the errno that kept us from it. */
int refused_error(const struct refused *r);
bool refused_own_listener(const struct refused *r);
/* The i-th, in the order in which they were first seen; false: there are no more. */
bool refused_row(const struct refused *r, size_t i, struct sandbox_refused *ret);

#endif
