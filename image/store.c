#include "image/store_private.h"

#include "base/alloc.h"
#include "base/sys_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

/* Part of every key: to be raised when layers are unpacked in another way than before. Those of
 * another format are not used, and so the first to go when the store is trimmed. Format 1 has
 * layers of other bases than their key says. */
#define STORE_FORMAT 2

static int lock(int fd, int how)
{
	int rc;

	do {
		rc = flock(fd, how);
	} while (rc && errno == EINTR);
	return rc;
}

/* Whoever makes or clears directories in tmp holds this lock, so that a directory is never seen
 * between mkdir(2) and its own lock. */
static int lock_tmp(const struct store *store)
{
	int fd = openat(store->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0 && lock(fd, LOCK_EX)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Remove what crashed processes left: what is in tmp and not locked. */
static int clear_tmp(const struct store *store, struct err *err)
{
	auto_fd int guard = lock_tmp(store);
	auto_dir DIR *dir = dir_list(store->tmp);
	const struct dirent *d;
	int rc;

	if (guard < 0 || !dir) {
		return err_sys(err, "clear '%s/tmp'", store->path);
	}
	while ((rc = dir_next(dir, &d, err)) > 0) {
		auto_fd int fd = openat(store->tmp, d->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0 && lock(fd, LOCK_EX | LOCK_NB)) {
			continue; /* somebody is at work */
		}
		rc = dir_remove(store->tmp, d->d_name, err);
		if (rc) {
			break;
		}
	}
	return rc ? err_wrap(err, "clear '%s/tmp'", store->path) : 0;
}

static int open_subdir(const struct store *store, const char *name, int *ret, struct err *err)
{
	mode_t mode = store->ids.shift ? 0711 : 0700;

	if (mkdirat(store->dir, name, mode) && errno != EEXIST) {
		return err_sys(err, "make '%s/%s'", store->path, name);
	}
	*ret = openat(store->dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*ret < 0 || fchmod(*ret, mode)) {
		return err_sys(err, "open '%s/%s'", store->path, name);
	}
	return 0;
}

int store_open(const char *dir, const struct store_ids *ids, struct store **ret, struct err *err)
{
	AUTO_PTR(store) struct store *store = xcalloc(1, sizeof(*store));

	store->dir = store->layers = store->tmp = -1;
	store->ids = *ids;
	if (dir_make(dir, 0711, err)) {
		return -1;
	}
	store->path = realpath(dir, NULL);
	store->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!store->path || store->dir < 0) {
		return err_sys(err, "open '%s'", dir);
	}
	if (open_subdir(store, "layers", &store->layers, err) ||
		open_subdir(store, "tmp", &store->tmp, err) || store_boot_read(store->boot, err) ||
		clear_tmp(store, err) || store_clear_lost(store, err)) {
		return -1;
	}
	*ret = steal_ptr(store);
	return 0;
}

void store_free(struct store *store)
{
	if (!store) {
		return;
	}
	for (size_t i = 0; i < store->leases.n; i++) {
		close(store->leases.v[i].fd);
		free(store->leases.v[i].key);
	}
	free(store->leases.v);
	cleanup_fd(&store->layers);
	cleanup_fd(&store->tmp);
	cleanup_fd(&store->dir);
	free(store->path);
	free(store);
}

void store_keys(const struct store *store, const struct image *image, struct strv *ret)
{
	AUTO(strv) struct strv chain = {0};

	image_chain_ids(image, &chain);
	for (size_t i = 0; i < chain.n; i++) {
		if (!*chain.v[i]) {
			strv_add(ret, "");
			continue;
		}
		strv_addf(ret, "%s.%d-%" PRIu32 "%s%s", strchr(chain.v[i], ':') + 1, STORE_FORMAT,
			store->ids.shift, store->ids.single ? "s" : "",
			store->ids.userxattr ? "u" : "");
	}
}

bool store_same_file(int dir, const char *name, int fd)
{
	struct stat there;
	struct stat here;

	return fstatat(dir, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &here) == 0 &&
	       there.st_dev == here.st_dev && there.st_ino == here.st_ino;
}

static void keep(struct store *store, const char *key, int fd)
{
	*ARRAY_PUSH(&store->leases) = (struct lease){xstrdup(key), fd};
}

/* A layer that is not reliable is as good as none, and in the way of a new one. Where it cannot be
 * removed, since a run goes on with what it failed to write out, publishing the new one will fail. */
static int give_up(struct store *store, const char *key, int fd)
{
	bool removed;

	(void)lock(fd, LOCK_UN);
	(void)store_remove(store, key, true, &removed, NULL);
	errno = ENOENT;
	return -1;
}

int store_lease(struct store *store, const char *key)
{
	for (size_t i = 0; i < store->leases.n; i++) {
		if (strcmp(store->leases.v[i].key, key) == 0) {
			return store->leases.v[i].fd;
		}
	}
	if (!*key) {
		errno = ENOENT;
		return -1;
	}
	for (;;) {
		auto_fd int fd = openat(store->layers, key, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0 || lock(fd, LOCK_SH)) {
			return -1;
		}
		if (store_same_file(store->layers, key, fd)) {
			if (!store_reliable(store, fd)) {
				return give_up(store, key, fd);
			}
			(void)futimens(fd, NULL); /* used now: the oldest go first */
			keep(store, key, fd);
			return steal_fd(&fd);
		}
	}
}

int store_tmp_new(struct store *store, char name[32], struct err *err)
{
	auto_fd int guard = lock_tmp(store);
	auto_fd int fd = -1;
	uint64_t random;

	if (guard < 0) {
		return err_sys(err, "lock '%s'", store->path);
	}
	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
		return err_sys(err, "random name");
	}
	snprintf(name, 32, "%016" PRIx64, random);
	if (mkdirat(store->tmp, name, 0711) == 0) {
		fd = openat(store->tmp, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0 || fchmod(fd, 0711) || lock(fd, LOCK_EX | LOCK_NB)) {
		return err_sys(err, "make '%s/tmp/%s'", store->path, name);
	}
	return steal_fd(&fd);
}

int store_publish(struct store *store, const char *name, const char *key, int fd, struct err *err)
{
	auto_fd int owned = fd;

	if (renameat2(store->tmp, name, store->layers, key, RENAME_NOREPLACE)) {
		if (errno != EEXIST && errno != ENOTEMPTY) {
			(void)err_sys(err, "move a layer to '%s/layers'", store->path);
			(void)dir_remove(store->tmp, name, NULL); /* else store_open will */
			return -1;
		}
		if (dir_remove(store->tmp, name, err)) {
			return -1;
		}
	} else if (lock(owned, LOCK_SH) == 0 && store_same_file(store->layers, key, owned)) {
		keep(store, key, steal_fd(&owned));
		return 0;
	}
	cleanup_fd(&owned); /* or its lock makes the lease below wait for ourselves */
	owned = -1;
	return store_lease(store, key) < 0 ? err_sys(err, "hold layer '%s'", key) : 0;
}

/* What the scan said of a layer first, with what goes before it. */
static char *why_missing(const struct image *image, size_t layer)
{
	auto_free char *file = xasprintf("layer %zu", layer);

	for (size_t i = 0; i < image->violations.n; i++) {
		const struct violation *v = &image->violations.v[i];

		if (!v->warning && strcmp(v->file, file) == 0) {
			return xasprintf(
				": %s%s%s", v->pointer, *v->pointer ? ": " : "", v->message);
		}
	}
	return xstrdup("");
}

/* All layers of the image held, their directories' fds handed to visit, lowest first. */
static int each_layer(struct store *store, const struct image *image, struct err *err,
	int (*visit)(const struct store *, const char *key, int fd, void *arg, struct err *err),
	void *arg)
{
	AUTO(strv) struct strv keys = {0};

	store_keys(store, image, &keys);
	for (size_t i = 0; i < keys.n; i++) {
		int fd = store_lease(store, keys.v[i]);

		if (fd < 0) {
			auto_free char *why = why_missing(image, i);

			return err_set(
				err, ERR_IO, "layer %zu could not be unpacked%.300s", i, why);
		}
		if (visit(store, keys.v[i], fd, arg, err)) {
			return err_wrap(err, "layer %zu", i);
		}
	}
	return 0;
}

static int add_dir(const struct store *store, const char *key, int fd, void *arg, struct err *err)
{
	struct strv *dirs = arg;
	struct store_meta meta;

	if (store_meta_read(fd, &meta, err)) {
		return -1;
	}
	if (meta.opaque_root) {
		strv_release(dirs);
	}
	strv_addf(dirs, "%s/layers/%s/fs", store->path, key);
	return 0;
}

int store_layers(
	struct store *store, const struct image *image, struct strv *ret_dirs, struct err *err)
{
	AUTO(strv) struct strv dirs = {0};

	if (each_layer(store, image, err, add_dir, &dirs)) {
		return -1;
	}
	*ret_dirs = dirs;
	dirs = (struct strv){0};
	return 0;
}

static int add_lost(const struct store *store, const char *key, int fd, void *arg, struct err *err)
{
	struct store_lost *lost = arg;
	struct store_meta meta;

	(void)store;
	(void)key;
	if (store_meta_read(fd, &meta, err)) {
		return -1;
	}
	lost->owners += meta.lost.owners;
	lost->xattrs += meta.lost.xattrs;
	lost->devices += meta.lost.devices;
	return 0;
}

int store_lost(
	struct store *store, const struct image *image, struct store_lost *ret, struct err *err)
{
	struct store_lost lost = {0};

	if (each_layer(store, image, err, add_lost, &lost)) {
		return -1;
	}
	*ret = lost;
	return 0;
}
