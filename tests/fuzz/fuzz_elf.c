/* ELF files of which a head and the ranges that elf_ranges() asks for are at hand: what comes out
 * is that of the whole file. The first two bytes are the size of the head. */
#include "tests/fuzz/kit.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "image/elf.h"

#include <stdlib.h>
#include <string.h>

struct parts {
	struct elf_part v[5];
	uint8_t *copies[5];
	size_t n;
};

static void add(
	struct parts *parts, const uint8_t *file, size_t size, uint64_t offset, uint64_t len)
{
	uint8_t *copy;

	if (offset >= size) {
		return;
	}
	len = len < size - offset ? len : size - offset;
	copy = xcalloc((size_t)len, 1);
	memcpy(copy, file + offset, (size_t)len);
	parts->copies[parts->n] = copy;
	parts->v[parts->n++] = (struct elf_part){offset, copy, (size_t)len};
}

static void compare(const struct elf *a, const struct elf *b)
{
	MUST(a->machine == b->machine && a->type == b->type && a->class_bits == b->class_bits);
	if (a->truncated || b->truncated) {
		return;
	}
	MUST(a->broken == b->broken);
	MUST(str_eq(a->interp, b->interp) && str_eq(a->soname, b->soname));
	MUST(str_eq(a->rpath, b->rpath) && str_eq(a->runpath, b->runpath));
	MUST(a->needed.n == b->needed.n && a->isa_needed == b->isa_needed);
}

static void check_ranges(const struct elf_range *ranges, size_t n, size_t head)
{
	uint64_t end = head;
	uint64_t sum = 0;

	MUST(n <= 4);
	for (size_t i = 0; i < n; i++) {
		MUST(ranges[i].offset >= end);
		MUST(ranges[i].len && ranges[i].len <= UINT64_MAX - ranges[i].offset);
		end = ranges[i].offset + ranges[i].len;
		sum += ranges[i].len;
	}
	MUST(sum <= (uint64_t)4 * ELF_RANGE_MAX);
}

static struct elf *parse(const struct parts *parts, uint64_t size)
{
	struct elf *elf = NULL;
	struct err err = {0};

	if (elf_parse(parts->v, parts->n, size, &elf, &err)) {
		MUST(err.code == ERR_MALFORMED);
		return NULL;
	}
	MUST(elf && (elf->class_bits == 32 || elf->class_bits == 64));
	MUST(*elf_machine_name(elf->machine));
	return elf;
}

static void release(struct parts *parts)
{
	for (size_t i = 0; i < parts->n; i++) {
		free(parts->copies[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	size_t head = fuzz_byte(&in) * (size_t)256 + fuzz_byte(&in);
	struct parts whole = {0};
	struct parts pieces = {0};
	struct elf_range ranges[4];
	AUTO_PTR(elf) struct elf *a = NULL;
	AUTO_PTR(elf) struct elf *b = NULL;
	size_t n;

	head = head < in.left ? head : in.left;
	add(&whole, in.at, in.left, 0, in.left);
	add(&pieces, in.at, in.left, 0, head);
	n = elf_ranges(pieces.n ? pieces.v[0].data : (const uint8_t *)"", head, ranges);
	check_ranges(ranges, n, head);
	for (size_t i = 0; i < n; i++) {
		add(&pieces, in.at, in.left, ranges[i].offset, ranges[i].len);
	}
	a = parse(&whole, in.left);
	b = parse(&pieces, in.left);
	if (a && b) {
		compare(a, b);
	}
	MUST(!a || !b || !a->truncated);
	release(&whole);
	release(&pieces);
	return 0;
}
