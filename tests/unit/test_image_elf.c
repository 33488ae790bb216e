#include "image/elf.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/sys_file.h"

#include <criterion/criterion.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>

/* ---- against readelf --------------------------------------------------------------------- */

/* What readelf(1), an independent reader, says about a file. */
struct oracle {
	char machine[64];
	char interp[256];
	char soname[256];
	struct strv needed;
	bool there;
};

static void bracketed(const char *line, char ret[256])
{
	const char *open = strchr(line, '[');

	if (open) {
		sscanf(open, "[%255[^]]", ret);
	}
}

static struct oracle ask_readelf(const char *file)
{
	struct oracle o = {0};
	char command[512];
	char line[1024];
	FILE *f;

	snprintf(command, sizeof(command), "LC_ALL=C readelf -W -h -l -d %s 2>/dev/null", file);
	f = popen(command, "r");
	while (f && fgets(line, sizeof(line), f)) {
		char name[256] = "";

		o.there = true;
		sscanf(line, " Machine: %63[^\n]", o.machine);
		sscanf(line, " [Requesting program interpreter: %255[^]]", o.interp);
		if (strstr(line, "(NEEDED)")) {
			bracketed(line, name);
			strv_add(&o.needed, name);
		} else if (strstr(line, "(SONAME)")) {
			bracketed(line, o.soname);
		}
	}
	if (f) {
		pclose(f);
	}
	return o;
}

static void compare(const char *file, const struct elf *elf, const struct oracle *o)
{
	auto_free char *needed = strv_join(&elf->needed, " ");
	auto_free char *expected = strv_join(&o->needed, " ");

	cr_assert_str_eq(needed, expected, "%s", file);
	cr_assert_str_eq(elf->interp ? elf->interp : "", o->interp, "%s", file);
	cr_assert_str_eq(elf->soname ? elf->soname : "", o->soname, "%s", file);
	cr_assert_eq(elf->machine == EM_X86_64, strstr(o->machine, "X86-64") != NULL);
	cr_assert(!elf->truncated && !elf->broken, "%s", file);
}

static const char *const real_files[] = {"/bin/true", "/bin/sh", "/usr/bin/git", "/usr/bin/gcc",
	"/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/x86_64-linux-gnu/libcrypto.so.3",
	"/lib64/ld-linux-x86-64.so.2", "/usr/lib/x86_64-linux-gnu/libstdc++.so.6", "/bin/busybox"};

/* Only the first head bytes and what elf_ranges asks for. */
static size_t cut(const struct buf *b, size_t head, struct elf_part parts[5])
{
	const uint8_t *data = (const uint8_t *)b->data;
	struct elf_range ranges[4];
	size_t n = elf_ranges(data, head, ranges);
	uint64_t last = head;

	parts[0] = (struct elf_part){0, data, head};
	for (size_t i = 0; i < n; i++) {
		uint64_t off = ranges[i].offset;
		uint64_t len = ranges[i].len;

		cr_assert(off >= last, "ranges are sorted and apart");
		cr_assert(off <= b->len);
		last = off + len;
		parts[i + 1] = (struct elf_part){
			off, data + off, (size_t)(len < b->len - off ? len : b->len - off)};
	}
	return n + 1;
}

Test(image_elf, agrees_with_readelf_on_real_files)
{
	static const size_t heads[] = {SIZE_MAX, 1 << 20, 65536, 4096, 1024};
	size_t compared = 0;

	for (size_t i = 0; i < ARRAY_SIZE(real_files); i++) {
		AUTO(buf) struct buf b;
		struct oracle o = ask_readelf(real_files[i]);

		buf_init(&b, 64 << 20);
		if (!o.there || file_read(AT_FDCWD, real_files[i], &b, NULL)) {
			continue;
		}
		for (size_t h = 0; h < ARRAY_SIZE(heads); h++) {
			AUTO_PTR(elf) struct elf *elf = NULL;
			struct elf_part parts[5];
			size_t n = cut(&b, heads[h] < b.len ? heads[h] : b.len, parts);

			cr_assert_eq(elf_parse(parts, n, b.len, &elf, NULL), 0);
			compare(real_files[i], elf, &o);
		}
		strv_release(&o.needed);
		compared++;
	}
	cr_assert(compared >= 3, "readelf and the C library are on every machine that builds");
}

/* ---- hand-made files --------------------------------------------------------------------- */

/* A file of 1024 bytes: header, program headers at 64 (or 52), and whatever the test puts there. */
struct image {
	uint8_t bytes[1024];
	bool wide;
	bool big;
	uint16_t phnum;
};

static void put(struct image *f, size_t at, uint64_t value, size_t width)
{
	for (size_t i = 0; i < width; i++) {
		size_t shift = 8 * (f->big ? width - 1 - i : i);

		f->bytes[at + i] = (uint8_t)(value >> shift);
	}
}

static void put_text(struct image *f, size_t at, const char *text)
{
	memcpy(f->bytes + at, text, strlen(text) + 1);
}

/* gABI, figure 4-3: the offsets are written out here, not taken from elf.h. */
static struct image make(bool wide, bool big, uint16_t machine, uint16_t type)
{
	struct image f = {.wide = wide, .big = big};

	memcpy(f.bytes, "\177ELF", 4);
	f.bytes[4] = wide ? 2 : 1;
	f.bytes[5] = big ? 2 : 1;
	f.bytes[6] = 1;
	f.bytes[7] = 3;
	put(&f, 16, type, 2);
	put(&f, 18, machine, 2);
	put(&f, wide ? 32 : 28, wide ? 64 : 52, wide ? 8 : 4);
	put(&f, wide ? 54 : 42, wide ? 56 : 32, 2);
	return f;
}

static void segment(struct image *f, uint32_t type, uint64_t offset, uint64_t vaddr, uint64_t size,
	uint64_t align)
{
	size_t w = f->wide ? 8 : 4;
	size_t at = f->wide ? 64 + 56 * (size_t)f->phnum : 52 + 32 * (size_t)f->phnum;

	put(f, at, type, 4);
	put(f, at + (f->wide ? 8 : 4), offset, w);
	put(f, at + (f->wide ? 16 : 8), vaddr, w);
	put(f, at + (f->wide ? 32 : 16), size, w);
	put(f, at + (f->wide ? 40 : 20), size, w);
	put(f, at + (f->wide ? 48 : 28), align, w);
	f->phnum++;
	put(f, f->wide ? 56 : 44, f->phnum, 2);
}

static void dynamic(struct image *f, size_t index, uint64_t tag, uint64_t value)
{
	size_t w = f->wide ? 8 : 4;

	put(f, 512 + index * 2 * w, tag, w);
	put(f, 512 + index * 2 * w + w, value, w);
}

/* Loaded at 0x10000; strings at 768, dynamic section at 512, interpreter at 400. */
static struct image make_dynamic(bool wide, bool big, uint16_t machine)
{
	struct image f = make(wide, big, machine, 3);

	segment(&f, 1, 0, 0x10000, 1024, 4096);
	segment(&f, 2, 512, 0x10200, 12 * (wide ? 16U : 8U), 8);
	segment(&f, 3, 400, 0x10190, 14, 1);
	put_text(&f, 400, "/lib/ld-x.so.1");
	f.bytes[413] = 0;
	put_text(&f, 769, "liba.so.1");
	put_text(&f, 779, "libself.so.2");
	put_text(&f, 800, "/opt/lib:$ORIGIN/../lib");
	dynamic(&f, 0, 1, 1); /* DT_NEEDED */
	dynamic(&f, 1, 14, 11); /* DT_SONAME */
	dynamic(&f, 2, 5, 0x10000 + 768); /* DT_STRTAB */
	dynamic(&f, 3, 29, 32); /* DT_RUNPATH */
	dynamic(&f, 4, 15, 32); /* DT_RPATH */
	dynamic(&f, 5, 1, 4); /* DT_NEEDED: a string that ends in another */
	return f;
}

static struct elf *parse(const struct image *f)
{
	const struct elf_part part = {0, f->bytes, sizeof(f->bytes)};
	struct elf *elf = NULL;
	struct err err = {0};

	cr_assert_eq(elf_parse(&part, 1, sizeof(f->bytes), &elf, &err), 0, "%s", err.msg);
	return elf;
}

Test(image_elf, reads_both_classes_and_byte_orders)
{
	static const struct {
		bool wide;
		bool big;
		uint16_t machine;
		const char *name;
	} rows[] = {
		{true, false, 62, "x86-64"},
		{false, false, 62, "x86-64"}, /* x32 */
		{false, false, 3, "i386"},
		{true, false, 183, "AArch64"},
		{false, true, 20, "PowerPC"},
		{true, true, 22, "S/390"},
		{true, false, 60000, "machine 60000"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct image f = make_dynamic(rows[i].wide, rows[i].big, rows[i].machine);
		AUTO_PTR(elf) struct elf *elf = parse(&f);

		cr_assert_eq(elf->machine, rows[i].machine);
		cr_assert_str_eq(elf_machine_name(elf->machine), rows[i].name);
		cr_assert_eq(elf->class_bits, rows[i].wide ? 64 : 32);
		cr_assert_eq(elf->big_endian, rows[i].big);
		cr_assert_eq(elf->type, 3);
		cr_assert_eq(elf->osabi, 3);
		cr_assert(!elf->truncated && !elf->broken, "row %zu", i);
		cr_assert_str_eq(elf->interp, "/lib/ld-x.so.");
		cr_assert_str_eq(elf->soname, "libself.so.2");
		cr_assert_str_eq(elf->runpath, "/opt/lib:$ORIGIN/../lib");
		cr_assert_str_eq(elf->rpath, elf->runpath);
		cr_assert_eq(elf->needed.n, 2);
		cr_assert_str_eq(elf->needed.v[0], "liba.so.1");
		cr_assert_str_eq(elf->needed.v[1], "a.so.1");
	}
}

/* psABI: NT_GNU_PROPERTY_TYPE_0 (5), GNU_PROPERTY_X86_ISA_1_NEEDED (0xc0008002), V3 is bit 2. */
Test(image_elf, reads_the_isa_that_is_needed)
{
	struct image f = make(true, false, 62, 3);
	struct elf *elf;

	segment(&f, 4, 512, 0, 48, 8);
	put(&f, 512, 4, 4);
	put(&f, 516, 32, 4);
	put(&f, 520, 5, 4);
	put_text(&f, 524, "GNU");
	put(&f, 528, 0xc0000002, 4); /* GNU_PROPERTY_X86_FEATURE_1_AND */
	put(&f, 532, 4, 4);
	put(&f, 536, 3, 4);
	put(&f, 544, 0xc0008002, 4);
	put(&f, 548, 4, 4);
	put(&f, 552, 4, 4);
	elf = parse(&f);
	cr_assert_eq(elf->isa_needed, 4);
	cr_assert(!elf->broken);
	elf_free(elf);

	put(&f, 544, 0xc0010002, 4); /* ISA_1_USED asks for nothing */
	elf = parse(&f);
	cr_assert_eq(elf->isa_needed, 0);
	elf_free(elf);
}

Test(image_elf, static_programs_and_objects_need_nothing)
{
	struct image f = make(true, false, 62, 2);
	struct elf *elf;

	segment(&f, 1, 0, 0x400000, 1024, 4096);
	elf = parse(&f);
	cr_assert(!elf->interp && elf->needed.n == 0 && !elf->broken && !elf->truncated);
	elf_free(elf);

	f = make_dynamic(true, false, 62);
	put(&f, 16, 1, 2); /* ET_REL: nothing of it is gone into */
	elf = parse(&f);
	cr_assert(elf->type == 1 && elf->needed.n == 0 && !elf->broken);
	elf_free(elf);
}

Test(image_elf, refuses_broken_headers)
{
	static const struct {
		size_t at;
		uint8_t value;
		size_t len;
	} rows[] = {
		{0, 'E', 1024},
		{4, 0, 1024},
		{4, 3, 1024},
		{5, 0, 1024},
		{5, 3, 1024},
		{6, 1, 63}, /* cut short */
		{6, 1, 15},
		{6, 1, 4},
		{6, 1, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct image f = make_dynamic(true, false, 62);
		struct elf_part part = {0, f.bytes, rows[i].len};
		struct elf *elf = NULL;
		struct err err = {0};

		f.bytes[rows[i].at] = rows[i].value;
		cr_assert_eq(elf_parse(&part, 1, rows[i].len, &elf, &err), -1, "row %zu", i);
		cr_assert_eq(err.code, ERR_MALFORMED);
		cr_assert_null(elf);
	}
}

Test(image_elf, tells_what_is_not_in_the_file)
{
	static const struct {
		const char *what;
		size_t at;
		uint64_t value;
		size_t width;
	} rows[] = {
		{"program headers of another size", 54, 32, 2},
		{"program headers behind the end", 32, 2000, 8},
		{"program headers at the end of the world", 32, UINT64_MAX - 8, 8},
		{"too many program headers", 56, 65535, 2},
		{"interpreter behind the end", 64 + 2 * 56 + 8, 1020, 8},
		{"interpreter without an end", 413, '1', 1},
		{"interpreter of one byte", 64 + 2 * 56 + 32, 1, 8},
		{"interpreter of 2^63 bytes", 64 + 2 * 56 + 32, UINT64_C(1) << 63, 8},
		{"dynamic section behind the end", 64 + 56 + 8, 1020, 8},
		{"dynamic section at the end of the world", 64 + 56 + 8, UINT64_MAX - 8, 8},
		{"string behind the end", 512 + 8, 5000, 8},
		{"string at the end of the world", 512 + 8, UINT64_MAX - 768, 8},
		{"string table that is not loaded", 512 + 2 * 16 + 8, 5, 8},
		{"no string table", 512 + 2 * 16, 6, 8},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct image f = make_dynamic(true, false, 62);
		struct elf *elf;

		put(&f, rows[i].at, rows[i].value, rows[i].width);
		elf = parse(&f);
		cr_assert(elf->broken, "%s", rows[i].what);
		cr_assert(!elf->truncated, "%s", rows[i].what);
		elf_free(elf);
	}
}

Test(image_elf, tells_what_was_not_at_hand)
{
	struct image f = make_dynamic(true, false, 62);
	/* the strings are missing: a byte before the first one, and from 790 on */
	const struct elf_part parts[] = {{0, f.bytes, 768}, {770, f.bytes + 770, 20}};
	struct elf *elf = NULL;

	cr_assert_eq(elf_parse(parts, 2, sizeof(f.bytes), &elf, NULL), 0);
	cr_assert(elf->truncated);
	cr_assert(!elf->broken);
	cr_assert_str_eq(elf->interp, "/lib/ld-x.so.");
	elf_free(elf);
}

Test(image_elf, joins_parts_that_touch)
{
	struct image f = make_dynamic(true, false, 62);
	struct elf_part parts[128];
	struct elf *elf = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		parts[i] = (struct elf_part){i * 8, f.bytes + i * 8, 8};
	}
	cr_assert_eq(elf_parse(parts, ARRAY_SIZE(parts), sizeof(f.bytes), &elf, NULL), 0);
	cr_assert(!elf->truncated && !elf->broken);
	cr_assert_str_eq(elf->runpath, "/opt/lib:$ORIGIN/../lib");
	elf_free(elf);
}

/* ---- whatever comes ---------------------------------------------------------------------- */

/* The bytes in memory of their own, so that a sanitizer sees the first step too far. */
static void survive(const uint8_t *bytes, size_t len, uint64_t file_size)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct elf_part part = {0, copy, len};
	struct elf_range ranges[4];
	struct elf *elf = NULL;
	struct err err = {0};

	memcpy(copy, bytes, len);
	if (elf_parse(&part, 1, file_size, &elf, &err)) {
		cr_assert_eq(err.code, ERR_MALFORMED);
	}
	cr_assert(elf_ranges(copy, len, ranges) <= 4);
	elf_free(elf);
	free(copy);
}

Test(image_elf, survives_every_length_of_a_real_file)
{
	AUTO(buf) struct buf b;

	buf_init(&b, 64 << 20);
	cr_assert_eq(file_read(AT_FDCWD, "/bin/true", &b, NULL), 0);
	for (size_t len = 0; len <= b.len; len += len < 4096 ? 1 : 17) {
		survive((const uint8_t *)b.data, len, len);
		survive((const uint8_t *)b.data, len, b.len);
	}
}

Test(image_elf, survives_every_length_and_damage_of_a_made_one)
{
	uint64_t state = 88172645463325252;

	for (int wide = 0; wide < 2; wide++) {
		struct image f = make_dynamic(wide, false, 62);

		segment(&f, 4, 512, 0, 500, 8);
		for (size_t len = 0; len <= sizeof(f.bytes); len++) {
			survive(f.bytes, len, len);
			survive(f.bytes, len, sizeof(f.bytes));
		}
		for (int round = 0; round < 20000; round++) {
			struct image g = f;

			for (int i = 0; i < 4; i++) {
				state ^= state << 13;
				state ^= state >> 7;
				state ^= state << 17;
				g.bytes[4 + (state >> 16) % 900] = (uint8_t)state;
			}
			survive(g.bytes, sizeof(g.bytes), sizeof(g.bytes));
		}
	}
}
