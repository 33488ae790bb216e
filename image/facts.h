/*
 * facts.h - what the layers of earlier images were found to be, so that an image on the same base
 * costs its own layers only.
 *
 *	facts_open(dir, &facts, err)
 *	image->facts = facts; image_scan(image, ...)	reads what is known, keeps what is new
 *	facts_trim(facts, 256 * MIB, &left, err)
 *
 * A record has all that a scan has seen of one layer: its entries, the facts of its ELF files, the
 * texts that the tree keeps and what the checks noted. It stands in for inflating, hashing and
 * parsing the tar. It never stands in for looking at the image: the stored bytes are hashed every
 * time, and only the digest under which they were kept lets a record be used.
 *
 * The name of a record is a digest of everything that it depends on: this program's build id (which
 * the linker makes of its code) and those libraries' versions that read layers, the limits in force, the diff_ids of all lower
 * layers (whose links decide where entries go), and the stored layer's digest. A record ends with
 * a digest of itself. What is damaged or of another program is not used, and goes in the end: the
 * records that were not used for longest are removed first.
 *
 * A directory is only taken when it is ours and nobody else may write to it. Processes may share
 * one: records appear whole, by rename(2), and are never changed.
 */
#ifndef IMAGE_FACTS_H
#define IMAGE_FACTS_H

#include "base/cleanup.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct facts;

/* Makes dir (mode 0700) when it is missing. ERR_DENIED when others may write to it. */
int facts_open(const char *dir, struct facts **ret, struct err *err);
void facts_free(struct facts *facts);
DEFINE_AUTO_PTR(facts)

/* Remove records until the rest has at most keep bytes. ret, which may be NULL, is what is left. */
struct facts_total {
	size_t layers;
	uint64_t bytes;
};
int facts_trim(struct facts *facts, uint64_t keep, struct facts_total *ret, struct err *err);

#endif
