#include "base/sys_time.h"

#include "base/str.h"

#include <stdlib.h>
#include <time.h>

uint64_t time_now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

int time_left_ms(uint64_t deadline_ns)
{
	uint64_t now = time_now_ns();
	uint64_t left = deadline_ns > now ? (deadline_ns - now + NS_PER_MS - 1) / NS_PER_MS : 0;

	return left > 3600000 ? 3600000 : (int)left;
}

void time_rfc3339(char text[32])
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	uint64_t fixed;
	time_t now = time(NULL);
	struct tm tm;

	if (epoch && !parse_u64(epoch, UINT64_C(253402300799), &fixed, NULL)) {
		now = (time_t)fixed;
	}
	(void)gmtime_r(&now, &tm);
	(void)strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}
