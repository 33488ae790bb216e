/*
 * err.h - what went wrong, by value.
 *
 *	int f(..., struct err *err)		0, or -1 with err set; untouched on success
 *	return err_sys(err, "open '%s'", path);	IO (or DENIED) with errno and its text
 *	return err_wrap(err, "layer %zu", i);	adds where, in front of what
 *
 * A struct err never allocates: it survives being out of memory and goes whole through a pipe.
 * Messages are lower case, the cause first, subjects in single quotes, no full stop.
 * Not every problem is an error: a wrong image is a finding, a bug is an assert.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err_code {
	ERR_NONE,
	ERR_USAGE, /* the caller's words are wrong: command line, policy file */
	ERR_IO, /* the system would not: no such file, disk full */
	ERR_MALFORMED, /* input that breaks its own format */
	ERR_LIMIT, /* input larger than a limit of ours; the message names the limit */
	ERR_UNSUPPORTED, /* valid, but not something we (or this kernel) can do */
	ERR_DENIED, /* permission: EPERM, EACCES */
	ERR_INTERNAL, /* should not happen */
};

struct err {
	enum err_code code;
	int sys; /* errno, or 0 */
	char msg[512];
};

/* Set code and message; returns -1. err may be NULL: then nothing is kept. */
int err_set(struct err *err, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* As err_set with the current errno: code DENIED for EPERM/EACCES, else IO; ": <strerror>" is
 * appended. Returns -1. */
int err_sys(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Put "<where>: " in front of the message that is there. Returns -1. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The class as a word: "usage", "io", ... Static storage. */
const char *err_code_name(enum err_code code);

#endif
