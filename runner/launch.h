/*
 * launch.h - from an image's config (and a task of the product) to a sandbox plan: Docker's rules
 * for Entrypoint, Cmd, Env, User, WorkingDir, Volumes, hostname and HOME.
 */
#ifndef RUNNER_LAUNCH_H
#define RUNNER_LAUNCH_H

#include "base/cleanup.h"
#include "image/image.h"
#include "image/tree.h"
#include "image/user.h"
#include "product/product.h"
#include "sandbox/sandbox.h"

struct launch_options {
	const struct image *image;
	const struct tree *tree;
	const struct strv *layers; /* directories, from store_layers() */
	const struct strv *extra_env; /* "KEY=value"; wins over the image's; may be NULL */
	const struct strv
		*arguments; /* replaces Cmd (a task's options, -- CMD); NULL or empty: none */
	const char *name;
	const char *hostname; /* NULL: one of no meaning, as Docker makes them; copied */
};

/* A plan and what it owns. The plan points into it (groups, hostname) and into the image's config
 * (cwd), so it is not to be copied, and the image has to outlive it. */
struct launch {
	struct sandbox_plan plan;
	struct user user;
	uint32_t groups[65]; /* gid, then those of user that are others */
	char *hostname;
};

/* Fills plan with all that the image decides; host, workspace, world, limits and fds are the
 * caller's to set. ERR_MALFORMED when the image has no command or its User does not resolve. */
int launch_plan(const struct launch_options *options, struct launch *ret, struct err *err);
void launch_release(struct launch *launch);

#endif
