/*
 * interrupt.h - SIGINT, SIGTERM and SIGHUP leave nothing behind: what runs is ended, the run's
 * directory removed, and assay ends by the signal, as its caller expects.
 *
 *	interrupt_begin()		handlers, unless the caller ignores the signal
 *	interrupt_workspace(w)		from here on there is something to remove
 *	loop_hold_signals(true)		from here on there are instances: runner/loop.h
 *	interrupt_end()			all is released: end by the signal, if there was one
 */
#ifndef CMD_INTERRUPT_H
#define CMD_INTERRUPT_H

#include "sandbox/workspace.h"

void interrupt_begin(void);
void interrupt_workspace(const struct workspace *w); /* borrowed; NULL: forget it */
void interrupt_end(void);

#endif
