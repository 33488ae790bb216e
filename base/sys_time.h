/*
 * sys_time.h - monotonic time for deadlines, wall time for reports.
 */
#ifndef BASE_SYS_TIME_H
#define BASE_SYS_TIME_H

#include <stdint.h>

#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t time_now_ns(void);

/* Milliseconds from now to a deadline of time_now_ns(), rounded up, 0 when it has passed, at most
 * an hour: for poll(2) and its like. */
int time_left_ms(uint64_t deadline_ns);

/* "2026-01-31T12:00:00Z" (RFC 3339) into text; SOURCE_DATE_EPOCH in the environment wins over the
 * clock (reproducible-builds.org/specs/source-date-epoch). */
void time_rfc3339(char text[32]);

#endif
