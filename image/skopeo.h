/*
 * skopeo.h - one call of the program skopeo (containers/skopeo), which reaches what is behind a
 * network, a daemon or a store of other tools.
 *
 *	struct strv argv = {0};
 *	strv_add(&argv, "inspect"); ...
 *	skopeo_run(&argv, out, err)
 *
 * The program ends with the thread that started it. Private to image/.
 */
#ifndef IMAGE_SKOPEO_H
#define IMAGE_SKOPEO_H

#include "base/err.h"
#include "base/str.h"

/* Run "skopeo <arguments>" to its end: its output goes to out (an open file), the last line of what
 * it says to a failure's message (ERR_IO). ERR_UNSUPPORTED, with the package's name, when it is not
 * installed. */
int skopeo_run(const struct strv *arguments, int out, struct err *err);

#endif
