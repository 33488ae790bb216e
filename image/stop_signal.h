/*
 * stop_signal.h - StopSignal of a config, as Docker reads it: "SIGTERM", "TERM", "SIGRTMIN+3",
 * "15".
 */
#ifndef IMAGE_STOP_SIGNAL_H
#define IMAGE_STOP_SIGNAL_H

#include "base/err.h"

/* The signal's number, 1 to 64; SIGTERM for NULL and "". Pure. ERR_MALFORMED when it is no
 * signal of Linux. Whether the signal can be caught is not looked at. */
int stop_signal_parse(const char *text, int *ret, struct err *err);

/* "SIGTERM", "SIGRTMIN+3" into text. */
void stop_signal_name(int signal, char text[32]);

#endif
