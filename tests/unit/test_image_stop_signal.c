#include "image/stop_signal.h"

#include "base/cleanup.h"

#include <criterion/criterion.h>
#include <signal.h>

/* Docker's signal.ParseSignal. */
Test(image_stop_signal, reads_what_docker_reads)
{
	static const struct {
		const char *text;
		int signal; /* 0: none */
		const char *name;
	} rows[] = {
		{NULL, SIGTERM, "SIGTERM"},
		{"", SIGTERM, "SIGTERM"},
		{"SIGTERM", 15, "SIGTERM"},
		{"TERM", 15, "SIGTERM"},
		{"term", 15, "SIGTERM"},
		{"sigquit", 3, "SIGQUIT"},
		{"15", 15, "SIGTERM"},
		{"9", 9, "SIGKILL"},
		{"SIGWINCH", 28, "SIGWINCH"},
		{"SIGRTMIN+3", 37, "SIGRTMIN+3"},
		{"RTMIN", 34, "SIGRTMIN"},
		{"SIGRTMAX", 64, "SIGRTMIN+30"},
		{"SIGRTMAX-1", 63, "SIGRTMIN+29"},
		{"SIGCLD", 17, "SIGCHLD"},
		{"64", 64, "SIGRTMIN+30"},
		{"65", 0, NULL},
		{"0", 0, NULL},
		{"-15", 0, NULL},
		{"SIG", 0, NULL},
		{"SIGNONE", 0, NULL},
		{"SIGRTMIN+31", 0, NULL},
		{"SIGRTMIN-1", 0, NULL},
		{"SIGRTMAX+1", 0, NULL},
		{"RTMIN+", 0, NULL},
		{"SIGTERM ", 0, NULL},
		{"99999999999999999999", 0, NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = {0};
		char name[32];
		int signal = 0;

		cr_assert_eq(stop_signal_parse(rows[i].text, &signal, &err),
			rows[i].signal ? 0 : -1, "%s", rows[i].text);
		cr_assert_eq(signal, rows[i].signal, "%s is %d", rows[i].text, signal);
		if (rows[i].signal) {
			stop_signal_name(signal, name);
			cr_assert_str_eq(name, rows[i].name);
		} else {
			cr_assert_eq(err.code, ERR_MALFORMED);
		}
	}
}
