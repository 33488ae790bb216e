/* Is what the image (or a task of the product) starts there, with all that it needs to start? */
#include "checks/check.h"
#include "checks/shell_line.h"

#include "base/alloc.h"
#include "base/str.h"
#include "image/program.h"
#include "image/user.h"

struct job {
	const struct check_context *ctx;
	struct outcome *out;
	struct user user;
	struct strv command;
	size_t failed;
	char *unsure_name; /* of the first that could not be told */
};

static void job_release(struct job *job)
{
	strv_release(&job->command);
	free(job->unsure_name);
}

/* user-resolves says what is wrong with User; here the search goes on as root. */
static int choose_user(struct job *job, struct err *err)
{
	const struct image_config *config = job->ctx->image->config;
	struct err why;

	if (user_resolve_in(config->user, job->ctx->tree, &job->user, &why) == 0) {
		return 0;
	}
	if (why.code != ERR_MALFORMED) {
		*err = why;
		return -1;
	}
	job->user = (struct user){.home = "/"};
	outcome_evidence(job->out, json_pack("{s:o,s:o}", "looked_up_as", json_text("uid 0"),
					   "because", json_text(why.msg)));
	return 0;
}

static json_t *step_evidence(const struct program_step *s)
{
	json_t *o = json_pack("{s:o,s:o,s:o}", "role", json_text(s->role), "wanted",
		json_text(s->wanted), "found", json_text(s->found));

	if (s->unsure) {
		json_object_set_new(o, "not_told", json_true());
	}
	return o;
}

static void judge_steps(struct job *job, const struct program *program)
{
	for (size_t i = 0; i < program->n; i++) {
		const struct program_step *s = &program->v[i];

		if (s->problem) {
			job->failed++;
			outcome_fail(job->out, s->wanted, step_evidence(s), "%s '%s': %s", s->role,
				s->wanted, s->problem);
			continue;
		}
		outcome_evidence(job->out, step_evidence(s));
		if (s->unsure && !job->unsure_name) {
			job->unsure_name = xstrdup(s->found ? s->found : s->wanted);
		}
	}
}

/* sh -c "... exec server": the server is looked for as well, where its name is literal. The
 * line may change PATH or directory before, so what is missing is only a warning. */
static void judge_shell_line(struct job *job)
{
	const struct image_config *config = job->ctx->image->config;
	AUTO(shell_line) struct shell_line line;
	AUTO(program) struct program program = {0};
	AUTO(strv) struct strv argv = {0};

	shell_line_read(&job->command, &line);
	if (!line.line) {
		return;
	}
	if (line.exec && line.last_word) {
		strv_add(&argv, line.last_word);
		program_resolve(job->ctx->tree, &argv, &config->env, config->working_dir,
			&job->user, &program);
	}
	for (size_t i = 0; i < program.n; i++) {
		const struct program_step *s = &program.v[i];

		if (s->problem) {
			outcome_warn(job->out, s->wanted, step_evidence(s),
				"%s '%s', which the shell line executes: %s", s->role, s->wanted,
				s->problem);
		}
	}
	outcome_evidence(
		job->out, json_pack("{s:o,s:o,s:b,s:o}", "shell_line", json_text(line.line),
				  "last_command", json_text(line.last), "exec", line.exec, "found",
				  json_text(program.n > 0 ? program.v[0].found : NULL)));
}

static int judge_command(struct job *job, struct err *err)
{
	const struct image_config *config = job->ctx->image->config;
	AUTO(program) struct program program = {0};
	auto_free char *text = strv_join(&job->command, " ");

	outcome_evidence(job->out, json_pack("{s:o,s:I}", "command", json_strv(&job->command),
					   "uid", (json_int_t)job->user.uid));
	program_resolve(job->ctx->tree, &job->command, &config->env, config->working_dir,
		&job->user, &program);
	judge_steps(job, &program);
	judge_shell_line(job);
	if (job->unsure_name) {
		return err_set(err, ERR_LIMIT,
			"'/%s' is too large to be read as far as its needs, or looked for in too "
			"many places: what it loads could not be told",
			job->unsure_name);
	}
	if (job->failed == 0) {
		outcome_summary(job->out, "'%.200s' is there%s", text,
			program.n > 1 ? ", with all that it needs to start" : "");
	}
	return 0;
}

static int run(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	AUTO(job) struct job job = {.ctx = ctx, .out = out};

	task_command(ctx->image->config, ctx->task ? &ctx->task->options : NULL, &job.command);
	if (job.command.n == 0) {
		outcome_fail(out, "Entrypoint", json_pack("{s:[],s:[]}", "Entrypoint", "Cmd"),
			"the image has neither Entrypoint nor Cmd, and no product file says that "
			"it is content only");
		return 0;
	}
	if (choose_user(&job, err)) {
		return -1;
	}
	return judge_command(&job, err);
}

const struct check check_entrypoint_resolves = {
	.id = "entrypoint-resolves",
	.requirement = "R01",
	.title = "the command exists, may be executed, and has its interpreters and libraries",
	.reason =
		"an image is self-contained: a command, interpreter or shared library that is not "
		"in it keeps the product from starting anywhere",
	.remedy = "install what is missing in the final stage of the build (a musl program needs a "
		  "musl base image, a glibc program a glibc one), make the entry script executable "
		  "with LF line ends, and check PATH in Env",
	.stage = STAGE_STATIC,
	.needs = NEEDS_TREE | NEEDS_EXECUTABLE,
	.per_task = true,
	.run = run,
};
