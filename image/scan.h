/*
 * scan.h - the one pass over every layer: inflate, hash, read the tar, and hand each entry to
 * whoever asked.
 *
 *	struct entry_sink sinks[] = {{my_entry, my_state}, ...};
 *	image_scan(image, sinks, n, &tree, err)
 *
 * Verifies size, digest and diff_id of each layer; what is wrong becomes a violation of the image,
 * and the scan goes on with what can be read. Layers are delivered in order, lowest first, each
 * entry once; hidden (later deleted) files are delivered, too.
 *
 * Reading, inflating and hashing run ahead in threads, in several layers at once; sinks are called
 * by the caller's thread only, so what they see and when does not depend on the threads. All of
 * these have ended when image_scan returns.
 *
 * With image->facts, layers that an earlier scan has seen are only hashed as they are stored.
 */
#ifndef IMAGE_SCAN_H
#define IMAGE_SCAN_H

#include "base/buf.h"
#include "base/err.h"
#include "image/image.h"
#include "image/tree.h"

#include <stdbool.h>
#include <stdint.h>

enum whiteout { WHITEOUT_NONE, WHITEOUT_FILE, WHITEOUT_OPAQUE };

/* One tar entry. Everything is borrowed until the callback returns. */
struct entry {
	size_t layer;
	const char *path; /* normalised: "etc/passwd", no leading slash, no "." or ".."; "" is the
			     * root; no symbolic link on the way (tree_build.h) */
	enum node_type type;
	bool hardlink; /* target names an earlier entry of the same layer or below */
	enum whiteout whiteout; /* FILE: path is what is removed; OPAQUE: the directory */
	bool hides; /* a lower layer has something of this name, which is removed or replaced */
	mode_t mode;
	uint32_t uid;
	uint32_t gid;
	uint64_t size;
	int64_t mtime;
	uint32_t mtime_ns;
	uint32_t dev_major;
	uint32_t dev_minor;
	const char *target; /* symbolic or hard link, as written */
	const char *link; /* hardlink: path of the target, normalised as path; else NULL */
	size_t link_layer; /* hardlink: whose content that is; below layer when only a lower one
			     * has it */
	size_t n_xattrs;
	const struct entry_xattr {
		const char *name;
		const void *value;
		size_t len;
	} * xattrs;
	const uint8_t *data; /* the first data_len bytes; all of them when data_len == size */
	size_t data_len; /* at most LIMIT_ENTRY_HEAD */
	bool again; /* it replaces something of its own layer */
};

struct entry_sink {
	/* Called once for each entry when its head is at hand. Must not fail: keep an error in arg. */
	void (*entry)(const struct entry *entry, void *arg);
	/* Optional: the content of a regular file in pieces, after entry(), in order, the head
	 * included; sparse holes behind the head are skipped, so offset may jump. */
	void (*data)(const struct entry *entry, uint64_t offset, const void *bytes, size_t len,
		void *arg);
	/* Optional: a directory that the layer has no entry for (so far) and that the next entry
	 * stands in, or the layer's root: with the attributes of the merged tree, parents first. */
	void (*implied)(const struct entry *dir, void *arg);
	/* Optional: once per layer, after its last entry; complete says whether digest, diff_id and
	 * tar were all good, and so the digests of all lower layers, which decide what becomes of its
	 * entries: only then is it what its ChainID says. */
	void (*layer_end)(size_t layer, bool complete, void *arg);
	/* Optional: asked before each layer; return true when this sink needs nothing of it. */
	bool (*skip_layer)(size_t layer, void *arg);
	/* Optional, for one sink at most: what it has learnt of the layer as bytes, and those bytes back
	 * in place of all other calls when the layer is known already (facts.h). A layer that is known
	 * is read all the same for a sink without recall(). False: it cannot; nothing has changed. */
	bool (*remember)(size_t layer, struct buf *out, void *arg);
	bool (*recall)(size_t layer, const void *bytes, size_t len, void *arg);
	void *arg;
};

/* The merged tree comes out; -1 only when nothing can be read at all (ERR_IO), a limit of ours
 * would be passed (ERR_LIMIT) or a zstd window is too large for us (ERR_UNSUPPORTED). The image must have a config. */
int image_scan(struct image *image, const struct entry_sink *sinks, size_t n_sinks,
	struct tree **ret, struct err *err);

#endif
