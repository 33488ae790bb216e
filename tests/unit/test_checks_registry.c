/* The tables themselves: every check and every clause has what reports print of it. */
#include "base/alloc.h"
#include "base/sys_file.h"
#include "checks/engine.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Test(registry, ids_are_unique_and_texts_present)
{
	for (size_t i = 0; i < n_checks; i++) {
		cr_expect_not_null(requirement_find(checks[i]->requirement), "%s", checks[i]->id);
		cr_expect(checks[i]->title && checks[i]->reason && checks[i]->remedy, "%s",
			checks[i]->id);
		cr_expect_not_null(checks[i]->run, "%s", checks[i]->id);
		cr_expect_eq(check_find(checks[i]->id), checks[i], "%s", checks[i]->id);
		cr_expect(
			checks[i]->stage == STAGE_STATIC || !checks[i]->entry, "%s", checks[i]->id);
	}
	cr_expect_null(check_find("no-such-check"));
}

Test(registry, every_clause_is_a_row)
{
	cr_expect_eq(n_requirements, 23);
	for (size_t i = 0; i < n_requirements; i++) {
		auto_free char *id = i < 16   ? xasprintf("R%02zu", i + 1)
				     : i < 21 ? xasprintf("S%zu", i - 15)
					      : xasprintf("N%zu", i - 20);
		enum level level = i < 16 ? LEVEL_MUST : i < 21 ? LEVEL_SHOULD : LEVEL_SHOULD_NOT;

		cr_expect_str_eq(requirements[i].id, id);
		cr_expect_eq(requirements[i].level, level);
		cr_expect_gt(strlen(requirements[i].clause), strlen(requirements[i].title));
	}
}

/* The specification's text with runs of white space as one space, the footnote mark left out. */
static char *specification(void)
{
	const char *spec = getenv("ASSAY_SPEC");
	auto_free char *file = xasprintf(
		"%s/functional-infrastructural-model.txt", spec ? spec : "../shared/spec");
	AUTO(buf) struct buf text;
	AUTO(buf) struct buf folded;
	const char *mark;

	buf_init(&text, 1 << 20);
	buf_init(&folded, 1 << 20);
	if (file_read(AT_FDCWD, file, &text, NULL)) {
		return NULL;
	}
	mark = strstr(buf_str(&text), "Factor1 ");
	for (const char *c = buf_str(&text); *c; c++) {
		bool wide = str_starts(c, "\xc2\xa0"); /* a space that does not break */
		bool space = wide || *c == ' ' || *c == '\n';

		c += wide;
		if (mark && c == mark + strlen("Factor")) {
			continue;
		}
		if (!space || !str_ends(buf_str(&folded), " ")) {
			buf_add_some(&folded, space ? " " : c, 1);
		}
	}
	return buf_steal(&folded);
}

Test(registry, clauses_are_the_specifications_words)
{
	auto_free char *text = specification();

	if (!text) {
		cr_skip_test("no specification (set ASSAY_SPEC)");
	}
	for (size_t i = 0; i < n_requirements; i++) {
		cr_expect_not_null(strstr(text, requirements[i].clause), "%s", requirements[i].id);
	}
}
