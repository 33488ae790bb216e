/* The order of the questions matters: what makes a check pointless (content only) comes before what
 * makes it impossible, or a content product would be told to start. */
#include "checks/needs.h"

#include "base/alloc.h"
#include "base/str.h"

#include <string.h>

#define UNREAD_REMEDY "see oci-conformance and layers-unpack for what is wrong with them"

/* What base images start when nobody says otherwise: no sign of a program that is meant to run. */
static bool is_bare_shell(const struct strv *command)
{
	static const char *const shells[] = {"sh", "ash", "dash", "bash", "/bin/sh", "/bin/ash",
		"/bin/dash", "/bin/bash", "/usr/bin/sh", "/usr/bin/bash", NULL};

	return command->n == 1 && str_in(command->v[0], shells);
}

/* What the image would start, "" when that is nothing. The caller frees. */
static char *image_entry(const struct check_context *ctx)
{
	struct strv all = {0};
	char *text;

	if (!ctx->image || !ctx->image->config) {
		return xstrdup("");
	}
	strv_add_all(&all, &ctx->image->config->entrypoint);
	strv_add_all(&all, &ctx->image->config->cmd);
	text = is_bare_shell(&all) ? xstrdup("") : strv_join(&all, " ");
	strv_release(&all);
	return text;
}

/* A product file without tasks is content only, and the clauses about executables do not apply. A
 * file that simply left out its tasks must not pass that way: the image has to agree. */
static bool is_executable(const struct check_context *ctx, struct outcome *out)
{
	auto_free char *entry = NULL;

	if (!ctx->product || !ctx->product->content_only) {
		return true;
	}
	entry = image_entry(ctx);
	if (*entry) {
		outcome_not_tested(out,
			"declare what the image starts as a task of the default configuration, "
			"or, when the product is content only, remove Entrypoint and Cmd from the "
			"image",
			"the product file declares no task, yet the image starts '%.200s'", entry);
	} else {
		outcome_not_applicable(out,
			"content only: the product declares no task and the image starts no "
			"program");
	}
	return false;
}

static bool has_image(
	const struct check *check, const struct check_context *ctx, struct outcome *out)
{
	if ((check->needs & (NEEDS_CONFIG | NEEDS_TREE)) && (!ctx->image || !ctx->image->config)) {
		outcome_not_tested(out, "choose an image: see single-image for what there is",
			"no image could be chosen");
		return false;
	}
	if ((check->needs & NEEDS_TREE) && !ctx->tree) {
		outcome_not_tested(out, UNREAD_REMEDY, "the layers could not be read");
		return false;
	}
	return true;
}

static bool has_product(
	const struct check *check, const struct check_context *ctx, struct outcome *out)
{
	if (!(check->needs & NEEDS_PRODUCT)) {
		return true;
	}
	if (!ctx->product) {
		outcome_not_tested(out,
			"give the product file with --product; 'assay product init IMAGE' writes "
			"a first one",
			"no product file was given");
		return false;
	}
	if (check->per_task && !ctx->task && !ctx->product->content_only) {
		outcome_not_tested(out, "see product-file for what is wrong with it",
			"no task could be read from the product file");
		return false;
	}
	return true;
}

static bool was_started(const struct check_context *ctx, struct outcome *out, struct err *ret_error)
{
	const struct task_observation *seen = ctx->observation;

	if (!seen) {
		outcome_not_tested(out,
			"run the dynamic stage (--stage all); 'assay doctor' tells whether this "
			"machine can",
			"the product was not started");
		return false;
	}
	switch (seen->state) {
	case OBS_STARTED:
		return true;
	case OBS_NOT_STARTED:
	case OBS_UNSERVED:
		outcome_not_tested(out, seen->remedy, "%s",
			seen->why ? seen->why : "the product was not started");
		return false;
	case OBS_BROKEN:
		err_set(ret_error, ERR_INTERNAL, "%s",
			seen->why ? seen->why : "the sandbox failed in the middle of the run");
		return false;
	}
	return false;
}

bool needs_met(const struct check *check, const struct check_context *ctx, struct outcome *out,
	struct err *ret_error)
{
	if ((check->needs & NEEDS_EXECUTABLE) && !is_executable(ctx, out)) {
		return false;
	}
	if (!has_image(check, ctx, out) || !has_product(check, ctx, out)) {
		return false;
	}
	if ((check->needs & (NEEDS_BOOT | NEEDS_READY)) && !was_started(ctx, out, ret_error)) {
		return false;
	}
	if ((check->needs & NEEDS_READY) && !ctx->observation->ready) {
		outcome_not_tested(out, "see bootstraps for what kept it from becoming ready",
			"the product did not become ready");
		return false;
	}
	return true;
}

void needs_whole(const struct check *check, const struct check_context *ctx, struct outcome *out)
{
	size_t unread = check->needs & NEEDS_TREE ? image_layers_unread(ctx->image) : 0;

	if (unread) {
		outcome_not_tested(out, UNREAD_REMEDY,
			"%zu of %zu layers could not be read to the end", unread,
			ctx->image->n_layers);
	}
}
