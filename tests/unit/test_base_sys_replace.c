/* A file holds all that was written, or what was there before. */
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/sys_file.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

static char dir[] = "/tmp/assay-replace-XXXXXX";

static void enter(void)
{
	cr_assert_not_null(mkdtemp(dir));
	cr_assert_eq(chdir(dir), 0);
	(void)umask(022);
}

static void leave(void)
{
	cr_assert_eq(chdir("/"), 0);
	cr_assert_eq(dir_remove(AT_FDCWD, dir, NULL), 0);
}

TestSuite(base_sys_replace, .init = enter, .fini = leave);

static int put(const char *path, const char *text, struct err *err)
{
	return file_replace(path, text, strlen(text), err);
}

/* Its mode, links and inode; fails when it does not hold text. */
static struct stat holds(const char *path, const char *text)
{
	AUTO(buf) struct buf b;
	struct err err = {0};
	struct stat st = {0};

	buf_init(&b, 1 << 20);
	cr_assert_eq(file_read(AT_FDCWD, path, &b, &err), 0, "%s", err.msg);
	cr_expect_str_eq(buf_str(&b), text, "%s", path);
	cr_assert_eq(stat(path, &st), 0);
	return st;
}

static size_t entries(const char *path)
{
	auto_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *list = dir_list(fd);
	const struct dirent *item;
	size_t n = 0;

	cr_assert_not_null(list);
	while (dir_next(list, &item, NULL) > 0) {
		n++;
	}
	return n;
}

/* No file of more than this many bytes from now on. */
static void limit(rlim_t bytes)
{
	const struct rlimit small = {bytes, RLIM_INFINITY};

	(void)signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
}

Test(base_sys_replace, new_and_over_an_old_one)
{
	struct err err = {0};
	ino_t inode;

	cr_assert_eq(put("f", "one", &err), 0, "%s", err.msg);
	cr_expect_eq(holds("f", "one").st_mode, S_IFREG | 0644);
	inode = holds("f", "one").st_ino;
	cr_assert_eq(chmod("f", 0640), 0);
	cr_assert_eq(put("f", "2", &err), 0, "%s", err.msg);
	cr_expect_eq(holds("f", "2").st_mode, S_IFREG | 0640);
	cr_expect_neq(holds("f", "2").st_ino, inode, "written in place");
	cr_expect_eq(entries("."), 1);
	(void)umask(077);
	cr_assert_eq(put("g", "x", &err), 0, "%s", err.msg);
	cr_expect_eq(holds("g", "x").st_mode, S_IFREG | 0600);
	cr_expect_eq(put("none/f", "x", &err), -1);
	cr_expect_eq(err.sys, ENOENT);
	cr_expect(strstr(err.msg, "'none/f'"), "%s", err.msg);
	cr_expect_eq(put(".", "x", &err), -1);
	cr_expect_eq(err.sys, EISDIR);
}

Test(base_sys_replace, no_room)
{
	static char much[4096];
	struct err err = {0};

	memset(much, 'x', sizeof(much) - 1);
	cr_assert_eq(put("old", "before", NULL), 0);
	cr_assert_eq(symlink("old", "link"), 0);
	limit(1000);
	cr_expect_eq(put("new", much, &err), -1);
	cr_expect_eq(err.sys, EFBIG);
	cr_expect(strstr(err.msg, "'new'"), "%s", err.msg);
	cr_expect_eq(put("old", much, &err), -1);
	cr_expect_eq(err.sys, EFBIG);
	cr_expect_eq(put("link", much, &err), -1);
	cr_expect(strstr(err.msg, "'link'"), "%s", err.msg);
	limit(RLIM_INFINITY);
	(void)holds("old", "before");
	cr_expect_eq(access("new", F_OK), -1);
	cr_expect_eq(entries("."), 2, "nothing else stays behind");
}

Test(base_sys_replace, links_are_followed)
{
	struct err err = {0};
	struct stat st;

	cr_assert_eq(mkdir("d", 0755), 0);
	cr_assert_eq(put("d/f", "1", NULL), 0);
	cr_assert(symlink("d", "e") == 0 && symlink("e/f", "link") == 0);
	cr_assert_eq(symlink("d/new", "dangling"), 0);
	cr_assert_eq(put("link", "22", &err), 0, "%s", err.msg);
	cr_assert_eq(put("dangling", "333", &err), 0, "%s", err.msg);
	cr_expect(lstat("link", &st) == 0 && S_ISLNK(st.st_mode));
	cr_expect(lstat("dangling", &st) == 0 && S_ISLNK(st.st_mode));
	(void)holds("d/f", "22");
	(void)holds("d/new", "333");
	cr_expect_eq(entries("d"), 2);
}

/* What nothing else can stand in for is written to as it is. */
Test(base_sys_replace, in_place)
{
	struct err err = {0};
	struct stat st;
	auto_fd int ours = open("ours", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	auto_free char *self = xasprintf("/proc/self/fd/%d", ours);

	cr_assert_eq(put("/dev/null", "x", &err), 0, "%s", err.msg);
	cr_expect(stat("/dev/null", &st) == 0 && S_ISCHR(st.st_mode));
	cr_assert_eq(put(self, "ours", &err), 0, "%s", err.msg);
	cr_expect(fstat(ours, &st) == 0 && st.st_nlink == 1 && st.st_size == 4, "it is another");
	cr_assert_eq(put("one", "longer", NULL), 0);
	cr_assert_eq(link("one", "two"), 0);
	cr_assert_eq(put("one", "both", &err), 0, "%s", err.msg);
	(void)holds("two", "both");
	cr_expect_eq(entries("."), 3);
}

/* Nobody else would have the rights that the list gives. */
Test(base_sys_replace, access_control_lists)
{
	/* as linux/posix_acl_xattr.h has it: the version, then tag, rights and id of the owner, of
	 * user 7, of the group, of the mask, of others */
	static const uint8_t list[] = {2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 6, 0, 7, 0,
		0, 0, 4, 0, 4, 0, 255, 255, 255, 255, 16, 0, 6, 0, 255, 255, 255, 255, 32, 0, 4, 0,
		255, 255, 255, 255};
	struct err err = {0};
	ino_t inode;

	cr_assert_eq(put("f", "1", NULL), 0);
	inode = holds("f", "1").st_ino;
	if (setxattr("f", "system.posix_acl_access", list, sizeof(list), 0)) {
		cr_assert_eq(errno, ENOTSUP);
		cr_skip_test("no access control lists here");
	}
	cr_assert_eq(put("f", "2", &err), 0, "%s", err.msg);
	cr_expect_eq(holds("f", "2").st_ino, inode);
	cr_expect_eq(getxattr("f", "system.posix_acl_access", NULL, 0), (ssize_t)sizeof(list));
}

static void *read_fifo(void *arg)
{
	AUTO(buf) struct buf b;
	bool *good = arg;

	buf_init(&b, 100);
	*good = file_read(AT_FDCWD, "fifo", &b, NULL) == 0 && strcmp(buf_str(&b), "x") == 0;
	return NULL;
}

Test(base_sys_replace, a_fifo_is_opened_once)
{
	struct err err = {0};
	struct stat st;
	pthread_t reader;
	bool good = false;

	cr_assert_eq(mkfifo("fifo", 0600), 0);
	cr_assert_eq(pthread_create(&reader, NULL, read_fifo, &good), 0);
	cr_expect_eq(put("fifo", "x", &err), 0, "%s", err.msg);
	cr_assert_eq(pthread_join(reader, NULL), 0);
	cr_expect(good);
	cr_expect(lstat("fifo", &st) == 0 && S_ISFIFO(st.st_mode));
}

/* The exit status of act as somebody else, who is nobody. */
static int as_nobody(int (*act)(void))
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		_exit(setgid(65534) || setuid(65534) ? 99 : act());
	}
	cr_assert(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* The same as root of a user namespace that knows root and, by the number that stands for everybody
 * else, user and group 70000. */
static int in_namespace(int (*act)(void))
{
	static const char map[] = "0 0 1\n65534 70000 1\n";
	char go = 0;
	int made[2];
	int mapped[2];
	int status = -1;
	char path[64];
	pid_t child;

	cr_assert(pipe(made) == 0 && pipe(mapped) == 0);
	child = fork();
	if (child == 0) {
		go = unshare(CLONE_NEWUSER) == 0;
		_exit(write(made[1], &go, 1) != 1 || read(mapped[0], &go, 1) != 1 || !go ? 99
											 : act());
	}
	cr_assert_eq(read(made[0], &go, 1), 1);
	for (int i = 0; go && i < 2; i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", (int)child, i ? "gid_map" : "uid_map");
		cr_assert_eq(file_poke(AT_FDCWD, path, map, NULL), 0);
	}
	cr_assert_eq(write(mapped[1], &go, 1), 1);
	cr_assert(waitpid(child, &status, 0) == child && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int put_over(void)
{
	return put("d/f", "new", NULL) == 0 ? 0 : 1;
}

static int put_beside_it(void)
{
	return put("d/other", "new", NULL) == 0 ? 0 : 1;
}

Test(base_sys_replace, directories_and_files_of_others)
{
	if (geteuid() != 0) {
		cr_skip_test("only root can be somebody else");
	}
	cr_assert(chmod(".", 0755) == 0 && mkdir("d", 0755) == 0);
	cr_assert_eq(put("d/f", "old", NULL), 0);
	cr_expect_eq(as_nobody(put_over), 1, "it may not write to the file");
	cr_expect_eq(as_nobody(put_beside_it), 1);
	cr_assert_eq(chmod("d/f", 0666), 0);
	cr_expect_eq(as_nobody(put_over), 0, "nor to the directory, but to the file");
	cr_expect_eq(holds("d/f", "new").st_mode, S_IFREG | 0666);
	/* in a directory of theirs: the file stays whose it was */
	cr_assert(put("d/f", "old", NULL) == 0 && chown("d", 65534, 65534) == 0);
	cr_expect_eq(as_nobody(put_over), 0);
	cr_expect_eq(holds("d/f", "new").st_uid, 0);
	cr_assert_eq(chown("d/f", 1234, 5678), 0);
	cr_assert_eq(put("d/f", "root's", NULL), 0);
	cr_expect_eq(holds("d/f", "root's").st_uid, 1234);
	cr_expect_eq(holds("d/f", "root's").st_gid, 5678);
	cr_expect_eq(entries("d"), 1);
}

Test(base_sys_replace, owners_without_a_number_stay)
{
	int status;

	if (geteuid() != 0) {
		cr_skip_test("only root can give files away");
	}
	cr_assert(mkdir("d", 0755) == 0 && put("d/f", "old", NULL) == 0);
	cr_assert(chmod("d/f", 0666) == 0 && chown("d/f", 0, 5678) == 0);
	status = in_namespace(put_over);
	if (status == 99) {
		cr_skip_test("no user namespaces here");
	}
	cr_expect_eq(status, 0);
	cr_expect_eq(holds("d/f", "new").st_gid, 5678);
	cr_expect_eq(entries("d"), 1);
}
