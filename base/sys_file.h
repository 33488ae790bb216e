/*
 * sys_file.h - files: whole reads and writes, temporary files, directories, trees to remove.
 *
 * Every descriptor made here is O_CLOEXEC. EINTR is retried.
 */
#ifndef BASE_SYS_FILE_H
#define BASE_SYS_FILE_H

#include "base/buf.h"
#include "base/err.h"

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Append all of fd, from where it stands, to b (whose cap is the limit: ERR_LIMIT). */
int file_read_fd(int fd, struct buf *b, struct err *err);

/* The same for a path below dirfd (AT_FDCWD allowed). The error names the path. */
int file_read(int dirfd, const char *path, struct buf *b, struct err *err);

/* Write all of it. */
int file_write_fd(int fd, const void *data, size_t len, struct err *err);

/* Create or replace path by a file with this content, mode 0644 less umask. Not atomic. */
int file_write(int dirfd, const char *path, const void *data, size_t len, struct err *err);

/* The same for what somebody waits for: a regular file holds all of it or, after an error, what was
 * there before. Links are followed; owner and mode stay as they are. Written in place, as by
 * file_write, is what no other file can stand in for: devices, pipes, files with two names or an
 * access control list, files in directories that cannot be written to, mount points. */
int file_replace(const char *path, const void *data, size_t len, struct err *err);

/* Write text to an existing (kernel) file in one write(2): /proc, cgroupfs. */
int file_poke(int dirfd, const char *path, const char *text, struct err *err);

/* Read exactly len bytes at offset; ERR_MALFORMED when the file ends before. */
int file_read_at(int fd, void *to, size_t len, uint64_t offset, struct err *err);

/* An unnamed temporary file in dir (NULL: $TMPDIR, else /var/tmp; never a RAM disk by default).
 * Returns the fd, or -1. */
int file_temp(const char *dir, struct err *err);

/* mkdir -p with this mode for what is missing. */
int dir_make(const char *path, mode_t mode, struct err *err);

/* A stream over the directory fd, which it takes; NULL with errno, also when fd is negative. */
DIR *dir_stream(int fd);

/* A stream over what dirfd is open on, from its beginning, with a descriptor of its own. */
DIR *dir_list(int dirfd);

/* The next entry but "." and "..", valid until the next call. 1, 0 at the end, or -1. */
int dir_next(DIR *dir, const struct dirent **ret, struct err *err);

/* Remove name below dirfd with all that is in it, without following symbolic links and without
 * crossing mount points. What is not there is no error. Directories without permissions are
 * opened up first. */
int dir_remove(int dirfd, const char *name, struct err *err);

#endif
