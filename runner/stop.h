/*
 * stop.h - the stop of an instance, measured (R13).
 */
#ifndef RUNNER_STOP_H
#define RUNNER_STOP_H

#include "runner/boot.h"

/* Send the image's stop signal to PID 1 and watch until every process is gone, or the edition's
 * limit and a little more have passed; then kill. on_sent is called right behind the signal. Who
 * is alive at the limit is written down. */
int stop_run(struct boot *b, void (*on_sent)(void *arg), void *arg, struct err *err);

/* Its parts, for what is stopped without being measured (services): send the signal; and, once PID 1
 * has ended, write down that it did. */
int stop_send(struct boot *b, struct err *err);
void stop_note(struct boot *b);

#endif
