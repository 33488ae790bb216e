#include "image/scratch.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/sys_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* A directory gets its name with its lock held, so that no sweeper sees it without. */
#define NAMED "assay-image-"
#define UNNAMED "assay-unnamed-"
#define RANDOM "XXXXXX"

/* Naming takes microseconds: an unnamed directory of this age belongs to nobody. */
enum { UNNAMED_S = 60 };

static const char *place(void)
{
	const char *tmp = getenv("TMPDIR");

	return tmp && *tmp ? tmp : "/var/tmp";
}

static bool abandoned(const char *name, int fd)
{
	struct stat st;

	if (fstat(fd, &st) || st.st_uid != geteuid() || flock(fd, LOCK_EX | LOCK_NB)) {
		return false;
	}
	return str_starts(name, NAMED) || time(NULL) - st.st_mtime > UNNAMED_S;
}

static int sweep(int dir, struct err *err)
{
	auto_dir DIR *d = dir_list(dir);
	const struct dirent *e;
	int rc;

	if (!d) {
		return err_sys(err, "list '%.200s'", place());
	}
	while ((rc = dir_next(d, &e, err)) > 0) {
		auto_fd int fd = -1;

		if (!str_starts(e->d_name, NAMED) && !str_starts(e->d_name, UNNAMED)) {
			continue;
		}
		/* O_NOFOLLOW: others may write to /var/tmp, too */
		fd = openat(dir, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && abandoned(e->d_name, fd)) {
			(void)dir_remove(dir, e->d_name, NULL);
		}
	}
	return rc ? err_wrap(err, "list '%.200s'", place()) : 0;
}

int scratch_new(char **ret_path, struct err *err)
{
	auto_fd int dir = open(place(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_free char *made = xasprintf("%s/" UNNAMED RANDOM, place());
	auto_free char *path = NULL;
	auto_fd int fd = -1;

	if (dir < 0) {
		return err_sys(err, "open '%.200s'", place());
	}
	if (sweep(dir, err)) {
		return -1;
	}
	if (!mkdtemp(made)) {
		return err_sys(err, "temporary directory '%.200s'", made);
	}
	path = xasprintf("%s/" NAMED "%s", place(), made + strlen(made) - strlen(RANDOM));
	fd = open(made, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) ||
		renameat2(AT_FDCWD, made, AT_FDCWD, path, RENAME_NOREPLACE)) {
		err_sys(err, "temporary directory '%.200s'", path);
		(void)rmdir(made);
		return -1;
	}
	*ret_path = steal_ptr(path);
	return steal_fd(&fd);
}
