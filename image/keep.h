/*
 * keep.h - which files keep their text in the merged tree, so that checks can read them at the end.
 *
 * Databases and tables that decide about other files (passwd, group, ld.so.conf, package
 * databases), executable scripts, and files that look like configuration. Everything else is seen
 * once, in entry(), and forgotten.
 */
#ifndef IMAGE_KEEP_H
#define IMAGE_KEEP_H

#include "image/scan.h"

#include <stdbool.h>

/* Whether this entry's text is kept. Pure; looks at path, mode, size and the head. */
bool keep_wanted(const struct entry *entry);

/* How many of its bytes: all up to LIMIT_KEEP_DB for a database, to LIMIT_KEEP_FILE for the rest.
 * Of a longer script or database the beginning is kept; longer configuration is not wanted. */
size_t keep_len(const struct entry *entry);

#endif
