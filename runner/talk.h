/*
 * talk.h - one short TCP conversation with an instance: connect, say something, hear what comes
 * back. For readiness (connect only) and for probing ports, where an HTTP library would refuse what
 * is not HTTP.
 *
 *	talk_start(&talk, loop, world, &(struct talk_request){...}, on_end, arg)
 */
#ifndef RUNNER_TALK_H
#define RUNNER_TALK_H

#include "base/buf.h"
#include "base/err.h"
#include "runner/loop.h"
#include "sandbox/world.h"

#include <stdbool.h>
#include <stdint.h>

/* What of an answer is kept. */
#define TALK_ANSWER_MAX 16384

struct talk_request {
	const char *address; /* IPv4 */
	uint16_t port;
	const void *bytes; /* to send, borrowed until the end; NULL: only connect */
	size_t len;
	uint64_t connect_ms;
	uint64_t answer_ms; /* from the connection to the last byte waited for */
	/* Optional: whether what came is enough; without it the peer's close or the time ends. */
	bool (*enough)(const char *bytes, size_t len);
};

enum talk_state { TALK_IDLE, TALK_CONNECTING, TALK_TALKING, TALK_ENDED };

struct talk {
	enum talk_state state;
	bool connected;
	int error; /* errno of a failed connect */
	struct buf answer;
	struct talk_request request;
	size_t sent;
	int fd;
	struct loop *loop;
	struct loop_timer timer;
	loop_fn on_end;
	void *arg;
};

/* on_end is called once from the loop. -1 when there is no socket to be had: then it is not called.
 * talk_release ends it at any time without a call. A talk may be started again after its end. */
int talk_start(struct talk *t, struct loop *loop, const struct world *world,
	const struct talk_request *request, loop_fn on_end, void *arg, struct err *err);
void talk_release(struct talk *t);

#endif
