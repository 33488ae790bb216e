#include "base/cleanup.h"
#include "base/sys_file.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static char dir[] = "/tmp/assay-test-XXXXXX";

static void enter(void)
{
	cr_assert_not_null(mkdtemp(dir));
	cr_assert_eq(chdir(dir), 0);
}

static void leave(void)
{
	cr_assert_eq(chdir("/"), 0);
	cr_assert_eq(dir_remove(AT_FDCWD, dir, NULL), 0);
}

TestSuite(base_sys_file, .init = enter, .fini = leave);

Test(base_sys_file, reads_what_was_written_up_to_the_cap)
{
	AUTO(buf) struct buf b;
	struct err err = {0};

	cr_assert_eq(file_write(AT_FDCWD, "f", "hello", 5, &err), 0);
	buf_init(&b, 5);
	cr_assert_eq(file_read(AT_FDCWD, "f", &b, &err), 0);
	cr_assert_str_eq(buf_str(&b), "hello");
	buf_release(&b);
	buf_init(&b, 4);
	cr_assert_eq(file_read(AT_FDCWD, "f", &b, &err), -1);
	cr_assert_eq(err.code, ERR_LIMIT);
	cr_assert_not_null(strstr(err.msg, "'f'"));
	cr_assert_eq(file_read(AT_FDCWD, "none", &b, &err), -1);
	cr_assert_eq(err.code, ERR_IO);
	cr_assert_eq(err.sys, ENOENT);
}

Test(base_sys_file, removes_deep_trees_and_follows_no_link)
{
	struct stat st;
	int top;

	cr_assert_eq(mkdir("keep", 0755), 0);
	cr_assert_eq(file_write(AT_FDCWD, "keep/file", "x", 1, NULL), 0);
	cr_assert_eq(mkdir("gone", 0755), 0);
	top = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_eq(chdir("gone"), 0);
	for (int i = 0; i < 1500; i++) { /* far deeper than PATH_MAX with these names */
		char name[] = "a-directory-name-of-some-length";

		cr_assert_eq(symlink("/etc", "link"), 0);
		cr_assert_eq(mkdir(name, 0755), 0);
		cr_assert_eq(chdir(name), 0);
	}
	cr_assert_eq(fchdir(top), 0);
	cr_assert_eq(symlink("../keep", "gone/out"), 0);
	cr_assert_eq(dir_remove(AT_FDCWD, "gone", NULL), 0);
	cr_assert_eq(stat("gone", &st), -1);
	cr_assert_eq(stat("keep/file", &st), 0);
	cr_assert_eq(dir_remove(AT_FDCWD, "gone", NULL), 0, "what is not there is no error");
	close(top);
}

Test(base_sys_file, a_short_file_is_malformed_not_zero_filled)
{
	char bytes[8];
	struct err err = {0};
	auto_fd int fd = -1;

	cr_assert_eq(file_write(AT_FDCWD, "f", "1234", 4, NULL), 0);
	fd = open("f", O_RDONLY | O_CLOEXEC);
	cr_assert_eq(file_read_at(fd, bytes, 4, 0, &err), 0);
	cr_assert_eq(file_read_at(fd, bytes, 4, 1, &err), -1);
	cr_assert_eq(err.code, ERR_MALFORMED);
}
