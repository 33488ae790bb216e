#include "base/str.h"
#include "checks/check.h"

#define CHECK(name) extern const struct check check_##name;
#include "checks/registry.def"
#undef CHECK

const struct check *const checks[] = {
#define CHECK(name) &check_##name,
#include "checks/registry.def"
#undef CHECK
};

const size_t n_checks = ARRAY_SIZE(checks);

const struct check *check_find(const char *id)
{
	for (size_t i = 0; i < n_checks; i++) {
		if (str_eq(checks[i]->id, id)) {
			return checks[i];
		}
	}
	return NULL;
}
