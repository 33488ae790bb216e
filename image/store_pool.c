#include "image/store_pool.h"

#include "base/alloc.h"
#include "base/processors.h"
#include "base/sys_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCH ((size_t)256 * 1024)
/* Larger files are few, and written while they are read. */
#define FILE_MAX ((size_t)64 * 1024)
#define THREADS_MAX 4

/* One file in a batch: this, the path and its NUL, the content, up to the next multiple of its size's
 * alignment. */
struct item {
	struct attributes at;
	size_t path_len;
	size_t len;
};

struct batch {
	struct batch *next;
	size_t used;
	_Alignas(struct item) uint8_t bytes[BATCH];
};

struct store_pool {
	int root;
	struct store_ids ids;
	size_t most_threads; /* 0: the caller does it all */
	struct batch *filling;
	size_t n_batches;

	pthread_mutex_t lock;
	pthread_cond_t filled; /* or ended */
	pthread_cond_t emptied;
	pthread_t threads[THREADS_MAX];
	size_t n_threads;
	struct batch *first; /* to be worked off, in order */
	struct batch *last;
	struct batch *idle;
	size_t under_way;
	bool ended;
	bool failed;
	struct err err; /* why */
	struct store_lost lost;
};

struct store_pool *store_pool_new(int root, const struct store_ids *ids)
{
	struct store_pool *p = xcalloc(1, sizeof(*p));
	size_t n = processors();

	p->root = root;
	p->ids = *ids;
	p->most_threads = n < 2 ? 0 : n < THREADS_MAX ? n : THREADS_MAX;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->filled, NULL);
	pthread_cond_init(&p->emptied, NULL);
	return p;
}

bool store_pool_takes(size_t len)
{
	return len <= FILE_MAX;
}

/* ---- one file --------------------------------------------------------------------------------- */

static int remove_there(int root, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	auto_free char *parent = xstrndup(path, slash ? (size_t)(slash - path) : 0);
	auto_fd int dir = open_beneath(root, parent, O_PATH | O_DIRECTORY);

	return dir < 0 ? err_sys(err, "open its directory")
		       : dir_remove(dir, slash ? slash + 1 : path, err);
}

static int make(const struct store_pool *p, const char *path, const struct item *item,
	const void *data, struct store_lost *lost, struct err *err)
{
	auto_fd int fd = create_beneath(p->root, path, item->at.mode);
	struct store_file f;

	if (fd < 0 && errno == EEXIST) {
		if (remove_there(p->root, path, err)) {
			return -1;
		}
		fd = create_beneath(p->root, path, item->at.mode);
	}
	if (fd < 0) {
		return err_sys(err, "make it");
	}
	f = (struct store_file){.fd = fd, .size = item->len, .at = item->at};
	return store_file_write(&f, 0, data, item->len, err) ||
			       store_file_finish(&f, &p->ids, lost, err)
		       ? -1
		       : 0;
}

/* ---- batches ---------------------------------------------------------------------------------- */

static size_t item_size(size_t path_len, size_t len)
{
	size_t size = sizeof(struct item) + path_len + 1 + len;
	size_t align = _Alignof(struct item);

	return (size + align - 1) / align * align;
}

static int work_off(
	const struct store_pool *p, const struct batch *b, struct store_lost *lost, struct err *err)
{
	const struct item *item;

	for (size_t at = 0; at < b->used; at += item_size(item->path_len, item->len)) {
		const char *path;

		item = (const void *)(b->bytes + at);
		path = (const char *)(item + 1);
		if (make(p, path, item, path + item->path_len + 1, lost, err)) {
			return err_wrap(err, "unpack '%.200s'", path);
		}
	}
	return 0;
}

/* A batch is done with; the pool is locked. */
static void account(
	struct store_pool *p, struct batch *b, const struct store_lost *lost, const struct err *err)
{
	p->lost.owners += lost->owners;
	if (err->code && !p->failed) {
		p->failed = true;
		p->err = *err;
	}
	b->used = 0;
	b->next = p->idle;
	p->idle = b;
}

/* The first batch of the queue; the pool is locked before and after. */
static void work_off_first(struct store_pool *p)
{
	struct batch *b = p->first;
	struct store_lost lost = {0};
	struct err err = {0};
	bool failed = p->failed;

	p->first = b->next;
	p->under_way++;
	pthread_mutex_unlock(&p->lock);
	if (!failed) {
		(void)work_off(p, b, &lost, &err);
	}
	pthread_mutex_lock(&p->lock);
	p->under_way--;
	account(p, b, &lost, &err);
}

static void *worker(void *arg)
{
	struct store_pool *p = arg;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (!p->first && !p->ended) {
			pthread_cond_wait(&p->filled, &p->lock);
		}
		if (!p->first) {
			break;
		}
		work_off_first(p);
		pthread_cond_signal(&p->emptied);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* Signals are for the caller's threads. */
static void start_thread(struct store_pool *p)
{
	sigset_t all;
	sigset_t before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&p->threads[p->n_threads], NULL, worker, p)) {
		p->most_threads = p->n_threads;
	} else {
		p->n_threads++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* What was filled goes to the end of the queue; the pool is locked. */
static void hand_over(struct store_pool *p)
{
	struct batch *b = steal_ptr(p->filling);

	if (!b) {
		return;
	}
	b->next = NULL;
	if (p->first) {
		p->last->next = b;
	} else {
		p->first = b;
	}
	p->last = b;
	pthread_cond_signal(&p->filled);
}

/* The queue, by our own work; the pool is locked. */
static void help(struct store_pool *p)
{
	while (p->first) {
		work_off_first(p);
	}
}

/* An empty batch: for each thread there are one under way and one to come, and one for us. */
static struct batch *take_batch(struct store_pool *p)
{
	struct batch *b;

	pthread_mutex_lock(&p->lock);
	if (!p->idle && p->n_batches <= 2 * p->most_threads) {
		p->n_batches++;
		p->idle = xcalloc(1, sizeof(*p->idle));
	}
	while (!p->idle) {
		pthread_cond_wait(&p->emptied, &p->lock);
	}
	b = p->idle;
	p->idle = b->next;
	pthread_mutex_unlock(&p->lock);
	return b;
}

/* A batch is full: from the first one on there is work for threads. */
static void pass_on(struct store_pool *p)
{
	pthread_mutex_lock(&p->lock);
	hand_over(p);
	if (p->n_threads < p->most_threads) {
		start_thread(p);
	}
	if (!p->n_threads) {
		help(p);
	}
	pthread_mutex_unlock(&p->lock);
}

void store_pool_add(struct store_pool *p, const char *path, const struct attributes *at,
	const void *data, size_t len)
{
	size_t path_len = strlen(path);
	size_t size = item_size(path_len, len);
	struct item *item;
	char *text;

	if (p->filling && size > BATCH - p->filling->used) {
		pass_on(p);
	}
	if (!p->filling) {
		p->filling = take_batch(p);
	}
	item = (void *)(p->filling->bytes + p->filling->used);
	*item = (struct item){*at, path_len, len};
	text = (char *)(item + 1);
	memcpy(text, path, path_len + 1);
	memcpy(text + path_len + 1, data, len);
	p->filling->used += size;
}

bool store_pool_wait(struct store_pool *p)
{
	bool good;

	pthread_mutex_lock(&p->lock);
	hand_over(p);
	help(p);
	while (p->under_way) {
		pthread_cond_wait(&p->emptied, &p->lock);
	}
	good = !p->failed;
	pthread_mutex_unlock(&p->lock);
	return good;
}

/* ---- the end ---------------------------------------------------------------------------------- */

static void stop(struct store_pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->ended = true;
	pthread_cond_broadcast(&p->filled);
	pthread_mutex_unlock(&p->lock);
	while (p->n_threads) {
		pthread_join(p->threads[--p->n_threads], NULL);
	}
}

int store_pool_end(struct store_pool *p, struct store_lost *lost, struct err *err)
{
	(void)store_pool_wait(p);
	stop(p);
	lost->owners += p->lost.owners;
	if (p->failed && err) {
		*err = p->err;
	}
	return p->failed ? -1 : 0;
}

void store_pool_free(struct store_pool *p)
{
	struct batch *b;

	if (!p) {
		return;
	}
	pthread_mutex_lock(&p->lock);
	p->failed = true; /* what stands in the queue is not needed */
	pthread_mutex_unlock(&p->lock);
	stop(p);
	while ((b = p->idle)) {
		p->idle = b->next;
		free(b);
	}
	while ((b = p->first)) {
		p->first = b->next;
		free(b);
	}
	free(p->filling);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->filled);
	pthread_cond_destroy(&p->emptied);
	free(p);
}
