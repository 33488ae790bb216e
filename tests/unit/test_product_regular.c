#include "base/cleanup.h"
#include "product/regular.h"

#include <criterion/criterion.h>
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
	/* each alone takes the C library's compiler gigabytes */
	{"((a{1,255}){1,255}){1,255}", REGULAR_OTHER},
	{"a{32767}", REGULAR_OTHER},
	{"a{99}{99}", REGULAR_OTHER},
	{"a{2}+", REGULAR_OTHER},
	{"a***", REGULAR_OTHER},
	{"(a*)*b?", REGULAR_POSIX},
	{"((((((((((((a+)+)+)+)+)+)+)+)+)+)+)+)+", REGULAR_OTHER},
	/* but not these, side by side */
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

Test(regular, found_anywhere)
{
	cr_expect_eq(regular_found("b+", "abbc"), 1);
	cr_expect_eq(regular_found("^b", "abbc"), 0);
	cr_expect_eq(regular_found("^a.*c$", "abbc"), 1);
	cr_expect_eq(regular_found("\\d", "d"), -1, "the C library would find the letter");
	cr_expect_eq(regular_found("(", "("), -1);
}
