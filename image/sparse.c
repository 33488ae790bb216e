#include "image/sparse.h"

#include "base/alloc.h"
#include "base/str.h"
#include "base/sys_file.h"
#include "image/limits.h"
#include "image/source.h"
#include "image/tar_alike.h"
#include "image/tar_pax.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>

/* Holes are made of whole blocks of the file system. */
#define ALIGN 4096

struct copy {
	uint64_t headers; /* of which member */
	uint64_t offset;
	uint64_t size;
};

struct sparse_copies {
	int fd; /* the archive, borrowed */
	uint64_t fd_size;
	pthread_mutex_t lock; /* of what follows */
	uint64_t used; /* of image_limits.spool */
	int to; /* -1: nothing was copied yet */
	uint64_t end;
	struct {
		struct copy *v;
		size_t n;
		size_t cap;
	} list;
};

struct sparse_copies *sparse_copies_new(int fd, uint64_t size, uint64_t spooled)
{
	struct sparse_copies *copies = xcalloc(1, sizeof(*copies));

	*copies = (struct sparse_copies){.fd = fd, .fd_size = size, .used = spooled, .to = -1};
	(void)pthread_mutex_init(&copies->lock, NULL);
	return copies;
}

void sparse_copies_free(struct sparse_copies *copies)
{
	if (copies) {
		cleanup_fd(&copies->to);
		free(copies->list.v);
		(void)pthread_mutex_destroy(&copies->lock);
		free(copies);
	}
}

/* ---- the headers ------------------------------------------------------------------------------ */

/* What a member's headers say of it; pieces is told of its map. */
static int read_headers(const struct sparse_copies *copies, const struct sparse_place *place,
	const struct tar_pieces *pieces, struct tar_raw_item **ret, struct err *err)
{
	AUTO_PTR(tar_raw) struct tar_raw *raw = tar_raw_new();
	AUTO_PTR(tar_raw_item) struct tar_raw_item *last = NULL;

	tar_raw_tell(raw, pieces);
	if (tar_raw_read(raw, copies->fd, place->headers, place->content, err)) {
		return -1;
	}
	do {
		tar_raw_item_free(last);
		last = tar_raw_next(raw);
	} while (tar_raw_next_at(raw) != UINT64_MAX && !last->sparse); /* a volume's name */
	if (!last || place->headers + last->content != place->content) {
		return err_set(err, ERR_MALFORMED,
			"the headers at byte %" PRIu64 " of the archive are none to engines",
			place->headers);
	}
	*ret = steal_ptr(last);
	return 0;
}

static void count_piece(uint64_t offset, uint64_t len, void *arg)
{
	uint64_t *n = arg;

	(void)offset;
	(void)len;
	++*n;
}

static int look(const struct sparse_copies *copies, const struct sparse_place *place,
	bool *ret_sparse, struct err *err)
{
	uint64_t good = 0;
	const struct tar_pieces pieces = {count_piece, &good};
	AUTO_PTR(tar_raw_item) struct tar_raw_item *item = NULL;

	if (read_headers(copies, place, &pieces, &item, err)) {
		return -1;
	}
	if (item->misfit) {
		return err_set(err,
			str_eq(item->misfit, TAR_RAW_NO_FORM) ? ERR_UNSUPPORTED : ERR_MALFORMED,
			"the map of this sparse file, of %" PRId64 " bytes and at byte %" PRIu64
			" of the archive, cannot be used: %s (behind %" PRIu64 " good pieces)",
			item->size, place->headers, item->misfit, good);
	}
	if (item->size < 0 || (uint64_t)item->size != place->size) {
		return err_set(err, ERR_MALFORMED,
			"readers disagree about its size: %" PRId64 " or %" PRIu64 " bytes",
			item->size, place->size);
	}
	*ret_sparse = item->sparse;
	return 0;
}

/* ---- copying ---------------------------------------------------------------------------------- */

struct copying {
	const struct sparse_copies *copies;
	uint64_t from; /* of the next piece's bytes in the archive */
	uint64_t offset; /* of the copy */
	uint64_t size; /* of what there is */
	bool cut;
	char *block;
	int rc;
	struct err *err;
};

enum { BLOCK = 256 * 1024 };

static void copy_piece(uint64_t offset, uint64_t len, void *arg)
{
	struct copying *c = arg;
	uint64_t left = c->from < c->copies->fd_size ? c->copies->fd_size - c->from : 0;
	size_t n;

	if (c->rc || c->cut) {
		return;
	}
	if (offset > c->size || len > c->size - offset) {
		errno = ESTALE;
		c->rc = err_sys(c->err, "the archive changes while it is read");
		return;
	}
	if (len > left) {
		len = left;
		c->cut = true;
		c->size = offset + len;
	}
	for (uint64_t done = 0; done < len && !c->rc; done += n) {
		n = len - done < BLOCK ? (size_t)(len - done) : BLOCK;
		c->rc = file_read_at(c->copies->fd, c->block, n, c->from + done, c->err);
		if (!c->rc) {
			c->rc = spool_write(
				c->copies->to, c->block, n, c->offset + offset + done, c->err);
		}
	}
	c->from += len;
}

/* Room for the copy; what is left behind when something fails is not used again. */
static int make_room(struct sparse_copies *copies, uint64_t size, struct err *err)
{
	uint64_t limit = image_limits.spool;

	if (copies->used > limit || size > limit - copies->used) {
		return err_set(err, ERR_LIMIT,
			"with the %" PRIu64 " bytes of this sparse file the archive is larger than "
			"%" PRIu64 " MiB (policy: 'spool_mib')",
			size, limit / MIB);
	}
	if (copies->to < 0) {
		copies->to = file_temp(NULL, err);
	}
	if (copies->to < 0) {
		if (err && err->sys == ENOENT) {
			err->sys = EIO; /* it is the directory that is missing, not the member */
		}
		return -1;
	}
	copies->used += size;
	copies->end = (copies->end + size + ALIGN - 1) / ALIGN * ALIGN;
	return ftruncate(copies->to, (off_t)copies->end)
		       ? err_sys(err, "size of the temporary file")
		       : 0;
}

static int copy(struct sparse_copies *copies, const struct sparse_place *place, struct copy **ret,
	struct err *err)
{
	auto_free char *block = xcalloc(BLOCK, 1);
	struct copying c = {.copies = copies,
		.from = place->content,
		.offset = copies->end,
		.size = place->size,
		.block = block,
		.err = err};
	const struct tar_pieces pieces = {copy_piece, &c};
	AUTO_PTR(tar_raw_item) struct tar_raw_item *item = NULL;

	if (make_room(copies, place->size, err) ||
		read_headers(copies, place, &pieces, &item, err) || c.rc) {
		return -1;
	}
	*ret = ARRAY_PUSH(&copies->list);
	**ret = (struct copy){place->headers, c.offset, c.size};
	return 0;
}

static struct copy *lookup(const struct sparse_copies *copies, uint64_t headers)
{
	for (size_t i = 0; i < copies->list.n; i++) {
		if (copies->list.v[i].headers == headers) {
			return &copies->list.v[i];
		}
	}
	return NULL;
}

int sparse_find(struct sparse_copies *copies, const struct sparse_place *place, struct blob *ret,
	struct err *err)
{
	struct copy *found;
	bool sparse = false;
	int rc = 0;
	int fd = -1;

	*ret = (struct blob){.fd = -1};
	if (look(copies, place, &sparse, err)) {
		return -1;
	}
	if (!sparse) {
		return 0;
	}
	(void)pthread_mutex_lock(&copies->lock);
	found = lookup(copies, place->headers);
	if (!found) {
		rc = copy(copies, place, &found, err);
	}
	if (!rc) {
		fd = fcntl(copies->to, F_DUPFD_CLOEXEC, 3);
		rc = fd < 0 ? err_sys(err, "duplicate the temporary file's descriptor") : 0;
	}
	if (!rc) {
		*ret = (struct blob){fd, found->offset, found->size};
	}
	(void)pthread_mutex_unlock(&copies->lock);
	return rc;
}
