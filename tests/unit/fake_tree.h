/* fake_tree.h - merged trees from a table, for unit tests. */
#ifndef TESTS_UNIT_FAKE_TREE_H
#define TESTS_UNIT_FAKE_TREE_H

#include "base/alloc.h"
#include "base/buf.h"
#include "image/tree_build.h"

#include <criterion/criterion.h>
#include <elf.h>

/* An ELF file in a row; machine 0: EM_X86_64, 64 bits. */
struct fake_elf {
	uint16_t machine;
	uint8_t class_bits;
	uint16_t type; /* 0: ET_DYN */
	const char *interp;
	const char *soname;
	const char *rpath;
	const char *runpath;
	const char *needed[8];
	bool truncated;
	bool broken;
};

struct fake {
	const char *path; /* NULL ends the table */
	const char *text; /* a regular file with this text */
	const char *link; /* a symbolic link */
	const struct fake_elf *elf;
	mode_t mode; /* 0: 0755 */
	uint32_t uid;
	uint32_t gid;
	bool file; /* a regular file whose content is not kept */
};

static inline char *fake_copy(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

static inline struct elf *fake_elf_make(const struct fake_elf *f)
{
	struct elf *elf = xcalloc(1, sizeof(*elf));

	elf->machine = f->machine ? f->machine : EM_X86_64;
	elf->class_bits = f->class_bits ? f->class_bits : elf->machine == EM_386 ? 32 : 64;
	elf->type = f->type ? f->type : ET_DYN;
	elf->truncated = f->truncated;
	elf->broken = f->broken;
	elf->interp = fake_copy(f->interp);
	elf->soname = fake_copy(f->soname);
	elf->rpath = fake_copy(f->rpath);
	elf->runpath = fake_copy(f->runpath);
	for (size_t i = 0; i < ARRAY_SIZE(f->needed) && f->needed[i]; i++) {
		strv_add(&elf->needed, f->needed[i]);
	}
	return elf;
}

static inline void fake_add(struct tree *tree, const struct fake *row)
{
	struct tree_place place;
	struct err err = {0};
	struct entry e = {.path = row->path,
		.type = row->link                            ? NODE_SYMLINK
			: row->text || row->elf || row->file ? NODE_FILE
							     : NODE_DIR,
		.mode = row->mode ? row->mode : 0755,
		.uid = row->uid,
		.gid = row->gid,
		.size = row->text               ? strlen(row->text)
			: row->elf || row->file ? 1000
						: 0,
		.target = row->link};

	cr_assert_eq(tree_apply(tree, &e, NULL, &place, &err), 0, "%s: %s", row->path, err.msg);
	if (row->elf) {
		(void)tree_set_elf(tree, place.node, fake_elf_make(row->elf), NULL);
	}
	if (row->text) {
		tree_set_text(tree, place.node, xstrdup(row->text), strlen(row->text));
	}
}

static inline struct tree *fake_tree(const struct fake *rows)
{
	struct tree *tree = tree_new();

	for (; rows->path; rows++) {
		fake_add(tree, rows);
	}
	tree_seal(tree);
	return tree;
}

#endif
