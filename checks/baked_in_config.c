/*
 * baked-in-config: R03, "ISVs ... MUST NOT bake in files intended to be manually edited by a system
 * administrator", and "all configuration information, including database connection URLs, secret
 * keys, DNS names, base URLs etc MUST be read from runtime environment variables".
 *
 * A heuristic about contents, so it fails only for configuration that the entry reaches. What an OS
 * package owns and nobody changed is the distribution's; what was changed is the vendor's work.
 */
#include "base/alloc.h"
#include "base/cleanup.h"
#include "checks/check.h"
#include "checks/config_text.h"
#include "checks/content.h"
#include "checks/file_role.h"

#include <string.h>

/* Findings of one file; a list of a hundred hosts is one mistake. */
#define MAX_PER_FILE 10

struct judging {
	const struct check_context *ctx;
	struct outcome *out;
	struct content_entry entry;
	size_t looked_at;
	size_t reached;
	size_t owned;
	size_t all_told;
	/* of the file at hand */
	const struct node *node;
	const char *path;
	const char *owner;
	const struct reached *how; /* NULL: not reached */
	unsigned told[2]; /* of what fails, of what may be nothing */
	struct config_match last; /* the same thing is told once for a line */
};

static void tell(const struct config_match *match, void *arg)
{
	struct judging *j = arg;
	auto_free char *subject = content_subject(j->path, match->line);
	json_t *evidence;

	/* A host name is too common a thing to speak of in files that nobody may read. */
	if ((!j->how && (match->kind == LITERAL_HOST || match->weak)) ||
		j->told[match->weak] >= MAX_PER_FILE ||
		(j->last.line == match->line && j->last.kind == match->kind &&
			j->last.weak == match->weak)) {
		return;
	}
	j->told[match->weak]++;
	j->all_told++;
	j->last = *match;
	evidence = content_place(j->path, j->node->layer, match->line, j->owner, match->excerpt);
	json_object_set_new(evidence, "kind", json_string(config_literal_name(match->kind)));
	if (!j->how) {
		outcome_warn(j->out, subject, evidence,
			"%s in %s, which does not seem to be read by what the image starts",
			config_literal_name(match->kind), subject);
		return;
	}
	json_object_set_new(evidence, "reached", json_text(j->how->why));
	if (match->weak) {
		outcome_warn(j->out, subject, evidence,
			"what may be a credential stands in %s (%s)", subject, j->how->why);
	} else {
		outcome_fail(j->out, subject, evidence, "%s is baked into %s (%s)",
			config_literal_name(match->kind), subject, j->how->why);
	}
}

static void judge_file(struct judging *j)
{
	auto_free char *plain = config_strip(j->path, node_text(j->node), node_text_len(j->node));

	j->told[0] = 0;
	j->told[1] = 0;
	j->last.line = 0;
	j->looked_at++;
	j->reached += j->how != NULL;
	config_literals(j->path, plain, node_text_len(j->node), tell, j);
	config_invitations(node_text(j->node), node_text_len(j->node), tell, j);
}

static int visit(const struct node *node, void *arg)
{
	struct judging *j = arg;
	auto_free char *path = NULL;
	bool changed;

	if (node->type != NODE_FILE || !node_text(node) || node_elf(node)) {
		return 0;
	}
	path = node_path(node);
	j->how = reach_has(&j->entry.reach, node);
	/* What is named on the command line is configuration whatever it is called. */
	if ((!j->how && !config_is(path)) || (file_role(path) & ROLE_OS)) {
		return 0;
	}
	j->owner = content_owner(j->ctx, node, path, &changed);
	if (j->owner && !changed) {
		j->owned++;
		return 0;
	}
	j->node = node;
	j->path = path;
	judge_file(j);
	return 0;
}

static int run(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	struct judging j = {.ctx = ctx, .out = out};

	(void)err;
	content_entry_find(ctx, &j.entry);
	tree_walk(tree_root(ctx->tree), visit, &j);
	j.all_told += content_unread(&j.entry, out);
	outcome_evidence(
		out, json_pack("{s:I, s:I, s:I}", "configuration_files", (json_int_t)j.looked_at,
			     "reached_by_entry", (json_int_t)j.reached, "left_to_os_packages",
			     (json_int_t)j.owned));
	if (!j.all_told) {
		outcome_summary(out,
			"%zu configuration files of the product's own, nothing to edit in them",
			j.looked_at);
	}
	content_entry_release(&j.entry);
	return 0;
}

const struct check check_baked_in_config = {
	.id = "baked-in-config",
	.requirement = "R03",
	.title = "no configuration in the image that somebody has to edit, or that belongs to one "
		 "place",
	.reason = "A platform starts the image as it is: nobody edits a file in it. A placeholder, "
		  "an invitation to edit, a database's URL, a host's name or a credential in the "
		  "product's configuration has to come from the environment instead. Files of OS "
		  "packages, samples and documentation do not count; what the entry does not seem "
		  "to read only warns.",
	.remedy = "Read the value from an environment variable: by the program itself, by its "
		  "configuration's own substitution (${NAME}), or by an entry script that writes "
		  "the file at start (envsubst).",
	.stage = STAGE_STATIC,
	.needs = NEEDS_TREE,
	.run = run,
};
