#include "image/elf.h"

#include "base/alloc.h"
#include "image/elf_raw.h"

#include <elf.h>
#include <limits.h>

/* Real programs have at most a few hundred; the array ends at DT_NULL anyway. */
#define MAX_DYNAMIC 65536
#define MAX_NEEDED 4096
/* Property notes are of some dozen bytes; build-ids and such stand beside them. */
#define MAX_NOTES (16 * 1024)
/* Kept where a program header table stands behind the head: patchelf puts it at the end of the
 * file, followed by the sections that it moved. */
#define MOVED_LEN (2 << 20)
/* The segment of a dynamic section is kept whole up to here. */
#define AROUND_LEN (2 << 20)

struct reader {
	struct elf_view view;
	struct elf_segment *segments;
	size_t n;
	struct elf *elf;
};

bool elf_magic(const uint8_t *data, size_t len)
{
	return len >= SELFMAG && memcmp(data, ELFMAG, SELFMAG) == 0;
}

static void remember(struct elf *elf, enum elf_have have)
{
	elf->truncated |= have == ELF_MISSING;
	elf->broken |= have == ELF_BEYOND;
}

/* ---- interpreter and dynamic section ----------------------------------------------------- */

/* The kernel's rules: 2 to PATH_MAX bytes, the last of them NUL. */
static void interp_read(struct reader *r)
{
	const struct elf_segment *s = elf_segment_find(r->segments, r->n, PT_INTERP);
	char text[PATH_MAX];
	enum elf_have have;

	if (!s) {
		return;
	}
	if (s->filesz < 2 || s->filesz > sizeof(text)) {
		r->elf->broken = true;
		return;
	}
	have = elf_read(&r->view, s->offset, 0, text, (size_t)s->filesz);
	if (have == ELF_HAVE && text[s->filesz - 1] == 0) {
		r->elf->interp = xstrdup(text);
	} else {
		remember(r->elf, have == ELF_HAVE ? ELF_BEYOND : have);
	}
}

static bool offset_of_address(const struct reader *r, uint64_t address, uint64_t *ret)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct elf_segment *s = &r->segments[i];

		if (s->type == PT_LOAD && address >= s->vaddr && address - s->vaddr < s->filesz) {
			return !__builtin_add_overflow(s->offset, address - s->vaddr, ret);
		}
	}
	return false;
}

struct dynamic {
	uint64_t tag;
	uint64_t value;
};

/* The i-th entry; DT_NULL behind the last one. */
static struct dynamic dynamic_at(struct reader *r, const struct elf_segment *s, size_t i)
{
	size_t width = r->view.wide ? 8 : 4;
	uint8_t raw[16];
	enum elf_have have;

	if (i >= MAX_DYNAMIC || s->filesz / (2 * width) <= i) {
		r->elf->broken |= i >= MAX_DYNAMIC;
		return (struct dynamic){DT_NULL, 0};
	}
	have = elf_read(&r->view, s->offset, i * 2 * width, raw, 2 * width);
	if (have != ELF_HAVE) {
		remember(r->elf, have);
		return (struct dynamic){DT_NULL, 0};
	}
	return (struct dynamic){
		elf_number(&r->view, raw, width), elf_number(&r->view, raw + width, width)};
}

static void dynamic_string(struct reader *r, uint64_t strtab, const struct dynamic *d)
{
	struct elf *elf = r->elf;
	auto_free char *text = NULL;
	enum elf_have have = elf_read_string(&r->view, strtab, d->value, &text);
	char **single = d->tag == DT_SONAME    ? &elf->soname
			: d->tag == DT_RPATH   ? &elf->rpath
			: d->tag == DT_RUNPATH ? &elf->runpath
					       : NULL;

	if (have != ELF_HAVE) {
		remember(elf, have);
	} else if (!single) {
		strv_take(&elf->needed, steal_ptr(text));
	} else {
		free(*single);
		*single = steal_ptr(text);
	}
}

/* DT_STRSZ is not looked at: ld.so does not look at it either. */
static void dynamic_read(struct reader *r)
{
	const struct elf_segment *s = elf_segment_find(r->segments, r->n, PT_DYNAMIC);
	uint64_t strtab = 0;
	bool has_strtab = false;
	struct dynamic d;

	if (!s) {
		return;
	}
	for (size_t i = 0; (d = dynamic_at(r, s, i)).tag != DT_NULL; i++) {
		if (d.tag == DT_STRTAB) {
			has_strtab = offset_of_address(r, d.value, &strtab);
		}
	}
	for (size_t i = 0; (d = dynamic_at(r, s, i)).tag != DT_NULL; i++) {
		if (d.tag != DT_NEEDED && d.tag != DT_SONAME && d.tag != DT_RPATH &&
			d.tag != DT_RUNPATH) {
			continue;
		}
		if (!has_strtab || r->elf->needed.n >= MAX_NEEDED) {
			r->elf->broken = true;
			return;
		}
		dynamic_string(r, strtab, &d);
	}
}

/* ---- GNU properties ---------------------------------------------------------------------- */

static uint32_t number32(const struct reader *r, const uint8_t *p)
{
	return (uint32_t)elf_number(&r->view, p, 4);
}

static size_t round_up(size_t n, size_t align)
{
	return (n + align - 1) / align * align;
}

/* The descriptor of an NT_GNU_PROPERTY_TYPE_0 note: {type, size, bytes, padding to the word}. */
static void properties_read(struct reader *r, const uint8_t *p, size_t len)
{
	size_t word = r->view.wide ? 8 : 4;

	while (len >= 8) {
		uint32_t type = number32(r, p);
		size_t size = number32(r, p + 4);

		if (size > len - 8) {
			return;
		}
		if (type == GNU_PROPERTY_X86_ISA_1_NEEDED && size >= 4) {
			r->elf->isa_needed |= number32(r, p + 8);
		}
		size = 8 + round_up(size, word);
		if (size > len) {
			return;
		}
		p += size;
		len -= size;
	}
}

static void notes_read(struct reader *r, const struct elf_segment *s)
{
	size_t align = s->align == 8 ? 8 : 4;
	size_t len = s->filesz < MAX_NOTES ? (size_t)s->filesz : MAX_NOTES;
	auto_free uint8_t *notes = xcalloc(1, len + 1);
	const uint8_t *p = notes;
	enum elf_have have = elf_read(&r->view, s->offset, 0, notes, len);

	if (have != ELF_HAVE) {
		remember(r->elf, have);
		return;
	}
	while (len >= sizeof(Elf64_Nhdr)) {
		size_t namesz = number32(r, p);
		size_t descsz = number32(r, p + 4);
		uint32_t type = number32(r, p + 8);
		size_t desc = sizeof(Elf64_Nhdr) + round_up(namesz, 4);

		desc = round_up(desc, align);
		if (namesz > len || desc > len || descsz > len - desc) {
			return;
		}
		if (type == NT_GNU_PROPERTY_TYPE_0 && namesz == 4 &&
			memcmp(p + sizeof(Elf64_Nhdr), "GNU", 4) == 0) {
			properties_read(r, p + desc, descsz);
		}
		desc += round_up(descsz, align);
		if (desc > len) {
			return;
		}
		p += desc;
		len -= desc;
	}
}

static void isa_read(struct reader *r)
{
	if (r->elf->machine != EM_X86_64 && r->elf->machine != EM_386) {
		return;
	}
	for (size_t i = 0; i < r->n; i++) {
		if (r->segments[i].type == PT_NOTE || r->segments[i].type == PT_GNU_PROPERTY) {
			notes_read(r, &r->segments[i]);
		}
	}
}

/* ---- public ------------------------------------------------------------------------------ */

static void body_read(struct reader *r)
{
	remember(r->elf, elf_read_segments(&r->view, &r->segments, &r->n));
	interp_read(r);
	dynamic_read(r);
	isa_read(r);
	free(r->segments);
}

int elf_parse(const struct elf_part *parts, size_t n, uint64_t file_size, struct elf **ret,
	struct err *err)
{
	struct reader r = {.view = {.parts = parts, .n = n, .file_size = file_size}};

	if (elf_read_header(&r.view, err)) {
		return -1;
	}
	r.elf = xcalloc(1, sizeof(*r.elf));
	r.elf->machine = r.view.machine;
	r.elf->type = r.view.type;
	r.elf->class_bits = r.view.wide ? 64 : 32;
	r.elf->osabi = r.view.osabi;
	r.elf->big_endian = r.view.big;
	/* Objects and cores are only counted. */
	if (r.elf->type == ET_EXEC || r.elf->type == ET_DYN) {
		body_read(&r);
	}
	*ret = r.elf;
	return 0;
}

/* Ranges from input: clipped to behind the head and to ELF_RANGE_MAX. */
static size_t range_add(struct elf_range *v, size_t n, size_t head, uint64_t offset, uint64_t len)
{
	uint64_t end;

	len = len < ELF_RANGE_MAX ? len : ELF_RANGE_MAX;
	if (!len || __builtin_add_overflow(offset, len, &end) || end <= head) {
		return n;
	}
	offset = offset < head ? head : offset;
	v[n] = (struct elf_range){offset, end - offset};
	return n + 1;
}

static int range_compare(const void *a, const void *b)
{
	const struct elf_range *x = a;
	const struct elf_range *y = b;

	return (x->offset > y->offset) - (x->offset < y->offset);
}

static size_t ranges_join(struct elf_range *v, size_t n)
{
	size_t kept = 0;

	qsort(v, n, sizeof(*v), range_compare);
	for (size_t i = 0; i < n; i++) {
		struct elf_range *last = kept > 0 ? &v[kept - 1] : NULL;

		if (!last || v[i].offset > last->offset + last->len) {
			v[kept++] = v[i];
		} else if (v[i].offset + v[i].len > last->offset + last->len) {
			last->len = v[i].offset + v[i].len - last->offset;
		}
	}
	return kept;
}

/* The PT_LOAD that holds s, when it is not too much to keep; else s. */
static const struct elf_segment *segment_around(
	const struct elf_segment *v, size_t n, const struct elf_segment *s)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i].type == PT_LOAD && v[i].filesz <= AROUND_LEN && s->offset >= v[i].offset &&
			s->offset - v[i].offset < v[i].filesz) {
			return &v[i];
		}
	}
	return s;
}

/* The string table is somewhere in the first PT_LOAD, or, moved by patchelf, in the one of the
 * dynamic section; its address is known only once that section is read, which may be too late
 * for it. */
size_t elf_ranges(const uint8_t *head, size_t len, struct elf_range ret[4])
{
	const struct elf_part part = {0, head, len};
	struct elf_view view = {.parts = &part, .n = 1, .file_size = UINT64_MAX};
	auto_free struct elf_segment *segments = NULL;
	static const uint32_t wanted[] = {PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_GNU_PROPERTY};
	const struct elf_segment *dynamic;
	size_t n_segments;
	size_t n = 0;
	enum elf_have have;

	if (elf_read_header(&view, NULL) || (view.type != ET_EXEC && view.type != ET_DYN)) {
		return 0;
	}
	have = elf_read_segments(&view, &segments, &n_segments);
	if (have != ELF_HAVE) {
		return have == ELF_MISSING ? range_add(ret, 0, len, view.phoff, MOVED_LEN) : 0;
	}
	dynamic = elf_segment_find(segments, n_segments, PT_DYNAMIC);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		const struct elf_segment *s = elf_segment_find(segments, n_segments, wanted[i]);

		if (!s || (wanted[i] == PT_LOAD && !dynamic)) {
			continue;
		}
		if (wanted[i] == PT_DYNAMIC) {
			s = segment_around(segments, n_segments, s);
		}
		n = range_add(ret, n, len, s->offset, s->filesz);
	}
	return ranges_join(ret, n);
}

void elf_free(struct elf *elf)
{
	if (!elf) {
		return;
	}
	free(elf->interp);
	free(elf->soname);
	free(elf->rpath);
	free(elf->runpath);
	strv_release(&elf->needed);
	free(elf);
}

static size_t text_size(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

size_t elf_size(const struct elf *elf)
{
	size_t size;

	if (!elf) {
		return 0;
	}
	size = sizeof(*elf) + text_size(elf->interp) + text_size(elf->soname) +
	       text_size(elf->rpath) + text_size(elf->runpath);
	for (size_t i = 0; i < elf->needed.n; i++) {
		size += sizeof(char *) + text_size(elf->needed.v[i]);
	}
	return size;
}

const char *elf_machine_name(uint16_t machine)
{
	static const struct {
		uint16_t machine;
		const char *name;
	} names[] = {
		{EM_X86_64, "x86-64"},
		{EM_386, "i386"},
		{EM_AARCH64, "AArch64"},
		{EM_ARM, "ARM"},
		{EM_PPC, "PowerPC"},
		{EM_PPC64, "PowerPC64"},
		{EM_S390, "S/390"},
		{EM_RISCV, "RISC-V"},
		{EM_MIPS, "MIPS"},
		{EM_LOONGARCH, "LoongArch"},
		{EM_SPARC, "SPARC"},
		{EM_SPARCV9, "SPARC V9"},
		{EM_IA_64, "IA-64"},
		{EM_68K, "m68k"},
		{EM_PARISC, "PA-RISC"},
		{EM_ALPHA, "Alpha"},
		{EM_BPF, "eBPF"},
		{EM_NONE, "no machine"},
	};
	static _Thread_local char other[32];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (names[i].machine == machine) {
			return names[i].name;
		}
	}
	snprintf(other, sizeof(other), "machine %u", machine);
	return other;
}
