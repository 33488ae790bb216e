/* Texts of /proc/self/mountinfo and /proc/self/cgroup as machines have them, and the places in them
 * worked out by hand. */
#include "sandbox/cgroup_place.h"

#include <criterion/criterion.h>

#define ROOT_FS "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
#define TMPFS "30 23 0:26 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755\n"
#define UNIFIED "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
#define USER_OF_SYSTEMD "/user.slice/user-1000.slice/user@1000.service/app.slice/run-r1.scope"

struct row {
	const char *name;
	const char *mounts, *cgroups;
	const char *controller; /* NULL: version 2 */
	const char *mount; /* NULL: none */
	const char *own, *with;
	bool read_only;
};

static const struct row rows[] = {
	{"nothing mounted", ROOT_FS, "0::/\n", NULL, NULL, NULL, NULL, false},
	{"nothing at all", "", "", "memory", NULL, NULL, NULL, false},
	{"junk", "36 35\n - cgroup2\nx - cgroup2 y z\n\n", "0\n::\n:::\n", NULL, NULL, NULL, NULL,
		false},

	{"unified, a service", ROOT_FS UNIFIED, "0::/system.slice/ci.service\n", NULL,
		"/sys/fs/cgroup", "/sys/fs/cgroup/system.slice/ci.service", "", false},
	{"unified, the root", ROOT_FS UNIFIED, "0::/\n", NULL, "/sys/fs/cgroup", "/sys/fs/cgroup",
		"", false},
	{"unified has no version 1", ROOT_FS UNIFIED, "0::/\n", "memory", NULL, NULL, NULL, false},
	{"a scope of a user's systemd", ROOT_FS UNIFIED, "0::" USER_OF_SYSTEMD "\n", NULL,
		"/sys/fs/cgroup", "/sys/fs/cgroup" USER_OF_SYSTEMD, "", false},
	{"our leaf in it", ROOT_FS UNIFIED, "0::" USER_OF_SYSTEMD "/assay-leaf\n", NULL,
		"/sys/fs/cgroup", "/sys/fs/cgroup" USER_OF_SYSTEMD, "", false},
	{"our leaf in the root of a namespace", ROOT_FS UNIFIED, "0::/assay-leaf\n", NULL,
		"/sys/fs/cgroup", "/sys/fs/cgroup", "", false},
	{"a group that only sounds like it", ROOT_FS UNIFIED, "0::/my-assay-leaf\n", NULL,
		"/sys/fs/cgroup", "/sys/fs/cgroup/my-assay-leaf", "", false},

	{"version 1, controllers together",
		ROOT_FS TMPFS
		"33 30 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:12 - cgroup cgroup rw,cpu,cpuacct\n"
		"34 30 0:30 / /sys/fs/cgroup/memory rw shared:13 - cgroup cgroup rw,memory\n",
		"5:memory:/ci\n4:cpu,cpuacct:/ci/build\n1:name=systemd:/x\n", "cpu",
		"/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct/ci/build", "cpu,cpuacct",
		false},
	{"cpuset is not cpu",
		ROOT_FS "33 30 0:29 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n",
		"4:cpuset:/\n", "cpu", NULL, NULL, NULL, false},
	{"hybrid: memory is of version 1",
		ROOT_FS TMPFS
		"31 30 0:27 / /sys/fs/cgroup/unified rw shared:10 - cgroup2 cgroup2 rw,nsdelegate\n"
		"34 30 0:30 / /sys/fs/cgroup/memory rw shared:13 - cgroup cgroup rw,memory\n",
		"5:memory:/user.slice\n0::/user.slice/session-1.scope\n", "memory",
		"/sys/fs/cgroup/memory", "/sys/fs/cgroup/memory/user.slice", "memory", false},
	{"hybrid: version 2 is beside it",
		ROOT_FS TMPFS
		"31 30 0:27 / /sys/fs/cgroup/unified rw shared:10 - cgroup2 cgroup2 rw,nsdelegate\n"
		"34 30 0:30 / /sys/fs/cgroup/memory rw shared:13 - cgroup cgroup rw,memory\n",
		"5:memory:/user.slice\n0::/user.slice/session-1.scope\n", NULL,
		"/sys/fs/cgroup/unified", "/sys/fs/cgroup/unified/user.slice/session-1.scope", "",
		false},

	/* A container sees its own group as the root of what is mounted. */
	{"a container on version 1, without cgroup namespace",
		"900 800 0:99 / / rw - overlay overlay rw\n"
		"911 910 0:30 /docker/4f1c /sys/fs/cgroup/memory ro,nosuid master:13 - cgroup cgroup "
		"rw,memory\n",
		"5:memory:/docker/4f1c\n", "memory", "/sys/fs/cgroup/memory",
		"/sys/fs/cgroup/memory", "memory", true},
	{"a container in a container",
		"911 910 0:30 /docker/4f1c /sys/fs/cgroup/memory rw,nosuid master:13 - cgroup cgroup "
		"rw,memory\n",
		"5:memory:/docker/4f1c/docker/99ab\n", "memory", "/sys/fs/cgroup/memory",
		"/sys/fs/cgroup/memory/docker/99ab", "memory", false},
	{"a name that only starts alike",
		"911 910 0:30 /docker/4f /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
		"5:memory:/docker/4f1c\n", "memory", "/sys/fs/cgroup/memory", "", "memory", false},
	{"a container on version 2, with cgroup namespace",
		"911 910 0:26 / /sys/fs/cgroup ro,nosuid,nodev,noexec - cgroup2 cgroup rw\n",
		"0::/\n", NULL, "/sys/fs/cgroup", "/sys/fs/cgroup", "", true},
	{"the machine's mount, seen from a cgroup namespace below",
		"30 23 0:26 /../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "0::/\n", NULL,
		"/sys/fs/cgroup", "", "", false},
	{"ourselves above the root of the namespace",
		"30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "0::/../other\n", NULL,
		"/sys/fs/cgroup", "", "", false},

	{"of two mounts the one with our group",
		"40 23 0:26 /a /mnt/a rw - cgroup2 cgroup2 rw\n"
		"41 23 0:26 /b /mnt/b rw - cgroup2 cgroup2 rw\n",
		"0::/b/c\n", NULL, "/mnt/b", "/mnt/b/c", "", false},
	{"of two mounts the one that can be written",
		"40 23 0:26 / /mnt/a ro - cgroup2 cgroup2 rw\n"
		"41 23 0:26 / /mnt/b rw - cgroup2 cgroup2 rw\n",
		"0::/c\n", NULL, "/mnt/b", "/mnt/b/c", "", false},
	{"of equal mounts the first",
		"40 23 0:26 / /mnt/a rw - cgroup2 cgroup2 rw\n"
		"41 23 0:26 / /mnt/b rw - cgroup2 cgroup2 rw\n",
		"0::/c\n", NULL, "/mnt/a", "/mnt/a/c", "", false},
	{"mounted over", UNIFIED "99 30 0:50 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n", "0::/\n",
		NULL, NULL, NULL, NULL, false},
	{"mounted over, and before that elsewhere",
		"41 23 0:26 / /mnt/b ro - cgroup2 cgroup2 rw\n" UNIFIED
		"99 30 0:50 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n",
		"0::/\n", NULL, "/mnt/b", "/mnt/b", "", true},
	{"mounted over by the same", UNIFIED UNIFIED, "0::/x\n", NULL, "/sys/fs/cgroup",
		"/sys/fs/cgroup/x", "", false},
	{"mounted over, and elsewhere, too",
		UNIFIED "99 30 0:50 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
			"41 23 0:26 / /mnt/b rw - cgroup2 cgroup2 rw\n",
		"0::/\n", NULL, "/mnt/b", "/mnt/b", "", false},
	{"read-only by its super block",
		"30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 ro,nsdelegate\n", "0::/\n", NULL,
		"/sys/fs/cgroup", "/sys/fs/cgroup", "", true},
	{"a space and a backslash in the path",
		"30 23 0:26 / /mnt/c\\040g\\134x rw - cgroup2 cgroup2 rw\n", "0::/a b\n", NULL,
		"/mnt/c g\\x", "/mnt/c g\\x/a b", "", false},
	{"several optional fields, and none",
		"30 23 0:26 / /m rw shared:1 master:2 propagate_from:3 - cgroup2 cgroup2 rw\n",
		"0::/a\n", NULL, "/m", "/m/a", "", false},
	{"a last line without newline", "30 23 0:26 / /m rw - cgroup2 cgroup2 rw", "0::/a", NULL,
		"/m", "/m/a", "", false},
	{"colons in the path", "30 23 0:26 / /m rw - cgroup2 cgroup2 rw\n", "0::/a:b:c\n", NULL,
		"/m", "/m/a:b:c", "", false},
	{"no line for the hierarchy", UNIFIED, "5:memory:/x\n", NULL, "/sys/fs/cgroup", "", "",
		false},
};

Test(sandbox_cgroup_place, views)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct cgroup_view v;
		bool found = cgroup_view_read(r->mounts, r->cgroups, r->controller, &v);

		cr_expect_eq(found, r->mount != NULL, "%s", r->name);
		if (found && r->mount) {
			cr_expect_str_eq(v.mount, r->mount, "%s", r->name);
			cr_expect_str_eq(v.own, r->own, "%s", r->name);
			cr_expect_str_eq(v.with, r->with, "%s", r->name);
			cr_expect_eq(v.read_only, r->read_only, "%s", r->name);
		}
	}
}

/* Paths longer than PATH_MAX are no place at all. */
Test(sandbox_cgroup_place, long_paths)
{
	static char mounts[3 * PATH_MAX];
	static char cgroups[3 * PATH_MAX];
	struct cgroup_view v;
	char name[PATH_MAX + 10];

	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	snprintf(cgroups, sizeof(cgroups), "0::/%s\n", name);
	cr_expect(cgroup_view_read(UNIFIED, cgroups, NULL, &v));
	cr_expect_str_eq(v.own, "");
	snprintf(mounts, sizeof(mounts), "30 23 0:26 / /%s rw - cgroup2 cgroup2 rw\n", name);
	cr_expect_not(cgroup_view_read(mounts, "0::/\n", NULL, &v));
	/* each fits, both together do not */
	name[PATH_MAX - 20] = '\0';
	snprintf(cgroups, sizeof(cgroups), "0::/%s\n", name);
	cr_expect(cgroup_view_read(UNIFIED, cgroups, NULL, &v));
	cr_expect_str_eq(v.mount, "/sys/fs/cgroup");
	name[PATH_MAX - 100] = '\0';
	cr_expect(cgroup_view_read(UNIFIED, "0::/x\n", NULL, &v));
	cr_expect_str_eq(v.own, "/sys/fs/cgroup/x");
}

Test(sandbox_cgroup_place, lists)
{
	cr_expect(cgroup_list_has("cpu memory pids\n", "memory"));
	cr_expect(cgroup_list_has("cpu memory pids\n", "pids"));
	cr_expect(cgroup_list_has("rw,cpu,cpuacct", "cpu"));
	cr_expect_not(cgroup_list_has("cpuset memory_x xmemory\n", "memory"));
	cr_expect_not(cgroup_list_has("cpuset\n", "cpu"));
	cr_expect_not(cgroup_list_has("", "cpu"));
	cr_expect_not(cgroup_list_has("\n", "cpu"));
}
