#include "image/image.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "image/limits.h"
#include "image/source.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Bytes of one message: what it quotes from the image is cut before, this is the last resort. */
enum { MESSAGE_MAX = 4096 };

void violation_add(struct violations *list, enum violation_kind kind, bool warning,
	const char *file, const char *pointer, const char *fmt, ...)
{
	char message[MESSAGE_MAX];
	struct violation *v;
	size_t *seen;
	va_list ap;

	if (!list) {
		return;
	}
	seen = &list->seen[kind][warning];
	if (++*seen > LIMIT_VIOLATIONS + 1) {
		return;
	}
	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	v = ARRAY_PUSH(list);
	v->kind = kind;
	v->warning = warning;
	v->file = xstrdup(file);
	v->pointer = xstrdup(*seen > LIMIT_VIOLATIONS ? "" : pointer);
	v->message = xstrdup(
		*seen > LIMIT_VIOLATIONS ? "there are more, which are not listed" : message);
}

void blob_release(struct blob *blob)
{
	cleanup_fd(&blob->fd);
	*blob = (struct blob){.fd = -1};
}

int image_layer_blob(const struct image *image, size_t layer, struct blob *ret, struct err *err)
{
	const struct layer *l = &image->layers[layer];

	if (!l->file) {
		return err_set(err, ERR_MALFORMED, "the digest '%.80s' names no blob",
			l->digest ? l->digest : "");
	}
	return source_find(image->source, l->file, ret, NULL, err);
}

void image_chain_ids(const struct image *image, struct strv *ret)
{
	char chain[DIGEST_TEXT_MAX] = "";
	bool known = true;

	for (size_t i = 0; i < image->n_layers; i++) {
		const char *diff_id = image->layers[i].diff_id;
		enum digest_algorithm algorithm;
		auto_free char *pair = NULL;

		known = known && diff_id && digest_parse(diff_id, &algorithm, NULL) == 0;
		if (known && i == 0) {
			snprintf(chain, sizeof(chain), "%s", diff_id);
		} else if (known) {
			pair = xasprintf("%s %s", chain, diff_id);
			digest_of(DIGEST_SHA256, pair, strlen(pair), chain);
		}
		strv_add(ret, known ? chain : "");
	}
}

void violations_clear(struct violations *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->v[i].file);
		free(list->v[i].pointer);
		free(list->v[i].message);
	}
	free(list->v);
	*list = (struct violations){0};
}

size_t image_layers_unread(const struct image *image)
{
	size_t n = 0;

	for (size_t i = 0; i < image->n_layers; i++) {
		n += image->layers[i].unread;
	}
	return n;
}

static void layers_free(struct layer *layers, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(layers[i].digest);
		free(layers[i].media_type);
		free(layers[i].diff_id);
		free(layers[i].created_by);
		free(layers[i].file);
		free(layers[i].diff_id_read);
	}
	free(layers);
}

static void candidates_free(struct candidate *candidates, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(candidates[i].name);
		free(candidates[i].digest);
		free(candidates[i].platform);
		free(candidates[i].kind);
		free(candidates[i].artifact_type);
		free(candidates[i].subject);
	}
	free(candidates);
}

void image_free(struct image *image)
{
	if (!image) {
		return;
	}
	reference_release(&image->reference);
	source_free(image->source);
	free(image->digest);
	free(image->config_digest);
	free(image->media_type);
	strv_release(&image->annotations);
	if (image->config) {
		image_config_release(image->config);
		free(image->config);
	}
	layers_free(image->layers, image->n_layers);
	candidates_free(image->candidates, image->n_candidates);
	violations_clear(&image->violations);
	free(image);
}
