/*
 * seen.h - how dynamic checks put what was observed into words and evidence.
 */
#ifndef CHECKS_SEEN_H
#define CHECKS_SEEN_H

#include "base/json.h"
#include "checks/observation.h"

/* "SIGTERM", "signal 34"; the caller frees. */
char *seen_signal(int signal);

/* "exit code 3", "SIGKILL"; the caller frees. */
char *seen_exit(const struct obs_exit *exit);

/* The last lines of both streams, at most max each, long ones cut:
 * {"stdout": [...], "stderr": [...]} */
json_t *seen_last_lines(const struct task_observation *t, size_t max);

/* The very last line it said, of stderr if that said anything; "" when it said nothing. The caller
 * frees. */
char *seen_last_line(const struct task_observation *t);

/* The last lines it said, at most max, of stderr if that said anything, as "'one', 'two'"; "" when
 * it said nothing. The caller frees. */
char *seen_last_words(const struct task_observation *t, size_t max);

/* Counts and the first and last lines of a stream. */
json_t *seen_stream(const struct obs_stream *stream);

/* [{"t_s", "event", "detail"}] */
json_t *seen_timeline(const struct task_observation *t);

/* The detail of the first such event, or NULL. */
const char *seen_event(const struct task_observation *t, const char *event);

/* Whether the kept output of either stream holds this text, whatever its case. */
bool seen_says(const struct task_observation *t, const char *text);

/* How much of the product's time was cut short: why nothing more can be told, or NULL. "it ended by
 * itself (exit code 1) after 3.20 s"; the caller frees. */
char *seen_cut_short(const struct task_observation *t);

/* Seconds with millisecond precision, so that reports do not show noise. */
json_t *seen_seconds(double s);

#endif
