/* This function stands in front of the C library's. */
#include "tests/unit/readdir_kit.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <string.h>

static size_t fails_at;
static size_t calls;
static bool paused;

void readdir_fails_at(size_t n)
{
	fails_at = n;
	calls = 0;
}

void readdir_pause(void)
{
	paused = true;
}

void readdir_resume(void)
{
	paused = false;
}

bool readdir_failed(void)
{
	return fails_at && calls >= fails_at;
}

struct dirent *readdir(DIR *dir)
{
	static struct dirent *(*real)(DIR *);

	if (!real) {
		void *symbol = dlsym(RTLD_NEXT, "readdir");

		memcpy(&real, &symbol, sizeof(real));
	}
	if (!paused && ++calls == fails_at) {
		errno = EIO;
		return NULL;
	}
	return real(dir);
}
