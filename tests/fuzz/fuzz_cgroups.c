/* Where control groups are. Fields: a controller (empty: version 2), /proc/self/cgroup, mountinfo. */
#include "tests/fuzz/kit.h"

#include "base/cleanup.h"
#include "base/str.h"
#include "sandbox/cgroup_place.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	auto_free char *controller = fuzz_field(&in);
	auto_free char *cgroups = fuzz_field(&in);
	auto_free char *mountinfo = fuzz_field(&in);
	struct cgroup_view view = {.mount = "untouched"};

	if (!cgroup_view_read(mountinfo, cgroups, *controller ? controller : NULL, &view)) {
		MUST(str_eq(view.mount, "untouched") && !view.own[0]);
		return 0;
	}
	MUST(view.mount[0] && memchr(view.mount, 0, sizeof(view.mount)));
	MUST(memchr(view.with, 0, sizeof(view.with)));
	MUST(!view.own[0] || str_starts(view.own, view.mount));
	MUST(!view.own[0] || !*controller || cgroup_list_has(view.with, controller));
	return 0;
}
