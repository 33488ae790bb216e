/*
 * terminal.h - `assay run` at a terminal: the product gets a pseudoterminal of its own (pty(7)),
 * ours is made raw, and bytes go both ways until the product has ended.
 *
 *	terminal_init(&t)
 *	terminal_is_ours()			else nothing of this
 *	terminal_open(&t, host, uid, gid, err)	t.slave is for the plan
 *	terminal_raw(&t, err)			the product runs
 *	terminal_poll(&t, fds), poll(2), terminal_copy(&t, fds)
 *	terminal_let_go(&t)			its PID 1 has ended: what it wrote is still to come
 *	terminal_release(&t)			our terminal is what it was
 *
 * Nothing blocks, and no byte is dropped: what cannot be written yet is not followed by a read.
 * Ctrl-C and the like are bytes as all others; the product's line discipline makes signals of them.
 */
#ifndef CMD_TERMINAL_H
#define CMD_TERMINAL_H

#include "base/err.h"
#include "sandbox/host.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

#define TERMINAL_POLLS 4

/* One direction. Both descriptors are borrowed; -1: it is over. */
struct terminal_flow {
	int from, to;
	size_t at, len; /* what of bytes is still to be written */
	char bytes[16384];
};

struct terminal {
	int master, slave; /* owned; -1: no terminal */
	int screen; /* owned; -1: not opened anew */
	bool raw;
	struct termios before;
	struct terminal_flow typed, shown;
};

/* Whether somebody sits at stdin: a terminal whose foreground we are in. From the background it
 * cannot be set, and trying stops the process (tcsetattr(3), SIGTTOU). */
bool terminal_is_ours(void);

void terminal_init(struct terminal *t);
void terminal_release(struct terminal *t); /* keeps errno; may be called twice */

/* A pseudoterminal whose slave belongs to a user of the instance, with the settings and the size of
 * the terminal at stdin. ERR_IO, ERR_DENIED. */
int terminal_open(
	struct terminal *t, const struct host *host, uint32_t uid, uint32_t gid, struct err *err);

/* Make the terminal at stdin raw; again after SIGCONT. */
int terminal_raw(struct terminal *t, struct err *err);
void terminal_restore(struct terminal *t);

/* SIGWINCH: the size of ours becomes the product's, whose foreground is told by the kernel. */
void terminal_resize(const struct terminal *t);

/* What to wait for, and to do what was waited for. True when something was typed. */
void terminal_poll(const struct terminal *t, struct pollfd fds[TERMINAL_POLLS]);
bool terminal_copy(struct terminal *t, const struct pollfd fds[TERMINAL_POLLS]);

/* The signal that the product's line discipline makes of what was typed last, 0: none. */
int terminal_signal(const struct terminal *t);

bool terminal_is_hung_up(const struct terminal *t); /* nobody can type or read any more */
bool terminal_is_drained(const struct terminal *t); /* all that was written has been shown */
void terminal_let_go(struct terminal *t);

#endif
