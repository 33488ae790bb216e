/*
 * cgroup_place.h - which control groups there are, from the texts of /proc. Pure: nothing is opened.
 *
 *	cgroup_view_read(mountinfo, cgroups, "memory", &view)	version 1
 *	cgroup_view_read(mountinfo, cgroups, NULL, &view)	version 2
 *
 * proc(5) "/proc/pid/mountinfo", cgroups(7) "/proc/pid/cgroup".
 */
#ifndef SANDBOX_CGROUP_PLACE_H
#define SANDBOX_CGROUP_PLACE_H

#include <limits.h>
#include <stdbool.h>

/* Our processes, where a group of theirs has to pass controllers on. */
#define CGROUP_LEAF "assay-leaf"

/* One hierarchy as it can be seen from here. */
struct cgroup_view {
	char mount[PATH_MAX]; /* where it is mounted: its root, or the part that we are shown */
	char own[PATH_MAX]; /* the directory of our own group; "" when the mount does not show it */
	char with[64]; /* version 1: the controllers mounted together, "cpu,cpuacct" */
	bool read_only;
};

/* The hierarchy of a version 1 controller, or (NULL) that of version 2; of several mounts the one
 * that shows our own group, and can be written. A group that is a leaf of ours counts as the one
 * above. false when none is mounted, or is mounted under something else. */
bool cgroup_view_read(const char *mountinfo, const char *cgroups, const char *controller,
	struct cgroup_view *ret);

/* Whether a list like that of cgroup.controllers ("cpu memory pids\n") or of mount options
 * ("rw,memory") has the word. */
bool cgroup_list_has(const char *list, const char *word);

#endif
