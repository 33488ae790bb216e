/*
 * Images laid out to lead a starter astray: links where something is mounted, made or copied. The
 * trap lies outside; what counts is that nothing appears in it, that its secret is not seen inside,
 * and that a write inside does not reach it. The control does the same by path, as a careless
 * starter would, and falls into it.
 */
#include "tests/sandbox/test.h"

#include "base/alloc.h"
#include "base/sys_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECRET "trap: outside only\n"
#define UP "/../../../../../../../../../../.."

enum act { MAKE_DIRECTORY, BIND_FILE, BIND_DIRECTORY, MOUNT, COPY_FROM, ENTER };

/* An entry of the image: a link to before + trap + after, or a directory when both are NULL. */
struct entry {
	const char *path, *before, *after;
};

static const struct layout {
	const char *name;
	const char *technique;
	struct entry entries[4];
	const char *cwd;
	const char *volumes[3];
	/* What a careless starter would do, and where. */
	enum act act;
	const char *at;
	bool no_control; /* leads through /proc of the starter: see leaked-working-directory */
} layouts[] = {
	{"hosts-is-a-link", "/etc/hosts leads to a file of the host",
		{{"etc", NULL, NULL}, {"etc/hosts", "", "/file"}}, NULL, {NULL}, BIND_FILE,
		"/etc/hosts", false},
	{"hosts-is-a-relative-link", "the same by ..",
		{{"etc", NULL, NULL}, {"etc/hosts", "../../../../../../../../../..", "/file"}},
		NULL, {NULL}, BIND_FILE, "/etc/hosts", false},
	{"resolv-conf-dangles", "/etc/resolv.conf leads to a name that is not there yet",
		{{"etc", NULL, NULL}, {"etc/resolv.conf", "", "/new"}}, NULL, {NULL}, BIND_FILE,
		"/etc/resolv.conf", false},
	{"etc-is-a-link", "/etc leads out", {{"etc", "", "/directory"}}, NULL, {NULL}, BIND_FILE,
		"/etc/hosts", false},
	{"dev-is-a-link", "CVE-2021-30465: /dev leads out", {{"dev", "", "/directory"}}, NULL,
		{NULL}, MOUNT, "/dev", false},
	{"proc-is-a-link", "CVE-2019-19921: /proc leads out", {{"proc", "", "/directory"}}, NULL,
		{NULL}, MOUNT, "/proc", false},
	{"sys-is-a-link", "/sys leads out", {{"sys", "", "/directory"}}, NULL, {NULL}, MOUNT,
		"/sys", false},
	{"shm-is-a-link", "/dev/shm leads out",
		{{"dev", NULL, NULL}, {"dev/shm", "", "/directory"}}, NULL, {NULL}, MOUNT,
		"/dev/shm", false},
	{"cwd-through-a-link", "WorkingDir below a link is made outside",
		{{"stage", "", "/directory"}}, "/stage/made", {NULL}, MAKE_DIRECTORY, "/stage/made",
		false},
	{"cwd-up", "WorkingDir with ..", {{0}}, UP "TRAP/made", {NULL}, MAKE_DIRECTORY,
		UP "TRAP/made", false},
	{"cwd-descriptor", "CVE-2024-21626: WorkingDir /proc/self/fd/N", {{0}}, "/proc/self/fd/7",
		{NULL}, ENTER, "/proc/self/fd/7", true},
	{"cwd-process-root", "WorkingDir /proc/1/root", {{0}},
		"/proc/1/root"
		"TRAP/made",
		{NULL}, MAKE_DIRECTORY,
		"/proc/1/root"
		"TRAP/made",
		true},
	{"cwd-link-to-descriptor", "WorkingDir is a link to /proc/self/cwd",
		{{"work", "/proc/self/cwd" UP, "/made"}}, "/work", {NULL}, ENTER, NULL, true},
	{"volume-through-a-link", "CVE-2021-30465: a volume below a link",
		{{"srv", "", "/directory"}}, NULL, {"/srv/made"}, MAKE_DIRECTORY, "/srv/made",
		false},
	{"volume-is-a-link", "CVE-2019-14271: a volume whose content is copied from the host",
		{{"data-link", "", ""}}, NULL, {"/data-link"}, COPY_FROM, "/data-link/file", false},
	{"volume-content-is-a-link", "a volume's file is a link to the host's",
		{{"vol", NULL, NULL}, {"vol/file", "", "/file"}}, NULL, {"/vol"}, COPY_FROM,
		"/vol/file", false},
	{"volume-below-a-volume", "a link seeded into one volume leads the next one",
		{{"vol", NULL, NULL}, {"vol/link", "", "/directory"}}, NULL,
		{"/vol", "/vol/link/made"}, MAKE_DIRECTORY, "/vol/link/made", false},
	{"volume-up", "a volume's path with ..", {{0}}, NULL, {UP "TRAP/made"}, MAKE_DIRECTORY,
		UP "TRAP/made", false},
	{"volume-over-proc", "CVE-2023-28642: a volume in place of /proc", {{0}}, NULL, {"/proc"},
		ENTER, NULL, true},
	{"volume-in-proc", "a volume at /proc/self/cwd/made", {{0}}, NULL, {"/proc/self/cwd/made"},
		ENTER, NULL, true},
	{"volume-in-descriptor", "a volume at /proc/self/fd/7/made", {{0}}, NULL,
		{"/proc/self/fd/7/made"}, MAKE_DIRECTORY, "/proc/self/fd/7/made", true},
};

static struct run r;

struct trap {
	char *dir, *layer;
};

static void write_file(const char *dir, const char *name, const char *text)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);

	EXPECT(file_write(AT_FDCWD, path, text, strlen(text), NULL) == 0);
}

static void make_dir(const char *dir, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);

	EXPECT(mkdir(path, 0777) == 0 && chmod(path, 0777) == 0);
}

/* The layer's directories belong to instance id 0 or to us; the trap to everybody. */
static struct trap trap_make(struct fixture *f, const struct layout *l)
{
	unsigned n = f->n_instances++;
	struct trap t = {
		xasprintf("%s/trap-%u", f->scratch, n), xasprintf("%s/layout-%u", f->scratch, n)};

	make_dir(f->scratch, strrchr(t.dir, '/') + 1);
	make_dir(f->scratch, strrchr(t.layer, '/') + 1);
	make_dir(t.dir, "directory");
	write_file(t.dir, "file", SECRET);
	write_file(t.dir, "directory/hosts", SECRET);
	for (size_t i = 0; i < ARRAY_SIZE(l->entries) && l->entries[i].path; i++) {
		const struct entry *e = &l->entries[i];
		auto_free char *path = xasprintf("%s/%s", t.layer, e->path);

		if (e->before) {
			auto_free char *to = xasprintf("%s%s%s", e->before, t.dir, e->after);

			EXPECT(symlink(to, path) == 0);
		} else {
			make_dir(t.layer, e->path);
		}
	}
	return t;
}

static void trap_release(struct trap *t)
{
	free(t->dir);
	free(t->layer);
}

static size_t entries_of(const char *dir)
{
	auto_dir DIR *d = opendir(dir);
	size_t n = 0;

	while (d && readdir(d)) {
		n++;
	}
	return n - 2;
}

static bool has_secret(const char *dir, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	AUTO(buf) struct buf text;

	buf_init(&text, 4096);
	return file_read(AT_FDCWD, path, &text, NULL) == 0 && str_eq(buf_str(&text), SECRET);
}

/* As it was made: file, directory, and hosts in that. */
static bool trap_is_as_it_was(const struct trap *t)
{
	auto_free char *inner = xasprintf("%s/directory", t->dir);

	return entries_of(t->dir) == 2 && entries_of(inner) == 1 && has_secret(t->dir, "file") &&
	       has_secret(inner, "hosts");
}

/* "TRAP" stands for the trap's path. */
static char *with_trap(const char *path, const struct trap *t)
{
	const char *at = path ? strstr(path, "TRAP") : NULL;

	if (!at) {
		return path ? xstrdup(path) : NULL;
	}
	return xasprintf("%.*s%s%s", (int)(at - path), path, t->dir, at + 4);
}

static void add_volumes(struct sandbox_plan *plan, const struct layout *l, const struct trap *t)
{
	for (size_t i = 0; i < ARRAY_SIZE(l->volumes) && l->volumes[i]; i++) {
		strv_take(&plan->volumes, with_trap(l->volumes[i], t));
	}
}

static bool try_layout(struct fixture *f, const struct layout *l)
{
	struct trap t = trap_make(f, l);
	auto_free char *cwd = with_trap(l->cwd, &t);
	struct sandbox_plan plan = plan_new(f, "cat", "/etc/hosts", "/etc/resolv.conf", "/vol/file",
		"/data-link/file", "/srv/made/../../file", "file", "../file", "hosts", NULL);
	bool good;

	strv_add(&plan.lower, t.layer);
	add_volumes(&plan, l, &t);
	plan.cwd = cwd ? cwd : "/";
	/* Whether such an image starts at all is its own affair. */
	if (run_start(&r, &plan, true)) {
		run_finish(&r);
	}
	good = EXPECT(!has(r.out, SECRET)) && EXPECT(trap_is_as_it_was(&t));
	run_free(&r);
	plan = plan_new(f, "write", "/etc/hosts", "/etc/resolv.conf", "/vol/file", "/data-link/new",
		"/vol/link/new", "/srv/made/new", "/srv/new", "/dev/shm/new", "new", NULL);
	strv_add(&plan.lower, t.layer);
	add_volumes(&plan, l, &t);
	plan.cwd = cwd ? cwd : "/";
	if (run_start(&r, &plan, true)) {
		run_finish(&r);
	}
	run_free(&r);
	good = EXPECT(trap_is_as_it_was(&t)) && good;
	if (!good) {
		printf("# layout %s: %s\n", l->name, l->technique);
	}
	trap_release(&t);
	return good;
}

static bool all_layouts(struct fixture *g)
{
	bool good = fixture_open(g);

	for (size_t i = 0; good && i < ARRAY_SIZE(layouts); i++) {
		good = try_layout(g, &layouts[i]);
	}
	printf("# %zu hostile layouts\n", ARRAY_SIZE(layouts));
	return good;
}

static void layouts_as_root(struct fixture *f)
{
	in_mode(f, MODE_ROOT, NULL, all_layouts);
}

static void layouts_as_subordinate(struct fixture *f)
{
	in_mode(f, MODE_SUBORDINATE, NULL, all_layouts);
}

static void layouts_as_single(struct fixture *f)
{
	in_mode(f, MODE_SINGLE, NULL, all_layouts);
}

static void layouts_unshared(struct fixture *f)
{
	in_mode(f, MODE_UNSHARED, NULL, all_layouts);
}

/* What the careless starter does, by path; in a mount namespace that is thrown away. */
static bool act_by_path(const struct layout *l, const struct trap *t)
{
	auto_free char *at = with_trap(l->at, t);
	auto_free char *path = xasprintf("%s%s", t->layer, at);
	auto_free char *file = xasprintf("%s/other", t->layer);
	int fd;

	switch (l->act) {
	case MAKE_DIRECTORY:
		return mkdir(path, 0755) == 0;
	case BIND_FILE:
		write_file(t->layer, "other", "other\n");
		fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
		return fd >= 0 && close(fd) == 0 && mount(file, path, NULL, MS_BIND, NULL) == 0;
	case BIND_DIRECTORY:
		return mount(t->layer, path, NULL, MS_BIND, NULL) == 0;
	case MOUNT:
		return mount("x", path, "tmpfs", 0, NULL) == 0;
	case COPY_FROM:
		return has_secret(t->layer, at + 1);
	case ENTER:
		return false;
	}
	return false;
}

/* Whether the trap was sprung, seen from where it happened. */
static bool falls(const struct layout *l, const struct trap *t)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		bool done = unshare(CLONE_NEWNS) == 0 &&
			    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
			    act_by_path(l, t);

		_exit(!(done && (l->act == COPY_FROM || !trap_is_as_it_was(t))));
	}
	return waitpid(pid, &status, 0) == pid && status == 0;
}

static void layout_controls(struct fixture *f)
{
	unsigned shown = 0;

	if (f->host.mode != HOST_ROOT) {
		skip("needs root");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		const struct layout *l = &layouts[i];
		struct trap t = trap_make(f, l);

		if (l->no_control) {
			printf("# no control: %s\n", l->name);
		} else if (EXPECT(falls(l, &t))) {
			shown++;
		} else {
			printf("# the control fails: %s\n", l->name);
		}
		trap_release(&t);
	}
	printf("# a careless starter falls for %u of %zu layouts\n", shown, ARRAY_SIZE(layouts));
}

const struct test tests_layouts[] = {
	{"hostile layouts, as root", layouts_as_root},
	{"hostile layouts, with subordinate ids", layouts_as_subordinate},
	{"hostile layouts, with a single id", layouts_as_single},
	{"hostile layouts, inside unshare -r", layouts_unshared},
	{"a careless starter falls for them", layout_controls},
	{NULL, NULL},
};
