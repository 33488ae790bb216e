#include "runner/stop.h"

#include "base/str.h"
#include "base/sys_time.h"
#include "runner/procs.h"

#include <signal.h>
#include <string.h>
#include <strings.h>

enum {
	GRACE_MS = 2000, /* watched beyond the limit, to tell "too slow" from "never" */
	KILLED_MS = 10000, /* for the kernel to end what was killed */
};

static int signal_number(const char *text)
{
	uint64_t number;

	if (parse_u64(text, (uint64_t)SIGRTMAX, &number, NULL)) {
		return -1;
	}
	return number ? (int)number : -1;
}

/* "RTMIN", "RTMIN+3", "RTMAX-2" */
static int realtime_signal(const char *name)
{
	bool min = strncasecmp(name, "RTMIN", 5) == 0;
	uint64_t offset = 0;

	if (!min && strncasecmp(name, "RTMAX", 5) != 0) {
		return -1;
	}
	if (name[5] &&
		(name[5] != (min ? '+' : '-') ||
			parse_u64(name + 6, (uint64_t)(SIGRTMAX - SIGRTMIN), &offset, NULL))) {
		return -1;
	}
	return min ? SIGRTMIN + (int)offset : SIGRTMAX - (int)offset;
}

int stop_signal(const char *text)
{
	if (!text || !*text) {
		return SIGTERM;
	}
	if (*text >= '0' && *text <= '9') {
		return signal_number(text);
	}
	if (strncasecmp(text, "SIG", 3) == 0) {
		text += 3;
	}
	for (int i = 1; i < SIGRTMIN; i++) {
		const char *name = sigabbrev_np(i);

		if (name && strcasecmp(name, text) == 0) {
			return i;
		}
	}
	return realtime_signal(text);
}

static bool is_gone(void *arg)
{
	const struct boot *b = arg;

	return b->gone_ns != 0;
}

/* As boot_wait, but until everything is gone, not only PID 1. */
static int wait_gone(struct boot *b, uint64_t deadline_ns, struct err *err)
{
	return loop_wait(&b->loop, deadline_ns, is_gone, b, err);
}

static void at_limit(struct boot *b)
{
	struct obs_stop *stop = &b->obs->stop;

	(void)procs_look(b->sb, &stop->survivors, NULL);
	observation_event(b->obs, boot_now(b), "stop-limit", "%zu processes are still there",
		stop->survivors.n);
}

static int force(struct boot *b, struct err *err)
{
	b->obs->stop.forced = true;
	observation_event(b->obs, boot_now(b), "killed", "it did not stop by itself");
	sandbox_kill(b->sb);
	return wait_gone(b, time_now_ns() + KILLED_MS * NS_PER_MS, err) < 0 ? -1 : 0;
}

int stop_run(struct boot *b, void (*on_sent)(void *arg), void *arg, struct err *err)
{
	struct obs_stop *stop = &b->obs->stop;
	uint64_t limit_ms = b->options->edition->stop_limit_ms;
	int signal = stop_signal(b->options->image->config->stop_signal);
	uint64_t sent_ns;
	int rc;

	/* It may have ended this moment, which the loop has yet to hear of: then it was not stopped. */
	if (sandbox_exit_status(b->sb).ended) {
		return boot_wait(b, KILLED_MS, NULL, NULL, err) < 0 ? -1 : 0;
	}
	/* What cannot be sent is judged by stop-signal; the stop itself is tried with the default. */
	stop->signal = signal > 0 ? signal : SIGTERM;
	stop->limit_s = (double)(limit_ms + GRACE_MS) / 1e3;
	stop->tried = true;
	stop->sent_s = boot_now(b);
	sent_ns = time_now_ns();
	if (sandbox_signal(b->sb, stop->signal, err)) {
		return -1;
	}
	observation_event(b->obs, stop->sent_s, "stop-signal", "%d to PID 1", stop->signal);
	on_sent(arg);
	rc = wait_gone(b, sent_ns + limit_ms * NS_PER_MS, err);
	if (rc == 0) {
		at_limit(b);
		rc = wait_gone(b, sent_ns + (limit_ms + GRACE_MS) * NS_PER_MS, err);
	}
	if (rc < 0) {
		return -1;
	}
	if (rc == 0) {
		return force(b, err);
	}
	stop->gone = !b->obs->killed_by_us;
	stop->took_s = (double)(b->gone_ns - sent_ns) / 1e9;
	observation_event(b->obs, boot_now(b), "stopped", "after %.3f s", stop->took_s);
	return 0;
}
