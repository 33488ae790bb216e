#include "product/edition.h"

#include "base/cleanup.h"
#include "base/str.h"

static const struct edition editions[] = {
	{
		.name = "stu1",
		.title = "2019 ballot",
		.stop_limit_ms = 10000,
		.volumes_fail = true,
		.foreign_cpu_fails = true,
	},
	{
		.name = "stu2",
		.title = "2022 ballot",
		.stop_limit_ms = 15000,
		.volumes_fail = false,
		.foreign_cpu_fails = false,
	},
};

const struct edition *edition_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(editions); i++) {
		if (str_eq(editions[i].name, name)) {
			return &editions[i];
		}
	}
	return NULL;
}

const struct edition *edition_default(void)
{
	return &editions[0];
}
