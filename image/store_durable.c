/* Which layers can be relied on: those that were written out, and those of the boot that goes on. */
#include "image/store_private.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/sys_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* The boot in which a layer was made, and the mark that it is on the disk. The mark is an empty file:
 * it is there or not, and has no content that could be lost. */
static const char boot_file[] = "boot";
static const char mark_file[] = "durable";

/* Layers that are written out together, each with a descriptor. */
enum { SETTLE_MAX = 128 };

int (*store_sync)(int fd) = syncfs;
const char *store_boot_path = "/proc/sys/kernel/random/boot_id";

int store_boot_read(char ret[STORE_BOOT_MAX], struct err *err)
{
	AUTO(buf) struct buf text;

	buf_init(&text, STORE_BOOT_MAX - 1);
	if (file_read(AT_FDCWD, store_boot_path, &text, err)) {
		return -1;
	}
	snprintf(ret, STORE_BOOT_MAX, "%s", buf_str(&text));
	ret[strcspn(ret, "\n")] = '\0';
	return *ret ? 0 : err_set(err, ERR_IO, "'%s' is empty", store_boot_path);
}

int store_boot_write(const struct store *store, int layer, struct err *err)
{
	return file_write(layer, boot_file, store->boot, strlen(store->boot), err);
}

bool store_marked(int layer)
{
	return faccessat(layer, mark_file, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool of_this_boot(const struct store *store, int layer)
{
	AUTO(buf) struct buf text;

	buf_init(&text, STORE_BOOT_MAX);
	return file_read(layer, boot_file, &text, NULL) == 0 &&
	       strcmp(buf_str(&text), store->boot) == 0;
}

bool store_reliable(const struct store *store, int layer)
{
	return store_marked(layer) || of_this_boot(store, layer);
}

static DIR *list(const struct store *store)
{
	int copy = openat(store->layers, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);

	if (!dir && copy >= 0) {
		close(copy);
	}
	return dir;
}

int store_clear_lost(struct store *store, struct err *err)
{
	auto_dir DIR *dir = list(store);
	const struct dirent *d;

	if (!dir) {
		return err_sys(err, "list '%s/layers'", store->path);
	}
	while ((d = readdir(dir))) {
		auto_fd int layer = -1;
		bool removed;

		if (d->d_name[0] == '.') {
			continue;
		}
		layer = openat(store->layers, d->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (layer >= 0 && !store_reliable(store, layer) &&
			store_remove(store, d->d_name, false, &removed, err)) {
			return err_wrap(err, "clear '%s/layers'", store->path);
		}
	}
	return 0;
}

/* Unmarked layers of this boot, locked so that nobody removes them meanwhile. */
static size_t collect(const struct store *store, DIR *dir, int ret[SETTLE_MAX])
{
	const struct dirent *d;
	size_t n = 0;

	while (n < SETTLE_MAX && (d = readdir(dir))) {
		auto_fd int layer = -1;

		if (d->d_name[0] == '.') {
			continue;
		}
		layer = openat(store->layers, d->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (layer >= 0 && flock(layer, LOCK_SH | LOCK_NB) == 0 && !store_marked(layer) &&
			of_this_boot(store, layer)) {
			ret[n++] = steal_fd(&layer);
		}
	}
	return n;
}

/* A layer that did not get to the disk is not to be used again, not even in this boot: what was not
 * written may be gone from memory, too. */
static void mark(int layer, bool written)
{
	auto_fd int file =
		written ? openat(layer, mark_file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644) : -1;

	if (!written) {
		(void)unlinkat(layer, boot_file, 0);
	}
}

int store_settle(struct store *store, struct err *err)
{
	auto_dir DIR *dir = list(store);
	int layers[SETTLE_MAX];
	int failed = 0;
	size_t n;

	if (!dir) {
		return err_sys(err, "list '%s/layers'", store->path);
	}
	do {
		n = collect(store, dir, layers);
		if (n && !failed && store_sync(store->layers)) {
			failed = errno;
		}
		for (size_t i = 0; i < n; i++) {
			mark(layers[i], !failed);
			close(layers[i]);
		}
	} while (n == SETTLE_MAX);
	errno = failed;
	return failed ? err_sys(err, "write out '%s'", store->path) : 0;
}
