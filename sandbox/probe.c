#include "sandbox/probe.h"

#include "base/cleanup.h"
#include "base/str.h"
#include "base/sys_file.h"
#include "sandbox/ids.h"
#include "sandbox/raw.h"
#include "sandbox/workspace.h"

#include <stdio.h>
#include <sys/mount.h>
#include <sys/utsname.h>

bool probe_kernel(unsigned major, unsigned minor)
{
	struct utsname u;
	unsigned a, b;

	return uname(&u) == 0 && sscanf(u.release, "%u.%u", &a, &b) == 2 &&
	       (a > major || (a == major && b >= minor));
}

void probe_nearest(char *path)
{
	while (access(path, F_OK) < 0) {
		char *slash = strrchr(path, '/');

		if (!slash || slash == path) {
			path[1] = '\0';
			return;
		}
		*slash = '\0';
	}
}

bool probe_idmapped_mounts(const struct host *host)
{
	auto_free char *path = workspace_default_base();
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP};
	auto_fd int ns = -1;
	auto_fd int tree = -1;

	if (!probe_kernel(5, 19) || path[0] != '/') {
		return false;
	}
	ns = ids_open_namespace(host, NULL);
	probe_nearest(path);
	tree = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (ns < 0 || tree < 0) {
		return false;
	}
	attr.userns_fd = (unsigned)ns;
	return mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)) == 0;
}
