/* Can the signal that asks the product to stop be caught, and will it get where it should? */
#include "checks/check.h"
#include "checks/shell_line.h"

#include "base/alloc.h"
#include "base/str.h"
#include "image/stop_signal.h"

#include <signal.h>

/* The signal's name into text when it is a good one. */
static bool judge_signal(const char *text, char name[32], struct outcome *out)
{
	struct err why;
	int signal;

	if (stop_signal_parse(text, &signal, &why)) {
		outcome_fail(out, "StopSignal", json_pack("{s:o}", "StopSignal", json_text(text)),
			"StopSignal %s", why.msg);
		return false;
	}
	stop_signal_name(signal, name);
	if (signal == SIGKILL || signal == SIGSTOP) {
		outcome_fail(out, "StopSignal",
			json_pack("{s:o,s:s}", "StopSignal", json_text(text), "signal", name),
			"StopSignal is %s, which no process can catch: it is never asked to stop",
			name);
		return false;
	}
	outcome_evidence(out, json_pack("{s:o,s:s,s:b}", "StopSignal", json_text(text), "signal",
				      name, "default", !text || !*text));
	return true;
}

/* A shell waits for its child and keeps the signal to itself; exec puts the child in its place. */
static bool judge_command(const struct strv *command, struct outcome *out)
{
	AUTO(shell_line) struct shell_line line;
	json_t *evidence;

	shell_line_read(command, &line);
	if (!line.line) {
		outcome_evidence(out,
			json_pack("{s:o,s:b}", "command", json_strv(command), "shell_form", false));
		return true;
	}
	evidence = json_pack("{s:o,s:b,s:o,s:b,s:b}", "command", json_strv(command), "shell_form",
		true, "last_command", json_text(line.last), "exec", line.exec, "traps", line.traps);
	if (line.exec || line.traps) {
		outcome_evidence(out, evidence);
		return true;
	}
	if (line.alone) {
		outcome_warn(out, "shell form", evidence,
			"the command is run by a shell without exec: only some shells pass the "
			"stop signal on to '%.200s'",
			line.last);
	} else {
		outcome_warn(out, "shell form", evidence,
			"the last command of the shell line, '%.200s', is not started by exec: the "
			"shell stays PID 1 and does not pass the stop signal on",
			line.last);
	}
	return false;
}

/* What the tasks start, each command once; without tasks, what the image starts by itself. */
static bool judge_commands(const struct check_context *ctx, struct outcome *out)
{
	const struct image_config *config = ctx->image->config;
	size_t n_tasks = ctx->product ? ctx->product->n_tasks : 0;
	AUTO(strv) struct strv seen = {0};
	bool good = true;

	for (size_t i = n_tasks > 0; i <= n_tasks; i++) {
		AUTO(strv) struct strv command = {0};
		auto_free char *text = NULL;

		task_command(config, i > 0 ? &ctx->product->tasks[i - 1].options : NULL, &command);
		text = strv_join(&command, "\n");
		if (command.n > 0 && !strv_has(&seen, text)) {
			strv_add(&seen, text);
			good = judge_command(&command, out) && good;
		}
	}
	return good;
}

static int run(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	const char *text = ctx->image->config->stop_signal;
	char name[32];
	bool good;

	(void)err;
	good = judge_signal(text, name, out);
	if (judge_commands(ctx, out) && good) {
		outcome_summary(out, "%s%s", name, text && *text ? "" : ", the default");
	}
	return 0;
}

const struct check check_stop_signal = {
	.id = "stop-signal",
	.requirement = "R13",
	.title = "StopSignal is a signal that can be caught, and the entry passes it on",
	.reason = "at shutdown this signal goes to PID 1; if it cannot be caught, or a shell keeps "
		  "it to itself, the product is killed in the middle of its work",
	.remedy =
		"leave StopSignal out (SIGTERM) or name one that the product handles; use the exec "
		"form (ENTRYPOINT [\"server\"]), or begin the last command of the shell line with "
		"exec",
	.stage = STAGE_STATIC,
	.needs = NEEDS_CONFIG | NEEDS_EXECUTABLE,
	.run = run,
};
