/*
 * elf_raw.h - the bytes, header and program headers of an ELF file: what elf.c is built on. Pure.
 */
#ifndef IMAGE_ELF_RAW_H
#define IMAGE_ELF_RAW_H

#include "image/elf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether bytes could be had. */
enum elf_have {
	ELF_HAVE,
	ELF_MISSING, /* in the file, but not in the parts */
	ELF_BEYOND, /* not in the file either, or senseless */
};

/* A file of which parts are known, and how to read numbers in it. */
struct elf_view {
	const struct elf_part *parts;
	size_t n;
	uint64_t file_size;
	bool wide; /* ELFCLASS64 */
	bool big; /* ELFDATA2MSB */
	uint16_t machine;
	uint16_t type;
	uint8_t osabi;
	uint64_t phoff;
	size_t phnum;
	size_t phentsize;
};

struct elf_segment {
	uint32_t type;
	uint64_t offset;
	uint64_t vaddr;
	uint64_t filesz;
	uint64_t align;
};

/* A number of width bytes at p, in the file's byte order. */
uint64_t elf_number(const struct elf_view *v, const uint8_t *p, size_t width);

/* len bytes at base + plus, which may overflow. */
enum elf_have elf_read(
	const struct elf_view *v, uint64_t base, uint64_t plus, void *to, size_t len);

/* A NUL-terminated string of at most PATH_MAX bytes at base + plus; the caller frees. */
enum elf_have elf_read_string(const struct elf_view *v, uint64_t base, uint64_t plus, char **ret);

/* Fill the members of *v from the header, its parts and file_size being set. ERR_MALFORMED. */
int elf_read_header(struct elf_view *v, struct err *err);

/* The program headers: an array that the caller frees (never NULL). As many as could be read:
 * *ret_n is less than phnum when the result is not ELF_HAVE. */
enum elf_have elf_read_segments(const struct elf_view *v, struct elf_segment **ret, size_t *ret_n);

/* The first segment of a type (PT_...), or NULL. */
const struct elf_segment *elf_segment_find(const struct elf_segment *v, size_t n, uint32_t type);

#endif
