/*
 * What is mounted inside, as data: Docker's defaults (runtime-spec config-linux.md, "Default
 * Filesystems"; Docker's masked and read-only paths).
 */
#include "base/alloc.h"
#include "sandbox/spec.h"
#include "sandbox/workspace_private.h"

#include <glob.h>
#include <sys/mount.h>
#include <unistd.h>

#define QUIET (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

#define CGROUPS "/sys/fs/cgroup"
/* clang-format off */
#define FRESH(to, type) .kind = MOUNT_FRESH, .target = (to), .source = (type)
#define DEVICE(path) {.kind = MOUNT_BIND, .target = (path), .source = (path), .file = true}
#define LINK(path, to) .kind = MOUNT_LINK, .target = (path), .source = (to)
/* clang-format on */

static const struct mount_item file_systems[] = {
	{FRESH("/proc", "proc"), .attributes = QUIET},
	{FRESH("/dev", "tmpfs"), .options = {{"mode", "755"}, {"size", "65536k"}},
		.attributes = MOUNT_ATTR_NOSUID},
	{FRESH("/dev/pts", "devpts"),
		.options = {{"mode", "0620"}, {"ptmxmode", "0666"}, {"gid", "5"}},
		.attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC},
	{FRESH("/dev/shm", "tmpfs"), .options = {{"mode", "1777"}, {"size", "65536k"}},
		.attributes = QUIET},
	{FRESH("/dev/mqueue", "mqueue"), .attributes = QUIET, .optional = true},
	{FRESH("/sys", "sysfs"), .attributes = QUIET | MOUNT_ATTR_RDONLY, .optional = true},
};

static const struct mount_item devices[] = {
	DEVICE("/dev/null"),
	DEVICE("/dev/zero"),
	DEVICE("/dev/full"),
	DEVICE("/dev/random"),
	DEVICE("/dev/urandom"),
	DEVICE("/dev/tty"),
	{LINK("/dev/ptmx", "pts/ptmx")},
	{LINK("/dev/fd", "/proc/self/fd")},
	{LINK("/dev/stdin", "/proc/self/fd/0")},
	{LINK("/dev/stdout", "/proc/self/fd/1")},
	{LINK("/dev/stderr", "/proc/self/fd/2")},
	{LINK("/dev/core", "/proc/kcore")},
};

static const char *const read_only_paths[] = {
	"/proc/bus",
	"/proc/fs",
	"/proc/irq",
	"/proc/sys",
	"/proc/sysrq-trigger",
};

static const char *const masked_paths[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/interrupts",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/sched_debug",
	"/proc/scsi",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/sys/devices/virtual/powercap",
	"/sys/firmware",
};

static const char *const written_files[] = {"hosts", "hostname", "resolv.conf"};

static void add(struct spec *s, const struct mount_item *item)
{
	struct mount_item *to = ARRAY_PUSH(&s->mounts);

	*to = *item;
	to->fd = -1;
}

static void add_table(struct spec *s, const struct mount_item *table, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct mount_item item = table[i];

		/* Group 5 is "tty"; with a single id it is not there. */
		if (s->single_id && str_eq(item.source, "devpts")) {
			item.options[2].key = NULL;
		}
		add(s, &item);
	}
}

/* What `docker run --tmpfs` says where nothing else is said. */
static void add_tmpfs(struct spec *s, const struct strv *paths)
{
	for (size_t i = 0; i < paths->n; i++) {
		struct mount_item item = {
			FRESH(NULL, "tmpfs"), .options = {{"mode", "1777"}}, .attributes = QUIET};

		item.target = spec_keep(s, xstrdup(paths->v[i]));
		add(s, &item);
	}
}

static void add_paths(struct spec *s, const char *const *paths, size_t n, enum mount_kind kind)
{
	for (size_t i = 0; i < n; i++) {
		struct mount_item item = {
			.kind = kind, .target = paths[i], .attributes = QUIET | MOUNT_ATTR_RDONLY};

		add(s, &item);
	}
}

/* How hot each processor has been: only where the hardware tells (moby GHSA-6fw5-f8r9-fgfm). */
static void add_thermal(struct spec *s)
{
	glob_t found;

	if (glob("/sys/devices/system/cpu/cpu[0-9]*/thermal_throttle", 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++) {
			const char *path = spec_keep(s, xstrdup(found.gl_pathv[i]));

			add_paths(s, &path, 1, MOUNT_MASK);
		}
		globfree(&found);
	}
}

/* One hierarchy of version 1, "cpu,cpuacct", and links from its parts as Docker makes them. */
static void add_hierarchy(struct spec *s, const char *controllers)
{
	struct mount_item item = {
		FRESH(NULL, "cgroup"), .attributes = QUIET | MOUNT_ATTR_RDONLY, .optional = true};
	const char *at = controllers;

	item.target = spec_keep(s, xasprintf(CGROUPS "/%s", controllers));
	for (size_t i = 0; i < MOUNT_OPTIONS && *at; i++) {
		size_t len = strcspn(at, ",");

		item.options[i].key = spec_keep(s, xstrndup(at, len));
		at += len + (at[len] == ',');
	}
	add(s, &item);
	for (size_t i = 0; item.options[1].key && i < MOUNT_OPTIONS && item.options[i].key; i++) {
		struct mount_item link = {LINK(NULL, NULL), .optional = true};

		link.source = spec_keep(s, xstrdup(controllers));
		link.target = spec_keep(s, xasprintf(CGROUPS "/%s", item.options[i].key));
		add(s, &link);
	}
}

/* The instance's own limits, read-only: runtimes size their heaps by them (the JVM, Go, Node). */
static void add_cgroups(struct spec *s, const struct sandbox_plan *plan)
{
	static const struct mount_item nothing = {.kind = MOUNT_MASK, .target = CGROUPS};
	static const struct mount_item directory = {
		FRESH(CGROUPS, "tmpfs"), .options = {{"mode", "755"}}, .attributes = QUIET};
	static const struct mount_item unified = {FRESH(CGROUPS, "cgroup2"),
		.attributes = QUIET | MOUNT_ATTR_RDONLY, .optional = true};
	static const struct mount_item closed = {
		.kind = MOUNT_SEAL, .target = CGROUPS, .attributes = MOUNT_ATTR_RDONLY};
	const struct cgroup_place *place = workspace_cgroups(plan->workspace);

	if (!plan->host->cgroup[0] || place->version != 1) {
		add(s, &nothing);
		if (plan->host->cgroup[0] && place->version == 2) {
			add(s, &unified);
		}
		return;
	}
	add(s, &directory);
	for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
		bool seen = !place->with[c][0] || !place->dir[c][0];

		for (int i = 0; i < c; i++) {
			seen = seen || str_eq(place->with[i], place->with[c]);
		}
		if (!seen) {
			add_hierarchy(s, place->with[c]);
		}
	}
	add(s, &closed);
}

void mounts_plan(struct spec *s, const struct sandbox_plan *plan)
{
	char tty[64];

	add_table(s, file_systems, ARRAY_SIZE(file_systems));
	add_cgroups(s, plan);
	add_table(s, devices, ARRAY_SIZE(devices));
	for (size_t i = 0; i < ARRAY_SIZE(written_files); i++) {
		struct mount_item item = {.kind = MOUNT_BIND, .file = true};

		item.attributes = s->read_only ? MOUNT_ATTR_RDONLY : 0;
		item.target = spec_keep(s, xasprintf("/etc/%s", written_files[i]));
		item.source = spec_keep(s, xasprintf("%s/etc/%s", s->dir, written_files[i]));
		add(s, &item);
	}
	for (size_t i = 0; i < s->volumes.n; i++) {
		struct mount_item item = {.kind = MOUNT_BIND, .target = s->volumes.v[i]};

		item.source = spec_keep(s, xasprintf("%s/volumes/%zu", s->dir, i));
		item.attributes = MOUNT_ATTR_NODEV;
		add(s, &item);
	}
	add_tmpfs(s, &plan->tmpfs);
	/* By name: a descriptor would lead to the mount in our own namespace, which cannot be cloned. */
	if (plan->terminal && ttyname_r(plan->stdin_fd, tty, sizeof(tty)) == 0) {
		struct mount_item item = {
			.kind = MOUNT_BIND, .target = "/dev/console", .file = true};

		item.source = spec_keep(s, xstrdup(tty));
		add(s, &item);
	}
	add_paths(s, read_only_paths, ARRAY_SIZE(read_only_paths), MOUNT_AGAIN);
	add_paths(s, masked_paths, ARRAY_SIZE(masked_paths), MOUNT_MASK);
	add_thermal(s);
}
