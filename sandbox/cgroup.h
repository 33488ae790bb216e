/*
 * cgroup.h - one control group per instance, of version 1 or 2, whichever holds memory and pids.
 *
 *	cgroup_place_find(&place, why, remedy, size)	where we may make one, tried
 *	cgroup_new(&place, "assay-1f2e-web-1", &limits, &cg, err)
 *	cgroup_add(cg, pid, err)
 *	cgroup_free(cg)
 *	cgroup_place_release(&place)
 *
 * A limit counts only once the kernel has given it back: cgroup_new() reads it again.
 * Linux Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst, cgroup-v1/pids.rst.
 * ASSAY_CGROUP=none in the environment makes cgroup_place_find() find nothing.
 */
#ifndef SANDBOX_CGROUP_H
#define SANDBOX_CGROUP_H

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum cgroup_controller { CGROUP_MEMORY, CGROUP_PIDS, CGROUP_CPU, CGROUP_CONTROLLERS };

/* Directories in which groups can be made, "" where there is none. With version 2 all are one. */
struct cgroup_place {
	int version; /* 0: none can be used */
	char dir[CGROUP_CONTROLLERS][PATH_MAX];
	char with[CGROUP_CONTROLLERS]
		 [64]; /* version 1: the hierarchy's controllers, "cpu,cpuacct" */
	bool vacated; /* our processes stand in a leaf, so that dir may pass controllers on */
	int lock_fd; /* when vacated: dir, with a shared lock */
};

/* false when memory cannot be limited; why and remedy then hold a text each.
 *
 * A group of version 2 that has processes cannot pass controllers on ("no internal processes"). If
 * our own is ours to divide, what is in it is moved into a leaf below, until the last assay that
 * uses it calls cgroup_place_release(). */
bool cgroup_place_find(struct cgroup_place *ret, char *why, char *remedy, size_t size);

/* Whether a group of version 2 with nobody but us in it, and ours to divide, would be a place, and
 * the one that we are in is not such a group. */
bool cgroup_scope_helps(void);

/* To be called when the groups are gone. A place that was never found is released already. */
void cgroup_place_release(struct cgroup_place *place);

struct cgroup_limits {
	uint64_t memory; /* bytes, 0: none */
	uint64_t pids; /* 0: none */
	double cpus; /* 0: all */
};

struct cgroup;

/* Makes the group with its limits. The memory limit must hold, or it is an error; pids and cpu
 * are set where they can be. */
int cgroup_new(const struct cgroup_place *place, const char *name,
	const struct cgroup_limits *limits, struct cgroup **ret, struct err *err);
void cgroup_free(struct cgroup *cg); /* removes it; retries while its processes are ending */
DEFINE_AUTO_PTR(cgroup)

int cgroup_add(const struct cgroup *cg, pid_t pid, struct err *err); /* 0: the caller */
void cgroup_kill(const struct cgroup *cg); /* version 2 has a way of its own; else nothing */

const char *cgroup_mechanism(const struct cgroup *cg); /* "cgroup v1 memory" */
uint64_t cgroup_memory_limit(const struct cgroup *cg); /* as the kernel has it; 0: none */
bool cgroup_swap_limited(const struct cgroup *cg);

struct cgroup_memory {
	uint64_t used, total, peak, oom_kills;
};
int cgroup_read_memory(const struct cgroup *cg, struct cgroup_memory *ret, struct err *err);
int cgroup_processes(
	const struct cgroup *cg, pid_t *ret, size_t max, size_t *ret_n, struct err *err);

/* Paths of cgroup.procs files, to join before setns(2); borrowed. */
const struct strv *cgroup_procs_files(const struct cgroup *cg);

/* Remove the groups in dir, if it is there, whose name starts with prefix, killing what is left in
 * them. */
int cgroup_clear(const char *dir, const char *prefix, struct err *err);

/* Groups of this name and a process id are made to try a place out. */
#define CGROUP_PROBE "assay-probe-"

/* Remove those in dir whose process has ended without; what cannot be read stays for another
 * time. */
void cgroup_clear_probes(const char *dir);

#endif
