/* What a scan has kept of a layer: a record with these items, whose digest is right, and these bytes
 * as a record. */
#include "tests/fuzz/kit.h"

#include "base/cleanup.h"
#include "base/pack.h"
#include "image/facts_private.h"

#include <string.h>

static void add(struct buf *to, const void *bytes, size_t len)
{
	MUST(buf_add(to, bytes, len, NULL) == 0);
}

static void make_record(struct facts_record *r, const void *items, size_t len)
{
	struct pack p = {.buf = &r->bytes};
	char digest[DIGEST_TEXT_MAX];
	uint64_t at;

	buf_init(&r->bytes, 1 << 20);
	pack_text(&p, "name");
	add(&r->bytes, items, len);
	at = r->bytes.len;
	pack_number(&p, FACTS_END);
	pack_number(&p, LAYER_GZIP);
	pack_number(&p, 7);
	pack_bytes(&p, "memory", 6);
	add(&r->bytes, &at, sizeof(at));
	digest_of(DIGEST_SHA256, r->bytes.data, r->bytes.len, digest);
	add(&r->bytes, digest, strlen(digest));
}

static void look_at(const struct entry *e)
{
	MUST(e->path && e->type <= NODE_FIFO && e->whiteout <= WHITEOUT_OPAQUE);
	MUST(strlen(e->path) + (e->target ? strlen(e->target) : 0) < 1 << 20);
	for (size_t i = 0; i < e->n_xattrs; i++) {
		const char *value = e->xattrs[i].value;

		MUST(strlen(e->xattrs[i].name) < 1 << 20);
		MUST(value && value[e->xattrs[i].len] == '\0');
	}
}

static void read_items(struct facts_record *r)
{
	for (;;) {
		struct facts_item item = {0};

		switch (facts_next(r, &item)) {
		case FACTS_ENTRY:
			look_at(&item.entry);
			break;
		case FACTS_ELF:
			MUST(elf_size(item.elf) > 0);
			elf_free(item.elf);
			break;
		case FACTS_TEXT:
			MUST(item.text[item.text_len] == '\0');
			break;
		case FACTS_END:
		case FACTS_BROKEN:
		default:
			return;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	size_t len;
	auto_free char *bytes = fuzz_rest(&in, &len);
	AUTO(facts_record) struct facts_record made = {0};
	AUTO(facts_record) struct facts_record raw = {0};

	make_record(&made, bytes, len);
	MUST(facts_parse(&made, "name", NULL) == 0);
	MUST(made.layer.tar_size == 7 && made.memory_len == 6);
	MUST(facts_parse(&made, "eman", NULL) == -1);
	MUST(facts_parse(&made, "name", NULL) == 0);
	read_items(&made);
	buf_init(&raw.bytes, 1 << 20);
	add(&raw.bytes, bytes, len);
	MUST(facts_parse(&raw, "name", NULL) == -1); /* nobody guesses a digest */
	return 0;
}
