/*
 * faults: what happens when a system call or an allocation fails?
 *
 *	build/fuzz/faults IMAGE...
 *
 * Each image is opened, scanned, unpacked into a store and asked for its packages, first
 * undisturbed and then again and again: with the 1st call failing, with the 2nd, and so on until
 * there is none left to fail. Every time the outcome has to be an error or the undisturbed one:
 * what the machine did is not the image's fault. Interrupted and short reads and writes must change
 * nothing.
 *
 * The functions below stand in front of the C library's, for libarchive, too. Of allocations those
 * of sizes that come from input fail: capped buffers. Small ones abort by design.
 */
#include "base/alloc.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/str.h"
#include "base/sys_file.h"
#include "image/image.h"
#include "image/packages.h"
#include "image/scan.h"
#include "image/store.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

/* ---- failing -------------------------------------------------------------------------------- */

enum disturbance { UNDISTURBED, FAIL, INTERRUPT, SHORT };

static struct {
	enum disturbance kind;
	size_t at; /* the call to fail, from 1 on; of SHORT: the most bytes of each */
	size_t n; /* calls so far, of all threads */
	const char *name; /* the one that failed */
} faults;

static bool is_turn(void)
{
	return __atomic_add_fetch(&faults.n, 1, __ATOMIC_SEQ_CST) == faults.at;
}

/* Whether this call is to fail; errno is set. */
static bool fault(const char *name, int code)
{
	if (faults.kind != FAIL || !is_turn()) {
		return false;
	}
	faults.name = name;
	errno = code;
	return true;
}

/* The same for a call that moves bytes; *len may be cut. */
static bool fault_moving(const char *name, int code, size_t *len)
{
	if (faults.kind == SHORT) {
		*len = *len < faults.at ? *len : faults.at;
	}
	if (faults.kind == INTERRUPT && is_turn()) {
		faults.name = name;
		errno = EINTR;
		return true;
	}
	return fault(name, code);
}

#define REAL(name, type, ...)                                                                      \
	static type (*real)(__VA_ARGS__);                                                          \
                                                                                                   \
	if (!real) {                                                                               \
		void *symbol = dlsym(RTLD_NEXT, #name);                                            \
                                                                                                   \
		memcpy(&real, &symbol, sizeof(real));                                              \
	}

/* A call with these parameters that returns -1 when it fails. */
#define FAILS_1(name, code, a)                                                                     \
	int name(a x)                                                                              \
	{                                                                                          \
		REAL(name, int, a)                                                                 \
		return fault(#name, code) ? -1 : real(x);                                          \
	}
#define FAILS_2(name, code, a, b)                                                                  \
	int name(a x, b y)                                                                         \
	{                                                                                          \
		REAL(name, int, a, b)                                                              \
		return fault(#name, code) ? -1 : real(x, y);                                       \
	}
#define FAILS_3(name, code, a, b, c)                                                               \
	int name(a x, b y, c z)                                                                    \
	{                                                                                          \
		REAL(name, int, a, b, c)                                                           \
		return fault(#name, code) ? -1 : real(x, y, z);                                    \
	}
#define FAILS_4(name, code, a, b, c, d)                                                            \
	int name(a x, b y, c z, d w)                                                               \
	{                                                                                          \
		REAL(name, int, a, b, c, d)                                                        \
		return fault(#name, code) ? -1 : real(x, y, z, w);                                 \
	}
#define FAILS_5(name, code, a, b, c, d, e)                                                         \
	int name(a x, b y, c z, d w, e v)                                                          \
	{                                                                                          \
		REAL(name, int, a, b, c, d, e)                                                     \
		return fault(#name, code) ? -1 : real(x, y, z, w, v);                              \
	}

FAILS_2(fstat, EIO, int, struct stat *)
FAILS_2(ftruncate, ENOSPC, int, off_t)
FAILS_2(mkdir, ENOSPC, const char *, mode_t)
FAILS_3(mkdirat, ENOSPC, int, const char *, mode_t)
FAILS_3(symlinkat, ENOSPC, const char *, int, const char *)
FAILS_4(mknodat, EPERM, int, const char *, mode_t, dev_t)
FAILS_5(linkat, EMLINK, int, const char *, int, const char *, int)
FAILS_4(renameat, EIO, int, const char *, int, const char *)
FAILS_5(renameat2, EIO, int, const char *, int, const char *, unsigned)
FAILS_2(fchmod, EPERM, int, mode_t)
FAILS_4(fchmodat, EPERM, int, const char *, mode_t, int)
FAILS_5(fchownat, EPERM, int, const char *, uid_t, gid_t, int)
FAILS_5(fsetxattr, ENOSPC, int, const char *, const void *, size_t, int)
FAILS_2(futimens, EIO, int, const struct timespec *)
FAILS_4(utimensat, EIO, int, const char *, const struct timespec *, int)
FAILS_2(flock, EIO, int, int)

static mode_t mode_of(int flags, va_list ap)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
	REAL(open, int, const char *, int, ...)
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	return fault("open", EMFILE) ? -1 : real(path, flags, mode);
}

int openat(int dirfd, const char *path, int flags, ...)
{
	REAL(openat, int, int, const char *, int, ...)
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	return fault("openat", EMFILE) ? -1 : real(dirfd, path, flags, mode);
}

/* Only openat2 has no function of its own. Six arguments are read, however many there are. */
__attribute__((no_sanitize("address"))) long syscall(long number, ...)
{
	REAL(syscall, long, long, ...)
	long a[6];
	va_list ap;

	va_start(ap, number);
	for (size_t i = 0; i < ARRAY_SIZE(a); i++) {
		a[i] = va_arg(ap, long);
	}
	va_end(ap);
	if (number == SYS_openat2 && fault("openat2", EMFILE)) {
		return -1;
	}
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

ssize_t read(int fd, void *to, size_t len)
{
	REAL(read, ssize_t, int, void *, size_t)
	return fault_moving("read", EIO, &len) ? -1 : real(fd, to, len);
}

ssize_t pread(int fd, void *to, size_t len, off_t offset)
{
	REAL(pread, ssize_t, int, void *, size_t, off_t)
	return fault_moving("pread", EIO, &len) ? -1 : real(fd, to, len, offset);
}

ssize_t write(int fd, const void *from, size_t len)
{
	REAL(write, ssize_t, int, const void *, size_t)
	return fault_moving("write", ENOSPC, &len) ? -1 : real(fd, from, len);
}

ssize_t pwrite(int fd, const void *from, size_t len, off_t offset)
{
	REAL(pwrite, ssize_t, int, const void *, size_t, off_t)
	return fault_moving("pwrite", ENOSPC, &len) ? -1 : real(fd, from, len, offset);
}

/* ---- allocations ---------------------------------------------------------------------------- */

void *__real_buf_reserve(struct buf *b, size_t len, struct err *err);
void *__wrap_buf_reserve(struct buf *b, size_t len, struct err *err);
int __real_buf_add(struct buf *b, const void *data, size_t len, struct err *err);
int __wrap_buf_add(struct buf *b, const void *data, size_t len, struct err *err);

/* Buffers without a cap are for small texts, whose users abort. */
static bool memory_fault(const struct buf *b, struct err *err)
{
	return b->cap < SIZE_MAX / 2 && fault("allocation", ENOMEM) &&
	       err_sys(err, "allocate") != 0;
}

void *__wrap_buf_reserve(struct buf *b, size_t len, struct err *err)
{
	return memory_fault(b, err) ? NULL : __real_buf_reserve(b, len, err);
}

int __wrap_buf_add(struct buf *b, const void *data, size_t len, struct err *err)
{
	return memory_fault(b, err) ? -1 : __real_buf_add(b, data, len, err);
}

/* ---- what comes out ------------------------------------------------------------------------- */

struct outcome {
	struct err err; /* of image_open, image_scan */
	struct err store; /* of unpacking */
	size_t failures; /* violations that are no warnings */
	size_t warnings;
	char *text; /* everything else */
};

static void outcome_release(struct outcome *o)
{
	free(o->text);
}

static struct buf *listing; /* for nftw and tree_walk */

static void list(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void list(const char *fmt, ...)
{
	char *line = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&line, fmt, ap) < 0 || buf_add(listing, line, strlen(line), NULL)) {
		abort();
	}
	va_end(ap);
	free(line);
}

static int list_node(const struct node *n, void *arg)
{
	const struct packages *packages = arg;
	auto_free char *path = node_path(n);
	const char *owner = packages_owner(packages, path);

	list("%s %d %o %u:%u %llu %s %s %s %s\n", path, (int)n->type, n->mode, n->uid, n->gid,
		(unsigned long long)n->size, node_target(n) ? node_target(n) : "-",
		node_text(n) ? node_text(n) : "-", node_elf(n) ? "elf" : "-", owner ? owner : "-");
	return 0;
}

static void list_content(const char *path)
{
	AUTO(buf) struct buf content;
	char digest[DIGEST_TEXT_MAX];

	buf_init(&content, (size_t)64 << 20);
	if (file_read(AT_FDCWD, path, &content, NULL) == 0) {
		digest_of(DIGEST_SHA256, buf_str(&content), content.len, digest);
		list("%s ", digest);
	}
}

static int list_file(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	char names[1024] = "";
	ssize_t n = llistxattr(path, names, sizeof(names));

	(void)flag;
	list("%s %o %u:%u ", path + at->base, st->st_mode, st->st_uid, st->st_gid);
	for (ssize_t i = 0; i < n; i += (ssize_t)strlen(names + i) + 1) {
		list("%s ", names + i);
	}
	if (S_ISREG(st->st_mode)) {
		list_content(path);
	}
	list("%lld\n", (long long)st->st_mtim.tv_sec);
	return 0;
}

/* ---- one run -------------------------------------------------------------------------------- */

struct run {
	struct image *image;
	struct tree *tree;
	struct store *store;
	struct store_writer *writer;
	struct strv dirs;
};

static void run_release(struct run *r)
{
	store_writer_free(r->writer);
	store_free(r->store);
	strv_release(&r->dirs);
	tree_free(r->tree);
	image_free(r->image);
}

static int open_store(struct run *r, const char *dir, struct err *err)
{
	const struct store_ids ids = {.shift = 0, .userxattr = true};

	return store_open(dir, &ids, &r->store, err) ||
			       store_writer_new(r->store, r->image, &r->writer, err)
		       ? -1
		       : 0;
}

/* What assay does with an image, up to the checks. */
static void work(struct run *r, const char *reference, const char *dir, struct outcome *ret)
{
	const struct image_options options = {.reference = reference};
	struct entry_sink sink;

	if (image_open(&options, &r->image, &ret->err) || !r->image->config) {
		return;
	}
	(void)open_store(r, dir, &ret->store);
	if (!ret->store.code) {
		sink = store_writer_sink(r->writer);
	}
	if (image_scan(r->image, &sink, !ret->store.code, &r->tree, &ret->err)) {
		return;
	}
	if (!ret->store.code && (store_writer_finish(r->writer, &ret->store) ||
					store_layers(r->store, r->image, &r->dirs, &ret->store))) {
		return;
	}
}

static void count(const struct violations *violations, struct outcome *ret)
{
	for (size_t i = 0; i < violations->n; i++) {
		ret->failures += !violations->v[i].warning;
		ret->warnings += violations->v[i].warning;
	}
}

static void describe(const struct run *r, struct outcome *ret)
{
	AUTO(buf) struct buf text;
	AUTO_PTR(packages) struct packages *packages = r->tree ? packages_read(r->tree) : NULL;

	buf_init(&text, (size_t)64 << 20);
	listing = &text;
	if (r->image) {
		count(&r->image->violations, ret);
	}
	for (size_t i = 0; r->tree && i < r->image->n_layers; i++) {
		const struct layer *l = &r->image->layers[i];

		list("%s %zu\n", l->diff_id_read ? l->diff_id_read : "-", l->entries);
	}
	if (r->tree) {
		(void)tree_walk(tree_root(r->tree), list_node, packages);
		list("%zu texts dropped, %zu packages\n", tree_texts_dropped(r->tree),
			packages_count(packages));
	}
	for (size_t i = 0; !ret->store.code && i < r->dirs.n; i++) {
		(void)nftw(r->dirs.v[i], list_file, 20, FTW_PHYS);
	}
	ret->text = buf_steal(&text);
}

/* Nothing here waits for anybody else. */
static void on_alarm(int signal)
{
	static const char text[] = "not ok - it hangs when this call fails: ";

	(void)signal;
	(void)!write(STDOUT_FILENO, text, sizeof(text) - 1);
	(void)!write(STDOUT_FILENO, faults.name, strlen(faults.name));
	(void)!write(STDOUT_FILENO, "\n", 1);
	_exit(1);
}

static void run(const char *reference, enum disturbance kind, size_t at, struct outcome *ret)
{
	char dir[] = "/tmp/assay-faults-XXXXXX";
	struct run r = {0};

	*ret = (struct outcome){0};
	if (!mkdtemp(dir)) {
		abort();
	}
	faults.kind = kind;
	faults.at = at;
	faults.n = 0;
	faults.name = "nothing";
	alarm(60);
	work(&r, reference, dir, ret);
	alarm(0);
	faults.kind = UNDISTURBED;
	describe(&r, ret);
	run_release(&r);
	if (dir_remove(AT_FDCWD, dir, NULL)) {
		abort();
	}
}

/* ---- judging -------------------------------------------------------------------------------- */

static size_t passed;
static size_t failed;

static bool is_same(const struct outcome *a, const struct outcome *b)
{
	return a->failures == b->failures && !a->err.code && !a->store.code &&
	       str_eq(a->text, b->text);
}

static void report(const char *reference, const char *what, size_t at, const struct outcome *o)
{
	printf("# %s: %s at %zu (%s): %s%s%s, %zu violations\n", reference, what, at, faults.name,
		o->err.msg, *o->store.msg ? "; store: " : "", o->store.msg, o->failures);
}

static void verdict(const char *reference, const char *what, bool good, size_t runs)
{
	printf("%s - %s: %s, %zu times\n", good ? "ok" : "not ok", reference, what, runs);
	*(good ? &passed : &failed) += 1;
}

/* Nothing is known of the image then: a violation of it would be a lie. */
static bool is_told(const struct outcome *o)
{
	return (o->err.code && *o->err.msg) || (o->store.code && *o->store.msg);
}

static void fail_each(const char *reference, const struct outcome *clean)
{
	bool good = true;
	bool more = true;
	size_t at;

	for (at = 1; more; at++) {
		struct outcome o;

		run(reference, FAIL, at, &o);
		more = faults.n >= at;
		if (!is_same(&o, clean) && !is_told(&o)) {
			report(reference, "failing", at, &o);
			good = false;
		} else if (getenv("FAULTS_VERBOSE")) {
			report(reference, is_same(&o, clean) ? "no effect" : "told", at, &o);
		}
		outcome_release(&o);
	}
	verdict(reference, "the n-th call fails", good, at - 1);
}

static void interrupt_each(const char *reference, const struct outcome *clean)
{
	bool good = true;
	bool more = true;
	size_t at;

	for (at = 1; more; at++) {
		struct outcome o;

		run(reference, INTERRUPT, at, &o);
		more = faults.n >= at;
		if (!is_same(&o, clean)) {
			report(reference, "interrupted", at, &o);
			good = false;
		}
		outcome_release(&o);
	}
	verdict(reference, "the n-th read or write is interrupted", good, at - 1);
}

static void shorten(const char *reference, const struct outcome *clean)
{
	static const size_t steps[] = {1, 7, 511, 4096};
	bool good = true;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct outcome o;

		run(reference, SHORT, steps[i], &o);
		if (!is_same(&o, clean)) {
			report(reference, "short reads", steps[i], &o);
			good = false;
		}
		outcome_release(&o);
	}
	verdict(reference, "short reads and writes", good, ARRAY_SIZE(steps));
}

int main(int argc, char **argv)
{
	(void)signal(SIGALRM, on_alarm);
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++) {
		struct outcome clean;

		run(argv[i], UNDISTURBED, 0, &clean);
		if (clean.err.code || clean.store.code || !*clean.text) {
			report(argv[i], "undisturbed", 0, &clean);
			verdict(argv[i], "undisturbed", false, 1);
		} else {
			fail_each(argv[i], &clean);
			interrupt_each(argv[i], &clean);
			shorten(argv[i], &clean);
		}
		outcome_release(&clean);
	}
	printf("%zu passed, %zu failed\n", passed, failed);
	return failed || !passed;
}
