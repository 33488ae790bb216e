#include "sandbox/host.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/sys_file.h"
#include "sandbox/cgroup.h"
#include "sandbox/ids.h"
#include "sandbox/machine.h"
#include "sandbox/probe.h"
#include "sandbox/raw.h"
#include "sandbox/scope.h"

#include <inttypes.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>

/* What an instance gets as root: more than any image uses, below 2^31. */
#define ROOT_IDS UINT32_C(0x10000000)
#define FEWER_IDS UINT32_C(0x10000)
#define REMEDY 160

static bool has_sys_admin(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};

	return syscall(SYS_capget, &head, data) == 0 && data[0].effective & (1U << CAP_SYS_ADMIN);
}

/* Why unshare(CLONE_NEWUSER) was refused, as far as the usual switches tell. */
static int refused(const struct machine *m, int error, struct err *err)
{
	char remedy[REMEDY];

	machine_userns_remedy(m, error, remedy, sizeof(remedy));
	return err_set(
		err, ERR_DENIED, "user namespaces are refused: %s\n%s", strerror(error), remedy);
}

static int run_mapper(const char *program, pid_t pid, uint32_t own, const struct id_range *sub)
{
	char text[4][16];
	const char *argv[] = {program, text[0], "0", text[1], "1", "1", text[2], text[3], NULL};
	int status;
	pid_t child;

	snprintf(text[0], sizeof(text[0]), "%d", (int)pid);
	snprintf(text[1], sizeof(text[1]), "%" PRIu32, own);
	snprintf(text[2], sizeof(text[2]), "%" PRIu32, sub->outside);
	snprintf(text[3], sizeof(text[3]), "%" PRIu32, sub->n);
	child = fork();
	if (child == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 1);
		dup2(null, 2);
		execvp(program, (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0) {
		return -1;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

struct subordinate {
	struct id_range uids, gids;
};

static bool find_subordinate(struct subordinate *ret)
{
	uid_t uid = getuid();
	const struct passwd *pw = getpwuid(uid);
	const char *name = pw ? pw->pw_name : NULL;

	return ids_subordinate("/etc/subuid", name, uid, &ret->uids) &&
	       ids_subordinate("/etc/subgid", name, uid, &ret->gids);
}

/* newuidmap needs our process to stand in the new namespace already, and has to start outside. */
static int map_from_outside(const struct subordinate *sub, int wait_fd)
{
	uid_t uid = getuid();
	gid_t gid = getgid();
	pid_t parent = getpid();
	pid_t child = fork();
	char byte;

	if (child == 0) {
		if (raw_read(wait_fd, &byte, 1) != 1) {
			_exit(1);
		}
		_exit(run_mapper("newuidmap", parent, uid, &sub->uids) ||
			run_mapper("newgidmap", parent, gid, &sub->gids));
	}
	return child;
}

static int map_single(uid_t uid, gid_t gid, struct err *err)
{
	char text[48];

	if (file_poke(AT_FDCWD, "/proc/self/setgroups", "deny", err)) {
		return -1;
	}
	snprintf(text, sizeof(text), "0 %u 1", uid);
	if (file_poke(AT_FDCWD, "/proc/self/uid_map", text, err)) {
		return -1;
	}
	snprintf(text, sizeof(text), "0 %u 1", gid);
	return file_poke(AT_FDCWD, "/proc/self/gid_map", text, err);
}

static int enter_namespace(const struct machine *m, struct err *err)
{
	struct subordinate sub;
	bool many = find_subordinate(&sub);
	uid_t uid = getuid();
	gid_t gid = getgid();
	int go[2] = {-1, -1};
	pid_t mapper = -1;
	int status = 1;

	if (pipe2(go, O_CLOEXEC) < 0) {
		return err_sys(err, "make a pipe");
	}
	if (many) {
		mapper = map_from_outside(&sub, go[0]);
	}
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) {
		status = errno;
		close(go[0]);
		close(go[1]);
		if (mapper > 0) {
			waitpid(mapper, NULL, 0);
		}
		return refused(m, status, err);
	}
	close(go[0]);
	if (mapper > 0) {
		(void)!write(go[1], "", 1);
		waitpid(mapper, &status, 0);
	}
	close(go[1]);
	if (status == 0) {
		return 0;
	}
	return map_single(uid, gid, NULL) ? refused(m, EPERM, err) : 0;
}

/* Which ids we have, now that we are where we are. */
static int choose_ids(struct host *h, struct err *err)
{
	struct id_map uids, gids;
	const struct id_range *best = NULL;

	if (ids_read_map("/proc/self/uid_map", &uids, err) ||
		ids_read_map("/proc/self/gid_map", &gids, err)) {
		return -1;
	}
	if (ids_map_is_whole(&uids) && ids_map_is_whole(&gids)) {
		h->mode = HOST_ROOT;
		h->n_ids = ROOT_IDS;
		h->first_id = ids_unused_range("/etc/subuid", "/etc/subgid", h->n_ids);
		if (!h->first_id) {
			h->n_ids = FEWER_IDS;
			h->first_id = ids_unused_range("/etc/subuid", "/etc/subgid", h->n_ids);
		}
		return h->first_id
			       ? 0
			       : err_set(err, ERR_UNSUPPORTED, "every id is taken by /etc/subuid");
	}
	h->userxattr = true;
	/* A range that both maps have; id 0 is ourselves. */
	for (unsigned i = 0; i < uids.n; i++) {
		for (unsigned k = 0; k < gids.n; k++) {
			if (uids.v[i].inside == gids.v[k].inside && uids.v[i].n == gids.v[k].n &&
				uids.v[i].inside != 0 && (!best || uids.v[i].n > best->n)) {
				best = &uids.v[i];
			}
		}
	}
	if (!best && uids.n == 1 && gids.n == 1 && uids.v[0].inside == 0 && gids.v[0].inside == 0 &&
		uids.v[0].n > FEWER_IDS && gids.v[0].n > FEWER_IDS) {
		h->mode = HOST_SUBORDINATE;
		h->first_id = 1;
		h->n_ids = (uids.v[0].n < gids.v[0].n ? uids.v[0].n : gids.v[0].n) - 1;
		return 0;
	}
	h->mode = best ? HOST_SUBORDINATE : HOST_SINGLE;
	h->first_id = best ? best->inside : 0;
	h->n_ids = best ? best->n : 1;
	return 0;
}

/* As root nothing was tried so far; in a chroot, for one, user namespaces are refused. */
static int try_instance_namespace(const struct host *h, const struct machine *m, struct err *err)
{
	struct err why = {0};
	auto_fd int fd = ids_open_namespace(h, &why);

	return fd < 0 ? refused(m, why.sys ? why.sys : EPERM, err) : 0;
}

int host_enter(struct host *ret, struct err *err)
{
	struct host h = {0};
	struct cgroup_place place;
	struct machine m;

	machine_read("/", (const char *const *)environ, &m);
	if (geteuid() != 0) {
		(void)scope_enter();
	}
	if ((geteuid() != 0 || !has_sys_admin()) && enter_namespace(&m, err)) {
		return -1;
	}
	if (choose_ids(&h, err) || try_instance_namespace(&h, &m, err)) {
		return -1;
	}
	h.idmapped_mounts = h.mode == HOST_ROOT && probe_idmapped_mounts(&h);
	if (cgroup_place_find(&place, h.cgroup_why, h.cgroup_remedy, sizeof(h.cgroup_why))) {
		snprintf(h.cgroup, sizeof(h.cgroup), "cgroup v%d", place.version);
		cgroup_place_release(&place); /* each workspace takes its own */
	}
	*ret = h;
	return 0;
}

void host_describe(const struct host *host, char *text, unsigned long size)
{
	static const char *const modes[] = {
		[HOST_ROOT] = "root",
		[HOST_SUBORDINATE] = "subordinate ids",
		[HOST_SINGLE] = "a single id",
	};

	snprintf(text, size, "%s, ids %" PRIu32 "+%" PRIu32 "%s, %s", modes[host->mode],
		host->first_id, host->n_ids, host->idmapped_mounts ? ", idmapped mounts" : "",
		host->cgroup[0] ? host->cgroup : "no cgroup");
}
