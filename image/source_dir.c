/* An image in a directory: an OCI layout, or what skopeo's "dir" form or an unpacked archive is. */
#include "image/source.h"

#include "base/alloc.h"
#include "base/sys_file.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

struct dir_source {
	struct source base;
	int fd;
	char *remove;
};

/* Links within the directory are followed (layouts that share blobs are made of them), links out of
 * it are not. O_NONBLOCK because name may be a FIFO that nobody writes to. */
static int open_beneath(int dirfd, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	do {
		fd = syscall(SYS_openat2, dirfd, name, &how, sizeof(how));
	} while (fd < 0 && (errno == EAGAIN || errno == EINTR));
	return (int)fd;
}

static int dir_find(const struct source *source, const char *name, struct blob *ret,
	uint64_t *ret_declared, struct err *err)
{
	const struct dir_source *dir = (const struct dir_source *)source;
	auto_fd int fd = open_beneath(dir->fd, name);
	struct stat st;

	if (fd < 0 && (errno == EXDEV || errno == ELOOP)) {
		return err_set(
			err, ERR_MALFORMED, "'%.200s' leads out of the image's directory", name);
	}
	if (fd < 0) {
		return err_sys(err, "'%.200s'", name);
	}
	if (fstat(fd, &st)) {
		return err_sys(err, "stat '%.200s'", name);
	}
	if (!S_ISREG(st.st_mode)) {
		return err_set(err, ERR_MALFORMED, "'%.200s' is not a regular file", name);
	}
	*ret_declared = (uint64_t)st.st_size;
	if (ret) {
		*ret = (struct blob){.fd = steal_fd(&fd), .offset = 0, .size = *ret_declared};
	}
	return 0;
}

static void dir_free(struct source *source)
{
	struct dir_source *dir = (struct dir_source *)source;

	cleanup_fd(&dir->fd);
	if (dir->remove) {
		(void)dir_remove(AT_FDCWD, dir->remove, NULL);
	}
	free(dir->remove);
	free(dir);
}

struct source *source_dir_new(int dirfd, const char *remove)
{
	static const struct source_ops ops = {dir_find, dir_free};
	struct dir_source *dir = xcalloc(1, sizeof(*dir));

	dir->base.ops = &ops;
	dir->fd = dirfd;
	dir->remove = xstrdup(remove);
	return &dir->base;
}
