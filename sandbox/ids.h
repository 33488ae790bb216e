/*
 * ids.h - user namespaces: which ids there are, and the maps that instances get.
 *
 * user_namespaces(7), subuid(5). Lines of a map are {id inside, id outside, how many}.
 */
#ifndef SANDBOX_IDS_H
#define SANDBOX_IDS_H

#include "base/err.h"
#include "sandbox/host.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define IDS_LINES 16

struct id_range {
	uint32_t inside;
	uint32_t outside;
	uint32_t n;
};
struct id_map {
	struct id_range v[IDS_LINES];
	unsigned n;
};

/* Read /proc/self/uid_map or gid_map; lines past IDS_LINES are left out. */
int ids_read_map(const char *path, struct id_map *ret, struct err *err);

/* Whether every id is mapped to itself: the initial namespace, or as good as that. */
bool ids_map_is_whole(const struct id_map *map);

/* The range of subuid(5) or subgid(5) file path that belongs to user (a name) or its number;
 * false when there is none. The largest wins. */
bool ids_subordinate(const char *path, const char *user, uint32_t id, struct id_range *ret);

/* A range of n ids from 0x70000000 on that no line of either file touches; 0 when there is none. */
uint32_t ids_unused_range(const char *subuid, const char *subgid, uint32_t n);

/* Write the maps of a child in a fresh user namespace: host->n_ids from host->first_id; with a
 * single id, that id appears inside as uid and gid. */
int ids_write_maps(pid_t pid, const struct host *host, uint32_t uid, uint32_t gid, struct err *err);

/* A user namespace that maps as instances do, as an fd for MOUNT_ATTR_IDMAP. -1 on error. */
int ids_open_namespace(const struct host *host, struct err *err);

/* The process id behind a pidfd, as /proc here names it; -1 on error. */
pid_t ids_pidfd_pid(int pidfd, struct err *err);

#endif
