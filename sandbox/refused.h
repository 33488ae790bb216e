/*
 * refused.h - what the seccomp rules refuse is refused by the keeper, which counts it.
 *
 *	assay		refused_new(), before the keeper is cloned; reads by sandbox_refused()
 *	child, command	refused_load(): the filter, whose listener goes to the keeper by a socket
 *	keeper		refused_receive() a listener, and a process for each: refused_answer_all()
 *
 * Calls that would get EPERM are notifications (seccomp_unotify(2)), and EPERM is the only answer: it
 * depends on nothing that the caller could change meanwhile, and nothing is ever let through. Who
 * answers does nothing else, so the caller waits for microseconds; when the keeper ends, so does all
 * that could wait for it. A signal may take the question back before it was read: since somebody
 * always waits in the call that reads it, at least that there was one is known, and counted. A
 * process can have one listener: a product that loads one of its own (which Docker lets it) cannot
 * be watched, and is ended, to be started anew without.
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
/* In a process of its own below the keeper: answer what the listener tells, until nobody is left who
 * could ask. Who wants a listener of the product's own gets no answer: child (PID 1) is killed. */
_Noreturn void refused_answer_all(struct refused *r, int listener, int child);
/* In the keeper: end that process, which is not counting anything meanwhile. */
void refused_end(struct refused *r, int process);
/* Whether nobody is left who could ask. */
bool refused_is_over(int listener);

/* In assay: 0: they are watched; else the errno that kept us from it. */
int refused_error(const struct refused *r);
bool refused_own_listener(const struct refused *r);
/* Questions that were taken back before they could be read: nobody knows of which call. */
uint64_t refused_missed(const struct refused *r);
/* The i-th, in the order in which they were first seen; false: there are no more. */
bool refused_row(const struct refused *r, size_t i, struct sandbox_refused *ret);

#endif
