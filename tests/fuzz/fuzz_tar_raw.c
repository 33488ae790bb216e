/* The headers of a tar alone: the same items whatever the pieces, and nothing that cannot be. */
#include "tests/fuzz/kit.h"

#include "base/cleanup.h"
#include "base/str.h"
#include "image/limits.h"
#include "image/tar_pax.h"
#include "image/tar_raw.h"

#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	if (size < 2 || seed % 64 == 0) {
		return LLVMFuzzerMutate(data, size, max_size);
	}
	return 1 + fuzz_mutate_tar(data + 1, size - 1, max_size - 1, seed);
}

/* Of a sparse file. */
static void on_piece(uint64_t offset, uint64_t len, void *arg)
{
	uint64_t *sum = arg;

	MUST(offset <= INT64_MAX && len <= INT64_MAX - offset);
	*sum = *sum * 31 + offset * 7 + len;
}

/* Each piece ends with its allocation. */
static void feed(struct tar_raw *raw, const uint8_t *data, size_t size, size_t step)
{
	for (size_t at = 0; at < size; at += step) {
		size_t n = size - at < step ? size - at : step;
		auto_free uint8_t *piece = malloc(n);

		memcpy(piece, data + at, n);
		tar_raw_feed(raw, piece, n);
	}
	tar_raw_end(raw);
}

static void check(const struct tar_raw_item *item, uint64_t before, size_t size)
{
	MUST(item->at >= before && item->at <= size);
	MUST(item->type || *item->wrong || *item->odd);
	MUST(strlen(item->wrong) < sizeof(item->wrong) && strlen(item->odd) < sizeof(item->odd));
	MUST(strlen(item->path) <= LIMIT_TAR_SPECIAL && strlen(item->link) <= LIMIT_TAR_SPECIAL);
	MUST(item->mtime_ns < 1000000000);
	MUST(!item->type || item->content > item->at);
	MUST(item->sparse || !item->misfit);
	MUST(!item->sparse || item->misfit || item->size >= 0);
	MUST(item->n_xattrs <= LIMIT_XATTRS);
	MUST(item->type < '0' || item->type > '6' || item->size >= 0 || *item->wrong ||
		(item->type > '0' && item->type <= '6'));
	for (size_t i = 0; i < item->n_xattrs; i++) {
		MUST(item->xattrs[i].len && strlen(item->xattrs[i].name) <= LIMIT_TAR_SPECIAL);
		MUST(!((const char *)item->xattrs[i].value)[item->xattrs[i].len]);
	}
}

static void same(const struct tar_raw_item *a, const struct tar_raw_item *b)
{
	MUST(a && b);
	MUST(a->at == b->at && a->type == b->type && a->size == b->size && a->mode == b->mode);
	MUST(a->uid == b->uid && a->gid == b->gid && a->mtime == b->mtime);
	MUST(a->mtime_ns == b->mtime_ns && a->n_xattrs == b->n_xattrs);
	MUST(str_eq(a->path, b->path) && str_eq(a->link, b->link));
	MUST(a->content == b->content && a->sparse == b->sparse && str_eq(a->misfit, b->misfit));
	MUST(str_eq(a->wrong, b->wrong) && str_eq(a->odd, b->odd));
}

/* The first byte is the size of the pieces. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_PTR(tar_raw) struct tar_raw *whole = tar_raw_new();
	AUTO_PTR(tar_raw) struct tar_raw *pieces = tar_raw_new();
	struct fuzz_input in = {data, size};
	size_t step = (size_t)fuzz_byte(&in) * 3 + 1;
	uint64_t before = 0;
	uint64_t sums[2] = {0};
	const struct tar_pieces told[] = {{on_piece, &sums[0]}, {on_piece, &sums[1]}};

	tar_raw_tell(whole, &told[0]);
	tar_raw_tell(pieces, &told[1]);
	feed(whole, in.at, in.left, in.left + 1);
	feed(pieces, in.at, in.left, step);
	MUST(tar_raw_lost(whole) == tar_raw_lost(pieces) && sums[0] == sums[1]);
	while (tar_raw_next_at(whole) != UINT64_MAX) {
		AUTO_PTR(tar_raw_item) struct tar_raw_item *a = tar_raw_next(whole);
		AUTO_PTR(tar_raw_item) struct tar_raw_item *b = tar_raw_next(pieces);

		check(a, before, in.left);
		same(a, b);
		before = a->at;
	}
	MUST(tar_raw_next_at(pieces) == UINT64_MAX);
	return 0;
}
