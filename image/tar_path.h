/*
 * tar_path.h - names in a layer's tar. Pure.
 */
#ifndef IMAGE_TAR_PATH_H
#define IMAGE_TAR_PATH_H

#include "base/err.h"
#include "image/limits.h"
#include "image/scan.h"

/* The name as Docker cleans it: leading slashes, empty components and "." dropped, ".." taken
 * back. "" is the root. ERR_MALFORMED for a name that leaves the root or is too long to exist. */
int tar_path_normalise(const char *raw, char ret[LIMIT_PATH], struct err *err);

/* Whether the normalised path is a whiteout (OCI image-spec layer.md): path becomes what it hides.
 * ERR_MALFORMED for one that names nothing, ERR_UNSUPPORTED for other ".wh..wh." names, AUFS's own
 * book-keeping, which engines pass over. */
int tar_path_whiteout(char path[LIMIT_PATH], enum whiteout *ret, struct err *err);

#endif
