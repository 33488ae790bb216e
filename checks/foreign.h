/*
 * foreign.h - ELF files for other machines: which are there for a reason. Pure.
 */
#ifndef CHECKS_FOREIGN_H
#define CHECKS_FOREIGN_H

#include "image/tree.h"

#include <stdbool.h>

/* Whether x86-64 hardware runs it: EM_X86_64 (x32 included) or EM_386. */
bool elf_is_x86(const struct elf *elf);

/* Why a foreign file is nothing to worry about ("eBPF object", "file of a language package for
 * another platform"), or NULL. path without leading slash. Static storage. */
const char *foreign_excuse(const char *path, const struct node *node);

#endif
