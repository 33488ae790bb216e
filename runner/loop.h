/*
 * loop.h - one epoll loop for everything that an instance makes us wait for: its output, its end,
 * sockets, timers.
 *
 *	struct loop loop;
 *	loop_init(&loop, err)
 *	loop_watch(&loop, fd, EPOLLIN, on_output, state, err)
 *	loop_timer_set(&loop, &timer, 100, on_tick, state)
 *	loop_wait(&loop, deadline_ns, is_done, state, err)
 *
 * Callbacks only note what happened; who waits decides. They may add and forget descriptors and
 * timers, their own too, but may not call loop_wait. Single-threaded.
 */
#ifndef RUNNER_LOOP_H
#define RUNNER_LOOP_H

#include "base/cleanup.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void (*loop_fn)(void *arg);

struct loop_source {
	int fd; /* -1: a free slot */
	uint32_t turn; /* tells an event for an earlier user of the same fd number apart */
	loop_fn fn;
	void *arg;
};

/* Embedded where it is used; zeroed, it is off. It must be cancelled before its memory goes. */
struct loop_timer {
	uint64_t at_ns; /* 0: off */
	loop_fn fn;
	void *arg;
	struct loop_timer *next;
};

struct loop {
	int epoll;
	uint32_t turns;
	struct {
		struct loop_source *v;
		size_t n, cap;
	} sources;
	struct loop_timer *timers; /* in no order: there are few */
};

int loop_init(struct loop *loop, struct err *err);
void loop_release(struct loop *loop); /* the descriptors watched stay open */

/* Call fn while fd has events (EPOLLIN, EPOLLOUT, also on error and hang-up), level-triggered. A
 * second call for the same fd changes the events and the callback. */
int loop_watch(struct loop *loop, int fd, uint32_t events, loop_fn fn, void *arg, struct err *err);
void loop_forget(struct loop *loop, int fd); /* before close; -1 and unknown ones are accepted */

/* Call fn once in that many milliseconds; setting again moves it. */
void loop_timer_set(
	struct loop *loop, struct loop_timer *timer, uint64_t ms, loop_fn fn, void *arg);
void loop_timer_cancel(struct loop *loop, struct loop_timer *timer);

/* Dispatch until done(arg) or the deadline (of time_now_ns()). Returns 1 when done, 0 at the
 * deadline, -1 with err when epoll fails. done is asked before the first wait, too. */
int loop_wait(struct loop *loop, uint64_t deadline_ns, bool (*done)(void *arg), void *arg,
	struct err *err);

/* For who waits elsewhere, on loop->epoll, at most loop_timeout() ms (-1: for good): dispatch what is
 * due, without waiting and without letting signals in. */
int loop_timeout(const struct loop *loop);
int loop_turn(struct loop *loop, struct err *err);

/* Signals that end the program are blocked while an instance runs, but for the time that the loop
 * waits. Their handler calls loop_interrupt(), and from then on loop_wait() fails at once, so that
 * whoever holds an instance ends it. */
void loop_hold_signals(bool on);
bool loop_holds_signals(void);
void loop_interrupt(int signal);
int loop_interrupted(void); /* the signal, 0: none */

#endif
