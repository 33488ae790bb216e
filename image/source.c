#include "image/source.h"

#include "base/alloc.h"
#include "base/str.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

void source_free(struct source *source)
{
	if (source) {
		free(source->damage);
		free(source->ambiguous);
		source->ops->free(source);
	}
}

int source_find(const struct source *source, const char *name, struct blob *ret,
	uint64_t *ret_declared, struct err *err)
{
	uint64_t declared;

	return source->ops->find(source, name, ret, ret_declared ? ret_declared : &declared, err);
}

bool source_err_is_ours(const struct err *err)
{
	switch (err->code) {
	case ERR_DENIED:
	case ERR_UNSUPPORTED:
	case ERR_INTERNAL:
		return true;
	case ERR_IO: /* a name that cannot be opened is the image's */
		return err->sys && err->sys != ENOENT && err->sys != ENOTDIR && err->sys != ENXIO &&
		       err->sys != ENAMETOOLONG;
	case ERR_NONE:
	case ERR_USAGE:
	case ERR_MALFORMED:
	case ERR_LIMIT:
		return false;
	}
	return true;
}

const char *source_damage(const struct source *source)
{
	return source->damage;
}

const char *source_ambiguous(const struct source *source, const char **ret_why)
{
	*ret_why = source->ambiguity;
	return source->ambiguous;
}

/* The first colon ended the path. Where nothing is there, but a longer path with colons exists, that
 * one was meant. */
static void mend_path(struct reference *ref)
{
	auto_free char *whole = NULL;
	char *colon;

	if (!ref->tag || access(ref->path, F_OK) == 0) {
		return;
	}
	whole = xasprintf("%s:%s", ref->path, ref->tag);
	colon = whole + strlen(ref->path);
	do {
		colon = strchr(colon + 1, ':');
		if (colon) {
			*colon = '\0';
		}
		if (access(whole, F_OK) == 0) {
			free(ref->path);
			free(ref->tag);
			ref->path = xstrdup(whole);
			ref->tag = colon ? xstrdup(colon + 1) : NULL;
			return;
		}
		if (colon) {
			*colon = ':';
		}
	} while (colon);
}

/* An archive as a stream or file: copied where it is compressed or cannot be sought in. */
static int open_archive(int fd_taken, bool seekable, struct source **ret, struct err *err)
{
	auto_fd int fd = fd_taken;
	auto_fd int copy = -1;
	auto_free char *damage = NULL;
	bool spooled;

	if (spool(fd, seekable, &copy, &damage, err)) {
		return -1;
	}
	spooled = copy >= 0;
	return source_archive_new(
		spooled ? steal_fd(&copy) : steal_fd(&fd), spooled, steal_ptr(damage), ret, err);
}

static int open_stdin(struct source **ret, struct err *err)
{
	auto_fd int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		return err_sys(err, "standard input");
	}
	if (S_ISDIR(st.st_mode)) {
		return err_set(err, ERR_MALFORMED, "standard input is a directory, not an archive");
	}
	return open_archive(steal_fd(&fd), S_ISREG(st.st_mode), ret, err)
		       ? err_wrap(err, "standard input")
		       : 0;
}

/* What was given may be the name of an image in a registry: say how that is written. */
static int no_such_file(const struct reference *ref, struct err *err)
{
	bool bare = ref->kind == REFERENCE_PATH && !strchr("./", *ref->path);

	err_sys(err, "open '%.200s'", ref->path);
	if (errno == ENOENT && bare && err) {
		size_t used = strlen(err->msg);

		(void)snprintf(err->msg + used, sizeof(err->msg) - used,
			" (an image of a registry is written 'docker://%.200s')", ref->path);
	}
	return -1;
}

static int open_path(const struct reference *ref, struct source **ret, struct err *err)
{
	auto_fd int fd = open(ref->path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0) {
		return no_such_file(ref, err);
	}
	if (fstat(fd, &st)) {
		return err_sys(err, "stat '%.200s'", ref->path);
	}
	if (S_ISDIR(st.st_mode)) {
		if (ref->kind == REFERENCE_OCI_ARCHIVE || ref->kind == REFERENCE_DOCKER_ARCHIVE) {
			return err_set(err, ERR_MALFORMED,
				"'%.200s' is a directory, not an archive", ref->path);
		}
		*ret = source_dir_new(steal_fd(&fd), NULL);
		return 0;
	}
	if (ref->kind == REFERENCE_OCI) {
		return err_set(err, ERR_MALFORMED, "'%.200s' is not a directory", ref->path);
	}
	return open_archive(steal_fd(&fd), S_ISREG(st.st_mode), ret, err)
		       ? err_wrap(err, "'%.200s'", ref->path)
		       : 0;
}

int source_open(struct reference *reference, const char *platform,
	const struct image_options *options, struct source **ret, struct err *err)
{
	switch (reference->kind) {
	case REFERENCE_STDIN:
		return open_stdin(ret, err);
	case REFERENCE_SKOPEO:
		return source_skopeo_new(reference->text, platform, options, ret, err);
	case REFERENCE_PATH:
	case REFERENCE_OCI:
	case REFERENCE_OCI_ARCHIVE:
	case REFERENCE_DOCKER_ARCHIVE:
		mend_path(reference);
		return open_path(reference, ret, err);
	}
	return err_set(err, ERR_INTERNAL, "reference of kind %d", (int)reference->kind);
}
