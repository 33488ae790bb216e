#include "runner/files.h"

#include "base/alloc.h"
#include "base/sys_file.h"
#include "base/sys_time.h"
#include "runner/logline.h"
#include "runner/walk.h"

#include <fcntl.h>
#include <string.h>

enum {
	LOOK_MAX = 100000,
	PIECE = 32 * 1024, /* read from both ends of a file */
	WATCH_MS = 500,
	WATCH_SHARE = 10, /* a look may take a tenth of the time */
};

void files_places_add(struct files_places *places, const char *dir, const char *inside)
{
	struct files_place *place = ARRAY_PUSH(places);

	place->dir = xstrdup(dir);
	place->inside = xstrdup(str_eq(inside, "/") ? "" : inside);
}

void files_places_release(struct files_places *places)
{
	for (size_t i = 0; i < places->n; i++) {
		free(places->v[i].dir);
		free(places->v[i].inside);
	}
	free(places->v);
	*places = (struct files_places){0};
}

/* ---- how much ----------------------------------------------------------------------------- */

struct measure {
	const struct files_usage *limit;
	struct files_usage *sum;
};

static bool is_past(const struct files_usage *sum, const struct files_usage *limit)
{
	return sum->bytes > limit->bytes || sum->files > limit->files;
}

static bool measure_one(const struct walk_item *item, void *arg)
{
	struct measure *m = arg;

	m->sum->files++;
	m->sum->bytes += (uint64_t)item->st->st_blocks * 512;
	return !is_past(m->sum, m->limit);
}

void files_measure(
	const struct files_places *places, const struct files_usage *limit, struct files_usage *ret)
{
	struct measure m = {.limit = limit, .sum = ret};

	*ret = (struct files_usage){0};
	for (size_t i = 0; i < places->n && !is_past(ret, limit); i++) {
		(void)walk(places->v[i].dir, measure_one, &m, NULL);
	}
}

/* ---- sizes at one moment ------------------------------------------------------------------ */

struct seen {
	char *path; /* as the product sees it */
	uint64_t size;
};
struct files_look {
	struct seen *v;
	size_t n, cap;
};

struct look_walk {
	struct files_look *look;
	const char *inside;
};

static bool look_one(const struct walk_item *item, void *arg)
{
	const struct look_walk *w = arg;
	struct seen *seen;

	if (S_ISREG(item->st->st_mode)) {
		seen = ARRAY_PUSH(w->look);
		seen->path = xasprintf("%s/%s", w->inside, item->path);
		seen->size = (uint64_t)item->st->st_size;
	}
	return w->look->n < LOOK_MAX;
}

static int by_path(const void *a, const void *b)
{
	const struct seen *x = a;
	const struct seen *y = b;

	return strcmp(x->path, y->path);
}

int files_look_new(const struct files_places *places, struct files_look **ret, struct err *err)
{
	AUTO_PTR(files_look) struct files_look *look = xcalloc(1, sizeof(*look));

	for (size_t i = 0; i < places->n; i++) {
		struct look_walk w = {.look = look, .inside = places->v[i].inside};

		if (walk(places->v[i].dir, look_one, &w, err)) {
			return -1;
		}
	}
	if (look->n) {
		qsort(look->v, look->n, sizeof(*look->v), by_path);
	}
	*ret = steal_ptr(look);
	return 0;
}

void files_look_free(struct files_look *look)
{
	if (!look) {
		return;
	}
	for (size_t i = 0; i < look->n; i++) {
		free(look->v[i].path);
	}
	free(look->v);
	free(look);
}

static bool look_size(const struct files_look *look, char *path, uint64_t *ret)
{
	struct seen key = {.path = path};
	const struct seen *found =
		look && look->n ? bsearch(&key, look->v, look->n, sizeof(key), by_path) : NULL;

	if (found) {
		*ret = found->size;
	}
	return found != NULL;
}

/* ---- the list ----------------------------------------------------------------------------- */

/* What the sandbox itself puts into the root, as Docker does. */
static const char *const ours[] = {
	"/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/etc/mtab", "/.dockerenv", NULL};

struct list_walk {
	const struct files_place *place;
	const struct tree *tree;
	const struct files_look *look;
	struct task_observation *t;
};

/* A piece from the middle of a file: incomplete lines at its cut ends are not looked at. */
static void count_piece(
	struct obs_file *f, const char *text, size_t len, bool cut_front, bool cut_back)
{
	if (cut_front) {
		const char *newline = memchr(text, '\n', len);
		size_t skip = newline ? (size_t)(newline - text) + 1 : len;

		text += skip;
		len -= skip;
	}
	if (cut_back) {
		const char *newline = len ? memrchr(text, '\n', len) : NULL;

		len = newline ? (size_t)(newline - text) : 0;
	}
	if (len) {
		logline_count(text, len, &f->looked_at_lines, &f->timestamped_lines, &f->excerpt);
	}
}

static void count_lines(struct obs_file *f, int fd)
{
	static char text[PIECE];
	ssize_t got = pread(fd, text, sizeof(text), 0);
	uint64_t rest;

	if (got <= 0) {
		return;
	}
	rest = f->size > PIECE ? f->size - PIECE : 0;
	count_piece(f, text, (size_t)got, false, rest > 0);
	if (rest) {
		uint64_t from = rest > PIECE ? f->size - PIECE : PIECE;

		got = pread(fd, text, sizeof(text), (off_t)from);
		if (got > 0) {
			count_piece(f, text, (size_t)got, true, false);
		}
	}
}

static void look_inside(struct obs_file *f, const struct walk_item *item)
{
	auto_fd int fd = openat(
		item->dir, item->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	/* Between the walk and now it may have become something else. */
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		count_lines(f, fd);
	}
}

/* Directories say nothing, and a 0/0 character device is overlay's mark of a removed file. */
static bool is_written(const struct stat *st)
{
	return !S_ISDIR(st->st_mode) && !(S_ISCHR(st->st_mode) && st->st_rdev == 0);
}

/* A file that is new since the look has not been seen to grow. */
static bool has_grown(
	const struct list_walk *w, char *path, uint64_t size, const struct node *before)
{
	uint64_t earlier = 0;

	if (before && before->type == NODE_FILE && size > before->size) {
		return true;
	}
	return look_size(w->look, path, &earlier) && size > earlier;
}

static bool list_one(const struct walk_item *item, void *arg)
{
	const struct list_walk *w = arg;
	auto_free char *path = xasprintf("%s/%s", w->place->inside, item->path);
	uint64_t size = (uint64_t)item->st->st_size;
	const struct node *before;
	struct obs_file *f;

	if (!is_written(item->st) || str_in(path, ours)) {
		return true;
	}
	before = w->tree ? tree_lookup(w->tree, path, false) : NULL;
	/* A volume starts as a copy of what the image has there. */
	if (*w->place->inside && before && before->size == size) {
		return true;
	}
	w->t->written_bytes += (uint64_t)item->st->st_blocks * 512;
	if (w->t->files.n >= FILES_LISTED) {
		w->t->files_capped = true;
		return true;
	}
	f = ARRAY_PUSH(&w->t->files);
	f->size = size;
	f->existed = before != NULL;
	f->regular = S_ISREG(item->st->st_mode);
	f->grew = f->regular && has_grown(w, path, size, before);
	f->path = steal_ptr(path);
	if (f->regular && size) {
		look_inside(f, item);
	}
	return true;
}

static int by_file_path(const void *a, const void *b)
{
	const struct obs_file *x = a;
	const struct obs_file *y = b;

	return strcmp(x->path, y->path);
}

int files_list(const struct files_places *places, const struct tree *tree,
	const struct files_look *look, struct task_observation *t, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < places->n; i++) {
		struct list_walk w = {.place = &places->v[i], .tree = tree, .look = look, .t = t};

		rc = walk(places->v[i].dir, list_one, &w, err) ? -1 : rc;
	}
	if (t->files.n) {
		qsort(t->files.v, t->files.n, sizeof(*t->files.v), by_file_path);
	}
	return rc;
}

/* ---- the watch ---------------------------------------------------------------------------- */

static void watch_tick(void *arg)
{
	struct files_watch *w = arg;
	uint64_t began = time_now_ns();
	struct files_usage sum;
	uint64_t took_ms;

	files_measure(&w->places, &w->limit, &sum);
	sum.bytes += w->unlinked ? w->unlinked(w->arg) : 0;
	if (is_past(&sum, &w->limit)) {
		w->passed(sum.bytes > w->limit.bytes ? "disk" : "files", w->arg);
		return;
	}
	took_ms = (time_now_ns() - began) / NS_PER_MS;
	loop_timer_set(w->loop, &w->timer,
		took_ms * WATCH_SHARE > WATCH_MS ? took_ms * WATCH_SHARE : WATCH_MS, watch_tick, w);
}

void files_watch_start(struct files_watch *w)
{
	loop_timer_set(w->loop, &w->timer, WATCH_MS, watch_tick, w);
}

void files_watch_release(struct files_watch *w)
{
	if (w->loop) {
		loop_timer_cancel(w->loop, &w->timer);
	}
	files_places_release(&w->places);
	*w = (struct files_watch){0};
}
