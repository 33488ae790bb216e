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

int store_clear_lost(struct store *store, struct err *err)
{
	auto_dir DIR *dir = dir_list(store->layers);
	const struct dirent *d;
	int rc;

	if (!dir) {
		return err_sys(err, "list '%s/layers'", store->path);
	}
	while ((rc = dir_next(dir, &d, err)) > 0) {
		auto_fd int layer =
			openat(store->layers, d->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		bool removed;

		if (layer >= 0 && !store_reliable(store, layer) &&
			store_remove(store, d->d_name, false, &removed, err)) {
			rc = -1;
			break;
		}
	}
	return rc ? err_wrap(err, "clear '%s/layers'", store->path) : 0;
}

/* Unmarked layers of this boot, locked so that nobody removes them meanwhile; *ret_n of them, also
 * with an error. 1 when there may be more. */
static int collect(
	const struct store *store, DIR *dir, int ret[SETTLE_MAX], size_t *ret_n, struct err *err)
{
	const struct dirent *d;
	size_t n = 0;
	int rc = 1;

	while (n < SETTLE_MAX && (rc = dir_next(dir, &d, err)) > 0) {
		auto_fd int layer =
			openat(store->layers, d->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (layer >= 0 && flock(layer, LOCK_SH | LOCK_NB) == 0 && !store_marked(layer) &&
			of_this_boot(store, layer)) {
			ret[n++] = steal_fd(&layer);
		}
	}
	*ret_n = n;
	return rc;
}

/* A layer that did not get to the disk is not to be used again, not even in this boot: what was not
 * written may be gone from memory, too. */
static void mark(int layer, bool written)
{
	int file = written ? openat(layer, mark_file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644) : -1;

	cleanup_fd(&file);
	if (!written) {
		(void)unlinkat(layer, boot_file, 0);
	}
}

int store_settle(struct store *store, struct err *err)
{
	auto_dir DIR *dir = dir_list(store->layers);
	int layers[SETTLE_MAX];
	int failed = 0;
	size_t n;
	int more;

	if (!dir) {
		return err_sys(err, "list '%s/layers'", store->path);
	}
	do {
		more = collect(store, dir, layers, &n, err);
		if (n && !failed && store_sync(store->layers)) {
			failed = errno;
		}
		for (size_t i = 0; i < n; i++) {
			mark(layers[i], !failed);
			close(layers[i]);
		}
	} while (more > 0);
	if (failed) {
		errno = failed;
		return err_sys(err, "write out '%s'", store->path);
	}
	return more ? err_wrap(err, "list '%s/layers'", store->path) : 0;
}
