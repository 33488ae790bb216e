/* Calls that fail. The functions below stand in front of the C library's, for libarchive, too. Of
 * allocations those of sizes that come from input fail: capped buffers. Small ones abort by design. */
#include "tests/fuzz/faults.h"

#include "base/buf.h"
#include "base/cleanup.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

static struct {
	enum disturbance kind;
	enum disturbance paused; /* what goes on after faults_pause */
	size_t at;
	size_t n; /* calls so far */
	const char *name; /* the one that failed */
} faults;

void faults_begin(enum disturbance kind, size_t at)
{
	faults.at = at;
	faults.n = 0;
	faults.name = "nothing";
	faults.kind = kind;
}

void faults_pause(void)
{
	faults.paused = faults.kind;
	faults.kind = UNDISTURBED;
}

void faults_resume(void)
{
	faults.kind = faults.paused;
}

void faults_end(void)
{
	faults.kind = UNDISTURBED;
}

size_t faults_calls(void)
{
	return faults.n;
}

const char *faults_name(void)
{
	return faults.name;
}

/* Whether this call is to fail; errno is set. Those whose code is ENOSPC need room. */
static bool fault(const char *name, int code)
{
	bool full = faults.kind == FULL && code == ENOSPC;

	if ((!full && faults.kind != FAIL) || ++faults.n < faults.at ||
		(faults.n > faults.at && !full)) {
		return false;
	}
	if (faults.n == faults.at) {
		faults.name = name;
	}
	errno = code;
	return true;
}

/* The same for a call that may be interrupted. */
static bool fault_slow(const char *name, int code)
{
	if (faults.kind == INTERRUPT && ++faults.n == faults.at) {
		faults.name = name;
		errno = EINTR;
		return true;
	}
	return fault(name, code);
}

/* The same for one that moves bytes; *len may be cut. */
static bool fault_moving(const char *name, int code, size_t *len)
{
	if (faults.kind == SHORT) {
		*len = *len < faults.at ? *len : faults.at;
	}
	if (faults.kind == FULL && code == ENOSPC && faults.n + 1 == faults.at && *len > 1) {
		faults.n++;
		faults.name = name;
		*len /= 2;
		return false;
	}
	return fault_slow(name, code);
}

#define REAL(name, type, ...)                                                                      \
	static type (*real)(__VA_ARGS__);                                                          \
                                                                                                   \
	if (!real) {                                                                               \
		void *symbol = dlsym(RTLD_NEXT, #name);                                            \
                                                                                                   \
		memcpy(&real, &symbol, sizeof(real));                                              \
	}

/* Calls with these parameters that return -1 when they fail. */
#define FAILS_2(name, code, a, b)                                                                  \
	int name(a x, b y)                                                                         \
	{                                                                                          \
		REAL(name, int, a, b)                                                              \
		return fault(#name, code) ? -1 : real(x, y);                                       \
	}
#define FAILS_3(name, code, a, b, c)                                                               \
	int name(a x, b y, c z)                                                                    \
	{                                                                                          \
		REAL(name, int, a, b, c)                                                           \
		return fault(#name, code) ? -1 : real(x, y, z);                                    \
	}
#define FAILS_4(name, code, a, b, c, d)                                                            \
	int name(a x, b y, c z, d w)                                                               \
	{                                                                                          \
		REAL(name, int, a, b, c, d)                                                        \
		return fault(#name, code) ? -1 : real(x, y, z, w);                                 \
	}
#define FAILS_5(name, code, a, b, c, d, e)                                                         \
	int name(a x, b y, c z, d w, e v)                                                          \
	{                                                                                          \
		REAL(name, int, a, b, c, d, e)                                                     \
		return fault(#name, code) ? -1 : real(x, y, z, w, v);                              \
	}

FAILS_2(fstat, EIO, int, struct stat *)
FAILS_4(fstatat, EIO, int, const char *, struct stat *, int)
FAILS_4(faccessat, EIO, int, const char *, int, int)
FAILS_3(unlinkat, EIO, int, const char *, int)
FAILS_2(ftruncate, ENOSPC, int, off_t)
FAILS_2(mkdir, ENOSPC, const char *, mode_t)
FAILS_3(mkdirat, ENOSPC, int, const char *, mode_t)
FAILS_3(symlinkat, ENOSPC, const char *, int, const char *)
FAILS_4(mknodat, ENOSPC, int, const char *, mode_t, dev_t)
FAILS_5(linkat, ENOSPC, int, const char *, int, const char *, int)
FAILS_4(renameat, ENOSPC, int, const char *, int, const char *)
FAILS_5(renameat2, ENOSPC, int, const char *, int, const char *, unsigned)
FAILS_2(fchmod, EPERM, int, mode_t)
FAILS_4(fchmodat, EPERM, int, const char *, mode_t, int)
FAILS_3(fchown, EIO, int, uid_t, gid_t)
FAILS_5(fchownat, EIO, int, const char *, uid_t, gid_t, int)
FAILS_2(futimens, EIO, int, const struct timespec *)
FAILS_4(utimensat, EIO, int, const char *, const struct timespec *, int)

int flock(int fd, int how)
{
	REAL(flock, int, int, int)
	return fault_slow("flock", EIO) ? -1 : real(fd, how);
}

/* Nothing gets to a disk that goes on: to wait for it proves nothing. */
int syncfs(int fd)
{
	(void)fd;
	return fault("syncfs", EIO) ? -1 : 0;
}

int fsetxattr(int fd, const char *name, const void *value, size_t len, int flags)
{
	REAL(fsetxattr, int, int, const char *, const void *, size_t, int)
	return fault("fsetxattr", faults.kind == FULL ? ENOSPC : EIO)
		       ? -1
		       : real(fd, name, value, len, flags);
}

/* ext4 says ENOSPC of a full disk and of an attribute that is too long, too: this tells which. */
int fstatvfs(int fd, struct statvfs *ret)
{
	REAL(fstatvfs, int, int, struct statvfs *)
	if (fault("fstatvfs", EIO) || real(fd, ret)) {
		return -1;
	}
	if (faults.kind == FULL && faults.n >= faults.at) {
		ret->f_bfree = ret->f_bavail = 0;
	}
	return 0;
}

static bool makes_file(int flags)
{
	return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
}

static mode_t mode_of(int flags, va_list ap)
{
	return makes_file(flags) ? va_arg(ap, mode_t) : 0;
}

static int open_code(int flags)
{
	return makes_file(flags) ? ENOSPC : EMFILE;
}

int open(const char *path, int flags, ...)
{
	REAL(open, int, const char *, int, ...)
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	return fault("open", open_code(flags)) ? -1 : real(path, flags, mode);
}

int openat(int dirfd, const char *path, int flags, ...)
{
	REAL(openat, int, int, const char *, int, ...)
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	return fault("openat", open_code(flags)) ? -1 : real(dirfd, path, flags, mode);
}

/* Only openat2 has no function of its own. Six arguments are read, however many there are. */
__attribute__((no_sanitize("address"))) long syscall(long number, ...)
{
	REAL(syscall, long, long, ...)
	long a[6];
	va_list ap;

	va_start(ap, number);
	for (size_t i = 0; i < ARRAY_SIZE(a); i++) {
		a[i] = va_arg(ap, long);
	}
	va_end(ap);
	if (number == SYS_openat2 && fault("openat2", EMFILE)) {
		return -1;
	}
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

ssize_t read(int fd, void *to, size_t len)
{
	REAL(read, ssize_t, int, void *, size_t)
	return fault_moving("read", EIO, &len) ? -1 : real(fd, to, len);
}

ssize_t pread(int fd, void *to, size_t len, off_t offset)
{
	REAL(pread, ssize_t, int, void *, size_t, off_t)
	return fault_moving("pread", EIO, &len) ? -1 : real(fd, to, len, offset);
}

ssize_t write(int fd, const void *from, size_t len)
{
	REAL(write, ssize_t, int, const void *, size_t)
	return fault_moving("write", ENOSPC, &len) ? -1 : real(fd, from, len);
}

ssize_t pwrite(int fd, const void *from, size_t len, off_t offset)
{
	REAL(pwrite, ssize_t, int, const void *, size_t, off_t)
	return fault_moving("pwrite", ENOSPC, &len) ? -1 : real(fd, from, len, offset);
}

ssize_t copy_file_range(int from, off_t *at, int to, off_t *to_at, size_t len, unsigned flags)
{
	REAL(copy_file_range, ssize_t, int, off_t *, int, off_t *, size_t, unsigned)
	return fault_moving("copy_file_range", ENOSPC, &len)
		       ? -1
		       : real(from, at, to, to_at, len, flags);
}

ssize_t sendfile(int to, int from, off_t *at, size_t len)
{
	REAL(sendfile, ssize_t, int, int, off_t *, size_t)
	return fault_moving("sendfile", ENOSPC, &len) ? -1 : real(to, from, at, len);
}

ssize_t fgetxattr(int fd, const char *name, void *to, size_t len)
{
	REAL(fgetxattr, ssize_t, int, const char *, void *, size_t)
	return fault("fgetxattr", EIO) ? -1 : real(fd, name, to, len);
}

ssize_t readlinkat(int dir, const char *path, char *to, size_t len)
{
	REAL(readlinkat, ssize_t, int, const char *, char *, size_t)
	return fault("readlinkat", EIO) ? -1 : real(dir, path, to, len);
}

off_t lseek(int fd, off_t offset, int whence)
{
	REAL(lseek, off_t, int, off_t, int)
	return fault("lseek", EIO) ? -1 : real(fd, offset, whence);
}

/* The end of a directory, too, is NULL. */
struct dirent *readdir(DIR *dir)
{
	REAL(readdir, struct dirent *, DIR *)
	return fault("readdir", EIO) ? NULL : real(dir);
}

DIR *fdopendir(int fd)
{
	REAL(fdopendir, DIR *, int)
	return fault("fdopendir", ENOMEM) ? NULL : real(fd);
}

char *realpath(const char *path, char *to)
{
	REAL(realpath, char *, const char *, char *)
	return fault("realpath", EIO) ? NULL : real(path, to);
}

/* ---- allocations ---------------------------------------------------------------------------- */

void *__real_buf_reserve(struct buf *b, size_t len, struct err *err);
void *__wrap_buf_reserve(struct buf *b, size_t len, struct err *err);
int __real_buf_add(struct buf *b, const void *data, size_t len, struct err *err);
int __wrap_buf_add(struct buf *b, const void *data, size_t len, struct err *err);

/* Buffers without a cap are for small texts, whose users abort. */
static bool memory_fault(const struct buf *b, struct err *err)
{
	return b->cap < SIZE_MAX / 2 && fault("allocation", ENOMEM) &&
	       err_sys(err, "allocate") != 0;
}

void *__wrap_buf_reserve(struct buf *b, size_t len, struct err *err)
{
	return memory_fault(b, err) ? NULL : __real_buf_reserve(b, len, err);
}

int __wrap_buf_add(struct buf *b, const void *data, size_t len, struct err *err)
{
	return memory_fault(b, err) ? -1 : __real_buf_add(b, data, len, err);
}
