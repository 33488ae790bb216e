#include "runner/loop.h"

#include "base/alloc.h"
#include "base/sys_time.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>

enum { EVENTS_AT_ONCE = 32 };

static volatile sig_atomic_t interrupted;
static volatile sig_atomic_t held;
static sigset_t outside; /* the mask while signals are not held */

void loop_hold_signals(bool on)
{
	sigset_t set;

	if (on && !held) {
		sigemptyset(&set);
		sigaddset(&set, SIGINT);
		sigaddset(&set, SIGTERM);
		sigaddset(&set, SIGHUP);
		(void)sigprocmask(SIG_BLOCK, &set, &outside);
		held = 1;
	} else if (!on && held) {
		held = 0; /* what is pending comes at once, and is not the loop's */
		(void)sigprocmask(SIG_SETMASK, &outside, NULL);
	}
}

bool loop_holds_signals(void)
{
	return held;
}

void loop_interrupt(int signal)
{
	interrupted = signal;
}

int loop_interrupted(void)
{
	return interrupted;
}

int loop_init(struct loop *loop, struct err *err)
{
	*loop = (struct loop){.epoll = epoll_create1(EPOLL_CLOEXEC)};
	return loop->epoll < 0 ? err_sys(err, "epoll_create1") : 0;
}

void loop_release(struct loop *loop)
{
	cleanup_fd(&loop->epoll);
	free(loop->sources.v);
	*loop = (struct loop){.epoll = -1};
}

static struct loop_source *source_of(struct loop *loop, int fd)
{
	for (size_t i = 0; i < loop->sources.n; i++) {
		if (loop->sources.v[i].fd == fd) {
			return &loop->sources.v[i];
		}
	}
	return NULL;
}

int loop_watch(struct loop *loop, int fd, uint32_t events, loop_fn fn, void *arg, struct err *err)
{
	struct loop_source *known = source_of(loop, fd);
	struct loop_source *source = known ? known : source_of(loop, -1);
	uint32_t turn = known ? known->turn : ++loop->turns;
	struct epoll_event event = {.events = events};

	event.data.u64 = (uint64_t)turn << 32 | (uint32_t)fd;
	if (epoll_ctl(loop->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event)) {
		return err_sys(err, "epoll_ctl");
	}
	if (!source) {
		source = ARRAY_PUSH(&loop->sources);
	}
	*source = (struct loop_source){.fd = fd, .turn = turn, .fn = fn, .arg = arg};
	return 0;
}

void loop_forget(struct loop *loop, int fd)
{
	struct loop_source *source = fd < 0 ? NULL : source_of(loop, fd);

	if (source) {
		(void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, NULL);
		source->fd = -1;
	}
}

void loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
	for (struct loop_timer **at = &loop->timers; *at; at = &(*at)->next) {
		if (*at == timer) {
			*at = timer->next;
			break;
		}
	}
	*timer = (struct loop_timer){0};
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t ms, loop_fn fn, void *arg)
{
	loop_timer_cancel(loop, timer);
	*timer = (struct loop_timer){
		.at_ns = time_now_ns() + ms * NS_PER_MS,
		.fn = fn,
		.arg = arg,
		.next = loop->timers,
	};
	loop->timers = timer;
}

static uint64_t next_deadline(const struct loop *loop, uint64_t deadline_ns)
{
	for (const struct loop_timer *t = loop->timers; t; t = t->next) {
		deadline_ns = t->at_ns < deadline_ns ? t->at_ns : deadline_ns;
	}
	return deadline_ns;
}

/* One timer at a time, looked up anew: a callback may change the list as it likes. A timer that a
 * callback sets for now is left to the next round, so that none can keep us here. */
static void fire_timers(struct loop *loop)
{
	uint64_t now = time_now_ns();

	for (struct loop_timer *t = loop->timers; t;) {
		loop_fn fn = t->fn;
		void *arg = t->arg;

		if (t->at_ns > now) {
			t = t->next;
			continue;
		}
		loop_timer_cancel(loop, t);
		fn(arg);
		t = loop->timers;
	}
}

static int dispatch(struct loop *loop, int ms, const sigset_t *mask, struct err *err)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	int n = epoll_pwait(loop->epoll, events, EVENTS_AT_ONCE, ms, mask);

	if (n < 0 && errno != EINTR) {
		return err_sys(err, "epoll_pwait");
	}
	for (int i = 0; i < n; i++) {
		/* An earlier callback of this round may have forgotten it, and the number may be
		 * another's by now. */
		struct loop_source *source = source_of(loop, (int)(uint32_t)events[i].data.u64);

		if (source && source->turn == events[i].data.u64 >> 32) {
			source->fn(source->arg);
		}
	}
	fire_timers(loop);
	return 0;
}

int loop_timeout(const struct loop *loop)
{
	return loop->timers ? time_left_ms(next_deadline(loop, UINT64_MAX)) : -1;
}

int loop_turn(struct loop *loop, struct err *err)
{
	return dispatch(loop, 0, NULL, err);
}

int loop_wait(struct loop *loop, uint64_t deadline_ns, bool (*done)(void *arg), void *arg,
	struct err *err)
{
	for (;;) {
		if (done(arg)) {
			return 1;
		}
		if (interrupted) {
			return err_set(err, ERR_IO, "interrupted by a signal");
		}
		if (time_now_ns() >= deadline_ns) {
			return 0;
		}
		if (dispatch(loop, time_left_ms(next_deadline(loop, deadline_ns)),
			    held ? &outside : NULL, err)) {
			return -1;
		}
	}
}
