#include "runner/walk.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/sys_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

/* Directories that wait to be read; more than the policy's files could never be. */
enum { WAITING_MAX = 1000000 };

static int open_below(int root, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};

	return (int)syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof(how));
}

struct walker {
	bool (*visit)(const struct walk_item *item, void *arg);
	void *arg;
	struct strv waiting;
};

/* Takes no fd over; returns whether to go on. */
static bool visit_one(struct walker *w, int dir, const char *name, const char *parent)
{
	auto_free char *path = *parent ? xasprintf("%s/%s", parent, name) : xstrdup(name);
	struct stat st;
	struct walk_item item = {.dir = dir, .name = name, .path = path, .st = &st};

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW)) {
		return true;
	}
	if (!w->visit(&item, w->arg)) {
		return false;
	}
	if (S_ISDIR(st.st_mode) && w->waiting.n < WAITING_MAX && strlen(path) < PATH_MAX) {
		strv_take(&w->waiting, steal_ptr(path));
	}
	return true;
}

/* Returns whether to go on; *rc is -1 when it could not be read to its end. */
static bool walk_dir(struct walker *w, int root, const char *path, int *rc, struct err *err)
{
	auto_dir DIR *dir = dir_stream(open_below(root, path));
	const struct dirent *item;
	int more = 0;

	while (dir && (more = dir_next(dir, &item, err)) > 0) {
		if (!visit_one(w, dirfd(dir), item->d_name, path)) {
			return false;
		}
	}
	if (more < 0) {
		*rc = err_wrap(err, "'/%.200s'", path);
	}
	return true;
}

int walk(const char *root, bool (*visit)(const struct walk_item *item, void *arg), void *arg,
	struct err *err)
{
	struct walker w = {.visit = visit, .arg = arg};
	auto_fd int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool more = true;
	int rc = 0;

	if (fd < 0) {
		return err_sys(err, "open '%s'", root);
	}
	strv_add(&w.waiting, "");
	while (more && w.waiting.n) {
		auto_free char *path = w.waiting.v[--w.waiting.n];

		w.waiting.v[w.waiting.n] = NULL;
		more = walk_dir(&w, fd, path, &rc, err);
	}
	strv_release(&w.waiting);
	return rc;
}
