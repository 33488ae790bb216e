/* Text that we did not write, on its way out: each sink gets only what it can bear. */
#include "tests/fuzz/kit.h"

#include "base/cleanup.h"
#include "base/escape.h"
#include "base/json.h"
#include "base/str.h"
#include "reports/layout.h"

#include <stdlib.h>
#include <string.h>

static bool is_bidi(const unsigned char *s)
{
	return s[0] == 0xe2 && ((s[1] == 0x80 && (s[2] == 0x8e || s[2] == 0x8f ||
							 (s[2] >= 0xaa && s[2] <= 0xae))) ||
				       (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9));
}

/* newline: whether lines may end. */
static void check_terminal(const char *text, bool newline)
{
	const unsigned char *s = (const unsigned char *)text;

	MUST(utf8_valid(text, strlen(text)));
	for (; *s; s++) {
		MUST(*s >= 0x20 || *s == '\t' || (newline && *s == '\n'));
		MUST(*s != 0x7f && !is_bidi(s) && !(s[0] == 0xc2 && s[1] < 0xa0));
	}
}

/* XML 1.0, 2.2 and 2.4, within an attribute in either quotes. */
static void check_xml(const char *text)
{
	static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};

	MUST(utf8_valid(text, strlen(text)));
	MUST(!strpbrk(text, "<>\"'"));
	MUST(!strstr(text, "\xef\xbf\xbe") && !strstr(text, "\xef\xbf\xbf"));
	for (const char *s = text; *s; s++) {
		size_t known = 0;

		MUST((unsigned char)*s >= 0x20 || strchr("\t\n\r", *s));
		for (size_t i = 0; *s == '&' && i < ARRAY_SIZE(entities); i++) {
			known += str_starts(s, entities[i]);
		}
		MUST(*s != '&' || known == 1);
	}
}

static char *escape(enum escape_sink sink, const char *text, size_t len)
{
	struct buf out;

	buf_init(&out, 8 * len + 1);
	MUST(escape_to(&out, sink, text, len, NULL) == 0);
	MUST(strlen(buf_str(&out)) == out.len);
	return buf_steal(&out);
}

static void check_layout(const char *text)
{
	AUTO(buf) struct buf out;
	struct layout l = {.out = &out, .width = 40};

	buf_init(&out, SIZE_MAX / 2);
	layout_tab(&l, 7);
	layout_wrap(&l, 7, STYLE_PLAIN, text);
	layout_end(&l);
	layout_cut(&l, STYLE_PLAIN, text);
	layout_end(&l);
	MUST(!l.failed);
	check_terminal(buf_str(&out), true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	struct fuzz_input once_more = in;
	auto_free char *string = fuzz_field(&once_more);
	size_t len;
	auto_free char *text = fuzz_rest(&in, &len);
	auto_free char *terminal = escape(ESCAPE_TERMINAL, text, len);
	auto_free char *xml = escape(ESCAPE_XML, text, len);
	auto_free char *html = escape(ESCAPE_HTML, text, len);
	auto_free char *utf8 = escape(ESCAPE_UTF8, text, len);
	auto_json json_t *json = json_text_n(text, len);

	check_terminal(terminal, false);
	check_xml(xml);
	MUST(str_eq(xml, html));
	MUST(utf8_valid(utf8, strlen(utf8)));
	MUST(json && str_eq(json_string_value(json), utf8));
	check_layout(string);
	return 0;
}
