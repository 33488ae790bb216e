/* Fields: a regular expression of a vendor, and what it is held against. Of short ones the C library's
 * matcher has to say the same. */
#include "tests/fuzz/kit.h"

#include "base/cleanup.h"
#include "product/regular.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

/* Longer ones may take it hours; and it lets "^" match behind a newline that the expression has
 * itself, though it was not told to (REG_NEWLINE). */
enum { SHORT_PATTERN = 24, SHORT_TEXT = 32 };

static bool library_finds(const char *pattern, const char *text)
{
	regex_t regex;
	bool found;

	MUST(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) == 0);
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
	int found = regular_found(pattern, text);

	MUST((kind == REGULAR_POSIX) == !why);
	MUST((kind == REGULAR_POSIX) == (found >= 0));
	if (found >= 0 && strlen(pattern) <= SHORT_PATTERN && strlen(text) <= SHORT_TEXT &&
		!strchr(text, '\n')) {
		MUST(library_finds(pattern, text) == (found == 1));
	}
	return 0;
}
