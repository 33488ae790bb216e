#include "base/cleanup.h"
#include "base/escape.h"

#include <criterion/criterion.h>
#include <string.h>

static void check(enum escape_sink sink, const char *s, size_t len, const char *expected)
{
	AUTO(buf) struct buf b;

	buf_init(&b, 1000);
	cr_assert_eq(escape_to(&b, sink, s, len, NULL), 0);
	cr_assert_str_eq(buf_str(&b), expected);
}

Test(base_escape, a_terminal_gets_no_control_sequence)
{
	check(ESCAPE_TERMINAL, "a\033[31mb\tc\nd", 11, "a\\x1b[31mb\tc\\x0ad");
	check(ESCAPE_TERMINAL,
		"\xc2\x9b"
		"31m",
		5, "\\xc2\\x9b31m"); /* U+009B, the 8-bit CSI */
	check(ESCAPE_TERMINAL, "x\xe2\x80\xaey", 5, "x\\xe2\\x80\\xaey"); /* U+202E */
	check(ESCAPE_TERMINAL, "gr\xc3\xbc\xc3\x9f", 6, "gr\xc3\xbc\xc3\x9f");
	check(ESCAPE_TERMINAL, "\xff\xfe", 2, "\\xff\\xfe");
}

Test(base_escape, xml_gets_entities_and_no_forbidden_character)
{
	check(ESCAPE_XML, "<a b=\"c\">&'", 11, "&lt;a b=&quot;c&quot;&gt;&amp;&#39;");
	check(ESCAPE_XML, "a\0b\x01\n\t\r", 7, "a\\x00b\\x01\n\t\r");
	check(ESCAPE_XML, "\xef\xbf\xbe\xef\xbf\xbf", 6, "\\xef\\xbf\\xbe\\xef\\xbf\\xbf");
	check(ESCAPE_XML, "]]>", 3, "]]&gt;");
}

Test(base_escape, utf8_keeps_all_but_broken_bytes)
{
	check(ESCAPE_UTF8, "a\nb\xc3", 4, "a\nb\\xc3");
	check(ESCAPE_UTF8, "\xe2\x82\xac", 3, "\xe2\x82\xac");
}

Test(base_escape, stops_at_the_cap)
{
	AUTO(buf) struct buf b;
	struct err err = {0};

	buf_init(&b, 4);
	cr_assert_eq(escape_to(&b, ESCAPE_XML, "ab&", 3, &err), -1);
	cr_assert_eq(err.code, ERR_LIMIT);
}
