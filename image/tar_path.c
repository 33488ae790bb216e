#include "image/tar_path.h"

#include "base/str.h"

#include <string.h>

int tar_path_normalise(const char *raw, char ret[LIMIT_PATH], struct err *err)
{
	size_t len = 0;

	for (const char *at = raw + strspn(raw, "/"); *at; at += strspn(at, "/")) {
		size_t n = strcspn(at, "/");

		if (n == 2 && at[0] == '.' && at[1] == '.') {
			if (!len) {
				return err_set(err, ERR_MALFORMED, "name leaves the root");
			}
			while (len && ret[--len] != '/') {
			}
		} else if (n != 1 || at[0] != '.') {
			if (len + n + 2 > LIMIT_PATH) {
				return err_set(err, ERR_MALFORMED, "name of more than %d bytes",
					LIMIT_PATH - 1);
			}
			if (len) {
				ret[len++] = '/';
			}
			memcpy(ret + len, at, n);
			len += n;
		}
		at += n;
	}
	ret[len] = '\0';
	return 0;
}

int tar_path_whiteout(char path[LIMIT_PATH], enum whiteout *ret, struct err *err)
{
	char *slash = strrchr(path, '/');
	char *base = slash ? slash + 1 : path;
	const char *hidden = base + strlen(".wh.");

	*ret = WHITEOUT_NONE;
	if (!str_starts(base, ".wh.")) {
		return 0;
	}
	if (str_eq(base, ".wh..wh..opq")) {
		*ret = WHITEOUT_OPAQUE;
		*(slash ? slash : base) = '\0';
		return 0;
	}
	if (str_starts(hidden, ".wh.")) {
		return err_set(err, ERR_UNSUPPORTED, "AUFS book-keeping");
	}
	if (!*hidden || str_eq(hidden, ".") || str_eq(hidden, "..")) {
		return err_set(err, ERR_MALFORMED, "whiteout without a name");
	}
	*ret = WHITEOUT_FILE;
	memmove(base, hidden, strlen(hidden) + 1);
	return 0;
}
