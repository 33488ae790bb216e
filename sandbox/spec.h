/*
 * spec.h - an instance in every detail: all strings, lists and descriptors made before the first
 * clone(2), so that the keeper and the child need no allocation.
 *
 *	spec_new(plan) -> spec_open() -> keeper_start()
 *
 * keeper_steps and child_steps are the fixed order of things; spec_describe() prints them. A step
 * that fails is reported as {step, item, errno}.
 */
#ifndef SANDBOX_SPEC_H
#define SANDBOX_SPEC_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "sandbox/sandbox.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mount_kind {
	MOUNT_FRESH, /* a new file system of type source */
	MOUNT_BIND, /* source, a path out here, opened by the keeper */
	MOUNT_AGAIN, /* target on itself with other attributes; when target exists */
	MOUNT_MASK, /* nothing to see: an empty directory or null device; when target exists */
	MOUNT_LINK, /* a symbolic link to source */
	MOUNT_SEAL, /* the mount that is at target gets these attributes, too */
};

#define MOUNT_OPTIONS 4

struct mount_item {
	enum mount_kind kind;
	const char *target; /* absolute, inside */
	const char *source;
	struct {
		const char *key, *value; /* value NULL: a flag */
	} options[MOUNT_OPTIONS];
	uint64_t attributes; /* MOUNT_ATTR_* */
	bool file; /* MOUNT_BIND: the target is a file */
	bool optional; /* failing does no harm */
	int fd; /* MOUNT_BIND: the detached mount */
};

enum spec_fd {
	FD_CONTROL, /* keeper's end of the socket pair to assay */
	FD_GO, /* child waits for a byte */
	FD_FAILURE, /* struct spec_failure; closed by a successful execve */
	FD_EXIT, /* struct spec_ended from the keeper */
	FD_STDIN,
	FD_STDOUT,
	FD_STDERR,
	FD_LOG, /* /dev/log, or -1 */
	FD_IDMAP, /* user namespace for layers, or -1 */
	FD_LISTENERS, /* keeper's end of the socket that seccomp listeners come by, or -1 */
	FD_TELL, /* the child's end */
	FD_COUNT,
};

struct spec {
	/* the plan, copied */
	char *name, *hostname, *cwd;
	char *ping_groups; /* "0 65535": all there are */
	struct strv argv, env, groups_text;
	struct strv programs; /* what execve tries, in order */
	struct strv lower;
	struct strv volumes;
	uint32_t uid, gid;
	uint32_t *groups;
	size_t n_groups;
	bool single_id, read_only, terminal, userxattr, watch_refused;
	uint64_t file_size;
	/* made of it */
	char *dir; /* of the instance, on disk: upper, work, mnt, etc, volumes */
	char *mnt; /* dir/mnt */
	char *overlay; /* mount options */
	struct {
		struct mount_item *v;
		size_t n, cap;
	} mounts;
	struct strv strings; /* owns what mounts points to */
	struct sock_fprog filter; /* refuses */
	struct sock_fprog watching; /* the same, and tells */
	struct refused *refused; /* where it is counted; NULL: it is not */
	uint64_t caps;
	int fd[FD_COUNT];
	/* set on the way, in the keeper and the child */
	int root; /* the detached overlay, later the root of the instance */
	size_t item; /* what the running step is at */
};

struct spec_failure {
	int side; /* 0 keeper, 1 child */
	int step;
	int error;
	uint32_t item;
};

struct spec_ended {
	int code; /* -1: by signal */
	int signal;
};

struct spec_step {
	const char *name;
	int (*run)(struct spec *s); /* 0, or -1 with errno; s->item says at what */
	void (*describe)(const struct spec *s, struct buf *out); /* NULL: the name says it all */
	const char *(*item)(
		const struct spec *s, uint32_t item); /* what failed; NULL: nothing to add */
};

extern const struct spec_step keeper_steps[];
extern const size_t keeper_n_steps;
extern const struct spec_step child_steps[];
extern const size_t child_n_steps;

/* The keeper's step that mounts the overlay: a failure that deserves words of its own. */
int keeper_overlay(struct spec *s);

/* All that can be decided without touching the machine. ERR_USAGE for a plan that makes no sense,
 * ERR_UNSUPPORTED for ids that this host has not got. */
int spec_new(const struct sandbox_plan *plan, struct spec **ret, struct err *err);
void spec_free(struct spec *s);
DEFINE_AUTO_PTR(spec)

/* What execve is to try for a command: the name itself when it has a slash, else one path for each
 * directory of PATH. */
void spec_search_path(const struct strv *env, const char *name, struct strv *ret);

/* Make the instance's directories and files on disk. */
int spec_write(struct spec *s, const struct sandbox_plan *plan, struct err *err);

/* Fill s->mounts: mounts.c. */
void mounts_plan(struct spec *s, const struct sandbox_plan *plan);

/* A text that lives as long as s. */
const char *spec_keep(struct spec *s, char *text);

/* The keeper: runs keeper_steps, clones the child, reaps it, reports, exits. Never returns. */
_Noreturn void keeper_main(struct spec *s);

/* The child: runs child_steps. Never returns. */
_Noreturn void child_main(struct spec *s);

/* Mount everything of s->mounts below s->root: a step of the child. */
int mounts_apply(struct spec *s);
/* mkdir -p inside s->root, never leaving it; an O_PATH descriptor or -1. */
int mounts_make_directory(int root, const char *path);

/* The end of a failed step: write the failure and exit. */
_Noreturn void spec_fail(const struct spec *s, int side, size_t step, int error);

/* What to print for a failure that came through FD_FAILURE or the control socket. */
int spec_failure_err(const struct spec *s, const struct spec_failure *f, struct err *err);

/* Docker's default seccomp rules as BPF; seccomp.c. Made once, borrowed, never freed. watched: what
 * is refused is told to a listener, which has to answer EPERM (refused.h). */
int seccomp_filter(bool watched, struct sock_fprog *ret, struct err *err);

#endif
