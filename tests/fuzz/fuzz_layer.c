/* One layer as it is stored: plain, gzip or zstd. What comes out is the same when libarchive reads every
 * entry as when plain ones are withheld from it. */
#include "base/cleanup.h"
#include "base/str.h"
#include "image/scan_layer.h"
#include "tests/fuzz/kit.h"
#include "tests/fuzz/scan_kit.h"

#include <string.h>

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	return fuzz_mutate_layer(data, size, max_size, seed);
}

/* All that a sink is told, in few bytes. */
struct record {
	uint64_t entries; /* in their order */
	uint64_t content; /* whatever pieces it comes in */
};

static void mix(uint64_t *sum, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		*sum = (*sum ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3;
	}
	*sum = (*sum ^ len) * 0x100000001b3;
}

static void mix_text(uint64_t *sum, const char *text)
{
	mix(sum, text ? text : "", text ? strlen(text) : 0);
}

static void on_entry(const struct entry *e, void *arg)
{
	struct record *record = arg;
	const uint64_t numbers[] = {e->layer, e->type, e->mode, e->uid, e->gid, (uint64_t)e->mtime,
		e->mtime_ns, e->dev_major, e->dev_minor, e->size, e->hardlink, e->whiteout,
		e->hides, e->again, e->link_layer, e->n_xattrs};

	mix(&record->entries, numbers, sizeof(numbers));
	mix_text(&record->entries, e->path);
	mix_text(&record->entries, e->target);
	mix_text(&record->entries, e->link);
	mix(&record->entries, e->data, e->data_len);
}

static void on_data(
	const struct entry *e, uint64_t offset, const void *bytes, size_t len, void *arg)
{
	struct record *record = arg;

	(void)e;
	/* little for each byte, as a small input may become 64 MiB of them */
	for (size_t i = 0; i < len; i++) {
		uint64_t place = (record->entries + offset + i) * 0x9e3779b97f4a7c15;

		record->content += ((const uint8_t *)bytes)[i] * (place | 1);
	}
}

static struct image *scan(const struct fuzz_blob *layer, bool together, struct record *record)
{
	const struct entry_sink sink = {.entry = on_entry, .data = on_data, .arg = record};
	struct image *image = fuzz_image(layer, 1);

	scan_all_to_archive = together;
	tree_free(fuzz_scan(image, &sink, 1));
	scan_all_to_archive = false;
	return image;
}

/* libarchive has its own words for what is cut short. */
static bool same_words(const struct violation *a, const struct violation *b)
{
	return str_eq(a->message, b->message) || strstr(b->message, "the tar ends within an entry");
}

static void check_same(const struct violations *a, const struct violations *b)
{
	MUST(a->n == b->n);
	for (size_t i = 0; i < a->n; i++) {
		MUST(a->v[i].kind == b->v[i].kind && a->v[i].warning == b->v[i].warning);
		MUST(str_eq(a->v[i].pointer, b->v[i].pointer));
		MUST(same_words(&a->v[i], &b->v[i]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct fuzz_blob layer = {data, size};
	struct record whole = {0};
	struct record plain = {0};
	AUTO_PTR(image) struct image *a = scan(&layer, true, &whole);
	AUTO_PTR(image) struct image *b = scan(&layer, false, &plain);

	check_same(&a->violations, &b->violations);
	MUST(whole.entries == plain.entries && whole.content == plain.content);
	return 0;
}
