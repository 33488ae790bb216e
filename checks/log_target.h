/*
 * log_target.h - where a log's path leads in the image: to a file, or by symbolic links to a
 * standard stream ("/var/log/nginx/access.log" -> "/dev/stdout").
 */
#ifndef CHECKS_LOG_TARGET_H
#define CHECKS_LOG_TARGET_H

#include "image/tree.h"

enum log_target {
	LOG_TARGET_FILE,
	LOG_TARGET_STDIO, /* /dev/std{out,err}, /dev/fd/{1,2}, /proc/{self,1}/fd/{1,2} */
	LOG_TARGET_NULL,
	LOG_TARGET_PIPE, /* a FIFO of the image: somebody else has to read it */
};

/* path: absolute. Links are followed inside the root, at most 40, also through directories and to
 * what the image does not have (/dev, /proc). ret_final, if not NULL: where it ends, with leading
 * slash, for the caller to free. */
enum log_target log_target_of(const struct tree *tree, const char *path, char **ret_final);

#endif
