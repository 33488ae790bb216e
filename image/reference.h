/*
 * reference.h - the IMAGE argument of the command line, taken apart.
 *
 *	DIR | FILE.tar[.gz|.zst] | - | oci:DIR[:TAG] | oci-archive:FILE[:TAG] | docker-archive:FILE[:REF|:@N]
 *	docker://REF | docker-daemon:REF | containers-storage:REF
 *
 * Pure: looks at the text only. A bare path is REFERENCE_PATH; what it holds is found out on opening.
 */
#ifndef IMAGE_REFERENCE_H
#define IMAGE_REFERENCE_H

#include "base/err.h"

enum reference_kind {
	REFERENCE_PATH, /* a directory or file, its form unknown yet */
	REFERENCE_STDIN, /* "-" */
	REFERENCE_OCI, /* a layout directory */
	REFERENCE_OCI_ARCHIVE,
	REFERENCE_DOCKER_ARCHIVE,
	REFERENCE_SKOPEO, /* handed to skopeo as it is written */
};

struct reference {
	enum reference_kind kind;
	char *text; /* as given */
	char *path; /* NULL for stdin and skopeo */
	char *tag; /* TAG or REF behind the path, NULL when none was given */
};

/* ERR_USAGE names what is wrong. The caller releases ret on success. */
int reference_parse(const char *text, struct reference *ret, struct err *err);
void reference_release(struct reference *ref);

#endif
