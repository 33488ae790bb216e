#include "base/pack.h"

#include "base/cleanup.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

/* The examples of DWARF 5, 7.6, and the largest number. */
Test(pack, numbers_as_dwarf_has_them)
{
	static const struct {
		uint64_t number;
		const char *bytes;
		size_t len;
	} rows[] = {{2, "\x02", 1}, {127, "\x7f", 1}, {128, "\x80\x01", 2}, {129, "\x81\x01", 2},
		{12857, "\xb9\x64", 2},
		{UINT64_MAX, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO(buf) struct buf b;
		struct pack p = {.buf = &b};
		struct unpack u;

		buf_init(&b, 64);
		pack_number(&p, rows[i].number);
		cr_assert_eq(b.len, rows[i].len);
		cr_expect_arr_eq(b.data, rows[i].bytes, rows[i].len);
		u = (struct unpack){
			(const uint8_t *)b.data, (const uint8_t *)b.data + b.len, false};
		cr_expect_eq(unpack_number(&u), rows[i].number);
		cr_expect(!u.broken && u.at == u.end);
	}
}

Test(pack, everything_comes_back)
{
	static const int64_t numbers[] = {0, -1, 1, 63, -64, 64, INT64_MAX, INT64_MIN};
	AUTO(buf) struct buf b;
	struct pack p = {.buf = &b};
	struct unpack u;
	size_t len;

	buf_init(&b, 4096);
	for (size_t i = 0; i < 8; i++) {
		pack_signed(&p, numbers[i]);
	}
	pack_text(&p, NULL);
	pack_text(&p, "");
	pack_text(&p, "name");
	pack_bytes(&p, "a\0b", 3);
	cr_assert_not(p.failed);
	u = (struct unpack){(const uint8_t *)b.data, (const uint8_t *)b.data + b.len, false};
	for (size_t i = 0; i < 8; i++) {
		cr_expect_eq(unpack_signed(&u), numbers[i]);
	}
	cr_expect_null(unpack_text(&u));
	cr_expect_str_eq(unpack_text(&u), "");
	cr_expect_str_eq(unpack_text(&u), "name");
	cr_expect_arr_eq(unpack_bytes(&u, &len), "a\0b", 4);
	cr_expect_eq(len, 3);
	cr_expect(!u.broken && u.at == u.end);
}

Test(pack, broken_bytes_give_nothing)
{
	static const struct {
		const char *bytes;
		size_t len;
	} texts[] = {
		{"", 0}, /* nothing */
		{"\x01", 1}, /* no length */
		{"\x02\x01\x41\x00", 4}, /* neither NULL nor a text */
		{"\x01\x04name", 6}, /* no NUL */
		{"\x01\x04nameX", 7}, /* another byte in its place */
		{"\x01\x04na\0e\0", 7}, /* a NUL in the middle */
		{"\x01\x80", 2}, /* a number cut short */
		{"\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11}, /* and one too large */
		{"\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11}, /* as long as can be */
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const uint8_t *bytes = (const uint8_t *)texts[i].bytes;
		struct unpack u = {bytes, bytes + texts[i].len, false};

		cr_expect_null(unpack_text(&u), "row %zu", i);
		cr_expect(u.broken, "row %zu", i);
		cr_expect_eq(unpack_number(&u), 0);
		cr_expect_eq(u.at, u.end);
	}
}

Test(pack, counts_have_a_limit)
{
	static const uint8_t bytes[] = {5};
	struct unpack good = {bytes, bytes + 1, false};
	struct unpack bad = good;

	cr_expect_eq(unpack_count(&good, 5), 5);
	cr_expect_not(good.broken);
	cr_expect_eq(unpack_count(&bad, 4), 0);
	cr_expect(bad.broken);
}

Test(pack, a_full_buffer_is_remembered)
{
	AUTO(buf) struct buf b;
	struct pack p = {.buf = &b};

	buf_init(&b, 4);
	pack_text(&p, "longer than that");
	cr_expect(p.failed);
	buf_clear(&b);
	pack_number(&p, 1);
	cr_expect(p.failed);
	cr_expect_eq(b.len, 0);
}
