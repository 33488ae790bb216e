/* A layer that an earlier scan has seen: its record in place of its tar. */
#include "base/alloc.h"
#include "base/sys_file.h"
#include "image/facts_private.h"
#include "image/limits.h"
#include "image/scan_layer.h"

#include <inttypes.h>
#include <string.h>

enum { CHUNK = 256 * 1024 };

/* The sink with a memory, NULL when there is none; false when a sink has to see the layer. */
static bool find_memory(const struct layer_scan *s, const struct entry_sink **ret)
{
	*ret = NULL;
	for (size_t i = 0; i < s->n_sinks; i++) {
		if (!s->sinks[i].recall) {
			return false;
		}
		*ret = &s->sinks[i];
	}
	return true;
}

/* Hash all that is stored. */
static bool hash_blob(const struct blob *blob, const char *like, char ret[DIGEST_TEXT_MAX])
{
	auto_free uint8_t *chunk = xcalloc(CHUNK, 1);
	enum digest_algorithm algorithm;
	AUTO_PTR(digest) struct digest *d = NULL;

	if (digest_parse(like, &algorithm, NULL)) {
		return false;
	}
	d = digest_new(algorithm);
	for (uint64_t at = 0; at < blob->size;) {
		size_t len = blob->size - at < CHUNK ? (size_t)(blob->size - at) : CHUNK;

		if (file_read_at(blob->fd, chunk, len, blob->offset + at, NULL)) {
			return false;
		}
		digest_add(d, chunk, len);
		at += len;
	}
	digest_end(d, ret);
	return true;
}

static void replay_item(struct layer_scan *s, enum facts_kind kind, struct facts_item *item)
{
	switch (kind) {
	case FACTS_ENTRY:
		if (scan_count(s)) {
			item->entry.layer = s->layer;
			(void)scan_apply(s, &item->entry);
		}
		return;
	case FACTS_ELF:
		(void)tree_set_elf(s->tree, s->place.node, item->elf, &s->fatal);
		return;
	case FACTS_TEXT: {
		char *text = xcalloc(item->text_len + 1, 1);

		memcpy(text, item->text, item->text_len);
		(void)tree_set_text(s->tree, s->place.node, text, item->text_len);
		return;
	}
	case FACTS_END:
	case FACTS_BROKEN:
	default:
		return;
	}
}

/* The record was made of a tar with nothing wrong in it, over the same lower layers. */
static void replay(struct layer_scan *s, struct facts_record *r)
{
	enum facts_kind kind = FACTS_ENTRY;

	s->n_sinks = 0;
	while (!s->fatal.code) {
		struct facts_item item = {0};

		kind = facts_next(r, &item);
		if (kind == FACTS_END || kind == FACTS_BROKEN) {
			break;
		}
		replay_item(s, kind, &item);
	}
	if (!s->fatal.code && (kind == FACTS_BROKEN || s->n_said)) {
		(void)err_set(&s->fatal, ERR_INTERNAL,
			"what is kept of the layer does not fit; 'assay store prune --all' removes it");
	}
}

bool scan_recall(struct layer_scan *s, const struct blob *blob, const char *name,
	struct layer_stream_facts *ret)
{
	const struct layer *layer = &s->image->layers[s->layer];
	const char *identity = facts_identity(layer);
	AUTO(facts_record) struct facts_record r = {0};
	struct layer_stream_facts facts = {0};
	const struct entry_sink *memory;

	if (!find_memory(s, &memory) || facts_read(s->image->facts, name, &r) ||
		!hash_blob(blob, identity, facts.stored_digest) ||
		strcmp(facts.stored_digest, identity) != 0) {
		return false;
	}
	if (memory && !memory->recall(s->layer, r.memory, r.memory_len, memory->arg)) {
		return false;
	}
	replay(s, &r);
	if (!layer->digest) {
		facts.stored_digest[0] = '\0'; /* none was asked for */
	}
	facts.encoding = r.layer.encoding;
	facts.tar_size = r.layer.tar_size;
	(void)snprintf(facts.tar_digest, sizeof(facts.tar_digest), "%s", layer->diff_id);
	*ret = facts;
	return true;
}

void scan_keep_begin(struct layer_scan *s, const char *name, bool known)
{
	const struct entry_sink *memory = NULL;

	for (size_t i = 0; i < s->n_sinks && !memory; i++) {
		memory = s->sinks[i].remember ? &s->sinks[i] : NULL;
	}
	s->memory = memory;
	s->keep = memory || !known ? facts_writer_new(s->image->facts, name) : NULL;
}

void scan_keep_end(struct layer_scan *s, bool good, const struct layer_stream_facts *facts)
{
	bool named = s->image->layers[s->layer].digest || facts->encoding == LAYER_PLAIN;
	AUTO(buf) struct buf memory;

	buf_init(&memory, LIMIT_FACTS_RECORD);
	if (s->keep && good && named && !s->n_said &&
		(!s->memory || s->memory->remember(s->layer, &memory, s->memory->arg))) {
		facts_writer_publish(
			s->keep, &(struct facts_layer){facts->encoding, facts->tar_size}, &memory);
	}
	facts_writer_free(s->keep);
	s->keep = NULL;
}
