#include "tests/unit/layer_kit.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "base/sys_file.h"
#include "image/source.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <zlib.h>
#include <zstd.h>

#define MAX_BYTES ((size_t)512 << 20)

/* ---- tar: POSIX.1-2001 ustar and pax ------------------------------------------------------- */

static void add(struct buf *b, const void *bytes, size_t len)
{
	cr_assert_eq(buf_add(b, bytes, len, NULL), 0);
}

static void pad(struct buf *tar)
{
	static const char zeros[512];

	add(tar, zeros, (512 - tar->len % 512) % 512);
}

static void header(struct buf *tar, const struct lk_entry *e, const char *name, char type,
	unsigned mode, size_t size)
{
	char h[513] = {0};
	unsigned sum = 0;

	snprintf(h, 101, "%s", name);
	snprintf(h + 100, 8, "%07o", mode & 07777);
	snprintf(h + 108, 8, "%07o", e->uid);
	snprintf(h + 116, 8, "%07o", e->gid);
	snprintf(h + 124, 12, "%011zo", size);
	snprintf(h + 136, 12, "%011o", e->mtime);
	memset(h + 148, ' ', 8);
	h[156] = type;
	snprintf(h + 157, 101, "%s", e->target ? e->target : "");
	memcpy(h + 257,
		"ustar\0"
		"00",
		8);
	snprintf(h + 329, 8, "%07o", e->dev_major);
	snprintf(h + 337, 8, "%07o", e->dev_minor);
	for (int i = 0; i < 512; i++) {
		sum += (unsigned char)h[i];
	}
	snprintf(h + 148, 8, "%06o", sum);
	add(tar, h, 512);
}

/* "<length of all> key=value\n" */
static void pax(struct buf *tar, const struct lk_entry *e)
{
	size_t body = (e->pax_len ? e->pax_len : strlen(e->pax)) + 2;
	size_t len = body;
	char digits[32];

	do {
		len = body + (size_t)snprintf(digits, sizeof(digits), "%zu", len);
	} while (body + (size_t)snprintf(digits, sizeof(digits), "%zu", len) != len);
	header(tar, &(struct lk_entry){0}, "PaxHeaders/x", 'x', 0644, len);
	add(tar, digits, strlen(digits));
	add(tar, " ", 1);
	add(tar, e->pax, body - 2);
	add(tar, "\n", 1);
	pad(tar);
}

void lk_tar_entries(struct buf *tar, const struct lk_entry *entries, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct lk_entry *e = &entries[i];
		size_t len = e->len ? e->len : e->text ? strlen(e->text) : 0;
		size_t name = strlen(e->name);
		char type = e->type;
		unsigned mode = e->mode;

		if (!type) {
			type = name && e->name[name - 1] == '/' ? '5' : '0';
		}
		if (!mode) {
			mode = type == '5' || (e->text && strncmp(e->text, "#!", 2) == 0) ? 0755
											  : 0644;
		}
		if (e->pax) {
			pax(tar, e);
		}
		header(tar, e, e->name, type, mode, len);
		add(tar, e->text, len);
		pad(tar);
	}
}

void lk_tar_end(struct buf *tar)
{
	static const char zeros[1024];

	add(tar, zeros, sizeof(zeros));
}

/* ---- compression --------------------------------------------------------------------------- */

void lk_gzip(struct buf *out, const void *bytes, size_t len)
{
	union {
		const void *in;
		Bytef *out;
	} from = {.in = bytes};
	z_stream z = {0};
	size_t room;
	Bytef *to;

	cr_assert_eq(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	room = deflateBound(&z, len);
	to = xcalloc(room, 1);
	z.next_in = from.out;
	z.avail_in = (uInt)len;
	z.next_out = to;
	z.avail_out = (uInt)room;
	cr_assert_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	add(out, to, room - z.avail_out);
	deflateEnd(&z);
	free(to);
}

void lk_zstd(struct buf *out, const void *bytes, size_t len)
{
	size_t room = ZSTD_compressBound(len);
	void *to = xcalloc(room, 1);
	size_t n = ZSTD_compress(to, room, bytes, len, 3);

	cr_assert(!ZSTD_isError(n));
	add(out, to, n);
	free(to);
}

/* ---- images -------------------------------------------------------------------------------- */

/* Blobs by name "0", "1", ... */
struct memory {
	struct source source;
	struct buf *blobs;
	size_t n;
};

static int memory_find(const struct source *source, const char *name, struct blob *ret,
	uint64_t *ret_declared, struct err *err)
{
	const struct memory *m = (const struct memory *)source;
	uint64_t i;
	int fd;

	(void)ret_declared;
	if (parse_u64(name, m->n - 1, &i, err)) {
		return -1;
	}
	fd = memfd_create("layer", MFD_CLOEXEC);
	cr_assert_geq(fd, 0);
	/* not at 0, so that a reader has to mind the offset */
	cr_assert_eq(file_write_fd(fd, "before", 6, NULL), 0);
	cr_assert_eq(file_write_fd(fd, m->blobs[i].data, m->blobs[i].len, NULL), 0);
	cr_assert_eq(file_write_fd(fd, "behind", 6, NULL), 0);
	*ret = (struct blob){fd, 6, m->blobs[i].len};
	return 0;
}

static void memory_free(struct source *source)
{
	struct memory *m = (struct memory *)source;

	for (size_t i = 0; i < m->n; i++) {
		buf_release(&m->blobs[i]);
	}
	free(m->blobs);
	free(m);
}

static const struct source_ops memory_ops = {memory_find, memory_free};

static void make_layer(struct buf *stored, struct layer *ret, const struct lk_layer *from, size_t i)
{
	AUTO(buf) struct buf tar;
	char digest[DIGEST_TEXT_MAX];

	buf_init(&tar, MAX_BYTES);
	buf_init(stored, MAX_BYTES);
	if (from->raw) {
		add(&tar, from->raw, from->raw_len);
	} else {
		lk_tar_entries(&tar, from->entries, from->n);
		lk_tar_end(&tar);
	}
	switch (from->encoding) {
	case LAYER_GZIP:
		lk_gzip(stored, tar.data, tar.len);
		break;
	case LAYER_ZSTD:
		lk_zstd(stored, tar.data, tar.len);
		break;
	case LAYER_PLAIN:
	default:
		add(stored, tar.data, tar.len);
	}
	digest_of(DIGEST_SHA256, buf_str(&tar), tar.len, digest);
	ret->diff_id = xstrdup(digest);
	digest_of(DIGEST_SHA256, buf_str(stored), stored->len, digest);
	ret->digest = xstrdup(digest);
	ret->size = stored->len;
	ret->file = xasprintf("%zu", i);
}

struct image *lk_image(const struct lk_layer *layers, size_t n)
{
	struct image *image = xcalloc(1, sizeof(*image));
	struct memory *m = xcalloc(1, sizeof(*m));

	m->source.ops = &memory_ops;
	m->blobs = xcalloc(n, sizeof(*m->blobs));
	m->n = n;
	image->source = &m->source;
	image->layers = xcalloc(n, sizeof(*image->layers));
	image->n_layers = n;
	for (size_t i = 0; i < n; i++) {
		make_layer(&m->blobs[i], &image->layers[i], &layers[i], i);
	}
	return image;
}

struct buf *lk_stored(struct image *image, size_t layer)
{
	return &((struct memory *)image->source)->blobs[layer];
}

const struct violation *lk_violation(
	const struct image *image, enum violation_kind kind, const char *text)
{
	for (size_t i = 0; i < image->violations.n; i++) {
		const struct violation *v = &image->violations.v[i];

		if (v->kind == kind && strstr(v->message, text)) {
			return v;
		}
	}
	return NULL;
}
