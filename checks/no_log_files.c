/* Did log files appear or grow in what the product wrote? */
#include "checks/logfile.h"
#include "checks/seen.h"

#include "checks/check.h"

#include "base/alloc.h"

enum { LISTED = 50 };

static json_t *describe(const struct obs_file *f)
{
	return json_pack("{s:o, s:I, s:b, s:b, s:I, s:I, s:o}", "path", json_text(f->path), "size",
		(json_int_t)f->size, "existed_in_image", f->existed, "grew_while_running", f->grew,
		"lines_looked_at", (json_int_t)f->looked_at_lines, "lines_with_a_time",
		(json_int_t)f->timestamped_lines, "first_such_line", json_text(f->excerpt));
}

static void judge_file(const struct obs_file *f, json_t *records, struct outcome *out)
{
	bool by_name;

	switch (logfile_kind(f, &by_name)) {
	case LOGFILE_NOT:
		break;
	case LOGFILE_RECORD:
		if (json_array_size(records) < LISTED) {
			json_array_append_new(records, json_text(f->path));
		}
		break;
	case LOGFILE_EMPTY:
		outcome_warn(out, f->path, describe(f),
			"it made '%s', named like a log file, and wrote nothing to it", f->path);
		break;
	case LOGFILE_DATA:
		outcome_warn(out, f->path, describe(f),
			"most lines of '%s' begin with a time: is it a log?", f->path);
		break;
	case LOGFILE_LOG:
		if (by_name) {
			outcome_fail(
				out, f->path, describe(f), "it logs to the file '%s'", f->path);
		} else {
			outcome_fail(out, f->path, describe(f),
				"it logs to the file '%s': %llu of %llu lines looked at begin with a "
				"time",
				f->path, (unsigned long long)f->timestamped_lines,
				(unsigned long long)f->looked_at_lines);
		}
		break;
	}
}

/* Nothing was found, but was enough seen to say that there is nothing? */
static void judge_none(const struct task_observation *t, struct outcome *out)
{
	auto_free char *cut = seen_cut_short(t);

	if (!t->ready) {
		outcome_not_tested(out, "see bootstraps for what kept it from becoming ready",
			"it did not become ready, and there was no log file until then");
	} else if (t->files_capped) {
		outcome_not_tested(out, "have it write fewer files",
			"it wrote more files than were looked at (%zu), and none of those is a log",
			t->files.n);
	} else if (cut && !t->cron) {
		outcome_not_tested(
			out, "see bootstraps", "%s, and there was no log file until then", cut);
	} else {
		outcome_summary(out, "%zu files written, none of them a log", t->files.n);
	}
}

static int run(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	const struct task_observation *t = ctx->observation;
	json_t *records = json_array();
	bool by_name;
	size_t logs = 0;

	(void)err;
	for (size_t i = 0; i < t->files.n; i++) {
		enum logfile_kind kind = logfile_kind(&t->files.v[i], &by_name);

		logs += kind == LOGFILE_LOG ? 1 : 0;
		judge_file(&t->files.v[i], records, out);
	}
	outcome_evidence(out, json_pack("{s:i, s:I, s:b, s:o}", "files_written", (int)t->files.n,
				      "bytes_written", (json_int_t)t->written_bytes, "all_listed",
				      !t->files_capped, "records_that_are_no_logs", records));
	if (logs == 0) {
		judge_none(t, out);
	}
	return 0;
}

const struct check check_no_log_files = {
	.id = "no-log-files",
	.requirement = "R16",
	.title = "no log file appears or grows while it runs",
	.reason =
		"files inside an instance are lost with it, fill its disk, and no platform collects "
		"them",
	.remedy = "configure the logger for the console, or link the file to /dev/stdout as the "
		  "official nginx image does",
	.stage = STAGE_DYNAMIC,
	.needs = NEEDS_BOOT | NEEDS_EXECUTABLE,
	.per_task = true,
	.run = run,
};
