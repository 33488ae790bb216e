#include "image/scan.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "base/processors.h"
#include "base/str.h"
#include "image/facts_private.h"
#include "image/inflate.h"
#include "image/layer_stream.h"
#include "image/limits.h"
#include "image/scan_layer.h"
#include "image/source.h"
#include "image/tree_build.h"

#include <inttypes.h>
#include <locale.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Layers whose streams run at the same time, each with some 5 MiB of buffers. */
#define LAYERS_AHEAD 4
/* For less stored than this a thread is not worth its start. */
#define THREADS_FROM (256 * 1024)

/* A violation of the layer as a whole. */
static void layer_violation(struct image *image, size_t layer, enum violation_kind kind,
	bool warning, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
static void layer_violation(struct image *image, size_t layer, enum violation_kind kind,
	bool warning, const char *fmt, ...)
{
	char file[32];
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(file, sizeof(file), "layer %zu", layer);
	violation_add(&image->violations, kind, warning, file, "", "%s", text);
}

/* What the media type says of the encoding; -1 when it says nothing that we know. */
static int declared_encoding(const char *media_type)
{
	static const struct {
		const char *ending;
		enum layer_encoding encoding;
	} endings[] = {{"+gzip", LAYER_GZIP}, {".gzip", LAYER_GZIP}, {"+zstd", LAYER_ZSTD},
		{".zstd", LAYER_ZSTD}, {".tar", LAYER_PLAIN}};

	for (size_t i = 0; media_type && i < ARRAY_SIZE(endings); i++) {
		if (str_ends(media_type, endings[i].ending)) {
			return (int)endings[i].encoding;
		}
	}
	return -1;
}

/* The algorithm to hash by; true when there is a digest to compare with. */
static bool algorithm_of(const char *digest, enum digest_algorithm *ret)
{
	*ret = DIGEST_SHA256;
	return digest && digest_parse(digest, ret, NULL) == 0;
}

/* Compare what was read with what manifest and config say. Returns whether all was good. */
static bool verify(
	struct image *image, size_t i, uint64_t stored_size, const struct layer_stream_facts *facts)
{
	struct layer *layer = &image->layers[i];
	int declared = declared_encoding(layer->media_type);
	bool good = true;

	if (stored_size != layer->size) {
		good = false;
		layer_violation(image, i, VIOLATION_CONFORMANCE, false,
			"is %" PRIu64 " bytes long, declared are %" PRIu64, stored_size,
			layer->size);
	}
	if (facts->stored_digest[0] && !str_eq(facts->stored_digest, layer->digest)) {
		good = false;
		layer_violation(image, i, VIOLATION_CONFORMANCE, false,
			"has the digest %s, declared is %s", facts->stored_digest, layer->digest);
	}
	if (declared >= 0 && declared != (int)facts->encoding) {
		/* Docker's own tools write "tar.gzip" for whatever they store, and look at the
		 * content when they read; an OCI media type is what readers go by. */
		layer_violation(image, i, VIOLATION_CONFORMANCE,
			str_starts(layer->media_type, "application/vnd.docker."),
			"is %s, its media type says %s", layer_encoding_name(facts->encoding),
			layer_encoding_name((enum layer_encoding)declared));
	}
	if (!facts->tar_digest[0]) {
		return false;
	}
	layer->tar_size = facts->tar_size;
	free(layer->diff_id_read);
	layer->diff_id_read = xstrdup(facts->tar_digest);
	if (layer->diff_id && !str_eq(layer->diff_id, facts->tar_digest)) {
		good = false;
		layer_violation(image, i, VIOLATION_CONFORMANCE, false,
			"its tar has the diff_id %s, declared is %s", facts->tar_digest,
			layer->diff_id);
	}
	return good && layer->diff_id;
}

/* Read the tar as far as it can be read, then what is behind its end. */
static void read_tar(struct layer_scan *s)
{
	struct err err = {0};
	int rc;

	scan_raw_begin(s);
	s->bytes = (struct scan_bytes){.stream = s->stream, .together = scan_all_to_archive};
	s->archive = archive_read_new();
	if (!s->archive) {
		abort();
	}
	archive_read_support_format_tar(s->archive);
	archive_read_support_format_empty(s->archive);
	rc = archive_read_open2(s->archive, s, NULL, scan_bytes_give, NULL, NULL);
	if (rc <= ARCHIVE_FATAL) {
		scan_raw_take(s, rc);
	}
	if (scan_archive_result(s, rc)) {
		scan_entries(s);
	}
	archive_read_free(s->archive);
	s->archive = NULL;
	if (s->fatal.code) {
		return;
	}
	if (layer_stream_drain(s->stream, &err)) {
		if (err.code != ERR_MALFORMED && err.code != ERR_LIMIT) {
			s->fatal = err;
		} else if (!s->dead) { /* else it was said already */
			scan_violation(s, false, "%s", err.msg);
		}
	}
	scan_raw_end(s);
}

/* The sinks that want this layer. */
static void choose_sinks(
	struct layer_scan *s, struct entry_sink *chosen, const struct entry_sink *sinks, size_t n)
{
	s->sinks = chosen;
	for (size_t i = 0; i < n; i++) {
		if (sinks[i].skip_layer && sinks[i].skip_layer(s->layer, sinks[i].arg)) {
			continue;
		}
		chosen[s->n_sinks++] = sinks[i];
		s->wants_data |= sinks[i].data != NULL;
	}
}

static void end_layer(const struct layer_scan *s, bool complete)
{
	for (size_t i = 0; i < s->n_sinks; i++) {
		if (s->sinks[i].layer_end) {
			s->sinks[i].layer_end(s->layer, complete, s->sinks[i].arg);
		}
	}
}

/* A layer whose stream is open, maybe before its turn. */
struct ahead {
	bool open;
	char name[FACTS_NAME_MAX]; /* of its record, "": it can have none */
	bool known; /* and there is one: no stream yet */
	struct blob blob;
	struct layer_stream *stream; /* NULL: missing says why */
	struct err missing;
};

/* All layers while they are read. */
struct layers_scan {
	struct image *image;
	struct tree *tree;
	const struct entry_sink *sinks;
	size_t n_sinks;
	struct entry_sink *chosen; /* room for n_sinks */
	size_t n_entries;
	uint8_t *head;
	struct ahead ahead[LAYERS_AHEAD]; /* of layer i: ahead[i % LAYERS_AHEAD] */
	size_t opened; /* layers before this one were opened */
	size_t at_once; /* 1 to LAYERS_AHEAD; 1: no threads */
	bool sound; /* every layer so far is what the config says: names of records hold */
};

static void stream_open(const struct layers_scan *all, size_t i, struct ahead *a)
{
	const struct layer *layer = &all->image->layers[i];
	enum digest_algorithm stored;
	enum digest_algorithm tar;
	bool hash = algorithm_of(layer->digest, &stored);

	(void)algorithm_of(layer->diff_id, &tar);
	a->stream = layer_stream_new(&a->blob, hash ? &stored : NULL, tar);
	if (all->at_once > 1 && a->blob.size >= THREADS_FROM) {
		layer_stream_start(a->stream);
	}
}

static void layer_open(struct layers_scan *all, size_t i)
{
	const struct facts *facts = all->image->facts;
	struct ahead *a = &all->ahead[i % LAYERS_AHEAD];

	*a = (struct ahead){.open = true, .blob = {.fd = -1}};
	if (image_layer_blob(all->image, i, &a->blob, &a->missing)) {
		return;
	}
	a->known = facts && facts_name(facts, all->image, i, a->name) && facts_has(facts, a->name);
	if (!a->known) {
		stream_open(all, i, a);
	}
}

static void layer_close(struct ahead *a)
{
	if (a->open) {
		layer_stream_free(a->stream);
		blob_release(&a->blob);
		*a = (struct ahead){0};
	}
}

/* From the layer's record, or from its tar. Returns whether it is what the image says. */
static bool scan_stored(const struct layers_scan *all, struct layer_scan *s, struct ahead *a)
{
	struct layer_stream_facts facts;
	bool good;

	if (a->known && all->sound && scan_recall(s, &a->blob, a->name, &facts)) {
		return !s->fatal.code && verify(s->image, s->layer, a->blob.size, &facts);
	}
	if (!a->stream) {
		stream_open(all, s->layer, a);
	}
	if (a->name[0] && all->sound) {
		scan_keep_begin(s, a->name, a->known);
	}
	s->stream = a->stream;
	read_tar(s);
	facts = *layer_stream_facts(a->stream);
	good = !s->fatal.code && verify(s->image, s->layer, a->blob.size, &facts);
	scan_keep_end(s, good, &facts);
	return good;
}

/* Everything about one layer; only s->fatal stops the scan. */
static void scan_layer(struct layers_scan *all, struct layer_scan *s, struct ahead *a)
{
	struct layer *layer = &s->image->layers[s->layer];
	bool good = false;

	layer->entries = layer->duplicates = layer->idle_whiteouts = 0;
	scan_begin(s);
	if (source_err_is_ours(&a->missing) || a->missing.code == ERR_LIMIT) {
		s->fatal = a->missing;
		return;
	}
	if (a->missing.code) {
		layer_violation(
			s->image, s->layer, VIOLATION_CONFORMANCE, false, "%s", a->missing.msg);
	} else {
		good = scan_stored(all, s, a);
		if (s->fatal.code) {
			return;
		}
	}
	layer->unread = a->missing.code || s->dead;
	all->sound = all->sound && good;
	end_layer(s, all->sound && !s->n_violations);
}

/* Made once and kept: it is a file of its own. */
static locale_t utf8;

static void make_utf8(void)
{
	utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

/* Names are bytes to us, but libarchive converts those of pax headers and complains in a locale
 * that is not UTF-8: so this thread has one that is, while it reads. Returns the one before. */
static locale_t enter_utf8(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, make_utf8);
	return utf8 ? uselocale(utf8) : (locale_t)0;
}

static void leave_utf8(locale_t before)
{
	if (before) {
		(void)uselocale(before);
	}
}

/* One layer, while the streams of the next ones run ahead. */
static void scan_next(struct layers_scan *all, size_t i, struct err *fatal)
{
	struct layer_scan *s = xcalloc(1, sizeof(*s));

	while (all->opened < all->image->n_layers && all->opened < i + all->at_once) {
		layer_open(all, all->opened++);
	}
	s->image = all->image;
	s->layer = i;
	s->tree = all->tree;
	s->n_entries = &all->n_entries;
	s->head = all->head;
	choose_sinks(s, all->chosen, all->sinks, all->n_sinks);
	scan_layer(all, s, &all->ahead[i % LAYERS_AHEAD]);
	layer_close(&all->ahead[i % LAYERS_AHEAD]);
	*fatal = s->fatal;
	scan_raw_free(s);
	free(s);
}

/* As many layers as there are processors for us, within reason. */
static size_t layers_at_once(void)
{
	size_t n = processors();

	return n < LAYERS_AHEAD ? n : LAYERS_AHEAD;
}

/* All layers, lowest first. */
static int scan_layers(struct image *image, struct tree *tree, const struct entry_sink *sinks,
	size_t n_sinks, struct err *err)
{
	auto_free struct entry_sink *chosen = xcalloc(n_sinks, sizeof(*chosen));
	auto_free uint8_t *head = xcalloc(LIMIT_ENTRY_HEAD, 1);
	auto_free struct layers_scan *all = xcalloc(1, sizeof(*all));
	struct err fatal = {0};

	*all = (struct layers_scan){.image = image,
		.tree = tree,
		.sinks = sinks,
		.n_sinks = n_sinks,
		.chosen = chosen,
		.head = head,
		.at_once = layers_at_once(),
		.sound = true};
	for (size_t i = 0; i < image->n_layers && !fatal.code; i++) {
		scan_next(all, i, &fatal);
		if (fatal.code) {
			(void)err_wrap(&fatal, "layer %zu", i);
		}
	}
	for (size_t i = 0; i < LAYERS_AHEAD; i++) {
		layer_close(&all->ahead[i]);
	}
	if (fatal.code && err) {
		*err = fatal;
	}
	return fatal.code ? -1 : 0;
}

int image_scan(struct image *image, const struct entry_sink *sinks, size_t n_sinks,
	struct tree **ret, struct err *err)
{
	AUTO_PTR(tree) struct tree *tree = tree_new();
	locale_t before;
	int rc;

	if (image->n_layers > LIMIT_LAYERS) {
		return err_set(
			err, ERR_LIMIT, "%zu layers, more than %d", image->n_layers, LIMIT_LAYERS);
	}
	before = enter_utf8();
	rc = scan_layers(image, tree, sinks, n_sinks, err);
	leave_utf8(before);
	if (rc == 0) {
		tree_seal(tree);
		*ret = steal_ptr(tree);
	}
	return rc;
}
