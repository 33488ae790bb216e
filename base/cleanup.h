/*
 * cleanup.h - scope-bound ownership.
 *
 *	auto_free char *name = xstrdup("x");
 *	auto_fd int fd = open(...);
 *	AUTO(buf) struct buf b = {0};		calls buf_release(&b)
 *	return steal_ptr(name);			hands over, name is NULL now
 *
 * Every cleanup keeps errno and accepts the "nothing" value (NULL, -1, zeroed struct).
 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *pp)
{
	int saved = errno;

	free(*(void **)pp);
	errno = saved;
}

static inline void cleanup_fd(const int *fd)
{
	int saved = errno;

	if (*fd >= 0) {
		close(*fd);
	}
	errno = saved;
}

static inline void cleanup_dir(DIR **dir)
{
	int saved = errno;

	if (*dir) {
		closedir(*dir);
	}
	errno = saved;
}

#define auto_free __attribute__((cleanup(cleanup_free)))
#define auto_fd __attribute__((cleanup(cleanup_fd)))
#define auto_dir __attribute__((cleanup(cleanup_dir)))

/* AUTO(type): the variable is a struct released by type_release(struct type *). */
#define AUTO(type) __attribute__((cleanup(type##_release)))

/* AUTO_PTR(type): the variable is a pointer to a heap object freed by type_free(struct type *).
 * The room that defines the type says DEFINE_AUTO_PTR(type) once in its header. */
#define AUTO_PTR(type) __attribute__((cleanup(type##_freep)))
#define DEFINE_AUTO_PTR(type)                                                                      \
	static inline void type##_freep(struct type **p)                                           \
	{                                                                                          \
		int saved = errno;                                                                 \
                                                                                                   \
		type##_free(*p);                                                                   \
		errno = saved;                                                                     \
	}

#define steal_ptr(p)                                                                               \
	__extension__({                                                                            \
		__typeof__(p) stolen_ = (p);                                                       \
		(p) = NULL;                                                                        \
		stolen_;                                                                           \
	})

static inline int steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
