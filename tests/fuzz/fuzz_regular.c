/* Fields: a regular expression of a vendor, and what it is held against. Of short ones the C library has
 * to say the same: whether it is one, and whether it is found. */
#include "tests/fuzz/kit.h"

#include "base/cleanup.h"
#include "product/regular.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

/* Others may take it hours, or gigabytes: what leads nowhere, repeated, by two to the power of both. */
enum { SHORT_PATTERN = 24, SHORT_TEXT = 32, COST_MAX = 24 };

static bool is_short(const char *pattern)
{
	unsigned long branches = 1;
	unsigned long times = 1;

	if (strlen(pattern) > SHORT_PATTERN) {
		return false;
	}
	for (const char *at = pattern; *at && times <= COST_MAX; at++) {
		unsigned long n = strchr("*+?", *at) ? 2 : strtoul(at, NULL, 10);

		branches += strchr("(|^$\\", *at) != NULL;
		times *= n ? n : 1;
	}
	return branches * times <= COST_MAX;
}

/* 1, 0, or -1: it is no expression. */
static int library_finds(const char *pattern, const char *text)
{
	regex_t regex;
	int found;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB)) {
		return -1;
	}
	found = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	auto_free char *pattern = fuzz_field(&in);
	auto_free char *text = fuzz_field(&in);
	const char *why = NULL;
	enum regular_kind kind = regular_kind(pattern, &why);
	AUTO_PTR(regular) struct regular *r = regular_new(pattern);
	int found = r ? regular_find(r, text) : -1;

	MUST((kind == REGULAR_POSIX) == !why);
	MUST((kind == REGULAR_POSIX) == (found >= 0));
	/* The library lets "^" match behind a newline that the expression has itself, though it was not told
	 * to (REG_NEWLINE). */
	if (kind != REGULAR_OTHER && is_short(pattern) && strlen(text) <= SHORT_TEXT &&
		!strchr(text, '\n')) {
		MUST(library_finds(pattern, text) == found);
	}
	return 0;
}
