/* The directory of records: names, opening, and what has to go. */
#include "image/facts.h"

#include "base/alloc.h"
#include "base/sys_file.h"
#include "image/facts_private.h"
#include "image/limits.h"

#include <archive.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

/* A file that is still written, and locked by who does it, or was left by a process that died. */
#define UNFINISHED "tmp."

/* A note's name and content begin at multiples of four. */
static size_t padded(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

/* Add the build id among the notes from at to end, if one of them is that. */
static void add_build_id(struct digest *d, const uint8_t *at, const uint8_t *end, bool *found)
{
	const ElfW(Nhdr) * note;

	for (; end - at >= (ptrdiff_t)sizeof(*note); at += padded(note->n_descsz)) {
		const uint8_t *name = at + sizeof(*note);

		note = (const ElfW(Nhdr) *)at;
		at = name + padded(note->n_namesz);
		if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == sizeof("GNU") &&
			memcmp(name, "GNU", sizeof("GNU")) == 0) {
			digest_add(d, at, note->n_descsz);
			*found = true;
		}
	}
}

struct program {
	struct digest *digest;
	bool known;
};

/* The program itself comes first, and is all that is asked for. */
static int on_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct program *program = arg;

	(void)size;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		const uint8_t *at = (const uint8_t *)(info->dlpi_addr + p->p_vaddr);

		if (p->p_type == PT_NOTE) {
			add_build_id(program->digest, at, at + p->p_memsz, &program->known);
		}
	}
	return 1;
}

/* Another build may read a layer in another way: the linker's digest of this one, and those libraries'
 * versions that read layers. */
static int digest_program(char ret[DIGEST_TEXT_MAX], struct err *err)
{
	AUTO_PTR(digest) struct digest *d = digest_new(DIGEST_SHA256);
	auto_free char *libraries = xasprintf(
		"%s %s %s", archive_version_string(), zlibVersion(), ZSTD_versionString());
	struct program program = {d, false};

	(void)dl_iterate_phdr(on_object, &program);
	if (!program.known) {
		return err_set(err, ERR_UNSUPPORTED, "the program has no build id");
	}
	digest_add(d, libraries, strlen(libraries));
	digest_end(d, ret);
	return 0;
}

int facts_open(const char *dir, struct facts **ret, struct err *err)
{
	AUTO_PTR(facts) struct facts *f = xcalloc(1, sizeof(*f));
	struct stat st;

	f->dir = -1;
	if (dir_make(dir, 0700, err)) {
		return -1;
	}
	f->dir = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (f->dir < 0 || fstat(f->dir, &st)) {
		return err_sys(err, "open '%s'", dir);
	}
	if (st.st_uid != geteuid() || (st.st_mode & 022)) {
		return err_set(err, ERR_DENIED, "'%s' may be written to by others", dir);
	}
	if (digest_program(f->program, err)) {
		return -1;
	}
	*ret = steal_ptr(f);
	return 0;
}

void facts_free(struct facts *f)
{
	if (f) {
		cleanup_fd(&f->dir);
		free(f);
	}
}

const char *facts_identity(const struct layer *layer)
{
	const char *identity = layer->digest ? layer->digest : layer->diff_id;
	enum digest_algorithm algorithm;

	return identity && digest_parse(identity, &algorithm, NULL) == 0 ? identity : NULL;
}

bool facts_name(
	const struct facts *f, const struct image *image, size_t layer, char name[FACTS_NAME_MAX])
{
	const struct image_limits *l = &image_limits;
	AUTO(strv) struct strv chain = {0};
	const char *identity = facts_identity(&image->layers[layer]);
	auto_free char *text = NULL;
	char digest[DIGEST_TEXT_MAX];

	image_chain_ids(image, &chain);
	if (!identity || !*chain.v[layer]) {
		return false;
	}
	text = xasprintf("%s %zu %s %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, f->program,
		layer, chain.v[layer], identity, l->layer_tar, l->entries, l->keep_all,
		l->zstd_window);
	digest_of(DIGEST_SHA256, text, strlen(text), digest);
	(void)snprintf(name, FACTS_NAME_MAX, "%s", strchr(digest, ':') + 1);
	return true;
}

bool facts_has(const struct facts *f, const char *name)
{
	return faccessat(f->dir, name, R_OK, AT_EACCESS) == 0;
}

/* ---- what has to go ------------------------------------------------------------------------ */

struct item {
	char name[FACTS_NAME_MAX];
	uint64_t bytes;
	int64_t used;
};

struct items {
	struct item *v;
	size_t n, cap;
};

static bool abandoned(const struct facts *f, const char *name)
{
	auto_fd int fd = openat(f->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
}

static void add_item(const struct facts *f, const char *name, struct items *ret)
{
	size_t len = strlen(name);
	struct stat st;

	if (len >= FACTS_NAME_MAX || fstatat(f->dir, name, &st, AT_SYMLINK_NOFOLLOW) ||
		!S_ISREG(st.st_mode)) {
		return;
	}
	if (strncmp(name, UNFINISHED, strlen(UNFINISHED)) == 0) {
		if (abandoned(f, name)) {
			(void)unlinkat(f->dir, name, 0);
		}
		return;
	}
	*ARRAY_PUSH(ret) = (struct item){.bytes = (uint64_t)st.st_size, .used = st.st_mtime};
	memcpy(ret->v[ret->n - 1].name, name, len + 1);
}

static int by_use(const void *a, const void *b)
{
	const struct item *x = a;
	const struct item *y = b;

	if (x->used != y->used) {
		return x->used < y->used ? -1 : 1;
	}
	return strcmp(x->name, y->name);
}

static int list(const struct facts *f, struct items *ret, struct err *err)
{
	auto_dir DIR *dir = dir_list(f->dir);
	const struct dirent *d;
	int rc;

	if (!dir) {
		return err_sys(err, "list the facts of layers");
	}
	while ((rc = dir_next(dir, &d, err)) > 0) {
		add_item(f, d->d_name, ret);
	}
	if (rc) {
		return err_wrap(err, "list the facts of layers");
	}
	if (ret->n) {
		qsort(ret->v, ret->n, sizeof(*ret->v), by_use);
	}
	return 0;
}

int facts_trim(struct facts *f, uint64_t keep, struct facts_total *ret, struct err *err)
{
	struct items items = {0};
	struct facts_total left = {0};
	int rc = list(f, &items, err);

	left.layers = items.n;
	for (size_t i = 0; i < items.n; i++) {
		left.bytes += items.v[i].bytes;
	}
	for (size_t i = 0; rc == 0 && i < items.n && left.bytes > keep; i++) {
		if (unlinkat(f->dir, items.v[i].name, 0) == 0 || errno == ENOENT) {
			left.bytes -= items.v[i].bytes;
			left.layers--;
		}
	}
	free(items.v);
	if (rc == 0 && ret) {
		*ret = left;
	}
	return rc;
}
