#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void set_v(struct err *err, enum err_code code, int sys, const char *fmt, va_list ap)
	__attribute__((format(printf, 4, 0)));
static void set_v(struct err *err, enum err_code code, int sys, const char *fmt, va_list ap)
{
	err->code = code;
	err->sys = sys;
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
}

int err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	if (err) {
		va_start(ap, fmt);
		set_v(err, code, 0, fmt, ap);
		va_end(ap);
	}
	return -1;
}

int err_sys(struct err *err, const char *fmt, ...)
{
	int sys = errno;
	size_t used;
	va_list ap;

	if (!err) {
		return -1;
	}
	va_start(ap, fmt);
	set_v(err, sys == EPERM || sys == EACCES ? ERR_DENIED : ERR_IO, sys, fmt, ap);
	va_end(ap);
	used = strlen(err->msg);
	(void)snprintf(err->msg + used, sizeof(err->msg) - used, ": %s", strerror(sys));
	return -1;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char where[sizeof(err->msg)];
	char what[sizeof(err->msg)];
	va_list ap;

	if (!err) {
		return -1;
	}
	va_start(ap, fmt);
	(void)vsnprintf(where, sizeof(where), fmt, ap);
	va_end(ap);
	memcpy(what, err->msg, sizeof(what));
	/* The cause is worth more than the place: a long place is cut, not the cause. */
	(void)snprintf(err->msg, sizeof(err->msg), "%.200s: %.300s", where, what);
	return -1;
}

const char *err_code_name(enum err_code code)
{
	switch (code) {
	case ERR_NONE:
		return "none";
	case ERR_USAGE:
		return "usage";
	case ERR_IO:
		return "io";
	case ERR_MALFORMED:
		return "malformed";
	case ERR_LIMIT:
		return "limit";
	case ERR_UNSUPPORTED:
		return "unsupported";
	case ERR_DENIED:
		return "denied";
	case ERR_INTERNAL:
		return "internal";
	}
	return "unknown";
}
