/* Where control groups can be made: looked up in mountinfo, then tried. */
#include "base/sys_file.h"
#include "sandbox/cgroup.h"
#include "sandbox/raw.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define TEXT_CAP (1024 * 1024)
#define LEAF "assay-leaf"
#define PROBE_LIMIT (64 * 1024 * 1024)

static const char *const controller_names[CGROUP_CONTROLLERS] = {
	[CGROUP_MEMORY] = "memory",
	[CGROUP_PIDS] = "pids",
	[CGROUP_CPU] = "cpu",
};

/* One cgroup file system: where it is mounted, and which group that directory is. */
struct hierarchy {
	char mount[PATH_MAX];
	char root[PATH_MAX];
};

static bool comma_has(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list; (p = strstr(p, word)) != NULL; p += len) {
		if ((p == list || p[-1] == ',') && (p[len] == '\0' || p[len] == ',')) {
			return true;
		}
	}
	return false;
}

/* mountinfo: "36 35 98:0 /root /mount/point rw shared:1 - type source super,options" */
static bool find_hierarchy(
	const char *mountinfo, size_t len, const char *controller, struct hierarchy *ret)
{
	const char *at = mountinfo;
	struct line line;

	while (line_next(&at, mountinfo + len, &line)) {
		auto_free char *s = strndup(line.s, line.len);
		auto_free char *root = NULL;
		auto_free char *mount = NULL;
		auto_free char *type = NULL;
		auto_free char *super = NULL;
		const char *tail = s ? strstr(s, " - ") : NULL;

		if (!tail || sscanf(s, "%*s %*s %*s %ms %ms", &root, &mount) != 2 ||
			sscanf(tail, " - %ms %*s %ms", &type, &super) != 2) {
			continue;
		}
		if (controller ? !str_eq(type, "cgroup") || !comma_has(super, controller)
			       : !str_eq(type, "cgroup2")) {
			continue;
		}
		snprintf(ret->mount, sizeof(ret->mount), "%s", mount);
		snprintf(ret->root, sizeof(ret->root), "%s", root);
		return true;
	}
	return false;
}

/* /proc/self/cgroup: "4:memory,x:/path", version 2: "0::/path" */
struct own {
	char path[PATH_MAX];
	char with[64];
};

static bool own_path(const struct buf *cgroups, const char *controller, struct own *ret)
{
	const char *at = buf_str(cgroups);
	struct line line;

	while (line_next(&at, buf_str(cgroups) + cgroups->len, &line)) {
		auto_free char *s = strndup(line.s, line.len);
		char *list = s ? strchr(s, ':') : NULL;
		char *path = list ? strchr(list + 1, ':') : NULL;

		if (!path) {
			continue;
		}
		*path++ = '\0';
		if (controller ? comma_has(list + 1, controller) : list[1] == '\0') {
			snprintf(ret->path, sizeof(ret->path), "%s", path);
			snprintf(ret->with, sizeof(ret->with), "%s", list + 1);
			return true;
		}
	}
	return false;
}

/* The directory of our own group, when the mount shows it. */
static bool own_directory(const struct hierarchy *h, const char *path, char *ret, size_t size)
{
	size_t len = strlen(h->root);

	if (str_eq(h->root, "/")) {
		len = 0;
	}
	if (strncmp(path, h->root, len) != 0 || (path[len] != '/' && path[len] != '\0')) {
		return false;
	}
	path += len;
	return (size_t)snprintf(ret, size, "%s%s", h->mount, str_eq(path, "/") ? "" : path) < size;
}

/* Whether a group can be made in dir and file then takes a value (NULL: no file to try). */
static bool try_directory(const char *dir, const char *file)
{
	char path[PATH_MAX];
	char text[32];
	uint64_t value = 0;
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
		char *end;

		value = strtoull(buf_str(&b), &end, 10);
		good = value == PROBE_LIMIT;
	}
	rmdir(path);
	return good;
}

static bool find_v1(struct cgroup_place *place, const struct buf *mounts, const struct buf *groups)
{
	for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
		struct hierarchy h;
		struct own own;
		char dir[PATH_MAX];
		const char *file = c == CGROUP_MEMORY ? "memory.limit_in_bytes" : NULL;

		if (!find_hierarchy(buf_str(mounts), mounts->len, controller_names[c], &h) ||
			!own_path(groups, controller_names[c], &own)) {
			continue;
		}
		/* Our own group first: limits that somebody set on us then hold for it, too. */
		if (own_directory(&h, own.path, dir, sizeof(dir)) && try_directory(dir, file)) {
			snprintf(place->dir[c], PATH_MAX, "%s", dir);
		} else if (try_directory(h.mount, file)) {
			snprintf(place->dir[c], PATH_MAX, "%s", h.mount);
		}
		snprintf(place->with[c], sizeof(place->with[c]), "%s", own.with);
	}
	place->version = place->dir[CGROUP_MEMORY][0] ? 1 : 0;
	return place->version != 0;
}

static bool pass_controllers_on(const char *dir)
{
	auto_fd int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || file_poke(fd, "cgroup.subtree_control", "+memory", NULL)) {
		return false;
	}
	(void)file_poke(fd, "cgroup.subtree_control", "+pids", NULL);
	(void)file_poke(fd, "cgroup.subtree_control", "+cpu", NULL);
	return true;
}

/* Whether the group was given to us to divide: ours by owner, not the root of the machine (which
 * alone has no cgroup.type), and with the memory controller. Nobody else's processes are moved. */
static bool is_delegated(int fd)
{
	AUTO(buf) struct buf b;
	struct stat st;

	buf_init(&b, 4096);
	return fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
	       faccessat(fd, "cgroup.type", F_OK, 0) == 0 &&
	       file_read(fd, "cgroup.controllers", &b, NULL) == 0 &&
	       strstr(buf_str(&b), "memory") != NULL;
}

/* A group with processes of its own cannot pass controllers on: move them into a leaf of ours. */
static void vacate(const char *dir)
{
	AUTO(buf) struct buf b;
	auto_fd int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *at;
	struct line line;

	buf_init(&b, TEXT_CAP);
	if (fd < 0 || !is_delegated(fd) || (mkdirat(fd, LEAF, 0755) < 0 && errno != EEXIST) ||
		file_read(fd, "cgroup.procs", &b, NULL)) {
		return;
	}
	at = buf_str(&b);
	while (line_next(&at, buf_str(&b) + b.len, &line)) {
		auto_free char *pid = strndup(line.s, line.len);

		if (pid) {
			(void)file_poke(fd, LEAF "/cgroup.procs", pid, NULL);
		}
	}
}

static bool find_v2(struct cgroup_place *place, const struct buf *mounts, const struct buf *groups)
{
	struct hierarchy h;
	struct own own;
	char dir[PATH_MAX] = "";
	const char *found = NULL;

	if (!find_hierarchy(buf_str(mounts), mounts->len, NULL, &h)) {
		return false;
	}
	if (own_path(groups, NULL, &own)) {
		/* We may have moved there before. */
		if (str_ends(own.path, "/" LEAF)) {
			own.path[strlen(own.path) - strlen("/" LEAF)] = '\0';
		}
		(void)own_directory(&h, own.path, dir, sizeof(dir));
	}
	/* The real root may hold processes and children alike; any other group may not. */
	if (pass_controllers_on(h.mount) && try_directory(h.mount, "memory.max")) {
		found = h.mount;
	} else if (dir[0] && access(dir, W_OK) == 0) {
		if (!pass_controllers_on(dir)) {
			vacate(dir);
			pass_controllers_on(dir);
		}
		found = try_directory(dir, "memory.max") ? dir : NULL;
	}
	if (!found) {
		return false;
	}
	for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
		snprintf(place->dir[c], PATH_MAX, "%s", found);
	}
	place->version = 2;
	return true;
}

bool cgroup_place_find(struct cgroup_place *ret, char *why, char *remedy, size_t size)
{
	AUTO(buf) struct buf mounts;
	AUTO(buf) struct buf own;
	const char *wish = getenv("ASSAY_CGROUP");

	buf_init(&mounts, TEXT_CAP);
	buf_init(&own, TEXT_CAP);
	memset(ret, 0, sizeof(*ret));
	why[0] = remedy[0] = '\0';
	if (str_eq(wish, "none")) {
		snprintf(why, size, "ASSAY_CGROUP=none is set");
		snprintf(remedy, size, "unset ASSAY_CGROUP");
		return false;
	}
	if (file_read(AT_FDCWD, "/proc/self/mountinfo", &mounts, NULL) ||
		file_read(AT_FDCWD, "/proc/self/cgroup", &own, NULL)) {
		snprintf(why, size, "/proc cannot be read");
		snprintf(remedy, size, "mount -t proc proc /proc");
		return false;
	}
	if (find_v1(ret, &mounts, &own) || find_v2(ret, &mounts, &own)) {
		return true;
	}
	memset(ret, 0, sizeof(*ret));
	if (!strstr(buf_str(&mounts), " - cgroup")) {
		snprintf(why, size, "no cgroup file system is mounted");
		snprintf(remedy, size, "mount -t cgroup2 cgroup2 /sys/fs/cgroup");
	} else if (geteuid() == 0 && access("/sys/fs/cgroup", W_OK) == 0) {
		snprintf(
			why, size, "no group with a memory limit can be made below /sys/fs/cgroup");
		snprintf(remedy, size,
			"boot with cgroup_enable=memory systemd.unified_cgroup_hierarchy=1");
	} else {
		snprintf(why, size, "the control groups are not writable for us");
		snprintf(remedy, size, "systemd-run --user --scope -p Delegate=yes assay ...");
	}
	return false;
}
