#include "sandbox/cgroup_place.h"

#include "base/cleanup.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool cgroup_list_has(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (*list) {
		size_t n = strcspn(list, ", \n");

		if (n == len && strncmp(list, word, n) == 0) {
			return true;
		}
		list += n + (list[n] != '\0');
	}
	return false;
}

/* mountinfo writes space, tab, newline and backslash as \ and three octal digits. */
static bool unescape(const char *s, char *ret, size_t size)
{
	size_t n = 0;

	for (; *s; s++) {
		if (n + 1 >= size) {
			return false;
		}
		if (*s == '\\' && strlen(s) >= 4 && strspn(s + 1, "01234567") >= 3) {
			ret[n++] = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 3;
		} else {
			ret[n++] = *s;
		}
	}
	ret[n] = '\0';
	return true;
}

/* One line of mountinfo, as far as it matters here. */
struct mount_line {
	char point[PATH_MAX];
	char root[PATH_MAX]; /* which directory of the file system is mounted */
	bool read_only;
	bool fits; /* it is the hierarchy that is looked for */
};

/* "36 35 98:0 /root /mount/point rw,nosuid shared:1 - type source super,options" */
static bool parse_mount(const struct line *line, const char *controller, struct mount_line *ret)
{
	auto_free char *s = strndup(line->s, line->len);
	auto_free char *root = NULL;
	auto_free char *point = NULL;
	auto_free char *options = NULL;
	auto_free char *type = NULL;
	auto_free char *super = NULL;
	const char *tail = s ? strstr(s, " - ") : NULL;

	if (!tail || sscanf(s, "%*s %*s %*s %ms %ms %ms", &root, &point, &options) != 3 ||
		sscanf(tail, " - %ms %*s %ms", &type, &super) != 2 ||
		!unescape(root, ret->root, sizeof(ret->root)) ||
		!unescape(point, ret->point, sizeof(ret->point))) {
		return false;
	}
	ret->read_only = cgroup_list_has(options, "ro") || cgroup_list_has(super, "ro");
	ret->fits = controller ? str_eq(type, "cgroup") && cgroup_list_has(super, controller)
			       : str_eq(type, "cgroup2");
	return true;
}

/* /proc/self/cgroup: "4:memory,x:/path", version 2: "0::/path" */
static bool find_own(
	const char *cgroups, const char *controller, char *path, char *with, size_t size)
{
	const char *at = cgroups;
	struct line line;

	while (line_next(&at, cgroups + strlen(cgroups), &line)) {
		auto_free char *s = strndup(line.s, line.len);
		char *list = s ? strchr(s, ':') : NULL;
		char *own = list ? strchr(list + 1, ':') : NULL;

		if (!own) {
			continue;
		}
		*own++ = '\0';
		list++;
		if (controller ? cgroup_list_has(list, controller) : list[0] == '\0') {
			return snprintf(path, PATH_MAX, "%s", own) < PATH_MAX &&
			       (size_t)snprintf(with, size, "%s", list) < size;
		}
	}
	return false;
}

/* The directory of our own group, when the mount shows it. What is above the root of our cgroup
 * namespace starts with "/..", on either side; it has no name that we could use. */
static void own_directory(const struct mount_line *m, const char *path, char *ret)
{
	size_t len = str_eq(m->root, "/") ? 0 : strlen(m->root);

	ret[0] = '\0';
	if (str_starts(path, "/..") || strncmp(path, m->root, len) != 0 ||
		(path[len] != '/' && path[len] != '\0')) {
		return;
	}
	path += len;
	if (snprintf(ret, PATH_MAX, "%s%s", m->point, str_eq(path, "/") ? "" : path) >= PATH_MAX) {
		ret[0] = '\0';
	}
}

/* Whether a later line mounts something at the same point. */
static bool covered(const char *at, const char *end, const char *point)
{
	struct line line;

	while (line_next(&at, end, &line)) {
		struct mount_line m;

		if (parse_mount(&line, NULL, &m) && str_eq(m.point, point)) {
			return true;
		}
	}
	return false;
}

static unsigned rank(const struct cgroup_view *v)
{
	return (v->own[0] ? 2U : 0U) + (v->read_only ? 0U : 1U);
}

bool cgroup_view_read(
	const char *mountinfo, const char *cgroups, const char *controller, struct cgroup_view *ret)
{
	const char *at = mountinfo;
	const char *end = mountinfo + strlen(mountinfo);
	struct cgroup_view best = {0};
	struct cgroup_view v = {0};
	char path[PATH_MAX];
	struct line line;
	bool member = find_own(cgroups, controller, path, v.with, sizeof(v.with));

	/* We may have moved there ourselves. */
	if (member && str_ends(path, "/" CGROUP_LEAF)) {
		path[strlen(path) - strlen("/" CGROUP_LEAF)] = '\0';
	}
	while (line_next(&at, end, &line)) {
		struct mount_line m;

		if (!parse_mount(&line, controller, &m) || !m.fits || covered(at, end, m.point)) {
			continue;
		}
		snprintf(v.mount, sizeof(v.mount), "%s", m.point);
		v.read_only = m.read_only;
		v.own[0] = '\0';
		if (member) {
			own_directory(&m, path, v.own);
		}
		if (!best.mount[0] || rank(&v) > rank(&best)) {
			best = v;
		}
	}
	if (best.mount[0]) {
		*ret = best;
	}
	return best.mount[0] != '\0';
}
