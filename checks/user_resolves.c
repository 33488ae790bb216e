/* Can the process be started as the user, and in the directory, that the config names? */
#include "checks/check.h"

#include "base/alloc.h"
#include "base/str.h"
#include "image/program.h"
#include "image/user.h"

static json_t *user_evidence(const char *spec, const struct user *user)
{
	json_t *groups = json_array();

	for (size_t i = 0; i < user->n_groups; i++) {
		json_array_append_new(groups, json_integer(user->groups[i]));
	}
	return json_pack("{s:o,s:I,s:I,s:o,s:o,s:o}", "User", json_text(spec), "uid",
		(json_int_t)user->uid, "gid", (json_int_t)user->gid, "groups", groups, "name",
		json_text(user->name), "home", json_text(user->home));
}

/* The first part of path that is there and is no directory, or NULL; *ret_dir is the node when
 * all of it is there. */
static char *blocked_by(const struct tree *tree, const char *path, const struct node **ret_dir)
{
	*ret_dir = NULL;
	for (const char *at = path;; at++) {
		size_t len = (size_t)(strchrnul(at, '/') - path);
		auto_free char *part = xstrndup(path, len);
		const struct node *node = tree_lookup(tree, part, true);

		if (node && node->type != NODE_DIR) {
			return steal_ptr(part);
		}
		*ret_dir = node;
		if (!node || !path[len]) {
			return NULL;
		}
		at = path + len;
	}
}

static bool judge_working_dir(const struct check_context *ctx, const char *path,
	const struct user *user, struct outcome *out)
{
	auto_free char *blocked = NULL;
	const struct node *dir;
	const char *state;

	if (*path != '/') {
		outcome_fail(out, "WorkingDir", json_pack("{s:o}", "WorkingDir", json_text(path)),
			"WorkingDir '%s' is not an absolute path", path);
		return false;
	}
	blocked = blocked_by(ctx->tree, path, &dir);
	if (blocked) {
		outcome_fail(out, "WorkingDir",
			json_pack("{s:o,s:o}", "WorkingDir", json_text(path), "blocked_by",
				json_text(blocked)),
			"WorkingDir '%s' cannot be entered: '%s' is not a directory", path,
			blocked);
		return false;
	}
	state = dir ? "there" : "absent: engines make it, owned by root";
	if (user && dir && !node_executable_by(dir, user)) {
		outcome_warn(out, "WorkingDir",
			json_pack("{s:o,s:I,s:I,s:I,s:I}", "WorkingDir", json_text(path), "mode",
				(json_int_t)(dir->mode & 07777), "owner", (json_int_t)dir->uid,
				"group", (json_int_t)dir->gid, "uid", (json_int_t)user->uid),
			"WorkingDir '%s' may not be searched by uid %u", path, user->uid);
		return false;
	}
	outcome_evidence(
		out, json_pack("{s:o,s:s}", "WorkingDir", json_text(path), "state", state));
	return true;
}

static int run(const struct check_context *ctx, struct outcome *out, struct err *err)
{
	const struct image_config *config = ctx->image->config;
	const char *spec = config->user ? config->user : "";
	const char *dir = config->working_dir;
	struct user user;
	struct err why;
	bool known = user_resolve_in(spec, ctx->tree, &user, &why) == 0;

	if (!known && why.code != ERR_MALFORMED) {
		*err = why;
		return -1;
	}
	if (known) {
		outcome_evidence(out, user_evidence(spec, &user));
	} else {
		outcome_fail(out, "User", json_pack("{s:o}", "User", json_text(spec)),
			"User '%s' does not resolve: %s", spec, why.msg);
	}
	if (judge_working_dir(ctx, dir && *dir ? dir : "/", known ? &user : NULL, out) && known) {
		outcome_summary(
			out, "uid %u, gid %u, in %s", user.uid, user.gid, dir && *dir ? dir : "/");
	}
	return 0;
}

const struct check check_user_resolves = {
	.id = "user-resolves",
	.requirement = "R01",
	.title = "User and its group resolve, WorkingDir is absolute and usable",
	.reason =
		"an engine looks names up in the image's own passwd and group files and refuses to "
		"start what it cannot find there",
	.remedy = "add the user (RUN useradd ...) in the final stage of the build, or give User as "
		  "numbers (USER 10001:10001); make WorkingDir a directory with an absolute path",
	.stage = STAGE_STATIC,
	.needs = NEEDS_TREE,
	.run = run,
};
