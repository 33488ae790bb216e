/*
 * instance.h - struct sandbox, for the files of this room that act on a running instance.
 */
#ifndef SANDBOX_INSTANCE_H
#define SANDBOX_INSTANCE_H

#include "sandbox/cgroup.h"
#include "sandbox/sandbox.h"
#include "sandbox/spec.h"

struct sandbox {
	const struct host *host;
	struct world *world;
	unsigned address;
	struct spec *spec;
	struct cgroup *cgroup; /* NULL: none */
	int control, keeper, child, failure, go, exit_fd, out, error, log;
	int tell; /* the socket to the keeper that seccomp listeners go by; -1: none */
	int mounts; /* keeps the mount namespace: see hold_mounts() */
	pid_t pid;
	struct sandbox_exit ended;
	char *upper;
	struct strv volumes;
	char description[512];
};

/* Copy what the image has at each volume's path into the volume; volumes.c. */
int volumes_seed(const struct sandbox *sb, int root, struct err *err);

#endif
