/*
 * host.h - what this machine lets us be: root, a user with subordinate ids, or a single id.
 *
 * Without root, host_enter() moves the whole (still single-threaded) process into a user and a mount
 * namespace of its own where it is uid 0, once, at the start of a dynamic stage. From there on all
 * modes run the same code: instances get a nested user namespace, and only the numbers differ.
 * user_namespaces(7), newuidmap(1), subuid(5).
 */
#ifndef SANDBOX_HOST_H
#define SANDBOX_HOST_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum host_mode {
	HOST_ROOT, /* uid 0 with CAP_SYS_ADMIN where we started */
	HOST_SUBORDINATE, /* newuidmap with a range of subuid(5) */
	HOST_SINGLE, /* one id: our own */
};

struct host {
	enum host_mode mode;
	uint32_t first_id; /* instance id 0 is this id here */
	uint32_t n_ids; /* how many ids an instance has; 1 in HOST_SINGLE */
	bool idmapped_mounts; /* layers can be stored with the image's ids and be mounted shifted */
	bool userxattr; /* overlay is mounted inside a user namespace */
	char cgroup[64]; /* "cgroup v1", "cgroup v2", "" when neither can be used */
	char cgroup_why[200]; /* why not, when "" */
	char cgroup_remedy[200];
};

/* Find out and enter. ERR_UNSUPPORTED/ERR_DENIED with what is missing (no user namespaces: an LSM,
 * a sysctl, a chroot) and, after a newline, the remedy. */
int host_enter(struct host *ret, struct err *err);

/* One line for reports: "root, ids 1000000+65536, idmapped mounts, cgroup v1". */
void host_describe(const struct host *host, char *text, unsigned long size);

/* One thing that the dynamic stage needs, as `assay doctor` prints it. */
struct host_fact {
	const char *name; /* "user namespaces" */
	bool good;
	bool needed; /* else only better with it */
	bool tried; /* not when something before it failed */
	char *detail; /* what was found */
	char *remedy; /* one command, NULL when good */
};
struct host_facts {
	struct host_fact *v;
	unsigned long n, cap;
	char *advice; /* what can be done here when something needed is missing */
};
void host_examine(struct host_facts *ret); /* tries each in a child; changes nothing */
void host_facts_release(struct host_facts *facts);

#endif
