/* What comes of an image in one run, with a call failing or without. */
#include "tests/fuzz/faults.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/sys_file.h"
#include "checks/engine.h"
#include "image/facts.h"
#include "image/image.h"
#include "image/packages.h"
#include "image/scan.h"
#include "image/store.h"
#include "product/edition.h"
#include "product/policy.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

void upshot_release(struct upshot *o)
{
	free(o->seen);
	free(o->stored);
	strv_release(&o->checks);
}

/* ---- what comes out ------------------------------------------------------------------------- */

/* More is not a small image. */
#define LISTING_MAX ((size_t)64 << 20)

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
	struct packages *packages = arg;
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

static void list_target(const char *path)
{
	char target[PATH_MAX] = "";

	list("-> %.*s ", (int)readlink(path, target, sizeof(target)), target);
}

static void list_xattr(const char *path, const char *name)
{
	char value[256];
	ssize_t len = lgetxattr(path, name, value, sizeof(value));

	list("%s=", name);
	for (ssize_t i = 0; i < len; i++) {
		list("%02x", (unsigned char)value[i]);
	}
	list(" ");
}

static int list_file(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	char names[1024] = "";
	ssize_t n = llistxattr(path, names, sizeof(names));

	(void)flag;
	list("%s %o %u:%u ", path + at->base, st->st_mode, st->st_uid, st->st_gid);
	for (ssize_t i = 0; i < n; i += (ssize_t)strlen(names + i) + 1) {
		list_xattr(path, names + i);
	}
	if (S_ISREG(st->st_mode)) {
		list("%llu links ", (unsigned long long)st->st_nlink);
		list_content(path);
	} else if (S_ISLNK(st->st_mode)) {
		list_target(path);
	}
	/* a whiteout has the time of its making */
	list("%lld\n", S_ISCHR(st->st_mode) ? 0 : (long long)st->st_mtim.tv_sec);
	return 0;
}

/* ---- one run -------------------------------------------------------------------------------- */

struct run {
	struct image *image;
	struct facts *facts;
	struct tree *tree;
	struct selection selection;
	struct engine *engine;
	struct store *store;
	struct store_writer *writer;
	struct strv dirs;
	size_t recalled;
};

static bool on_recall(size_t layer, const void *bytes, size_t len, void *arg)
{
	struct run *r = arg;
	struct entry_sink sink = engine_sink(r->engine);
	bool good = sink.recall(layer, bytes, len, sink.arg);

	r->recalled += good;
	return good;
}

static bool on_remember(size_t layer, struct buf *out, void *arg)
{
	const struct run *r = arg;
	struct entry_sink sink = engine_sink(r->engine);

	return sink.remember(layer, out, sink.arg);
}

static void on_entry(const struct entry *entry, void *arg)
{
	const struct run *r = arg;
	struct entry_sink sink = engine_sink(r->engine);

	sink.entry(entry, sink.arg);
}

static int open_store(struct run *r, const char *dir, struct err *err)
{
	const struct store_ids ids = {.shift = 0, .userxattr = true};

	return store_open(dir, &ids, &r->store, err) ||
			       store_writer_new(r->store, r->image, &r->writer, err)
		       ? -1
		       : 0;
}

static void scan(struct run *r, struct upshot *ret)
{
	bool stores = r->writer && !ret->store_err.code;
	struct entry_sink sinks[2] = {
		{.entry = on_entry, .remember = on_remember, .recall = on_recall, .arg = r}};

	if (stores) {
		sinks[1] = store_writer_sink(r->writer);
	}
	if (image_scan(r->image, sinks, stores ? 2 : 1, &r->tree, &ret->err) == 0 && stores &&
		store_writer_finish(r->writer, &ret->store_err) == 0) {
		(void)store_layers(r->store, r->image, &r->dirs, &ret->store_err);
	}
}

/* As `assay check` does. Facts are a help only: that they cannot be had is no error. */
static void work(struct run *r, const struct world *world, struct upshot *ret)
{
	const struct image_options options = {.reference = world->image};

	if (image_open(&options, &r->image, &ret->err) || !r->image->config) {
		return;
	}
	if (world->store) {
		(void)open_store(r, world->store, &ret->store_err);
	}
	if (world->facts) {
		(void)facts_open(world->facts, &r->facts, NULL);
		r->image->facts = r->facts;
	}
	scan(r, ret);
}

/* What comes behind the report. */
static void clear_up(struct run *r, struct err *err)
{
	if (r->facts) {
		(void)facts_trim(r->facts, UINT64_MAX, NULL, err);
	}
	if (r->store) {
		(void)store_trim(r->store, UINT64_MAX, NULL, err);
		(void)store_settle(r->store, err);
	}
}

static void run_release(struct run *r)
{
	store_writer_free(r->writer);
	store_free(r->store);
	strv_release(&r->dirs);
	engine_free(r->engine);
	tree_free(r->tree);
	image_free(r->image);
	facts_free(r->facts);
}

static void count(const struct violations *violations, struct upshot *ret)
{
	for (size_t i = 0; i < violations->n; i++) {
		ret->failures += !violations->v[i].warning;
		ret->warnings += violations->v[i].warning;
	}
}

static char *list_seen(const struct run *r, struct packages *packages)
{
	AUTO(buf) struct buf text;

	buf_init(&text, LISTING_MAX);
	listing = &text;
	for (size_t i = 0; i < r->image->n_layers; i++) {
		const struct layer *l = &r->image->layers[i];

		list("%s %zu\n", l->diff_id_read ? l->diff_id_read : "-", l->entries);
	}
	(void)tree_walk(tree_root(r->tree), list_node, packages);
	list("%zu texts dropped, %zu packages\n", tree_texts_dropped(r->tree),
		packages_count(packages));
	return buf_steal(&text);
}

static char *list_stored(const struct run *r)
{
	AUTO(buf) struct buf text;
	struct store_lost lost;

	buf_init(&text, LISTING_MAX);
	listing = &text;
	for (size_t i = 0; i < r->dirs.n; i++) {
		(void)nftw(r->dirs.v[i], list_file, 20, FTW_PHYS);
	}
	if (store_lost(r->store, r->image, &lost, NULL) == 0) {
		list("lost: %llu owners, %llu xattrs, %llu devices\n",
			(unsigned long long)lost.owners, (unsigned long long)lost.xattrs,
			(unsigned long long)lost.devices);
	}
	return buf_steal(&text);
}

static void judge(const struct run *r, struct packages *packages, struct strv *ret)
{
	AUTO(policy) struct policy policy;
	AUTO(result) struct result result;
	struct check_context ctx = {.image = r->image,
		.tree = r->tree,
		.packages = packages,
		.policy = &policy,
		.edition = edition_default()};

	policy_init(&policy);
	engine_run(r->engine, &ctx, NULL, NULL, &result);
	for (size_t i = 0; i < result.n_checks; i++) {
		const struct check_result *c = &result.checks[i];
		AUTO(buf) struct buf text;

		buf_init(&text, LISTING_MAX);
		listing = &text;
		list("%s %s", c->check->id, verdict_name(c->verdict));
		for (size_t k = 0; k < c->findings.n; k++) {
			list("; %s: %s", c->findings.v[k].subject, c->findings.v[k].message);
		}
		strv_take(ret, buf_steal(&text));
	}
}

static void describe(const struct run *r, struct upshot *ret)
{
	AUTO_PTR(packages) struct packages *packages = r->tree ? packages_read(r->tree) : NULL;

	ret->recalled = r->recalled;
	if (r->image) {
		count(&r->image->violations, ret);
	}
	if (r->tree) {
		ret->seen = list_seen(r, packages);
		judge(r, packages, &ret->checks);
	}
	if (r->dirs.n) {
		ret->stored = list_stored(r);
	}
}

static void count_kept(const struct run *r, struct upshot *ret)
{
	AUTO(store_items) struct store_items items = {0};

	if (r->store && store_list(r->store, &items, NULL) == 0) {
		for (size_t i = 0; i < items.n; i++) {
			ret->kept += items.v[i].durable;
		}
	}
}

void upshot_of(const struct world *world, enum disturbance kind, size_t at, struct upshot *ret)
{
	struct run r = {.selection = {.stage_static = true}};

	*ret = (struct upshot){0};
	r.engine = engine_new(&r.selection);
	alarm(10);
	faults_begin(kind, at);
	work(&r, world, ret);
	faults_pause();
	describe(&r, ret);
	faults_resume();
	clear_up(&r, &ret->clear_err);
	faults_pause();
	count_kept(&r, ret);
	faults_resume();
	run_release(&r);
	faults_end();
	alarm(0);
}
