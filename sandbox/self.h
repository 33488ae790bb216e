/*
 * self.h - the program as a copy that nobody can write to.
 *
 *	self_seal(argv, err)		first thing; from here on we are the copy
 *	self_sealed()
 *
 * For a moment before execve(2) a process of ours is inside the instance, and `#!/proc/self/exe`
 * makes the kernel execute our file there, with a loader that the image brings. Where the product
 * has the id of the file's owner (a single id), it could so come to write to it, and be executed
 * outside the next time (the way of CVE-2019-5736). A memfd with seals (memfd_create(2),
 * F_SEAL_WRITE) can be executed and never written.
 */
#ifndef SANDBOX_SELF_H
#define SANDBOX_SELF_H

#include "base/err.h"

#include <stdbool.h>

/* Execute a sealed copy of this program with argv and the environment as they are; does not return
 * then. 0 when we are one already, -1 when there is none to be had (no /proc, vm.memfd_noexec). */
int self_seal(char **argv, struct err *err);

bool self_sealed(void);

#endif
