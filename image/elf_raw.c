#include "image/elf_raw.h"

#include "base/alloc.h"

#include <elf.h>
#include <limits.h>

/* The kernel refuses program headers of more than 64 KiB together (fs/binfmt_elf.c). */
#define MAX_SEGMENTS 2048

uint64_t elf_number(const struct elf_view *v, const uint8_t *p, size_t width)
{
	uint64_t n = 0;

	for (size_t i = 0; i < width; i++) {
		n = n << 8 | p[v->big ? i : width - 1 - i];
	}
	return n;
}

/* The bytes from off to the end of the part that holds it; NULL when none does. */
static const uint8_t *part_at(const struct elf_view *v, uint64_t off, size_t *ret_len)
{
	for (size_t i = 0; i < v->n; i++) {
		const struct elf_part *part = &v->parts[i];

		if (off >= part->offset && off - part->offset < part->len) {
			*ret_len = part->len - (size_t)(off - part->offset);
			return part->data + (off - part->offset);
		}
	}
	return NULL;
}

enum elf_have elf_read(const struct elf_view *v, uint64_t base, uint64_t plus, void *to, size_t len)
{
	uint8_t *p = to;
	uint64_t off;

	if (__builtin_add_overflow(base, plus, &off) || off > v->file_size ||
		len > v->file_size - off) {
		return ELF_BEYOND;
	}
	while (len > 0) {
		size_t avail;
		const uint8_t *from = part_at(v, off, &avail);

		if (!from) {
			return ELF_MISSING;
		}
		avail = avail < len ? avail : len;
		memcpy(p, from, avail);
		p += avail;
		off += avail;
		len -= avail;
	}
	return ELF_HAVE;
}

enum elf_have elf_read_string(const struct elf_view *v, uint64_t base, uint64_t plus, char **ret)
{
	char text[PATH_MAX];
	size_t len = 0;
	uint64_t off;

	if (__builtin_add_overflow(base, plus, &off)) {
		return ELF_BEYOND;
	}
	while (len < sizeof(text) && off < v->file_size) {
		size_t avail;
		const uint8_t *from = part_at(v, off, &avail);
		const uint8_t *nul;

		if (!from) {
			return ELF_MISSING;
		}
		avail = avail < sizeof(text) - len ? avail : sizeof(text) - len;
		nul = memchr(from, 0, avail);
		avail = nul ? (size_t)(nul - from) : avail;
		memcpy(text + len, from, avail);
		len += avail;
		off += avail;
		if (nul) {
			*ret = xstrndup(text, len);
			return ELF_HAVE;
		}
	}
	return ELF_BEYOND;
}

#define FIELD(v, head, member)                                                                     \
	((v)->wide ? elf_number((v), (head) + offsetof(Elf64_Ehdr, member),                        \
			     sizeof(((Elf64_Ehdr *)0)->member))                                    \
		   : elf_number((v), (head) + offsetof(Elf32_Ehdr, member),                        \
			     sizeof(((Elf32_Ehdr *)0)->member)))

int elf_read_header(struct elf_view *v, struct err *err)
{
	uint8_t head[sizeof(Elf64_Ehdr)] = {0};

	if (elf_read(v, 0, 0, head, EI_NIDENT) != ELF_HAVE || !elf_magic(head, EI_NIDENT)) {
		return err_set(err, ERR_MALFORMED, "no ELF header");
	}
	if (head[EI_CLASS] != ELFCLASS32 && head[EI_CLASS] != ELFCLASS64) {
		return err_set(err, ERR_MALFORMED, "ELF class %u is unknown", head[EI_CLASS]);
	}
	if (head[EI_DATA] != ELFDATA2LSB && head[EI_DATA] != ELFDATA2MSB) {
		return err_set(err, ERR_MALFORMED, "ELF byte order %u is unknown", head[EI_DATA]);
	}
	v->wide = head[EI_CLASS] == ELFCLASS64;
	v->big = head[EI_DATA] == ELFDATA2MSB;
	if (elf_read(v, 0, 0, head, v->wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr))) {
		return err_set(err, ERR_MALFORMED, "ELF header is cut short");
	}
	v->osabi = head[EI_OSABI];
	v->machine = (uint16_t)FIELD(v, head, e_machine);
	v->type = (uint16_t)FIELD(v, head, e_type);
	v->phoff = FIELD(v, head, e_phoff);
	v->phnum = FIELD(v, head, e_phnum);
	v->phentsize = FIELD(v, head, e_phentsize);
	return 0;
}

static void segment_decode(const struct elf_view *v, const uint8_t *p, struct elf_segment *ret)
{
	ret->type = (uint32_t)elf_number(v, p, 4);
	if (v->wide) {
		ret->offset = elf_number(v, p + offsetof(Elf64_Phdr, p_offset), 8);
		ret->vaddr = elf_number(v, p + offsetof(Elf64_Phdr, p_vaddr), 8);
		ret->filesz = elf_number(v, p + offsetof(Elf64_Phdr, p_filesz), 8);
		ret->align = elf_number(v, p + offsetof(Elf64_Phdr, p_align), 8);
	} else {
		ret->offset = elf_number(v, p + offsetof(Elf32_Phdr, p_offset), 4);
		ret->vaddr = elf_number(v, p + offsetof(Elf32_Phdr, p_vaddr), 4);
		ret->filesz = elf_number(v, p + offsetof(Elf32_Phdr, p_filesz), 4);
		ret->align = elf_number(v, p + offsetof(Elf32_Phdr, p_align), 4);
	}
}

enum elf_have elf_read_segments(const struct elf_view *v, struct elf_segment **ret, size_t *ret_n)
{
	size_t size = v->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	enum elf_have have = ELF_HAVE;

	*ret_n = 0;
	*ret = xcalloc((v->phnum < MAX_SEGMENTS ? v->phnum : 0) + 1, sizeof(**ret));
	/* Every loader insists on its own size of an entry. */
	if (v->phnum >= MAX_SEGMENTS || (v->phnum > 0 && v->phentsize != size)) {
		return ELF_BEYOND;
	}
	while (have == ELF_HAVE && *ret_n < v->phnum) {
		uint8_t raw[sizeof(Elf64_Phdr)];

		have = elf_read(v, v->phoff, *ret_n * size, raw, size);
		if (have == ELF_HAVE) {
			segment_decode(v, raw, &(*ret)[(*ret_n)++]);
		}
	}
	return have;
}

const struct elf_segment *elf_segment_find(const struct elf_segment *v, size_t n, uint32_t type)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i].type == type) {
			return &v[i];
		}
	}
	return NULL;
}
