#include "base/cleanup.h"
#include "base/sys_file.h"
#include "sandbox/ids.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static char path[64];

static void with(const char *text)
{
	int fd;

	snprintf(path, sizeof(path), "/tmp/assay-subid-XXXXXX");
	fd = mkstemp(path);
	cr_assert(fd >= 0);
	cr_assert_eq(file_write_fd(fd, text, strlen(text), NULL), 0);
	close(fd);
}

/* subuid(5): "login name or UID : numerical subordinate user ID : count" */
Test(sandbox_ids, subordinate_by_name_and_number)
{
	struct id_range r = {0};

	with("root:1:2\nanna:100000:65536\n1001:300000:1000\nanna:500000:70000\n");
	cr_assert(ids_subordinate(path, "anna", 1000, &r));
	cr_assert_eq(r.outside, 500000);
	cr_assert_eq(r.n, 70000);
	cr_assert(ids_subordinate(path, "bert", 1001, &r));
	cr_assert_eq(r.outside, 300000);
	cr_assert_not(ids_subordinate(path, "ann", 7, &r));
	unlink(path);
}

Test(sandbox_ids, subordinate_skips_junk)
{
	struct id_range r = {0};

	with("anna\nanna:\nanna:x:y\nanna:1\nanna:99999999999:1\n:::\nanna:5:10");
	cr_assert(ids_subordinate(path, "anna", 1000, &r));
	cr_assert_eq(r.outside, 5);
	cr_assert_eq(r.n, 10);
	unlink(path);
	cr_assert_not(ids_subordinate("/no/such/file", "anna", 1000, &r));
}

/* user_namespaces(7): the initial namespace shows "0 0 4294967295". */
Test(sandbox_ids, maps)
{
	struct id_map map;

	with("         0          0 4294967295\n");
	cr_assert_eq(ids_read_map(path, &map, NULL), 0);
	cr_assert(ids_map_is_whole(&map));
	unlink(path);
	with("         0       1000          1\n         1     100000      65536\n");
	cr_assert_eq(ids_read_map(path, &map, NULL), 0);
	cr_assert_not(ids_map_is_whole(&map));
	cr_assert_eq(map.n, 2);
	cr_assert_eq(map.v[1].inside, 1);
	cr_assert_eq(map.v[1].outside, 100000);
	cr_assert_eq(map.v[1].n, 65536);
	unlink(path);
}

/* By hand: 1879048192 = 0x70000000; the first multiple of 65536 past 1879100000 is 1879113728. */
Test(sandbox_ids, unused_range_steps_over_taken_ones)
{
	with("a:1879000000:100000\n");
	cr_assert_eq(ids_unused_range(path, "/no/such/file", 65536), 1879113728u);
	cr_assert_eq(ids_unused_range("/no/such/file", path, 65536), 1879113728u);
	cr_assert_eq(ids_unused_range("/no/such/file", "/no/such/file", 65536), 0x70000000u);
	unlink(path);
}
