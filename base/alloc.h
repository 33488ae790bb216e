/*
 * alloc.h - small fixed allocations, which abort when memory is out, and growing arrays.
 *
 * For sizes that we choose. A size that comes from input goes through a capped buffer (buf.h),
 * which returns ERR_LIMIT instead.
 *
 *	struct { struct thing *v; size_t n, cap; } list;
 *	*ARRAY_PUSH(&list) = thing;		v grows by doubling; the new slot is zeroed
 */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stdarg.h>
#include <stddef.h>

/* Zeroed memory; the caller frees. Aborts when memory is out. */
void *xcalloc(size_t n, size_t size) __attribute__((malloc, alloc_size(1, 2)));

/* A copy of s; NULL gives NULL. Aborts when memory is out. */
char *xstrdup(const char *s);

/* A copy of len bytes of s with a NUL behind. Aborts when memory is out. */
char *xstrndup(const char *s, size_t len);

/* A formatted string; the caller frees. Aborts when memory is out. */
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

/* v with room for at least n + 1 elements of size; *cap is updated. Aborts when memory is out. */
void *array_room(void *v, size_t n, size_t *cap, size_t size);

/* A pointer to a new, zeroed last element of an array struct with members v, n, cap. It is valid
 * until the next push. */
#define ARRAY_PUSH(a)                                                                              \
	((a)->v = array_room((a)->v, (a)->n, &(a)->cap, sizeof(*(a)->v)), &(a)->v[(a)->n++])

#endif
