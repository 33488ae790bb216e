/*
 * parts.h - the parts of a product file, each read by a file of its own; for product.c only.
 *
 * Every reader fills what it can and adds what is wrong to problems with its JSON pointer.
 */
#ifndef PRODUCT_PARTS_H
#define PRODUCT_PARTS_H

#include "product/product.h"

/* The most MiB that a memory member may say: 16 TiB. */
#define MEMORY_MIB_MAX (UINT64_C(16) << 20)

/* "x-assay" (extension.c). value may be NULL: then nothing happens. */
void extension_read(const json_t *value, const char *pointer, struct extension *ret,
	struct json_problems *problems);
void extension_release(struct extension *extension);

/* One element of configuration[].task (task.c). */
void task_read(
	const json_t *value, const char *pointer, struct task *ret, struct json_problems *problems);
void task_release(struct task *task);

/* "configuration" (configuration.c): the tasks of the default one, and content_only. */
void configuration_read(const json_t *value, struct product *ret);

/* A warning when text is there and no UUID. */
void uuid_check(
	const char *text, const char *pointer, const char *name, struct json_problems *problems);

#endif
