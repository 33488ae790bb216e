#include "runner/stop.h"

#include "base/sys_time.h"
#include "image/stop_signal.h"

#include <signal.h>

enum {
	GRACE_MS = 2000, /* watched beyond the limit, to tell "too slow" from "never" */
	KILLED_MS = 10000, /* for the kernel to end what was killed */
};

/* When PID 1 of a PID namespace has ended, so has everything else in it: the kernel lets its parent
 * know of its end only then (pid_namespaces(7)). What follows is our own tidying up. */
static bool has_ended(void *arg)
{
	const struct boot *b = arg;

	return b->ended_ns != 0;
}

/* As boot_wait, but not cut short by a limit of ours: what was killed ends, too. */
static int wait_end(struct boot *b, uint64_t deadline_ns, struct err *err)
{
	return loop_wait(b->loop, deadline_ns, has_ended, b, err);
}

static void at_limit(struct boot *b)
{
	struct obs_stop *stop = &b->obs->stop;

	boot_look(b, &stop->survivors);
	observation_event(b->obs, boot_now(b), "stop-limit", "%zu processes are still there",
		stop->survivors.n);
}

static int force(struct boot *b, struct err *err)
{
	b->obs->stop.forced = true;
	observation_event(b->obs, boot_now(b), "killed", "it did not stop by itself");
	sandbox_kill(b->sb);
	return wait_end(b, time_now_ns() + KILLED_MS * NS_PER_MS, err) < 0 ? -1 : 0;
}

int stop_send(struct boot *b, struct err *err)
{
	struct obs_stop *stop = &b->obs->stop;

	/* A StopSignal that is none is judged by stop-signal; the default is tried. */
	if (stop_signal_parse(b->image->config->stop_signal, &stop->signal, NULL)) {
		stop->signal = SIGTERM;
	}
	stop->tried = true;
	stop->sent_s = boot_now(b);
	if (sandbox_signal(b->sb, stop->signal, err)) {
		return -1;
	}
	observation_event(b->obs, stop->sent_s, "stop-signal", "%d to PID 1", stop->signal);
	return 0;
}

void stop_note(struct boot *b)
{
	struct obs_stop *stop = &b->obs->stop;

	stop->gone = !b->obs->killed_by_us;
	stop->took_s = (double)(b->ended_ns - b->started_ns) / 1e9 - stop->sent_s;
	observation_event(
		b->obs, stop->sent_s + stop->took_s, "stopped", "after %.3f s", stop->took_s);
}

int stop_run(struct boot *b, void (*on_sent)(void *arg), void *arg, struct err *err)
{
	uint64_t limit_ms = b->options->edition->stop_limit_ms;
	uint64_t sent_ns;
	int rc;

	/* It may have ended this moment, which the loop has yet to hear of: then it was not
	 * stopped. */
	if (sandbox_exit_status(b->sb).ended) {
		return boot_wait(b, KILLED_MS, NULL, NULL, err) < 0 ? -1 : 0;
	}
	b->obs->stop.limit_s = (double)(limit_ms + GRACE_MS) / 1e3;
	sent_ns = time_now_ns();
	if (stop_send(b, err)) {
		return -1;
	}
	on_sent(arg);
	rc = wait_end(b, sent_ns + limit_ms * NS_PER_MS, err);
	if (rc == 0) {
		at_limit(b);
		rc = wait_end(b, sent_ns + (limit_ms + GRACE_MS) * NS_PER_MS, err);
	}
	if (rc < 0) {
		return -1;
	}
	if (rc == 0) {
		return force(b, err);
	}
	stop_note(b);
	return 0;
}
