/* The list of violations is bounded, and what fails is not crowded out by what only warns. */
#include "image/image.h"

#include <criterion/criterion.h>
#include <stdlib.h>

Test(image_open, violations_are_bounded_and_failures_outlive_warnings)
{
	struct violations list = {0};
	size_t failures = 0;

	violation_add(NULL, VIOLATION_LAYER, false, "x", "", "nowhere");
	for (int i = 0; i < 5000; i++) {
		violation_add(&list, VIOLATION_LAYER, true, "layer 0", "a", "warning %d", i);
	}
	violation_add(&list, VIOLATION_LAYER, false, "layer 0", "b", "a failure");
	cr_assert_eq(list.n, 202);
	cr_expect_str_eq(list.v[200].message, "there are more, which are not listed");
	for (size_t i = 0; i < list.n; i++) {
		failures += !list.v[i].warning;
		free(list.v[i].file);
		free(list.v[i].pointer);
		free(list.v[i].message);
	}
	cr_expect_eq(failures, 1);
	free(list.v);
}
