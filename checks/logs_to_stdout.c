/* Does it say anything where a platform listens, or does it talk elsewhere instead? */
#include "checks/logfile.h"
#include "checks/seen.h"

#include "checks/check.h"

#include "base/alloc.h"

static json_t *describe(const struct task_observation *t)
{
	return json_pack("{s:o, s:o, s:I, s:I, s:o}", "stdout", seen_stream(&t->out), "stderr",
		seen_stream(&t->err), "bytes_when_ready", (json_int_t)t->log_bytes_at_ready,
		"syslog_datagrams", (json_int_t)t->syslog_datagrams, "syslog_first",
		json_text(t->syslog_first));
}

static const struct obs_file *first_log(const struct task_observation *t)
{
	bool by_name;

	for (size_t i = 0; i < t->files.n; i++) {
		if (logfile_kind(&t->files.v[i], &by_name) == LOGFILE_LOG) {
			return &t->files.v[i];
		}
	}
	return NULL;
}

static void judge_silence(const struct task_observation *t, struct outcome *out)
{
	const struct obs_file *log = first_log(t);

	if (t->syslog_datagrams) {
		outcome_fail(out, "syslog", describe(t),
			"it says nothing on stdout and stderr, and sent %llu messages to syslog instead",
			(unsigned long long)t->syslog_datagrams);
	} else if (log) {
		outcome_fail(out, log->path, describe(t),
			"it says nothing on stdout and stderr, and logs to '%s' instead",
			log->path);
	} else if (!t->ready) {
		outcome_not_tested(out, "see bootstraps for what kept it from becoming ready",
			"it said nothing, and did not become ready");
	} else {
		outcome_warn(out, "silence", describe(t),
			"it says nothing on stdout or stderr, neither while starting, nor on requests, "
			"nor when stopped");
	}
}

static int run(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	const struct task_observation *t = ctx->observation;

	(void)err;
	if (t->out.bytes + t->err.bytes == 0) {
		judge_silence(t, out);
		return 0;
	}
	if (t->syslog_datagrams) {
		outcome_warn(out, "syslog", describe(t),
			"beside stdout and stderr, it sent %llu messages to syslog",
			(unsigned long long)t->syslog_datagrams);
		return 0;
	}
	outcome_evidence(out, describe(t));
	outcome_summary(out, "%llu lines on stdout, %llu on stderr",
		(unsigned long long)t->out.lines, (unsigned long long)t->err.lines);
	return 0;
}

const struct check check_logs_to_stdout = {
	.id = "logs-to-stdout",
	.requirement = "R16",
	.title = "it logs to standard output or standard error",
	.reason = "a platform collects the standard streams, and nothing else",
	.remedy = "configure the logger for the console; replace syslog by a console handler",
	.stage = STAGE_DYNAMIC,
	.needs = NEEDS_BOOT | NEEDS_EXECUTABLE,
	.per_task = true,
	.run = run,
};
