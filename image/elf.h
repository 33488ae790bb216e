/*
 * elf.h - what assay needs to know of an ELF file. Pure and total: bytes in, record or error out.
 *
 * System V ABI, gABI chapters 4 and 5; AMD64 psABI for x32 (ELFCLASS32 with EM_X86_64) and the
 * GNU_PROPERTY_X86_ISA_1_NEEDED note.
 */
#ifndef IMAGE_ELF_H
#define IMAGE_ELF_H

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf {
	uint16_t machine; /* EM_X86_64 (62), EM_386 (3), ... */
	uint16_t type; /* ET_EXEC, ET_DYN, ET_REL, ET_CORE */
	uint8_t class_bits; /* 32 or 64 */
	uint8_t osabi;
	bool big_endian;
	bool truncated; /* the header is fine, what it points to was not in the bytes given */
	bool broken; /* the header is fine, what it points to is not in the file at all */
	char *interp; /* PT_INTERP, NULL when static or a library */
	char *soname;
	char *rpath; /* DT_RPATH, with $ORIGIN unexpanded */
	char *runpath; /* DT_RUNPATH */
	struct strv needed; /* DT_NEEDED in order */
	uint32_t isa_needed; /* GNU_PROPERTY_X86_ISA_1_NEEDED bits, 0 when none */
};

/* Parts of a file: it need not be in memory as a whole. Sorted by offset, not overlapping. */
struct elf_part {
	uint64_t offset;
	const uint8_t *data;
	size_t len;
};

/* Whether these first bytes are ELF's magic. */
bool elf_magic(const uint8_t *data, size_t len);

/* Read a file of file_size bytes of which parts are at hand. ERR_MALFORMED when the header itself
 * is broken; a file whose dynamic section is not within the parts is success with truncated. The
 * caller frees with elf_free. */
int elf_parse(const struct elf_part *parts, size_t n, uint64_t file_size, struct elf **ret,
	struct err *err);
void elf_free(struct elf *elf);

/* Bytes that the record takes, its strings included; 0 for NULL. */
size_t elf_size(const struct elf *elf);
DEFINE_AUTO_PTR(elf)

/* "x86-64", "AArch64", ... or "machine 1234" in a static buffer per thread. */
const char *elf_machine_name(uint16_t machine);

/* Ranges that a reader of the stream has to keep behind those first bytes so that elf_parse
 * gets what it wants: sorted, not overlapping each other or the head, at most 4 * ELF_RANGE_MAX
 * long together; they may reach behind the end of the file. Returns how many of at most 4 ranges
 * were set; 0 when the head is enough or no ELF. */
#define ELF_RANGE_MAX (12 << 20)
struct elf_range {
	uint64_t offset;
	uint64_t len;
};
size_t elf_ranges(const uint8_t *head, size_t len, struct elf_range ret[4]);

#endif
