/*
 * edition.h - what a ballot of the specification says differently: a table, never an if.
 */
#ifndef PRODUCT_EDITION_H
#define PRODUCT_EDITION_H

#include <stdbool.h>
#include <stdint.h>

struct edition {
	const char *name; /* "stu1" */
	const char *title; /* "2019 ballot" */
	uint64_t stop_limit_ms; /* R13 */
	bool volumes_fail; /* R02: a declared volume for data fails, else warns */
	bool foreign_cpu_fails; /* R11: another architecture fails, else warns */
};

/* NULL when there is no such edition. Static storage. */
const struct edition *edition_find(const char *name);
const struct edition *edition_default(void);

#endif
