#include "image/store_unpack_private.h"

#include "base/cleanup.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int by_text(const void *a, const void *b)
{
	const char *const *x = a;
	const char *const *y = b;

	return strcmp(*x, *y);
}

static void sort(struct strv *list)
{
	if (list->n) {
		qsort(list->v, list->n, sizeof(char *), by_text);
	}
}

static bool has(const struct strv *sorted, const char *text)
{
	return sorted->n && bsearch(&text, sorted->v, sorted->n, sizeof(char *), by_text);
}

/* Whether one of the directories above path is opaque. */
static bool below_opaque(const struct unpack *u, const char *path)
{
	char dir[LIMIT_PATH];

	snprintf(dir, sizeof(dir), "%s", path);
	for (char *slash; (slash = strrchr(dir, '/'));) {
		*slash = '\0';
		if (has(&u->opaque, dir)) {
			return true;
		}
	}
	return u->meta.opaque_root;
}

/* Remove path if it is still a whiteout. */
static int remove_whiteout(const struct unpack *u, const char *path, struct err *err)
{
	char dir[LIMIT_PATH];
	char *slash;
	const char *name = path;
	auto_fd int fd = -1;
	struct stat st;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (slash) {
		name = path + (slash - dir) + 1;
		*slash = '\0';
	}
	fd = open_beneath(u->root, slash ? dir : "", O_PATH | O_DIRECTORY);
	if (fd < 0) {
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
			       ? 0 /* replaced later in the same layer */
			       : err_sys(err, "open directory '%.200s'", dir);
	}
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW)) {
		return errno == ENOENT ? 0 : err_sys(err, "stat whiteout '%.200s'", path);
	}
	if (!S_ISCHR(st.st_mode)) {
		return 0;
	}
	return unlinkat(fd, name, 0) ? err_sys(err, "remove whiteout '%.200s'", path) : 0;
}

int whiteouts_tidy(struct unpack *u, struct err *err)
{
	sort(&u->opaque);
	sort(&u->whiteouts);
	for (size_t i = 0; i < u->whiteouts.n; i++) {
		const char *path = u->whiteouts.v[i];

		if (below_opaque(u, path) && remove_whiteout(u, path, err)) {
			return -1;
		}
	}
	for (size_t i = 0; i < u->doubtful.n; i++) {
		const char *path = u->doubtful.v[i];

		if (!has(&u->whiteouts, path) && remove_whiteout(u, path, err)) {
			return -1;
		}
	}
	return 0;
}
