#include "base/cleanup.h"
#include "base/str.h"

#include <criterion/criterion.h>
#include <string.h>

Test(base_str, reads_whole_numbers_only)
{
	static const struct {
		const char *text;
		uint64_t max;
		int rc;
		enum err_code code;
		uint64_t value;
	} rows[] = {
		{"0", 10, 0, ERR_NONE, 0},
		{"18446744073709551615", UINT64_MAX, 0, ERR_NONE, UINT64_MAX},
		{"18446744073709551616", UINT64_MAX, -1, ERR_LIMIT, 0},
		{"99999999999999999999999", UINT64_MAX, -1, ERR_LIMIT, 0},
		{"11", 10, -1, ERR_LIMIT, 0},
		{"", 10, -1, ERR_MALFORMED, 0},
		{"-1", 10, -1, ERR_MALFORMED, 0},
		{"+1", 10, -1, ERR_MALFORMED, 0},
		{" 1", 10, -1, ERR_MALFORMED, 0},
		{"1x", 10, -1, ERR_MALFORMED, 0},
		{"0x1", 10, -1, ERR_MALFORMED, 0},
		{"1.5", 10, -1, ERR_MALFORMED, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = {0};
		uint64_t value = 0;

		cr_assert_eq(parse_u64(rows[i].text, rows[i].max, &value, &err), rows[i].rc, "'%s'",
			rows[i].text);
		cr_assert_eq(err.code, rows[i].code, "'%s'", rows[i].text);
		cr_assert_eq(value, rows[i].value, "'%s'", rows[i].text);
	}
}

Test(base_str, knows_utf8)
{
	/* the boundary forms of RFC 3629, and Markus Kuhn's kinds of malformed sequence */
	static const struct {
		const char *bytes;
		size_t len;
		bool valid;
	} rows[] = {
		{"", 0, true},
		{"abc", 3, true},
		{"\xc2\x80", 2, true}, /* U+0080 */
		{"\xdf\xbf", 2, true}, /* U+07FF */
		{"\xe0\xa0\x80", 3, true}, /* U+0800 */
		{"\xed\x9f\xbf", 3, true}, /* U+D7FF */
		{"\xef\xbf\xbf", 3, true}, /* U+FFFF */
		{"\xf0\x90\x80\x80", 4, true}, /* U+10000 */
		{"\xf4\x8f\xbf\xbf", 4, true}, /* U+10FFFF */
		{"\x80", 1, false}, /* continuation alone */
		{"\xc0\x80", 2, false}, /* overlong NUL */
		{"\xc1\xbf", 2, false}, /* overlong U+7F */
		{"\xe0\x9f\xbf", 3, false}, /* overlong U+7FF */
		{"\xf0\x8f\xbf\xbf", 4, false}, /* overlong U+FFFF */
		{"\xed\xa0\x80", 3, false}, /* surrogate U+D800 */
		{"\xf4\x90\x80\x80", 4, false}, /* U+110000 */
		{"\xf8\x88\x80\x80\x80", 5, false}, /* five bytes */
		{"\xe2\x82", 2, false}, /* cut short */
		{"a\xff", 2, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cr_assert_eq(utf8_valid(rows[i].bytes, rows[i].len), rows[i].valid, "row %zu", i);
	}
}

Test(base_str, lists_are_argument_vectors)
{
	AUTO(strv) struct strv list = {0};
	auto_free char *joined = NULL;

	for (int i = 0; i < 20; i++) {
		strv_addf(&list, "%d", i);
		cr_assert_eq(list.n, (size_t)i + 1);
		cr_assert_null(list.v[list.n]);
	}
	cr_assert(strv_has(&list, "19"));
	cr_assert_not(strv_has(&list, "20"));
	list.n = 3; /* the rest is released below by hand */
	joined = strv_join(&list, ", ");
	list.n = 20;
	cr_assert_str_eq(joined, "0, 1, 2");
}

Test(base_str, lines_of_text_without_and_with_a_last_newline)
{
	static const char text[] = "one\n\nthree";
	const char *at = text;
	struct line line;

	cr_assert(line_next(&at, text + sizeof(text) - 1, &line));
	cr_assert(line.len == 3 && memcmp(line.s, "one", 3) == 0);
	cr_assert(line_next(&at, text + sizeof(text) - 1, &line));
	cr_assert_eq(line.len, 0);
	cr_assert(line_next(&at, text + sizeof(text) - 1, &line));
	cr_assert(line.len == 5 && memcmp(line.s, "three", 5) == 0);
	cr_assert_not(line_next(&at, text + sizeof(text) - 1, &line));
}

Test(base_str, finds_in_bytes_that_end_anywhere)
{
	cr_assert_not_null(str_find("xxab", 4, "ab"));
	cr_assert_null(str_find("xxab", 3, "ab"));
	cr_assert_not_null(str_ifind("xxAb", 4, "aB"));
	cr_assert_null(str_ifind("xxAb", 3, "ab"));
	cr_assert_null(str_ifind("a", 1, "ab"));
	cr_assert(str_starts("abc", "ab") && !str_starts("a", "ab"));
	cr_assert(str_ends("abc", "bc") && !str_ends("c", "bc"));
	cr_assert(str_eq(NULL, NULL) && !str_eq(NULL, "") && !str_eq("", NULL));
}
