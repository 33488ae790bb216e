#include "sandbox/self.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U /* Linux 6.3 */
#endif

#define NAME "assay"
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int open_self(void)
{
	return open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
}

bool self_sealed(void)
{
	auto_fd int fd = open_self();
	int seals = fd < 0 ? -1 : fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & SEALS) == SEALS;
}

static int make_memfd(void)
{
	int fd = memfd_create(NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	return fd < 0 && errno == EINVAL ? memfd_create(NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING) : fd;
}

static int copy(int from, int to)
{
	ssize_t n;

	do {
		n = sendfile(to, from, NULL, INT32_MAX);
	} while (n > 0);
	return (int)n;
}

int self_seal(char **argv, struct err *err)
{
	auto_fd int from = -1;
	auto_fd int to = -1;

	if (self_sealed()) {
		(void)prctl(PR_SET_NAME, NAME); /* the kernel took it from the descriptor */
		return 0;
	}
	from = open_self();
	to = from < 0 ? -1 : make_memfd();
	if (to < 0 || copy(from, to) || fcntl(to, F_ADD_SEALS, SEALS)) {
		return err_sys(err, "make a sealed copy of the program");
	}
	(void)fexecve(to, argv, environ);
	return err_sys(err, "execute a sealed copy of the program");
}
