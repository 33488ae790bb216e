#include "base/buf.h"
#include "base/cleanup.h"

#include <criterion/criterion.h>
#include <string.h>

Test(base_buf, grows_to_its_cap_and_no_further)
{
	AUTO(buf) struct buf b;
	struct err err = {0};

	buf_init(&b, 10);
	cr_assert_eq(buf_add(&b, "12345", 5, &err), 0);
	cr_assert_eq(buf_add(&b, "67890", 5, &err), 0);
	cr_assert_eq(err.code, ERR_NONE);
	cr_assert_eq(buf_add(&b, "x", 1, &err), -1);
	cr_assert_eq(err.code, ERR_LIMIT);
	cr_assert_str_eq(buf_str(&b), "1234567890");
	cr_assert_eq(b.len, 10);
}

Test(base_buf, takes_what_fits)
{
	AUTO(buf) struct buf b;

	buf_init(&b, 4);
	cr_assert_eq(buf_add_some(&b, "abc", 3), 3);
	cr_assert_eq(buf_add_some(&b, "def", 3), 1);
	cr_assert_str_eq(buf_str(&b), "abcd");
}

Test(base_buf, is_a_string_when_empty_and_after_stealing)
{
	AUTO(buf) struct buf b;
	auto_free char *stolen = NULL;

	buf_init(&b, 100);
	cr_assert_str_eq(buf_str(&b), "");
	cr_assert_eq(buf_addf(&b, NULL, "%d-%s", 7, "x"), 0);
	stolen = buf_steal(&b);
	cr_assert_str_eq(stolen, "7-x");
	cr_assert_str_eq(buf_str(&b), "");
	cr_assert_eq(buf_add(&b, "y", 1, NULL), 0);
	cr_assert_str_eq(buf_str(&b), "y");
}
