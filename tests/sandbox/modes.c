/* The same tests as another user: ordinary ones, with and without subordinate ids. */
#include "tests/sandbox/test.h"

#include "base/alloc.h"
#include "base/sys_file.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define SINGLE_ID 61234
#define SUB_FIRST 600000
#define SUB_LINE "nobody:600000:65536\n"

static const struct {
	const char *name;
	enum host_mode host;
} modes[] = {
	[MODE_ROOT] = {"root", HOST_ROOT},
	[MODE_SUBORDINATE] = {"subordinate", HOST_SUBORDINATE},
	[MODE_SINGLE] = {"single", HOST_SINGLE},
	[MODE_UNSHARED] = {"unshared", HOST_SINGLE},
};

/* Give "nobody" subordinate ids in a mount namespace of our own, where newuidmap reads them. */
static bool grant_ids(const struct fixture *f)
{
	static const char *const files[] = {"/etc/subuid", "/etc/subgid"};
	auto_free char *path = xasprintf("%s/subordinate", f->scratch);
	bool good = unshare(CLONE_NEWNS) == 0 &&
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
		    file_write(AT_FDCWD, path, SUB_LINE, strlen(SUB_LINE), NULL) == 0;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		good = good && mount(path, files[i], NULL, MS_BIND, NULL) == 0;
	}
	return EXPECT(good);
}

/* As unshare(1) -r does it. */
static bool unshare_r(uid_t uid, gid_t gid)
{
	char map[48];
	bool good = unshare(CLONE_NEWUSER) == 0 &&
		    file_poke(AT_FDCWD, "/proc/self/setgroups", "deny", NULL) == 0;

	snprintf(map, sizeof(map), "0 %u 1", uid);
	good = good && file_poke(AT_FDCWD, "/proc/self/uid_map", map, NULL) == 0;
	snprintf(map, sizeof(map), "0 %u 1", gid);
	return EXPECT(good && file_poke(AT_FDCWD, "/proc/self/gid_map", map, NULL) == 0);
}

static bool become(enum test_mode mode, uid_t uid, gid_t gid)
{
	/* Changing ids makes a process undumpable, as a program started by the user is not: its
	 * /proc files would stay root's. */
	return mode == MODE_ROOT ||
	       (EXPECT(setgroups(0, NULL) == 0 && setresgid(gid, gid, gid) == 0 &&
			setresuid(uid, uid, uid) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0 &&
			chdir("/") == 0) &&
		       (mode != MODE_UNSHARED || unshare_r(uid, gid)));
}

static bool find_user(enum test_mode mode, uid_t *ret_uid, gid_t *ret_gid)
{
	const struct passwd *pw = mode == MODE_SUBORDINATE ? getpwnam("nobody") : NULL;

	*ret_uid = *ret_gid = mode == MODE_ROOT ? 0 : SINGLE_ID;
	if (mode != MODE_SUBORDINATE) {
		return true;
	}
	if (!pw || access("/usr/bin/newuidmap", X_OK) < 0 || access("/etc/subuid", F_OK) < 0 ||
		access("/etc/subgid", F_OK) < 0) {
		return false;
	}
	*ret_uid = pw->pw_uid;
	*ret_gid = pw->pw_gid;
	return true;
}

unsigned mode_user(enum test_mode mode)
{
	uid_t uid;
	gid_t gid;

	return find_user(mode, &uid, &gid) ? uid : 0;
}

static _Noreturn void mode_process(struct fixture *g, const struct fixture *f, enum test_mode mode,
	uid_t uid, gid_t gid, bool (*run)(struct fixture *g))
{
	bool good = (mode != MODE_SUBORDINATE || grant_ids(f)) && become(mode, uid, gid) &&
		    run(g) && EXPECT(g->host.mode == modes[mode].host);

	fixture_close(g);
	fflush(stdout);
	_exit(!good);
}

bool in_mode(struct fixture *f, enum test_mode mode,
	void (*furnish)(const struct fixture *f, const char *layer, unsigned owner),
	bool (*run)(struct fixture *g))
{
	struct fixture g = *f;
	uid_t uid;
	gid_t gid;
	unsigned owner;
	int status;
	pid_t pid;

	if (!find_user(mode, &uid, &gid)) {
		skip("no newuidmap, /etc/subuid or user nobody here (Debian package uidmap)");
		return true;
	}
	owner = mode == MODE_SUBORDINATE ? SUB_FIRST : uid;
	g.scratch = xasprintf("%s/%s-%u", f->scratch, modes[mode].name, f->n_instances++);
	g.layer = xasprintf("%s/layer", g.scratch);
	EXPECT(mkdir(g.scratch, 0755) == 0);
	make_layer(&g, g.layer, owner);
	if (furnish) {
		furnish(&g, g.layer, owner);
	}
	EXPECT(lchown(g.scratch, uid, gid) == 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		mode_process(&g, f, mode, uid, gid, run);
	}
	free(g.scratch);
	free(g.layer);
	return EXPECT(waitpid(pid, &status, 0) == pid && status == 0);
}
