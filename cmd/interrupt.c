#include "cmd/interrupt.h"

#include "runner/loop.h"

#include <signal.h>
#include <stddef.h>

static const struct workspace *volatile workspace;

/* The next one meets the default action. */
static void on_signal(int sig)
{
	if (loop_holds_signals()) {
		loop_interrupt(sig); /* reached only from inside the loop's wait */
		return;
	}
	if (workspace) {
		workspace_vanish(workspace);
	}
	(void)raise(sig);
}

void interrupt_begin(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction act = {
		.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND | SA_NODEFER};
	struct sigaction old;

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		/* nohup(1) and shells' background jobs ignore some, and so do we */
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN) {
			(void)sigaction(signals[i], &act, NULL);
		}
	}
}

void interrupt_workspace(const struct workspace *w)
{
	workspace = w;
}

void interrupt_end(void)
{
	workspace = NULL;
	loop_hold_signals(false);
	if (loop_interrupted()) {
		(void)signal(loop_interrupted(), SIG_DFL);
		(void)raise(loop_interrupted());
	}
}
