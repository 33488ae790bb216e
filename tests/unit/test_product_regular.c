#include "base/cleanup.h"
#include "product/regular.h"

#include <criterion/criterion.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *pattern;
	enum regular_kind kind;
} kinds[] = {
	{"", REGULAR_POSIX},
	{"^[A-Z0-9_]+$", REGULAR_POSIX},
	{"https?://.+", REGULAR_POSIX},
	{"[]a]|[^]b]|[[:alpha:]]*", REGULAR_POSIX},
	{"^[0-9a-f]{64}$", REGULAR_POSIX},
	{"\\.", REGULAR_POSIX},
	{"a\\+b", REGULAR_POSIX},
	{"[*+?]?", REGULAR_POSIX},
	{"(a", REGULAR_INVALID},
	{"[a", REGULAR_INVALID},
	{"[[:nope:]]", REGULAR_INVALID},
	{"a{2,1}", REGULAR_INVALID},
	{"\\d+", REGULAR_OTHER},
	{"\\w", REGULAR_OTHER},
	{"(?:a|b)", REGULAR_OTHER},
	{"(?i)a", REGULAR_OTHER},
	{"a+?b", REGULAR_OTHER},
	{"[\\d.]", REGULAR_OTHER},
	{"(a)\\1", REGULAR_OTHER},
	{"*a", REGULAR_INVALID},
	{"a|*", REGULAR_INVALID},
	{"(+a)", REGULAR_INVALID},
	{"{2}", REGULAR_INVALID},
	{"^*", REGULAR_INVALID},
	{"\\<?", REGULAR_INVALID},
	{"a$+", REGULAR_INVALID},
	{"a\\", REGULAR_INVALID},
	{"a{}", REGULAR_INVALID},
	{"a{1,2,3}", REGULAR_INVALID},
	{"[b-a]", REGULAR_INVALID},
	{"((a)", REGULAR_INVALID},
	{"a{,}", REGULAR_POSIX},
	{"a)*", REGULAR_POSIX},
	{"a{x}", REGULAR_OTHER},
	{"a{\\0,8}", REGULAR_OTHER}, /* the C library takes it for {0,8} */
	{"a{2}+", REGULAR_OTHER},
	{"a***", REGULAR_OTHER},
	{"a{99}{99}", REGULAR_OTHER},
	/* each alone takes the C library's compiler gigabytes */
	{"((a{1,255}){1,255}){1,255}", REGULAR_OTHER},
	{"a{32767}", REGULAR_OTHER},
	{"(a{99}){99}", REGULAR_OTHER},
	{"((((((((((((a+)+)+)+)+)+)+)+)+)+)+)+)+", REGULAR_POSIX},
	{"(a*)*b?", REGULAR_POSIX},
	{"a+b+c+d+e+f+g+h+i+j+k+l+m+n+o+p+", REGULAR_POSIX},
	{"[0-9a-f]{64}:[0-9a-f]{64}:[0-9a-f]{64}", REGULAR_POSIX},
};

Test(regular, kinds)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const char *why = "untouched";
		enum regular_kind kind = regular_kind(kinds[i].pattern, &why);

		cr_expect_eq(kind, kinds[i].kind, "'%s' is %d", kinds[i].pattern, kind);
		cr_expect_eq(why == NULL, kind == REGULAR_POSIX, "'%s'", kinds[i].pattern);
	}
}

Test(regular, too_long_is_not_compiled)
{
	static char pattern[2048];
	const char *why;

	memset(pattern, '(', sizeof(pattern) - 1);
	cr_expect_eq(regular_kind(pattern, &why), REGULAR_OTHER);
}

/* 1, 0, or -1: it cannot be used. */
static int found(const char *pattern, const char *text)
{
	AUTO_PTR(regular) struct regular *r = regular_new(pattern);

	return r ? regular_find(r, text) : -1;
}

Test(regular, found_anywhere)
{
	cr_expect_eq(found("b+", "abbc"), 1);
	cr_expect_eq(found("^b", "abbc"), 0);
	cr_expect_eq(found("^a.*c$", "abbc"), 1);
	cr_expect_eq(found("\\d", "d"), -1, "the C library would find the letter");
	cr_expect_eq(found("(", "("), -1);
}

/* What is found is what the C library finds. */
Test(regular, as_the_c_library_has_it)
{
	static const char *const patterns[] = {"", "a", "a|b", "^a|b$", "(a|b)*c", "(|a)b", "a||b",
		"()", "()*a", "(a*)*b", "(a*b*)*c", "a{0}b", "a{2}", "a{,2}c", "a{2,}", "^a{1,3}$",
		"^(ab?){2,3}$", "^(a|b_){0,2}c", "a)b", "a}", "[]a]b", "[^]a]", "[[:digit:]_]+$",
		"^[a-c]{3}$", "\\.", "\\<a", "b\\>", "\\`a", "a\\'", "a^b", "a$b", "(^a)+",
		"(a$|b)", "a.c", "\\(a", "x*", "^x*$", "(a+)+c", "[a\xe4]"};
	static const char *const texts[] = {"", "a", "b", "c", "ab", "ba", "aa", "aaa", "aaaa",
		"abc", "abab", "a b", "_a", "b_b_c", "a)b", "a}", "]b", "a.c", "a\nc", "(a", "12_",
		"xx", "\xe4", "a^b", "a$b", "cab"};

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		AUTO_PTR(regular) struct regular *r = regular_new(patterns[i]);
		regex_t theirs;

		cr_assert_not_null(r, "'%s'", patterns[i]);
		cr_assert_eq(regcomp(&theirs, patterns[i], REG_EXTENDED | REG_NOSUB), 0);
		for (size_t k = 0; k < ARRAY_SIZE(texts); k++) {
			bool theirs_has = regexec(&theirs, texts[k], 0, NULL, 0) == 0;

			cr_expect_eq(regular_find(r, texts[k]), theirs_has, "'%s' in '%s'",
				patterns[i], texts[k]);
		}
		regfree(&theirs);
	}
}

/* The largest that are taken, against a text that keeps all of them busy. The C library's matcher would
 * be at the first one for minutes, its compiler fail at the last but two with gigabytes. */
Test(regular, costly_ones_end, .timeout = 120)
{
	static const char *const patterns[] = {"(a|b)*a(a|b){100}c", "(a|b)*a(a|b){400}c",
		"(a?b?){300}c", "a.{0,2000}c", "(.?){650}c", "(a*b*)*(a|b){400}c",
		"((()*|$$$$$){,6}){,10}c", "(){2000}(()*)c", "((((((((a+)+)+)+)+)+)+)+)+c"};
	static char text[8192];

	srand(1);
	for (size_t i = 0; i + 1 < sizeof(text); i++) {
		text[i] = "ab"[rand() & 1];
	}
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		cr_expect_eq(found(patterns[i], text), 0, "'%s'", patterns[i]);
	}
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 2] = 'c';
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		cr_expect_eq(found(patterns[i], text), 1, "'%s'", patterns[i]);
	}
}
