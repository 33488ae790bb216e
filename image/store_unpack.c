#include "image/store_unpack.h"

#include "base/alloc.h"
#include "base/sys_file.h"
#include "image/store_pool.h"
#include "image/store_unpack_private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

struct unpack *unpack_new(int root, const struct store_ids *ids)
{
	struct unpack *u = xcalloc(1, sizeof(*u));

	u->root = root;
	u->ids = *ids;
	u->parent = u->file.fd = -1;
	u->pool = store_pool_new(root, ids);
	return u;
}

static void clear_xattrs(struct unpack *u)
{
	for (size_t i = 0; i < u->xattrs.n; i++) {
		free(u->xattrs.v[i].name);
		free(u->xattrs.v[i].value);
	}
	u->xattrs.n = 0;
}

static void forget_parent(struct unpack *u)
{
	cleanup_fd(&u->parent);
	u->parent = -1;
}

void unpack_free(struct unpack *u)
{
	if (!u) {
		return;
	}
	store_pool_free(u->pool);
	clear_xattrs(u);
	free(u->xattrs.v);
	for (size_t i = 0; i < u->dirs.n; i++) {
		free(u->dirs.v[i].path);
	}
	free(u->dirs.v);
	strv_release(&u->whiteouts);
	strv_release(&u->doubtful);
	strv_release(&u->opaque);
	forget_parent(u);
	cleanup_fd(&u->file.fd);
	cleanup_fd(&u->root);
	free(u);
}

static int beneath(int root, const char *path, int flags, mode_t mode)
{
	struct open_how how = {.flags = (uint64_t)((unsigned)flags | O_CLOEXEC),
		.mode = mode,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};

	return (int)syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof(how));
}

int open_beneath(int root, const char *path, int flags)
{
	return beneath(root, path, flags, 0);
}

int create_beneath(int root, const char *path, mode_t mode)
{
	return beneath(root, path, O_WRONLY | O_CREAT | O_EXCL, mode & 0777);
}

/* The directory that path stands in, open until the next call; name is the rest. */
static int parent_of(struct unpack *u, const char *path, const char **name, struct err *err)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	*name = slash ? slash + 1 : path;
	if (u->parent >= 0 && strncmp(u->parent_path, path, len) == 0 && !u->parent_path[len]) {
		return u->parent;
	}
	forget_parent(u);
	memcpy(u->parent_path, path, len);
	u->parent_path[len] = '\0';
	u->parent = open_beneath(u->root, u->parent_path, O_PATH | O_DIRECTORY);
	if (u->parent < 0) {
		return err_sys(err, "open directory '%.200s'", u->parent_path);
	}
	return u->parent;
}

static int end_file(struct unpack *u, struct err *err)
{
	auto_fd int fd = steal_fd(&u->file.fd);
	struct store_file f = u->file;

	if (fd < 0) {
		return 0;
	}
	f.fd = fd;
	if (store_file_finish(&f, &u->ids, &u->meta.lost, err)) {
		return -1;
	}
	for (size_t i = 0; i < u->xattrs.n; i++) {
		const struct xattr_copy *x = &u->xattrs.v[i];

		if (xattr_set(u, fd, x->name, x->value, x->len, err)) {
			return -1;
		}
	}
	clear_xattrs(u);
	return 0;
}

/* path is a directory of this layer that hides what lower ones have below it. */
static int mark_opaque(struct unpack *u, const char *path, struct err *err)
{
	auto_fd int fd = -1;

	if (!*path) {
		u->meta.opaque_root = true;
		return 0;
	}
	strv_add(&u->opaque, path);
	fd = open_beneath(u->root, path, O_RDONLY | O_DIRECTORY);
	return fd < 0 ? err_sys(err, "open directory '%.200s'", path)
		      : xattr_set_opaque(u, fd, err);
}

/* Whatever its mode will be, we make things in it first. */
static int make_dir(
	struct unpack *u, const struct entry *entry, int dir, const char *name, struct err *err)
{
	mode_t mode = 0700 | (entry->mode & 0777);
	struct stat st;

	if (mkdirat(dir, name, mode) == 0) {
		return 0;
	}
	if (errno != EEXIST || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW)) {
		return err_sys(err, "make directory '%.200s'", name);
	}
	if (S_ISDIR(st.st_mode)) {
		return 0;
	}
	/* a file or whiteout of this layer: what lower layers have below it is gone for good */
	if (dir_remove(dir, name, err) || mkdirat(dir, name, mode)) {
		return err_sys(err, "make directory '%.200s'", name);
	}
	return mark_opaque(u, entry->path, err);
}

int unpack_dir(struct unpack *u, const struct entry *entry, struct err *err)
{
	auto_fd int fd = -1;
	const char *name;
	int dir;

	if (end_file(u, err)) {
		return -1;
	}
	if (entry->again && !store_pool_wait(u->pool)) {
		return 0; /* unpack_end says why */
	}
	if (*entry->path) {
		dir = parent_of(u, entry->path, &name, err);
		if (dir < 0 || make_dir(u, entry, dir, name, err)) {
			return -1;
		}
	}
	*ARRAY_PUSH(&u->dirs) =
		(struct pending_dir){xstrdup(entry->path), u->dirs.n, attributes_of(entry)};
	if (!entry->n_xattrs) {
		return 0;
	}
	fd = open_beneath(u->root, entry->path, O_RDONLY | O_DIRECTORY);
	if (fd < 0) {
		return err_sys(err, "open directory '%.200s'", entry->path);
	}
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		const struct entry_xattr *x = &entry->xattrs[i];

		if (xattr_set(u, fd, x->name, x->value, x->len, err)) {
			return -1;
		}
	}
	return 0;
}

/* What this layer has itself stays; a directory of its own becomes opaque instead. */
static int make_whiteout(struct unpack *u, struct strv *made, const char *path, int dir,
	const char *name, struct err *err)
{
	struct stat st;

	if (mknodat(dir, name, S_IFCHR, makedev(0, 0)) == 0) {
		strv_add(made, path);
		return 0;
	}
	if (errno != EEXIST || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW)) {
		return err_sys(err, "make a whiteout");
	}
	return S_ISDIR(st.st_mode) ? mark_opaque(u, path, err) : 0;
}

/* Make what entry is below dir; -1 with errno set. A regular file stays open. */
static int make_node(struct unpack *u, const struct entry *entry, int dir, const char *name)
{
	switch (entry->type) {
	case NODE_FILE:
		u->file.fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			entry->mode & 0777);
		return u->file.fd < 0 ? -1 : 0;
	case NODE_SYMLINK:
		return symlinkat(entry->target, dir, name);
	case NODE_FIFO:
		return mknodat(dir, name, S_IFIFO | 0600, 0);
	case NODE_CHAR:
	case NODE_BLOCK:
	case NODE_DIR:
	default:
		errno = EINVAL; /* unpack_dir makes directories, devices are not made */
		return -1;
	}
}

static int make_link(const struct unpack *u, const char *target, int dir, const char *name)
{
	auto_free char *path = xstrdup(target);
	char *slash = strrchr(path, '/');
	auto_fd int from = -1;

	if (slash) {
		*slash = '\0';
	}
	from = open_beneath(u->root, slash ? path : "", O_PATH | O_DIRECTORY);
	return from < 0 ? -1 : linkat(from, slash ? slash + 1 : path, dir, name, 0);
}

static int make(struct unpack *u, const struct entry *entry, int dir, const char *name)
{
	return entry->hardlink ? make_link(u, entry->link, dir, name)
			       : make_node(u, entry, dir, name);
}

static int finish_node(
	struct unpack *u, const struct entry *entry, int dir, const char *name, struct err *err)
{
	struct attributes at = attributes_of(entry);

	switch (entry->type) {
	case NODE_FILE:
		u->file.at = at;
		u->file.size = entry->size;
		u->file.end = 0;
		for (size_t i = 0; i < entry->n_xattrs; i++) {
			const struct entry_xattr *x = &entry->xattrs[i];

			*ARRAY_PUSH(&u->xattrs) = (struct xattr_copy){
				xstrdup(x->name), xstrndup(x->value, x->len), x->len};
		}
		return 0;
	case NODE_SYMLINK:
	case NODE_FIFO:
		u->meta.lost.xattrs += entry->n_xattrs;
		return attributes_set_at(u, dir, name, entry->type == NODE_SYMLINK, &at, err);
	case NODE_CHAR:
	case NODE_BLOCK:
	case NODE_DIR:
	default:
		return 0;
	}
}

/* A device node is left out, and with it what it replaces in this layer and in lower ones. What it
 * replaces in this layer may itself have replaced something. */
static int leave_out(
	struct unpack *u, const struct entry *entry, int dir, const char *name, struct err *err)
{
	struct stat st;
	bool own = fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;

	if (!own && errno != ENOENT) {
		return err_sys(err, "stat '%.200s'", entry->path);
	}
	u->meta.lost.devices++;
	if (own && S_ISCHR(st.st_mode)) {
		return 0;
	}
	if (own && dir_remove(dir, name, err)) {
		return -1;
	}
	return own || entry->hides ? make_whiteout(u, entry->hides ? &u->whiteouts : &u->doubtful,
					     entry->path, dir, name, err)
				   : 0;
}

/* A small file with all that it is. */
static bool is_for_pool(const struct entry *entry)
{
	return entry->type == NODE_FILE && entry->whiteout == WHITEOUT_NONE && !entry->hardlink &&
	       !entry->n_xattrs && !entry->again && entry->data_len == entry->size &&
	       store_pool_takes(entry->data_len);
}

/* Whether it matters what of the entries before is there already. */
static bool is_in_order(const struct entry *entry)
{
	return entry->again || entry->hardlink || entry->whiteout != WHITEOUT_NONE ||
	       entry->type == NODE_CHAR || entry->type == NODE_BLOCK;
}

int unpack_entry(struct unpack *u, const struct entry *entry, int lower, struct err *err)
{
	const char *name;
	int dir;

	if (end_file(u, err)) {
		return -1;
	}
	u->content_done = is_for_pool(entry);
	if (u->content_done) {
		struct attributes at = attributes_of(entry);

		store_pool_add(u->pool, entry->path, &at, entry->data, entry->data_len);
		return 0;
	}
	if (is_in_order(entry) && !store_pool_wait(u->pool)) {
		u->content_done = true;
		return 0; /* unpack_end says why */
	}
	if (entry->whiteout == WHITEOUT_OPAQUE) {
		return mark_opaque(u, entry->path, err);
	}
	dir = parent_of(u, entry->path, &name, err);
	if (dir < 0) {
		return -1;
	}
	if (entry->whiteout == WHITEOUT_FILE) {
		/* one of nothing is left out: see whiteouts_tidy */
		return entry->hides ? make_whiteout(u, &u->whiteouts, entry->path, dir, name, err)
				    : 0;
	}
	if (entry->type == NODE_CHAR || entry->type == NODE_BLOCK) {
		return leave_out(u, entry, dir, name, err);
	}
	if (lower >= 0) {
		return dir_remove(dir, name, err) ? -1
						  : unpack_copy(lower, entry->link, dir, name, err);
	}
	if (make(u, entry, dir, name) &&
		(errno != EEXIST || dir_remove(dir, name, err) || make(u, entry, dir, name))) {
		return err_sys(err, "make '%.200s'", entry->path);
	}
	return entry->hardlink ? 0 : finish_node(u, entry, dir, name, err);
}

int unpack_data(struct unpack *u, uint64_t offset, const void *bytes, size_t len, struct err *err)
{
	return u->content_done ? 0 : store_file_write(&u->file, offset, bytes, len, err);
}

/* Children before their parents; of the same path the last one first. */
static int by_path(const void *a, const void *b)
{
	const struct pending_dir *x = a;
	const struct pending_dir *y = b;
	int order = strcmp(y->path, x->path);

	return order ? order : (x->order < y->order) - (x->order > y->order);
}

static int end_dirs(struct unpack *u, struct err *err)
{
	const char *last = NULL;

	if (u->dirs.n) {
		qsort(u->dirs.v, u->dirs.n, sizeof(*u->dirs.v), by_path);
	}
	for (size_t i = 0; i < u->dirs.n; i++) {
		const struct pending_dir *d = &u->dirs.v[i];
		auto_fd int fd = -1;

		if (last && strcmp(last, d->path) == 0) {
			continue;
		}
		last = d->path;
		fd = open_beneath(u->root, d->path, O_RDONLY | O_DIRECTORY);
		if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) {
			continue; /* replaced or removed later in the same layer */
		}
		if (fd < 0) {
			return err_sys(err, "open directory '%.200s'", d->path);
		}
		if (attributes_set(&u->ids, &u->meta.lost, fd, &d->at, err)) {
			return err_wrap(err, "'%.200s'", d->path);
		}
	}
	return 0;
}

int unpack_end(struct unpack *u, struct store_meta *ret, struct err *err)
{
	if (end_file(u, err) || store_pool_end(u->pool, &u->meta.lost, err) ||
		whiteouts_tidy(u, err) || end_dirs(u, err)) {
		return -1;
	}
	*ret = u->meta;
	return 0;
}
