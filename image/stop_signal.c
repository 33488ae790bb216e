#include "image/stop_signal.h"

#include "base/cleanup.h"
#include "base/str.h"

#include <signal.h>
#include <strings.h>

/* The kernel's 32 and 33 belong to the C library; names count from here, as Docker's do. */
#define RT_FIRST 34
#define RT_LAST 64

/* "RTMIN", "RTMIN+3", "RTMAX-1"; 0 when it is none of these. */
static int real_time(const char *name)
{
	uint64_t n = 0;
	bool up = strncasecmp(name, "RTMIN", 5) == 0;

	if (!up && strncasecmp(name, "RTMAX", 5) != 0) {
		return 0;
	}
	name += 5;
	if (*name &&
		(*name != (up ? '+' : '-') || parse_u64(name + 1, RT_LAST - RT_FIRST, &n, NULL))) {
		return 0;
	}
	return up ? RT_FIRST + (int)n : RT_LAST - (int)n;
}

static int by_name(const char *name)
{
	static const struct {
		const char *name;
		int signal;
	} others[] = {{"CLD", SIGCHLD}, {"IOT", SIGABRT}, {"IO", SIGIO}};

	for (int i = 1; i < 32; i++) {
		const char *known = sigabbrev_np(i);

		if (known && strcasecmp(known, name) == 0) {
			return i;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		if (strcasecmp(others[i].name, name) == 0) {
			return others[i].signal;
		}
	}
	return real_time(name);
}

int stop_signal_parse(const char *text, int *ret, struct err *err)
{
	uint64_t n;
	int signal;

	if (!text || !*text) {
		*ret = SIGTERM;
		return 0;
	}
	if (parse_u64(text, RT_LAST, &n, NULL) == 0) {
		signal = (int)n;
	} else {
		signal = by_name(strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text);
	}
	if (signal == 0) {
		return err_set(err, ERR_MALFORMED, "'%s' is no signal", text);
	}
	*ret = signal;
	return 0;
}

void stop_signal_name(int signal, char text[32])
{
	const char *known = signal > 0 && signal < 32 ? sigabbrev_np(signal) : NULL;

	if (known) {
		snprintf(text, 32, "SIG%s", known);
	} else if (signal == RT_FIRST) {
		snprintf(text, 32, "SIGRTMIN");
	} else if (signal > RT_FIRST && signal <= RT_LAST) {
		snprintf(text, 32, "SIGRTMIN+%d", signal - RT_FIRST);
	} else {
		snprintf(text, 32, "signal %d", signal);
	}
}
