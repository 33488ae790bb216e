/* Tars as layers, unpacked: what lies on disk, merged as overlayfs does it, is the merged tree. The
 * first byte says how many blocks of the input are the lower of two layers. */
#include "tests/fuzz/kit.h"
#include "tests/fuzz/scan_kit.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/sys_file.h"
#include "image/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { LAYERS = 2, DEPTH_MAX = 60 };

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	if (size < 2 || seed % 64 == 0) {
		return LLVMFuzzerMutate(data, size, max_size);
	}
	return 1 + fuzz_mutate_tar(data + 1, size - 1, max_size - 1, seed);
}

/* The same directory in several layers, highest first. */
struct stack {
	int fds[LAYERS];
	size_t n;
};

static void stack_close(struct stack *s)
{
	while (s->n) {
		(void)close(s->fds[--s->n]);
	}
}

static void push(struct stack *s, int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	MUST(fd >= 0);
	s->fds[s->n++] = fd;
}

static void names_of(const struct stack *s, struct strv *ret)
{
	for (size_t i = 0; i < s->n; i++) {
		DIR *dir = fdopendir(openat(s->fds[i], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
		const struct dirent *item;

		MUST(dir);
		while ((item = readdir(dir))) {
			if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0 &&
				!strv_has(ret, item->d_name)) {
				strv_add(ret, item->d_name);
			}
		}
		(void)closedir(dir);
	}
}

static bool is_opaque(int fd)
{
	char value;

	return fgetxattr(fd, "user.overlay.opaque", &value, 1) == 1 && value == 'y';
}

/* What overlayfs shows of name (Documentation/filesystems/overlayfs.rst): false when it is nothing.
 * A directory's layers are opened in *below. */
static bool look(const struct stack *s, const char *name, struct stat *ret, struct stack *below)
{
	bool found = false;

	for (size_t i = 0; i < s->n; i++) {
		struct stat st;

		if (fstatat(s->fds[i], name, &st, AT_SYMLINK_NOFOLLOW)) {
			continue;
		}
		if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) {
			MUST(S_ISCHR(st.st_mode) && st.st_rdev == 0);
			break;
		}
		if (found && !S_ISDIR(st.st_mode)) {
			break;
		}
		if (!found) {
			*ret = st;
			found = true;
		}
		if (!S_ISDIR(st.st_mode)) {
			break;
		}
		push(below, s->fds[i], name);
		if (is_opaque(below->fds[below->n - 1])) {
			break;
		}
	}
	return found;
}

static const struct node *child(const struct node *dir, const char *name)
{
	const struct node *n = dir->first_child;

	while (n && strcmp(n->name, name) != 0) {
		n = n->next;
	}
	return n;
}

/* Device nodes are not unpacked. */
static bool is_device(const struct node *n)
{
	return n->type == NODE_CHAR || n->type == NODE_BLOCK;
}

static void compare_link(const struct node *n, int fd)
{
	char target[4096];
	ssize_t len;

	if (n->type == NODE_SYMLINK) {
		len = readlinkat(fd, n->name, target, sizeof(target));
		MUST(len == (ssize_t)strlen(node_target(n)) &&
			memcmp(target, node_target(n), (size_t)len) == 0);
	}
}

static void compare(const struct node *n, const struct stat *st)
{
	static const mode_t types[] = {[NODE_FILE] = S_IFREG,
		[NODE_DIR] = S_IFDIR,
		[NODE_SYMLINK] = S_IFLNK,
		[NODE_FIFO] = S_IFIFO};

	MUST(!is_device(n) && (st->st_mode & S_IFMT) == types[n->type]);
	MUST(n->type == NODE_SYMLINK || (st->st_mode & 07777) == n->mode);
	MUST(st->st_uid == n->uid && st->st_gid == n->gid);
	MUST(n->type != NODE_FILE || (uint64_t)st->st_size == n->size);
	MUST(st->st_mtime == n->mtime);
}

static void compare_dir(const struct node *dir, const struct stack *s, int depth)
{
	AUTO(strv) struct strv names = {0};

	if (depth == DEPTH_MAX) {
		return;
	}
	names_of(s, &names);
	for (size_t i = 0; i < names.n; i++) {
		const struct node *n = child(dir, names.v[i]);
		struct stack below = {.n = 0};
		struct stat st;

		if (!look(s, names.v[i], &st, &below)) {
			MUST(!n || is_device(n));
			continue;
		}
		MUST(n);
		compare(n, &st);
		for (size_t k = 0; n->type == NODE_SYMLINK && k < s->n; k++) {
			if (fstatat(s->fds[k], n->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
				compare_link(n, s->fds[k]);
				break;
			}
		}
		if (n->type == NODE_DIR) {
			compare_dir(n, &below, depth + 1);
		}
		stack_close(&below);
	}
	for (const struct node *n = dir->first_child; n; n = n->next) {
		MUST(strv_has(&names, n->name) || is_device(n));
	}
}

static void compare_all(const struct tree *tree, const struct strv *dirs)
{
	struct stack s = {.n = 0};
	struct stat st;

	MUST(dirs->n >= 1 && dirs->n <= LAYERS);
	for (size_t i = dirs->n; i > 0; i--) {
		push(&s, AT_FDCWD, dirs->v[i - 1]);
	}
	MUST(fstat(s.fds[0], &st) == 0);
	compare(tree_root(tree), &st);
	compare_dir(tree_root(tree), &s, 0);
	stack_close(&s);
}

static void unpack(struct image *image, const char *dir)
{
	const struct store_ids ids = {.userxattr = true};
	AUTO_PTR(store) struct store *store = NULL;
	AUTO_PTR(store_writer) struct store_writer *writer = NULL;
	AUTO_PTR(tree) struct tree *tree = NULL;
	AUTO(strv) struct strv dirs = {0};
	struct entry_sink sink;
	struct err err = {0};

	MUST(store_open(dir, &ids, &store, &err) == 0);
	MUST(store_writer_new(store, image, &writer, &err) == 0);
	sink = store_writer_sink(writer);
	tree = fuzz_scan(image, &sink, 1);
	if (tree && store_writer_finish(writer, &err) == 0 &&
		store_layers(store, image, &dirs, &err) == 0) {
		compare_all(tree, &dirs);
	} else {
		MUST(!tree || *err.msg);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	size_t lower = (size_t)fuzz_byte(&in) * 512;
	char dir[] = "/dev/shm/assay-fuzz-XXXXXX";
	struct fuzz_blob layers[LAYERS];
	struct image *image;

	lower = lower < in.left ? lower : in.left;
	layers[0] = (struct fuzz_blob){in.at, lower};
	layers[1] = (struct fuzz_blob){in.at + lower, in.left - lower};
	image = fuzz_image(lower ? layers : layers + 1, lower ? 2 : 1);
	MUST(mkdtemp(dir));
	unpack(image, dir);
	MUST(dir_remove(AT_FDCWD, dir, NULL) == 0);
	image_free(image);
	return 0;
}
