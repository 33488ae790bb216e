/*
 * secret_files.h - secrets whose form says nothing, in files whose name says all: shadow(5),
 * .netrc, .pgpass, .git-credentials, .npmrc, registry logins, environment files and their like.
 *
 *	secret_files_scan("etc/shadow", data, len, found, arg)
 *
 * To be called beside secret_scan() (secret_patterns.h), which looks at what a file holds. Pure,
 * thread-safe, no allocation.
 */
#ifndef CHECKS_SECRET_FILES_H
#define CHECKS_SECRET_FILES_H

#include "checks/secret_patterns.h"

#include <stddef.h>
#include <stdint.h>

void secret_files_scan(const char *path, const uint8_t *data, size_t len,
	void (*found)(const struct secret_match *match, void *arg), void *arg);

#endif
