/*
 * logline.h - does a line of a file look like one of a log? Pure.
 *
 * It begins with a moment: ISO 8601 (also inside brackets or JSON), syslog (RFC 3164), the Common
 * Log Format's, seconds of the epoch; or a level word stands at its beginning.
 */
#ifndef RUNNER_LOGLINE_H
#define RUNNER_LOGLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool logline_timestamped(const char *line, size_t len);

/* Count the lines of a piece of a file (not empty ones, text only) and those that are timestamped.
 * Binary content (a NUL byte) counts nothing. The first timestamped one is copied to *ret_first,
 * which the caller frees, when that is NULL. */
void logline_count(
	const char *text, size_t len, uint64_t *lines, uint64_t *timestamped, char **ret_first);

#endif
