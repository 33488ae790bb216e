#include "sandbox/workspace.h"

#include "base/alloc.h"
#include "base/str.h"
#include "base/sys_file.h"
#include "sandbox/ids.h"
#include "sandbox/raw.h"
#include "sandbox/workspace_private.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#define ID_BYTES 6
#define ID_HEX (2 * ID_BYTES)
#define UNNAMED "new-"
#define KEPT "kept"
#define GROUPS "cgroups"

struct workspace {
	char id[ID_HEX + 1];
	char *base;
	char *dir;
	int runs_fd; /* <base>/runs */
	int lock_fd;
	int idmap_fd;
	bool keep;
	struct cgroup_place cgroups;
};

char *workspace_default_base(void)
{
	const char *home = getenv("ASSAY_HOME");

	if (home && home[0]) {
		return xstrdup(home);
	}
	/* uid 0 of a user namespace is no root: /var/lib is not ours there */
	if (geteuid() == 0 && access("/var/lib", W_OK) == 0) {
		return xstrdup("/var/lib/assay");
	}
	home = getenv("XDG_CACHE_HOME");
	if (home && home[0] == '/') {
		return xasprintf("%s/assay", home);
	}
	home = getenv("HOME");
	return xasprintf("%s/.cache/assay", home && home[0] == '/' ? home : "/tmp");
}

/* Absolute, with symbolic links resolved: mount(2) options and error messages use it. */
static char *make_base(const char *base, struct err *err)
{
	auto_free char *wanted = base ? xstrdup(base) : workspace_default_base();
	char *real;

	if (dir_make(wanted, 0755, err)) {
		return NULL;
	}
	real = realpath(wanted, NULL);
	if (!real) {
		err_sys(err, "resolve '%s'", wanted);
	}
	return real;
}

/* Where the groups of a run are is written down: its successor may stand in another group itself,
 * and would look elsewhere. */
static int note_cgroups(const struct workspace *w, struct err *err)
{
	auto_free char *path = xasprintf("%s/" GROUPS, w->id);
	AUTO(buf) struct buf text;

	buf_init(&text, CGROUP_CONTROLLERS * (PATH_MAX + 1));
	for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
		if (w->cgroups.dir[c][0] && buf_addf(&text, err, "%s\n", w->cgroups.dir[c])) {
			return -1;
		}
	}
	return file_write(w->runs_fd, path, buf_str(&text), text.len, err);
}

static int clear_cgroups(const struct workspace *w, const char *id)
{
	auto_free char *path = xasprintf("%s/" GROUPS, id);
	auto_free char *prefix = xasprintf("assay-%s-", id);
	AUTO(buf) struct buf text;
	const char *at;
	struct line line;
	int rc = 0;

	buf_init(&text, CGROUP_CONTROLLERS * (PATH_MAX + 1));
	if (file_read(w->runs_fd, path, &text, NULL)) {
		return 0;
	}
	at = buf_str(&text);
	while (line_next(&at, buf_str(&text) + text.len, &line)) {
		auto_free char *dir = xstrndup(line.s, line.len);

		rc = cgroup_clear(dir, prefix, NULL) ? -1 : rc;
	}
	return rc;
}

/* Take away what the run <id> left, unless it lives or was to be kept. */
static void clear_run(const struct workspace *w, const char *id)
{
	auto_free char *lock = xasprintf("%s/lock", id);
	auto_free char *kept = xasprintf("%s/" KEPT, id);
	auto_fd int fd = openat(w->runs_fd, lock, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	/* Without a lock file it is a remainder, too: a run gets its name with the lock held. */
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		return;
	}
	/* what could not be cleared is for the next one, who needs the note of where it is */
	if (clear_cgroups(w, id) == 0 && faccessat(w->runs_fd, kept, F_OK, 0) < 0) {
		(void)dir_remove(w->runs_fd, id, NULL);
	}
}

static bool is_run_id(const char *name)
{
	return strlen(name) == ID_HEX && strspn(name, "0123456789abcdef") == ID_HEX;
}

static int clear_old_runs(const struct workspace *w, bool unnamed, struct err *err)
{
	auto_dir DIR *d = dir_list(w->runs_fd);
	const struct dirent *e;
	int rc;

	if (!d) {
		return err_sys(err, "list '%s/runs'", w->base);
	}
	while ((rc = dir_next(d, &e, err)) > 0) {
		if (!unnamed && is_run_id(e->d_name)) {
			clear_run(w, e->d_name);
		} else if (unnamed && str_starts(e->d_name, UNNAMED)) {
			(void)dir_remove(w->runs_fd, e->d_name, NULL);
		}
	}
	return rc ? err_wrap(err, "list '%s/runs'", w->base) : 0;
}

/* Make <base>/runs/<id> with its lock held from the first moment that others can see it. */
static int make_run(struct workspace *w, struct err *err)
{
	unsigned char random[ID_BYTES];
	char hidden[ID_HEX + sizeof(UNNAMED)];
	char lock[sizeof(hidden) + sizeof("/lock")];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
		return err_sys(err, "get random bytes");
	}
	for (int i = 0; i < ID_BYTES; i++) {
		snprintf(w->id + 2 * i, 3, "%02x", random[i]);
	}
	snprintf(hidden, sizeof(hidden), UNNAMED "%s", w->id);
	snprintf(lock, sizeof(lock), "%s/lock", hidden);
	/* Below it lie set-user-ID programs of images: nobody else's business. */
	if (mkdirat(w->runs_fd, hidden, 0700) < 0) {
		return err_sys(err, "make a directory in '%s/runs'", w->base);
	}
	w->lock_fd = openat(w->runs_fd, lock, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (w->lock_fd < 0 || flock(w->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		return err_sys(err, "lock a directory in '%s/runs'", w->base);
	}
	if (renameat(w->runs_fd, hidden, w->runs_fd, w->id) < 0) {
		return err_sys(err, "name a directory in '%s/runs'", w->base);
	}
	w->dir = xasprintf("%s/runs/%s", w->base, w->id);
	return 0;
}

/* Runs without a name yet exist only while somebody holds the lock of the directory of runs: who
 * holds it may remove all that are there. */
static int open_run(struct workspace *w, struct err *err)
{
	int rc;

	if (flock(w->runs_fd, LOCK_EX) < 0) {
		return err_sys(err, "lock '%s/runs'", w->base);
	}
	rc = clear_old_runs(w, true, err) || make_run(w, err) ? -1 : 0;
	(void)flock(w->runs_fd, LOCK_UN);
	return rc;
}

int workspace_open(
	const char *base, const struct host *host, struct workspace **ret, struct err *err)
{
	AUTO_PTR(workspace) struct workspace *w = xcalloc(1, sizeof(*w));
	auto_free char *runs = NULL;
	char why[200];
	char remedy[200];

	(void)host;
	w->runs_fd = w->lock_fd = w->idmap_fd = -1;
	w->base = make_base(base, err);
	if (!w->base) {
		return err_wrap(err, "workspace");
	}
	(void)cgroup_place_find(&w->cgroups, why, remedy, sizeof(why));
	runs = xasprintf("%s/runs", w->base);
	if (dir_make(runs, 0755, err)) {
		return err_wrap(err, "workspace");
	}
	w->runs_fd = open(runs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->runs_fd < 0) {
		return err_sys(err, "open '%s'", runs);
	}
	if (clear_old_runs(w, false, err)) {
		return err_wrap(err, "workspace");
	}
	for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
		if (w->cgroups.dir[c][0]) {
			cgroup_clear_probes(w->cgroups.dir[c]);
		}
	}
	if (open_run(w, err) || note_cgroups(w, err)) {
		return err_wrap(err, "workspace");
	}
	*ret = steal_ptr(w);
	return 0;
}

void workspace_free(struct workspace *w)
{
	if (!w) {
		return;
	}
	if (w->dir) {
		if (clear_cgroups(w, w->id) == 0 && !w->keep) {
			(void)dir_remove(w->runs_fd, w->id, NULL);
		}
	}
	cgroup_place_release(&w->cgroups);
	cleanup_fd(&w->idmap_fd);
	cleanup_fd(&w->runs_fd);
	cleanup_fd(&w->lock_fd);
	free(w->base);
	free(w->dir);
	free(w);
}

void workspace_vanish(const struct workspace *w)
{
	static const char *const files[] = {"/lock", ("/" GROUPS), ""};
	char path[ID_HEX + sizeof("/" GROUPS)];

	memcpy(path, w->id, ID_HEX);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		memcpy(path + ID_HEX, files[i], strlen(files[i]) + 1);
		(void)unlinkat(w->runs_fd, path, files[i][0] ? 0 : AT_REMOVEDIR);
	}
}

const char *workspace_id(const struct workspace *w)
{
	return w->id;
}

const char *workspace_dir(const struct workspace *w)
{
	return w->dir;
}

const char *workspace_base(const struct workspace *w)
{
	return w->base;
}

void workspace_keep(struct workspace *w)
{
	auto_free char *path = xasprintf("%s/" KEPT, w->id);

	w->keep = true;
	/* The mark is for later runs, which clear what nobody holds. */
	(void)file_write(w->runs_fd, path, "", 0, NULL);
}

const struct cgroup_place *workspace_cgroups(const struct workspace *w)
{
	return &w->cgroups;
}

int workspace_idmap_fd(struct workspace *w, const struct host *host, struct err *err)
{
	if (w->idmap_fd < 0) {
		w->idmap_fd = ids_open_namespace(host, err);
	}
	return w->idmap_fd;
}
