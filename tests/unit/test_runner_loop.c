/* The loop: events, timers, and callbacks that change what is watched. */
#include "runner/loop.h"

#include "base/sys_time.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

struct state {
	struct loop loop;
	struct loop_timer timer;
	struct loop_timer other;
	int ends[2];
	int again[2];
	int reads;
	int ticks;
	bool done;
};

static void begin(struct state *s)
{
	struct err err = {0};

	*s = (struct state){0};
	cr_assert_eq(loop_init(&s->loop, &err), 0, "%s", err.msg);
	cr_assert_eq(pipe2(s->ends, O_NONBLOCK | O_CLOEXEC), 0);
}

static bool is_done(void *arg)
{
	const struct state *s = arg;

	return s->done;
}

static uint64_t soon(void)
{
	return time_now_ns() + 5 * NS_PER_S;
}

static void on_read(void *arg)
{
	struct state *s = arg;
	char c;

	s->reads++;
	if (read(s->ends[0], &c, 1) == 1) {
		s->done = c == '!';
	}
}

Test(runner_loop, events)
{
	struct state s;

	begin(&s);
	cr_assert_eq(loop_watch(&s.loop, s.ends[0], EPOLLIN, on_read, &s, NULL), 0);
	cr_assert_eq(write(s.ends[1], "ab!", 3), 3);
	cr_assert_eq(loop_wait(&s.loop, soon(), is_done, &s, NULL), 1);
	cr_assert_eq(s.reads, 3, "level-triggered: called again while there is more");
	loop_release(&s.loop);
}

Test(runner_loop, the_deadline_ends_a_wait)
{
	struct state s;

	begin(&s);
	cr_assert_eq(loop_wait(&s.loop, time_now_ns(), is_done, &s, NULL), 0);
	cr_assert_eq(loop_wait(&s.loop, time_now_ns() + NS_PER_MS, is_done, &s, NULL), 0);
	s.done = true;
	cr_assert_eq(loop_wait(&s.loop, 0, is_done, &s, NULL), 1, "done is asked first");
	loop_release(&s.loop);
}

static void on_tick(void *arg)
{
	struct state *s = arg;

	s->done = ++s->ticks == 3;
	if (!s->done) {
		loop_timer_set(&s->loop, &s->timer, 1, on_tick, s);
	}
}

static void never(void *arg)
{
	(void)arg;
	cr_assert_fail("a cancelled timer was called");
}

Test(runner_loop, timers_set_themselves_again)
{
	struct state s;

	begin(&s);
	loop_timer_set(&s.loop, &s.timer, 0, on_tick, &s);
	loop_timer_set(&s.loop, &s.other, 0, never, &s);
	loop_timer_cancel(&s.loop, &s.other);
	loop_timer_cancel(&s.loop, &s.other);
	cr_assert_eq(loop_wait(&s.loop, soon(), is_done, &s, NULL), 1);
	cr_assert_eq(s.ticks, 3);
	loop_release(&s.loop);
}

static void unexpected(void *arg)
{
	struct state *s = arg;

	cr_assert_fail("an event of %d before was given to another", s->again[0]);
}

/* Closes the other pipe, whose event waits in the same round, and gives its number to a new one. */
static void replace(void *arg)
{
	struct state *s = arg;
	int old = s->again[0];
	char c;

	cr_assert_eq(read(s->ends[0], &c, 1), 1);
	loop_forget(&s->loop, old);
	close(old);
	close(s->again[1]);
	cr_assert_eq(pipe2(s->again, O_NONBLOCK | O_CLOEXEC), 0);
	cr_assert_eq(s->again[0], old, "the lowest free number is given out again");
	cr_assert_eq(loop_watch(&s->loop, s->again[0], EPOLLIN, unexpected, s, NULL), 0);
	loop_timer_set(&s->loop, &s->timer, 1, on_tick, s);
	s->ticks = 2;
}

Test(runner_loop, an_event_never_reaches_the_next_owner_of_its_number)
{
	struct state s;

	begin(&s);
	cr_assert_eq(pipe2(s.again, O_NONBLOCK | O_CLOEXEC), 0);
	cr_assert_eq(loop_watch(&s.loop, s.ends[0], EPOLLIN, replace, &s, NULL), 0);
	cr_assert_eq(loop_watch(&s.loop, s.again[0], EPOLLIN, unexpected, &s, NULL), 0);
	/* epoll reports in the order in which they became ready. */
	cr_assert_eq(write(s.ends[1], "x", 1), 1);
	cr_assert_eq(write(s.again[1], "x", 1), 1);
	cr_assert_eq(loop_wait(&s.loop, soon(), is_done, &s, NULL), 1);
	loop_release(&s.loop);
}

static void note_signal(int sig)
{
	loop_interrupt(sig);
}

/* A signal is kept until the loop waits, and then ends the wait at once and for good. */
Test(runner_loop, interrupted)
{
	struct state s;
	struct err err = {0};

	begin(&s);
	(void)signal(SIGTERM, note_signal);
	loop_hold_signals(true);
	cr_assert_eq(raise(SIGTERM), 0);
	cr_expect_eq(loop_interrupted(), 0);
	cr_expect_eq(loop_wait(&s.loop, soon(), is_done, &s, &err), -1);
	cr_expect_eq(loop_interrupted(), SIGTERM);
	cr_expect_eq(loop_wait(&s.loop, soon(), is_done, &s, &err), -1);
	loop_hold_signals(false);
	loop_release(&s.loop);
}
