/* Where control groups can be made: read from /proc, then tried. */
#include "base/sys_file.h"
#include "sandbox/cgroup.h"
#include "sandbox/cgroup_place.h"
#include "sandbox/raw.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

#define TEXT_CAP (1024 * 1024)
#define PROBE_LIMIT (64 * 1024 * 1024)
/* Processes that fork while they are moved need another round; these are more than enough. */
#define ROUNDS 20

static const char *const controller_names[CGROUP_CONTROLLERS] = {
	[CGROUP_MEMORY] = "memory",
	[CGROUP_PIDS] = "pids",
	[CGROUP_CPU] = "cpu",
};

/* What was seen on the way, for who asks why there is no place. */
struct search {
	struct buf mounts, groups;
	bool v1; /* the memory controller is of version 1 */
	bool v2; /* version 2 is mounted */
	bool v2_memory; /* its root has the memory controller */
	bool read_only;
	bool root; /* and that is the root of the machine */
	bool own; /* the group that we are in is ours to divide */
	bool alone; /* and has no other processes */
};

/* Whether a group can be made in dir and file then takes a value (NULL: no file to try). */
static bool try_directory(const char *dir, const char *file)
{
	char path[PATH_MAX];
	char text[32];
	AUTO(buf) struct buf b;
	auto_fd int fd = -1;
	bool good = file == NULL;

	buf_init(&b, 256);
	if (snprintf(path, sizeof(path), "%s/" CGROUP_PROBE "%d", dir, (int)getpid()) >= PATH_MAX ||
		(mkdir(path, 0755) < 0 && errno != EEXIST)) {
		return false;
	}
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(text, sizeof(text), "%d", PROBE_LIMIT);
	if (file && fd >= 0 && file_poke(fd, file, text, NULL) == 0 &&
		file_read(fd, file, &b, NULL) == 0) {
		good = strtoull(buf_str(&b), NULL, 10) == PROBE_LIMIT;
	}
	rmdir(path);
	return good;
}

static bool find_v1(struct cgroup_place *place, struct search *s)
{
	for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
		const char *file = c == CGROUP_MEMORY ? "memory.limit_in_bytes" : NULL;
		struct cgroup_view v;

		if (!cgroup_view_read(
			    buf_str(&s->mounts), buf_str(&s->groups), controller_names[c], &v)) {
			continue;
		}
		if (c == CGROUP_MEMORY) {
			s->v1 = true;
			s->read_only = v.read_only;
		}
		/* Our own group first: limits that somebody set on us then hold for it, too. */
		if (v.own[0] && try_directory(v.own, file)) {
			snprintf(place->dir[c], PATH_MAX, "%s", v.own);
		} else if (try_directory(v.mount, file)) {
			snprintf(place->dir[c], PATH_MAX, "%s", v.mount);
		}
		snprintf(place->with[c], sizeof(place->with[c]), "%s", v.with);
	}
	place->version = place->dir[CGROUP_MEMORY][0] ? 1 : 0;
	return place->version != 0;
}

static bool has_memory(int fd)
{
	AUTO(buf) struct buf b;

	buf_init(&b, 4096);
	return file_read(fd, "cgroup.controllers", &b, NULL) == 0 &&
	       cgroup_list_has(buf_str(&b), "memory");
}

/* Memory is what it is about; the others are taken where they can be had. */
static bool pass_controllers_on(int fd)
{
	if (file_poke(fd, "cgroup.subtree_control", "+memory", NULL)) {
		return false;
	}
	(void)file_poke(fd, "cgroup.subtree_control", "+pids", NULL);
	(void)file_poke(fd, "cgroup.subtree_control", "+cpu", NULL);
	return true;
}

/* Whether the group was given to us to divide: ours by owner, writable, not the root of the machine
 * (which alone has no cgroup.type). Nobody else's processes are moved. */
static bool is_delegated(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
	       faccessat(fd, "cgroup.type", F_OK, 0) == 0 &&
	       faccessat(fd, "cgroup.subtree_control", W_OK, AT_EACCESS) == 0 &&
	       faccessat(fd, ".", W_OK, AT_EACCESS) == 0;
}

static bool has_other_processes(int fd)
{
	AUTO(buf) struct buf b;
	char self[16];

	buf_init(&b, TEXT_CAP);
	snprintf(self, sizeof(self), "%d\n", (int)getpid());
	return file_read(fd, "cgroup.procs", &b, NULL) || !str_eq(buf_str(&b), self);
}

/* Move every process of one group of fd into another ("." is fd itself). */
static void move_all(int fd, const char *from, const char *to)
{
	char source[64];
	char target[64];

	snprintf(source, sizeof(source), "%s/cgroup.procs", from);
	snprintf(target, sizeof(target), "%s/cgroup.procs", to);
	for (int i = 0; i < ROUNDS; i++) {
		AUTO(buf) struct buf b;
		const char *at;
		struct line line;

		buf_init(&b, TEXT_CAP);
		if (file_read(fd, source, &b, NULL) || b.len == 0) {
			return;
		}
		at = buf_str(&b);
		while (line_next(&at, buf_str(&b) + b.len, &line)) {
			auto_free char *pid = strndup(line.s, line.len);

			if (pid) {
				(void)file_poke(fd, target, pid, NULL);
			}
		}
	}
}

/* Whether a group other than our leaf is, or may be, below: another run's, or somebody else's. */
static bool has_others(int fd)
{
	auto_dir DIR *d = dir_list(fd);
	const struct dirent *e;
	int rc = -1;

	while (d && (rc = dir_next(d, &e, NULL)) > 0) {
		if (e->d_type == DT_DIR && !str_eq(e->d_name, CGROUP_LEAF)) {
			return true;
		}
	}
	return rc < 0;
}

/* Everybody back, as it was. Nobody else uses the group: we hold its lock alone. */
static void refill(int fd)
{
	if (has_others(fd)) {
		return;
	}
	(void)file_poke(fd, "cgroup.subtree_control", "-cpu", NULL);
	(void)file_poke(fd, "cgroup.subtree_control", "-pids", NULL);
	(void)file_poke(fd, "cgroup.subtree_control", "-memory", NULL);
	move_all(fd, CGROUP_LEAF, ".");
	(void)unlinkat(fd, CGROUP_LEAF, AT_REMOVEDIR);
}

void cgroup_place_release(struct cgroup_place *place)
{
	if (!place->vacated) {
		return;
	}
	if (flock(place->lock_fd, LOCK_EX | LOCK_NB) == 0) {
		refill(place->lock_fd);
	}
	/* A child that still has the descriptor must not keep the lock. */
	flock(place->lock_fd, LOCK_UN);
	cleanup_fd(&place->lock_fd);
	place->vacated = false;
}

/* Make dir of version 2 a place for groups with limits; with our processes moved out of the way
 * when may_vacate. A group that somebody vacated is shared under its lock. */
static bool take_v2(struct cgroup_place *place, const char *dir, bool may_vacate)
{
	auto_fd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_SH) < 0) {
		return false;
	}
	if (!pass_controllers_on(fd) && may_vacate && is_delegated(fd) && has_memory(fd) &&
		(mkdirat(fd, CGROUP_LEAF, 0755) == 0 || errno == EEXIST)) {
		move_all(fd, ".", CGROUP_LEAF);
		(void)pass_controllers_on(fd);
	}
	if (faccessat(fd, CGROUP_LEAF, F_OK, 0) == 0) {
		place->vacated = true;
		place->lock_fd = steal_fd(&fd);
	}
	if (!try_directory(dir, "memory.max")) {
		cgroup_place_release(place);
		return false;
	}
	for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
		snprintf(place->dir[c], PATH_MAX, "%s", dir);
	}
	place->version = 2;
	return true;
}

/* What version 2 looks like from here; false when there is no place in it. */
static bool look_at_v2(struct search *s, struct cgroup_view *ret)
{
	auto_fd int mount = -1;
	auto_fd int own = -1;

	if (!cgroup_view_read(buf_str(&s->mounts), buf_str(&s->groups), NULL, ret)) {
		return false;
	}
	mount = open(ret->mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	own = ret->own[0] ? open(ret->own, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	s->v2 = true;
	s->v2_memory = mount >= 0 && has_memory(mount);
	s->root = mount >= 0 && faccessat(mount, "cgroup.type", F_OK, 0) < 0;
	s->own = own >= 0 && is_delegated(own);
	s->alone = s->own && !has_other_processes(own);
	s->read_only = s->read_only || (ret->read_only && s->v2_memory);
	return s->v2_memory && !ret->read_only;
}

static bool find_v2(struct cgroup_place *place, struct search *s)
{
	struct cgroup_view v;

	if (!look_at_v2(s, &v)) {
		return false;
	}
	/* The root of the machine may hold processes and children alike; any other may not. */
	if ((s->root || !str_eq(v.mount, v.own)) && take_v2(place, v.mount, false)) {
		return true;
	}
	return v.own[0] && take_v2(place, v.own, true);
}

#define DELEGATE_TO_USERS                                                                          \
	"sudo mkdir -p /etc/systemd/system/user@.service.d && printf "                             \
	"'[Service]\\nDelegate=yes\\n' | sudo tee /etc/systemd/system/user@.service.d/assay.conf"

static void explain(const struct search *s, char *why, char *remedy, size_t size)
{
	if (!s->v1 && !s->v2) {
		snprintf(why, size, "no cgroup file system is mounted");
		snprintf(remedy, size, "mount -t cgroup2 cgroup2 /sys/fs/cgroup");
	} else if (s->read_only) {
		snprintf(why, size, "the control groups are mounted read-only");
		snprintf(remedy, size,
			"start the container with --privileged --cgroupns=private, or run assay "
			"outside of it");
	} else if (s->v1) {
		snprintf(why, size, "the control groups are of version 1, and not writable for us");
		snprintf(remedy, size,
			"boot with systemd.unified_cgroup_hierarchy=1, or run assay as root");
	} else if (!s->v2_memory) {
		snprintf(why, size, "the control groups have no memory controller");
		snprintf(remedy, size, "boot with cgroup_enable=memory");
	} else if (s->own) {
		snprintf(why, size, "our control group was given no memory controller");
		snprintf(remedy, size, DELEGATE_TO_USERS);
	} else {
		snprintf(why, size, "the control groups are not writable for us");
		snprintf(remedy, size, "systemd-run --user --scope -p Delegate=yes assay ...");
	}
}

static int search_open(struct search *s)
{
	buf_init(&s->mounts, TEXT_CAP);
	buf_init(&s->groups, TEXT_CAP);
	return file_read(AT_FDCWD, "/proc/self/mountinfo", &s->mounts, NULL) ||
			       file_read(AT_FDCWD, "/proc/self/cgroup", &s->groups, NULL)
		       ? -1
		       : 0;
}

static void search_release(struct search *s)
{
	buf_release(&s->mounts);
	buf_release(&s->groups);
}

static bool unwanted(void)
{
	return str_eq(getenv("ASSAY_CGROUP"), "none");
}

bool cgroup_place_find(struct cgroup_place *ret, char *why, char *remedy, size_t size)
{
	AUTO(search) struct search s = {0};

	memset(ret, 0, sizeof(*ret));
	why[0] = remedy[0] = '\0';
	if (unwanted()) {
		snprintf(why, size, "ASSAY_CGROUP=none is set");
		snprintf(remedy, size, "unset ASSAY_CGROUP");
		return false;
	}
	if (search_open(&s)) {
		snprintf(why, size, "/proc cannot be read");
		snprintf(remedy, size, "mount -t proc proc /proc");
		return false;
	}
	if (find_v1(ret, &s) || find_v2(ret, &s)) {
		return true;
	}
	memset(ret, 0, sizeof(*ret));
	explain(&s, why, remedy, size);
	return false;
}

bool cgroup_scope_helps(void)
{
	AUTO(search) struct search s = {0};
	struct cgroup_view memory;
	struct cgroup_view v2;

	return !unwanted() && search_open(&s) == 0 &&
	       !cgroup_view_read(buf_str(&s.mounts), buf_str(&s.groups), "memory", &memory) &&
	       look_at_v2(&s, &v2) && !s.alone;
}
